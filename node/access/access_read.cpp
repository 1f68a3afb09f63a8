#include "node/access/access_read.hpp"

#include "node/access/access_files.hpp"
#include "storage/record/utf8.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <deque>
#include <fmt/format.h>

namespace safar {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& entry, std::string_view key) {
    const json::value* value = entry.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

bool matches(const AccessQuery& query, const json::object& entry) {
    if (!query.user.empty() && text_of(entry, "user") != query.user) return false;
    if (!query.since.empty() && text_of(entry, "time") < query.since) return false;
    if (query.subject.empty()) return true;
    const json::value* subjects = entry.if_contains("subject");
    if (subjects == nullptr || !subjects->is_array()) return false;
    return std::any_of(
        subjects->get_array().begin(), subjects->get_array().end(), [&](const json::value& one) {
            return one.is_string() && std::string_view(one.get_string().data(),
                                                       one.get_string().size()) == query.subject;
        });
}

// What is shown of an entry; "" where it does not match.
std::string shown(const AccessQuery& query, const AccessPoint& point, std::string_view line) {
    std::string out = as_utf8(std::string(line));
    json::error_code error;
    const json::value value = json::parse(out, error);
    if (error || !value.is_object()) {
        // Whoever asks for everything must see that there is something.
        if (!query.user.empty() || !query.since.empty() || !query.subject.empty()) return {};
        return json::serialize(
            json::object{{"n", point.number},
                         {"time", ""},
                         {"user", ""},
                         {"roles", json::array()},
                         {"action", "unreadable"},
                         {"subject", json::array()},
                         {"purpose", ""},
                         {"outcome", name(AccessOutcome::failed)},
                         {"classes", json::array()},
                         {"note", "this entry is no JSON; it was altered: safar access verify"},
                         {"hash", point.hash.hex()}});
    }
    return matches(query, value.get_object()) ? out : std::string();
}

class Verifier {
public:
    Verifier(const std::string& directory, std::uint64_t up_to, std::optional<SignedPoint> head)
        : directory_(directory), head_(std::move(head)) {
        options_.up_to = up_to;
        options_.on_entry = [this](const AccessPoint& point, std::string_view) {
            if (head_ && point.number == head_->point.number) at_head_ = point.hash;
        };
    }

    Result<> segment(const SegmentFile& file) {
        for (; expected_ < file.number; ++expected_)
            problem(segment_path(directory_, expected_) + " is missing");
        ++expected_;
        SAFAR_TRY(auto scan, scan_segment(file, options_));
        if (scan.opening) {
            follow(file, *scan.opening);
            if (report_.node && *report_.node != scan.opening->node)
                problem(file.path + " line 1: is the log of another node, " +
                        scan.opening->node.hex());
            report_.node = scan.opening->node;
            if (head_ && scan.opening->point.number == head_->point.number)
                at_head_ = scan.opening->point.hash;
        }
        for (std::string& one : scan.problems) problem(std::move(one));
        report_.end = scan.end;
        report_.entries += scan.entries;
        ++report_.segments;
        return success();
    }

    AccessReport finish() {
        const std::string path = directory_ + "/head";
        if (!head_) {
            problem(path +
                    " is missing or damaged: nothing tells whether the last entries are there");
            return std::move(report_);
        }
        report_.key = head_->key;
        if (!holds(*head_) || (report_.node && head_->node != *report_.node)) {
            problem(path + ": its signature does not hold");
            return std::move(report_);
        }
        const AccessPoint& point = head_->point;
        report_.signed_up_to = std::min(point.number, report_.end.number);
        if (point.number > report_.end.number && report_.end.number < options_.up_to)
            problem(fmt::format("{}: entries {} to {} were written and are missing at the end",
                                path, report_.end.number + 1, point.number));
        else if (point.number > 0 && point.number <= report_.end.number && at_head_ != point.hash)
            problem(fmt::format(
                "{}: entry {} is not the one that was signed; it or one before it was altered",
                path, point.number));
        return std::move(report_);
    }

private:
    void problem(std::string what) { report_.problems.push_back(std::move(what)); }

    void follow(const SegmentFile& file, const SignedPoint& opening) {
        if (report_.segments == 0) {
            if (opening.point != AccessPoint{} && file.number == 1)
                problem(file.path + " line 1: the first file does not begin the log");
            return;
        }
        if (opening.point == report_.end) return;
        if (opening.point.number > report_.end.number)
            problem(fmt::format("{} line 1: entries {} to {} are missing before this file",
                                file.path, report_.end.number + 1, opening.point.number));
        else
            problem(
                fmt::format("{} line 1: does not go on from entry {}, the last of the file before",
                            file.path, report_.end.number));
    }

    const std::string& directory_;
    std::optional<SignedPoint> head_;
    ScanOptions options_;
    std::optional<Hash> at_head_; // of the entry that the head names, as found
    std::uint32_t expected_ = 1;
    AccessReport report_;
};

} // namespace

Result<AccessPage> read_access(const std::string& directory, const AccessQuery& query) {
    SAFAR_TRY(auto segments, list_segments(directory));
    std::deque<std::string> kept;
    std::size_t bytes = 0;
    AccessPage out;
    ScanOptions options;
    options.tail_is_open = true;
    options.up_to = query.up_to;
    options.on_entry = [&](const AccessPoint& point, std::string_view line) {
        std::string entry = shown(query, point, line);
        if (entry.empty()) return;
        bytes += entry.size();
        kept.push_back(std::move(entry));
        while (kept.size() > query.limit || (bytes > query.bytes_max && kept.size() > 1)) {
            bytes -= kept.front().size();
            kept.pop_front();
            out.truncated = true;
        }
    };
    for (const SegmentFile& file : segments) {
        SAFAR_TRY(scan_segment(file, options));
    }
    out.lines.assign(std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
    return out;
}

Result<AccessReport> verify_access(const std::string& directory, std::uint64_t up_to) {
    SAFAR_TRY(auto segments, list_segments(directory));
    if (segments.empty())
        return failure(ErrorCode::not_found,
                       directory + " holds no access log (000001.jsonl, head)");
    SAFAR_TRY(auto head, read_head(directory));
    Verifier verifier(directory, up_to, std::move(head));
    for (const SegmentFile& file : segments) {
        SAFAR_TRY(verifier.segment(file));
    }
    return verifier.finish();
}

} // namespace safar
