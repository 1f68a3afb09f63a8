// Which peer is asked for which range: one peer at a time for each log, another peer when the first
// does not deliver in time. Shared by all sessions of a node; one thread.
#pragma once

#include "storage/base/ids.hpp"
#include "storage/base/time.hpp"

#include <map>
#include <optional>

namespace safar {

class RangePlan {
public:
    // May `peer` be asked for `log` now? Grants a lease until release() or until the deadline.
    [[nodiscard]] bool lease(const LogName& log, const NodeId& peer, NodeTime now, NodeTime until);
    void extend(const LogName& log, const NodeId& peer, NodeTime until);
    void release(const LogName& log, const NodeId& peer);
    // The session with `peer` ends: its leases, and what it would have been told of its batches.
    void release_all(const NodeId& peer);
    [[nodiscard]] std::optional<NodeId> holder(const LogName& log, NodeTime now) const;

    // Batches on their way into the log, whoever brought them: the next one chains to them although
    // the log does not show them yet, and nobody needs to be asked for them.
    void submitted(const LogName& log, std::uint64_t number, const NodeId& peer);
    // The log has answered for `number`: held, or not (then nothing after it is expected either).
    void settled(const LogName& log, std::uint64_t number, bool held);
    [[nodiscard]] std::uint64_t on_the_way(const LogName& log) const; // highest number; 0: none

private:
    struct Lease {
        NodeId peer;
        NodeTime until;
    };
    struct Submission {
        std::uint64_t number = 0;
        NodeId peer;
    };
    std::map<LogName, Lease> leases_;
    std::map<LogName, Submission> on_the_way_;
};

} // namespace safar
