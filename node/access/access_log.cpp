#include "node/access/access_log.hpp"

#include "node/access/access_files.hpp"
#include "node/charter/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace safar {
namespace {

constexpr std::size_t group_entries_max = 256;

Error system_error(std::string_view what, const std::string& path) {
    const int error = errno;
    return failure(error == ENOSPC || error == EDQUOT ? ErrorCode::storage_full
                                                      : ErrorCode::storage_failed,
                   fmt::format("access log: cannot {} {}: {}", what, path, std::strerror(error)));
}

Result<> write_all(int descriptor, std::string_view text, off_t at, const std::string& path) {
    while (!text.empty()) {
        ssize_t count = ::pwrite(descriptor, text.data(), text.size(), at);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error("write", path);
        text.remove_prefix(static_cast<std::size_t>(count));
        at += count;
    }
    return success();
}

Result<> sync_directory(const std::string& directory) {
    int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error("open", directory);
    const bool good = ::fsync(descriptor) == 0;
    ::close(descriptor);
    return good ? Result<>(success()) : system_error("sync", directory);
}

// Where writing may go on: after the last good line of the last segment, or in a new one.
struct Continuation {
    AccessPoint point;
    std::uint32_t segment = 0;
    std::uint64_t bytes = 0;
    bool same_segment = false;
};

Result<Continuation> find_end(const std::string& directory, const NodeId& node,
                              const SigningKey& key, std::vector<std::string>& notes) {
    Continuation out;
    SAFAR_TRY(auto segments, list_segments(directory));
    SAFAR_TRY(auto head, read_head(directory));
    if (!segments.empty()) {
        SAFAR_TRY(auto last, scan_segment(segments.back(), ScanOptions{true, ~0ull, {}}));
        out.segment = segments.back().number;
        out.point = last.end;
        out.bytes = last.good_bytes;
        out.same_segment = last.problems.empty() && last.opening &&
                           last.opening->key == key.public_key() && last.opening->node == node;
        if (last.torn_bytes > 0)
            notes.push_back(fmt::format(
                "{:06}.jsonl: a torn last line of {} bytes is cut off; nobody was answered for it",
                out.segment, last.torn_bytes));
        for (const std::string& problem : last.problems) notes.push_back(problem);
        if (last.opening && last.opening->key != key.public_key())
            notes.push_back(fmt::format(
                "{:06}.jsonl was signed with key {}; the log goes on with this node's key of today",
                out.segment, last.opening->key.hex()));
    }
    const bool genuine = head && head->node == node && holds(*head);
    if (genuine && head->point.number > out.point.number) {
        notes.push_back(fmt::format(
            "access log: entries {} to {} were written and are missing; run `safar access verify`",
            out.point.number + 1, head->point.number));
        out.point = head->point;
        out.same_segment = false;
    }
    if (!genuine && !segments.empty())
        notes.push_back(
            fmt::format("access log: head was missing or damaged and is written anew; lines after "
                        "entry {} may have been cut off unseen",
                        out.point.number));
    return out;
}

// A file without a whole first line was being begun when the node ended: nobody was answered for
// anything in it.
Result<> remove_begun(const std::string& directory, std::vector<std::string>& notes) {
    SAFAR_TRY(auto segments, list_segments(directory));
    bool removed = false;
    for (; !segments.empty(); segments.pop_back()) {
        const SegmentFile& last = segments.back();
        SAFAR_TRY(auto begin, scan_segment(last, ScanOptions{true, 0, {}}));
        if (begin.good_bytes > 0) break;
        if (::unlink(last.path.c_str()) != 0) return system_error("remove", last.path);
        removed = true;
        notes.push_back(
            fmt::format("{:06}.jsonl was only begun and is taken away; nobody was answered for it",
                        last.number));
    }
    return removed ? sync_directory(directory) : Result<>(success());
}

} // namespace

AccessLog::AccessLog(std::string directory, const NodeId& node, const SigningKey& key)
    : directory_(std::move(directory)), node_(node), key_(key) {}

