#include "node/operate/archive.hpp"

#include "node/operate/manifest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace safar {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
constexpr std::uint64_t tar_file_max = 077777777777; // eleven octal digits

Error system_error(const std::string& path, const char* doing) {
    const int error = errno;
    const ErrorCode code = error == ENOENT                      ? ErrorCode::not_found
                           : error == ENOSPC || error == EDQUOT ? ErrorCode::storage_full
                                                                : ErrorCode::storage_failed;
    return failure(code, path + ": " + doing + ": " + std::strerror(error));
}

class File {
public:
    File(const std::string& path, int flags)
        : path_(path), handle_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (handle_ >= 0) ::close(handle_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] Result<> opened() const {
        if (handle_ < 0) return system_error(path_, "can not be opened");
        return success();
    }
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> out) {
        const ssize_t got = ::read(handle_, out.data(), out.size());
        if (got < 0) return system_error(path_, "can not be read");
        return static_cast<std::size_t>(got);
    }
    [[nodiscard]] Result<> write(ByteView bytes) {
        while (!bytes.empty()) {
            const ssize_t put = ::write(handle_, bytes.data(), bytes.size());
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return system_error(path_, "can not be written");
            bytes = bytes.subspan(static_cast<std::size_t>(put));
        }
        return success();
    }
    [[nodiscard]] Result<> sync() {
        if (::fsync(handle_) != 0) return system_error(path_, "can not be synced");
        return success();
    }
    [[nodiscard]] Result<std::uint64_t> size() const {
        struct stat found {};
        if (::fstat(handle_, &found) != 0) return system_error(path_, "can not be measured");
        return static_cast<std::uint64_t>(found.st_size);
    }

private:
    std::string path_;
    int handle_;
};

Result<> sync_directory(const std::string& path) {
    File directory(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    SAFAR_TRY(directory.opened());
    return directory.sync();
}

Result<> rename_durably(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0)
        return system_error(to, "can not be renamed to");
    return sync_directory(fs::path(to).parent_path().string());
}

// Moves exactly `bytes` from `source` into `out`.
Result<> pour(const std::string& name, std::uint64_t bytes, const FileSource& source, File& out) {
    Bytes piece(256u << 10);
    std::uint64_t left = bytes;
    for (;;) {
        SAFAR_TRY(auto got, source(piece));
        if (got > left || (got == 0 && left > 0))
            return failure(ErrorCode::malformed, name + ": is " +
                                                     (got == 0 ? "shorter" : "longer") + " than " +
                                                     std::to_string(bytes) + " bytes");
        if (got == 0) return success();
        left -= got;
        SAFAR_TRY(out.write(ByteView(piece).first(got)));
    }
}

class DirectoryWriter final : public ArchiveWriter {
public:
    explicit DirectoryWriter(std::string path) : path_(std::move(path)) {}
    Result<> add(const std::string& name, std::uint64_t bytes, const FileSource& source) override {
        return write_from(path_ + "/" + name + (name == manifest_name ? ".part" : ""), bytes,
                          source);
    }
    Result<> finish() override {
        const std::string manifest = path_ + "/" + std::string(manifest_name);
        for (const auto& entry : fs::recursive_directory_iterator(path_))
            if (entry.is_directory()) {
                SAFAR_TRY(sync_directory(entry.path().string()));
            }
        return rename_durably(manifest + ".part", manifest);
    }

private:
    std::string path_;
};

bool is_tar(const std::string& path) { return path.ends_with(".tar"); }

// --- tar: a 512-byte header a file, its bytes padded to 512, two empty blocks at the end ---

using TarHeader = std::array<char, block>;

unsigned tar_checksum(const TarHeader& header) {
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < block; ++i)
        if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
    return sum;
}

TarHeader tar_header(const std::string& name, std::uint64_t bytes) {
    TarHeader header{};
    std::memcpy(header.data(), name.data(), name.size());
    std::snprintf(&header[100], 8, "%07o", 0600u);
    std::snprintf(&header[108], 8, "%07o", 0u);
    std::snprintf(&header[116], 8, "%07o", 0u);
    std::snprintf(&header[124], 12, "%011llo", static_cast<unsigned long long>(bytes));
    std::snprintf(&header[136], 12, "%011o", 0u);
    header[156] = '0';
    std::memcpy(&header[257], "ustar\00000", 8);
    std::snprintf(&header[148], 8, "%06o", tar_checksum(header));
    header[155] = ' ';
    return header;
}

class TarWriter final : public ArchiveWriter {
public:
    explicit TarWriter(const std::string& path)
        : path_(path), out_(path + ".part", O_WRONLY | O_CREAT | O_TRUNC) {}
    ~TarWriter() override {
        if (!finished_) ::unlink((path_ + ".part").c_str());
    }
    [[nodiscard]] Result<> opened() const { return out_.opened(); }
    Result<> add(const std::string& name, std::uint64_t bytes, const FileSource& source) override {
        if (name.size() > 100 || bytes > tar_file_max)
            return failure(ErrorCode::limit_exceeded,
                           name + ": too long for a tar file; back up to a directory");
        const TarHeader header = tar_header(name, bytes);
        SAFAR_TRY(out_.write(std::as_bytes(std::span(header))));
        SAFAR_TRY(pour(name, bytes, source, out_));
        return pad((block - bytes % block) % block);
    }
    Result<> finish() override {
        SAFAR_TRY(pad(2 * block));
        SAFAR_TRY(out_.sync());
        finished_ = true;
        return rename_durably(path_ + ".part", path_);
    }

private:
    Result<> pad(std::size_t count) {
        const Bytes zeros(count);
        return out_.write(zeros);
    }
    std::string path_;
    File out_;
    bool finished_ = false;
};

