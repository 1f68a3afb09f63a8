#include "node/access/access_files.hpp"

#include "node/charter/durable_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t segment_read_max = 1u << 30; // far above what a segment holds

class Scanner {
public:
    Scanner(const SegmentFile& segment, const ScanOptions& options)
        : segment_(segment), options_(options) {}

    SegmentScan run(std::string_view text) {
        // What is being written behind the limit may be incomplete.
        while (!text.empty() && !(known_ && line_ > 0 && out_.end.number >= options_.up_to)) {
            const std::size_t end = text.find('\n');
            ++line_;
            if (end == std::string_view::npos) {
                if (options_.tail_is_open)
                    out_.torn_bytes = text.size();
                else
                    problem("is cut off");
                break;
            }
            if (line_ == 1)
                opening(text.substr(0, end));
            else if (!entry(text.substr(0, end)))
                break;
            out_.good_bytes += end + 1;
            text.remove_prefix(end + 1);
        }
        if (line_ == 0 && text.empty()) problem("is missing: the file is empty");
        return std::move(out_);
    }

private:
    void problem(const std::string& what) {
        out_.problems.push_back(
            fmt::format("{} line {}: {}", segment_.path, std::max<std::uint64_t>(line_, 1), what));
    }

    void opening(std::string_view line) {
        std::uint32_t number = 0;
        out_.opening = decode_signed(line, number);
        if (!out_.opening || number != segment_.number) {
            problem("is not the signed beginning of this file");
            known_ = false;
            return;
        }
        out_.end = out_.opening->point;
        if (!holds(*out_.opening)) problem("its signature does not hold");
    }

    // False: what follows is not to be looked at.
    bool entry(std::string_view line) {
        auto place = place_of(line);
        if (!place) {
            problem("is no entry of an access log; it was altered");
            ++out_.end.number;
            known_ = false;
            return true;
        }
        if (place->number > options_.up_to) return false;
        if (known_ && place->number <= out_.end.number) {
            problem(fmt::format("entry {} stands after entry {}; it was moved or repeated",
                                place->number, out_.end.number));
            return true;
        }
        if (known_ && place->number > out_.end.number + 1)
            problem(fmt::format("entries {} to {} are missing before it", out_.end.number + 1,
                                place->number - 1));
        else if (known_ && entry_hash(out_.end.hash, place->hashed) != place->stated)
            problem(fmt::format("entry {} was altered, or does not follow from the one before it",
                                place->number));
        out_.end = {place->number, place->stated};
        known_ = true;
        ++out_.entries;
        if (options_.on_entry) options_.on_entry(out_.end, line);
        return true;
    }

    const SegmentFile& segment_;
    const ScanOptions& options_;
    SegmentScan out_;
    std::uint64_t line_ = 0;
    bool known_ = true; // `end` is what the next line must follow from
};

} // namespace

std::string segment_path(const std::string& directory, std::uint32_t number) {
    return fmt::format("{}/{:06}.jsonl", directory, number);
}

Result<std::vector<SegmentFile>> list_segments(const std::string& directory) {
    std::vector<SegmentFile> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        const std::string file = at->path().filename().string();
        SegmentFile one;
        auto [stop, wrong] = std::from_chars(file.data(), file.data() + file.size(), one.number);
        if (wrong != std::errc{} || one.number == 0) continue;
        one.path = segment_path(directory, one.number);
        if (one.path == directory + "/" + file) out.push_back(std::move(one));
    }
    if (error) return failure(ErrorCode::storage_failed, directory + ": " + error.message());
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return out;
}

Result<std::optional<SignedPoint>> read_head(const std::string& directory) {
    auto text = read_small_file(directory + "/head", 4096);
    if (!text.has_value()) {
        if (text.error().code == ErrorCode::not_found) return std::optional<SignedPoint>{};
        return text.error();
    }
    std::uint32_t segment = 0;
    return decode_signed(text.value(), segment);
}

Result<SegmentScan> scan_segment(const SegmentFile& segment, const ScanOptions& options) {
    SAFAR_TRY(auto text, read_small_file(segment.path, segment_read_max));
    return Scanner(segment, options).run(text);
}

} // namespace safar