AccessLog::~AccessLog() {
    if (file_ >= 0) ::close(file_);
    if (head_ >= 0) {
        ::fsync(head_);
        ::close(head_);
    }
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& directory, const NodeId& node,
                                                   const SigningKey& key,
                                                   std::vector<std::string>& notes) {
    SAFAR_TRY(make_directory(directory));
    std::unique_ptr<AccessLog> log(new AccessLog(directory, node, key));
    SAFAR_TRY(remove_begun(directory, notes));
    SAFAR_TRY(auto end, find_end(directory, node, key, notes));
    log->point_ = end.point;
    log->segment_ = end.segment;
    const std::string head = directory + "/head";
    log->head_ = ::open(head.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->head_ < 0) return system_error("open", head);
    if (!end.same_segment) {
        SAFAR_TRY(log->begin_segment());
    } else {
        const std::string path = segment_path(directory, end.segment);
        log->file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (log->file_ < 0) return system_error("open", path);
        if (::ftruncate(log->file_, static_cast<off_t>(end.bytes)) != 0 || ::fsync(log->file_) != 0)
            return system_error("cut", path);
        log->bytes_ = end.bytes;
    }
    log->write_head();
    return log;
}

Result<> AccessLog::begin_segment() {
    const std::uint32_t next = segment_ + 1;
    const std::string path = segment_path(directory_, next);
    int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return system_error("create", path);
    const std::string opening = encode_signed(sign_point(node_, key_, point_), next);
    auto made = write_all(file, opening, 0, path);
    if (made.has_value() && ::fsync(file) != 0) made = system_error("sync", path);
    if (made.has_value()) made = sync_directory(directory_);
    if (!made.has_value()) {
        ::close(file);
        ::unlink(path.c_str());
        return made.error();
    }
    if (file_ >= 0) ::close(file_);
    file_ = file;
    segment_ = next;
    bytes_ = opening.size();
    return success();
}

Result<> AccessLog::append(const AccessEntry& entry) {
    Waiting mine{&entry, false, {}};
    std::unique_lock lock(mutex_);
    queue_.push_back(&mine);
    changed_.wait(lock, [&] { return mine.done || !writing_; });
    if (!mine.done) {
        // Whoever finds nobody writing writes for all that wait.
        writing_ = true;
        while (!mine.done) {
            std::vector<Waiting*> group;
            while (!queue_.empty() && group.size() < group_entries_max) {
                group.push_back(queue_.front());
                queue_.pop_front();
            }
            lock.unlock();
            auto written = write_group(group);
            lock.lock();
            for (Waiting* one : group) {
                one->done = true;
                if (!written.has_value()) one->failed = written.error();
            }
        }
        writing_ = false;
        changed_.notify_all();
    }
    if (mine.failed) return *mine.failed;
    return success();
}

// Only whoever holds `writing_` is here; `point_` changes under the lock, for written().
Result<> AccessLog::write_group(const std::vector<Waiting*>& group) {
    if (bytes_ >= access_segment_bytes) {
        SAFAR_TRY(begin_segment());
    }
    AccessPoint next = point_;
    std::string lines;
    for (const Waiting* one : group) lines += encode_entry(*one->entry, next);
    SAFAR_TRY(write_lines(lines));
    {
        std::lock_guard lock(mutex_);
        point_ = next;
    }
    write_head();
    return success();
}

Result<> AccessLog::write_lines(std::string_view lines) {
    const std::string path = segment_path(directory_, segment_);
    auto written = write_all(file_, lines, static_cast<off_t>(bytes_), path);
    if (written.has_value() && (sync_for_tests ? sync_for_tests(file_) : ::fdatasync(file_)) != 0)
        written = system_error("sync", path);
    if (!written.has_value()) {
        // What is there of it must not stand before what comes next.
        [[maybe_unused]] int cut = ::ftruncate(file_, static_cast<off_t>(bytes_));
        return written;
    }
    bytes_ += lines.size();
    return success();
}

void AccessLog::write_head() {
    std::string text = encode_signed(sign_point(node_, key_, point_), segment_);
    text.insert(text.size() - 1, access_head_bytes - text.size(), ' ');
    // A head that could not be written is an old one, which is still true.
    static_cast<void>(write_all(head_, text, 0, directory_ + "/head"));
}

AccessPoint AccessLog::written() const {
    std::lock_guard lock(mutex_);
    return point_;
}

} // namespace safar
