#include "node/operate/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::string_view purpose = "backup-manifest";
constexpr std::string_view signature_line = "signature ";

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> out;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        out.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return out;
}

bool read_number(std::string_view text, std::uint64_t& out) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

template <class Id> bool read_hex(std::string_view text, Id& out) {
    auto id = Id::parse_hex(text);
    if (id) out = *id;
    return id.has_value();
}

bool read_head(std::span<const std::string_view> words, Manifest& out) {
    BackupHead head;
    if (words.size() != 8 || words[1].empty()) return false;
    head.compartment = words[1];
    head.own = words[6] == "own";
    head.forked = words[7] == "forked";
    if (!read_hex(words[2], head.log.id) || !read_hex(words[3], head.log.incarnation) ||
        !read_number(words[4], head.number) || !read_hex(words[5], head.hash) ||
        (!head.own && words[6] != "held") || (!head.forked && words[7] != "open"))
        return false;
    out.heads.push_back(std::move(head));
    return true;
}

bool read_file_line(std::span<const std::string_view> words, Manifest& out) {
    BackupFile file;
    if (words.size() != 4 || !read_hex(words[1], file.hash) || !read_number(words[2], file.bytes) ||
        !is_inner_path(words[3]))
        return false;
    file.path = words[3];
    if (!out.files.empty() && out.files.back().path >= file.path) return false;
    out.files.push_back(std::move(file));
    return true;
}

bool read_line(std::string_view line, Manifest& out) {
    const auto words = words_of(line);
    if (words.empty()) return false;
    const std::string_view name = words[0];
    if (name == "head") return read_head(words, out);
    if (name == "file") return read_file_line(words, out);
    if (name == "epoch")
        return words.size() == 3 && read_number(words[1], out.epoch) &&
               read_hex(words[2], out.charter);
    if (words.size() != 2) return false;
    if (name == "version")
        out.version = words[1];
    else if (name == "made")
        out.made = words[1];
    else if (name == "agency")
        out.agency = words[1];
    else if (name == "network")
        return read_hex(words[1], out.network);
    else if (name == "node")
        return read_hex(words[1], out.node);
    else if (name == "position")
        return read_number(words[1], out.position);
    else if (name == "keys") {
        out.with_keys = words[1] == "yes";
        return out.with_keys || words[1] == "no";
    } else
        return false;
    return true;
}

Result<> check_format(const std::string& file, std::string_view first) {
    std::uint64_t format = 0;
    const auto words = words_of(first);
    if (words.size() != 2 || words[0] != "safar-backup" || !read_number(words[1], format))
        return failure(ErrorCode::malformed,
                       file + ": does not begin as a manifest of a safar backup does; was this "
                              "made by `safar backup`?");
    if (format != backup_format)
        return failure(
            ErrorCode::unsupported_version,
            fmt::format(
                "{}: a backup of format {}; this safar reads format {}: use the version that made "
                "it, or a newer one",
                file, format, backup_format));
    return success();
}

} // namespace

const BackupFile* Manifest::file(std::string_view path) const {
    auto found = std::lower_bound(
        files.begin(), files.end(), path,
        [](const BackupFile& file, std::string_view name) { return file.path < name; });
    return found == files.end() || found->path != path ? nullptr : &*found;
}

std::uint64_t Manifest::bytes() const {
    std::uint64_t out = 0;
    for (const BackupFile& file : files) out += file.bytes;
    return out;
}

bool is_inner_path(std::string_view path) {
    if (path.empty() || path.size() > 512 || path.front() == '/' || path.back() == '/')
        return false;
    for (char c : path)
        if (static_cast<unsigned char>(c) <= ' ' || c == '\\' || c == 0x7f) return false;
    for (std::size_t start = 0; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view part = path.substr(start, end - start);
        if (part.empty() || part == "." || part == "..") return false;
        start = end + 1;
    }
    return true;
}

std::string write_manifest(const Manifest& manifest, const SigningKey& key) {
    std::string out =
        fmt::format("safar-backup {}\nversion {}\nmade {}\nnetwork {}\nnode {}\nagency {}\nepoch "
                    "{} {}\nposition {}\n"
                    "keys {}\n",
                    backup_format, manifest.version, manifest.made, manifest.network.hex(),
                    manifest.node.hex(), manifest.agency, manifest.epoch, manifest.charter.hex(),
                    manifest.position, manifest.with_keys ? "yes" : "no");
    for (const BackupHead& head : manifest.heads)
        out += fmt::format("head {} {} {} {} {} {} {}\n", head.compartment, head.log.id.hex(),
                           head.log.incarnation.hex(), head.number, head.hash.hex(),
                           head.own ? "own" : "held", head.forked ? "forked" : "open");
    for (const BackupFile& file : manifest.files)
        out += fmt::format("file {} {} {}\n", file.hash.hex(), file.bytes, file.path);
    const Signature signature = key.sign(purpose, as_bytes(out));
    out += fmt::format("{}{} {}\n", signature_line, key.public_key().hex(), signature.hex());
    return out;
}

Result<Manifest> parse_manifest(const std::string& file, std::string_view text) {
    const std::size_t first_end = std::min(text.find('\n'), text.size());
    SAFAR_TRY(check_format(file, text.substr(0, first_end)));
    auto broken = [&](std::size_t number) {
        return failure(
            ErrorCode::malformed,
            fmt::format(
                "{}: line {} is damaged or cut off: this backup can not be relied on; take another",
                file, number));
    };
    Manifest out;
    std::size_t at = first_end + 1, number = 2;
    for (;; ++number) {
        const std::size_t end = at < text.size() ? text.find('\n', at) : std::string_view::npos;
        if (end == std::string_view::npos) return broken(number);
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(signature_line)) {
            const auto words = words_of(line);
            Signature signature;
            if (words.size() != 3 || end + 1 != text.size() || !read_hex(words[1], out.key) ||
                !read_hex(words[2], signature))
                return broken(number);
            if (!verify(out.key, purpose, as_bytes(text.substr(0, at)), signature))
                return failure(ErrorCode::bad_signature,
                               file + ": its signature does not match its text: it was changed "
                                      "after the node made it");
            return out;
        }
        if (!read_line(line, out)) return broken(number);
        at = end + 1;
    }
}

} // namespace safar
