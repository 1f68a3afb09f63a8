// Appends to the access log of a node. DIR/access/000001.jsonl ... (a signed first line, then
// entries) and DIR/access/head, the node's signature over the last entry that was written.
//
// append() returns when its entry would survive power loss; entries that come while another is
// being synced share the next sync. The head is signed with every sync and written beside, not
// synced: after power loss it may be older than the log, never newer.
//
// Threads: append() from any; the rest from one.
#pragma once

#include "node/access/entry.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace safar {

constexpr std::uint64_t access_segment_bytes = 16u << 20; // then the next file begins
constexpr std::size_t access_head_bytes = 512;            // one sector: written whole or not at all

class AccessLog {
public:
    // Opens or begins the log. What nobody was answered for, a torn last line or a file that was
    // only begun, is taken away. A log that was altered, or lacks what the head says was written,
    // is left as it is: the log goes on in a new file and `verify_access` names the place ever
    // after. `notes`: a line each for the operator, also where another key signed before: nobody
    // can put a log of their own in place unseen.
    // @param key  must outlive the log.
    // Errors: storage_failed, storage_full with the path.
    [[nodiscard]] static Result<std::unique_ptr<AccessLog>> open(const std::string& directory,
                                                                 const NodeId& node,
                                                                 const SigningKey& key,
                                                                 std::vector<std::string>& notes);
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    // Errors: storage_full, storage_failed: nothing of it is in the log, and what it would have let
    // through must not go out.
    [[nodiscard]] Result<> append(const AccessEntry& entry);

    [[nodiscard]] AccessPoint written() const;
    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] const PublicKey& key() const { return key_.public_key(); }

    // For tests: called in place of fdatasync on the log.
    std::function<int(int descriptor)> sync_for_tests;

private:
    struct Waiting {
        const AccessEntry* entry;
        bool done = false;
        std::optional<Error> failed;
    };
    AccessLog(std::string directory, const NodeId& node, const SigningKey& key);
    [[nodiscard]] Result<> begin_segment();
    [[nodiscard]] Result<> write_group(const std::vector<Waiting*>& group);
    [[nodiscard]] Result<> write_lines(std::string_view lines);
    void write_head();

    std::string directory_;
    NodeId node_;
    const SigningKey& key_;
    int file_ = -1, head_ = -1;
    std::uint32_t segment_ = 0;
    std::uint64_t bytes_ = 0; // of the open segment, durable

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting*> queue_;
    bool writing_ = false;
    AccessPoint point_;
};

} // namespace safar