class TarReader {
public:
    explicit TarReader(const std::string& path) : path_(path), in_(path, O_RDONLY) {}

    Result<> run(const VisitFile& visit) {
        SAFAR_TRY(in_.opened());
        for (;;) {
            TarHeader header{};
            SAFAR_TRY(fill(std::as_writable_bytes(std::span(header))));
            if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; }))
                return success();
            SAFAR_TRY(one(header, visit));
        }
    }

private:
    Result<> one(const TarHeader& header, const VisitFile& visit) {
        const std::string name(header.data(), ::strnlen(header.data(), 100));
        char* end = nullptr;
        const std::string size(&header[124], 11), sum(&header[148], 6);
        const std::uint64_t bytes = std::strtoull(size.c_str(), &end, 8);
        if (*end != 0 || header[156] != '0' || !is_inner_path(name) ||
            std::strtoul(sum.c_str(), nullptr, 8) != tar_checksum(header))
            return failure(ErrorCode::malformed, path_ + ": damaged after '" + last_ +
                                                     "', or not made by `safar backup`");
        last_ = name;
        std::uint64_t left = bytes;
        const FileSource source = [&](std::span<std::byte> out) -> Result<std::size_t> {
            const std::size_t want =
                static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
            if (want == 0) return std::size_t{0};
            SAFAR_TRY(auto got, in_.read(out.first(want)));
            if (got == 0) return cut();
            left -= got;
            return got;
        };
        SAFAR_TRY(visit(name, bytes, source));
        Bytes rest(64u << 10);
        while (left > 0) {
            SAFAR_TRY(source(rest));
        }
        rest.resize((block - bytes % block) % block);
        return fill(rest);
    }
    Result<> fill(std::span<std::byte> out) {
        while (!out.empty()) {
            SAFAR_TRY(auto got, in_.read(out));
            if (got == 0) return cut();
            out = out.subspan(got);
        }
        return success();
    }
    [[nodiscard]] Error cut() const {
        return failure(ErrorCode::malformed,
                       path_ + ": is cut off " +
                           (last_.empty() ? "at its beginning" : "in or after '" + last_ + "'") +
                           ": take another backup");
    }

    std::string path_, last_;
    File in_;
};

Result<> read_directory(const std::string& path, const VisitFile& visit) {
    auto give = [&](const std::string& name) {
        return with_file(path + "/" + name, [&](std::uint64_t bytes, const FileSource& source) {
            return visit(name, bytes, source);
        });
    };
    const std::string manifest(manifest_name);
    std::error_code error;
    if (!fs::is_regular_file(path + "/" + manifest, error))
        return failure(ErrorCode::not_found,
                       path + ": has no " + manifest +
                           ": it is no backup, or one that was never completed");
    SAFAR_TRY(give(manifest));
    std::vector<std::string> names;
    for (auto at = fs::recursive_directory_iterator(path, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error))
        if (at->is_regular_file()) {
            names.push_back(fs::relative(at->path(), path).string());
        } else if (!at->is_directory()) { // opening a pipe would wait for ever
            return failure(ErrorCode::malformed,
                           at->path().string() +
                               ": is no file; `safar backup` writes nothing else");
        }
    if (error)
        return failure(ErrorCode::storage_failed, path + ": can not be listed: " + error.message());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
        if (name != manifest) {
            SAFAR_TRY(give(name));
        }
    return success();
}

} // namespace

Result<> ArchiveWriter::check(const std::string& path) {
    std::error_code error;
    if (fs::exists(path, error) &&
        (is_tar(path) || !fs::is_directory(path, error) || !fs::is_empty(path, error)))
        return failure(ErrorCode::conflict,
                       path + ": is there already; name a new file or an empty directory");
    return success();
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(const std::string& path) {
    SAFAR_TRY(check(path));
    if (is_tar(path)) {
        auto out = std::make_unique<TarWriter>(path);
        SAFAR_TRY(out->opened());
        return std::unique_ptr<ArchiveWriter>(std::move(out));
    }
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return system_error(path, "can not be made");
    return std::unique_ptr<ArchiveWriter>(std::make_unique<DirectoryWriter>(path));
}

Result<> read_archive(const std::string& path, const VisitFile& visit) {
    std::error_code error;
    if (fs::is_directory(path, error)) return read_directory(path, visit);
    return TarReader(path).run(visit);
}

Result<> with_file(const std::string& path,
                   const std::function<Result<>(std::uint64_t, const FileSource&)>& body) {
    File file(path, O_RDONLY);
    SAFAR_TRY(file.opened());
    SAFAR_TRY(auto bytes, file.size());
    std::uint64_t left = bytes;
    return body(bytes, [&](std::span<std::byte> out) -> Result<std::size_t> {
        const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
        SAFAR_TRY(auto got, file.read(out.first(want)));
        left -= got;
        return got;
    });
}

Result<> write_from(const std::string& path, std::uint64_t bytes, const FileSource& source) {
    const fs::path parent = fs::path(path).parent_path();
    std::error_code error;
    if (!parent.empty() && fs::create_directories(parent, error))
        fs::permissions(parent, fs::perms::owner_all, error);
    File out(path, O_WRONLY | O_CREAT | O_EXCL);
    SAFAR_TRY(out.opened());
    SAFAR_TRY(pour(path, bytes, source, out));
    return out.sync();
}

} // namespace safar
