// Which peer is asked for which range: one peer at a time for each log, small logs first, another peer
// when the first does not deliver in time.
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
    void release_all(const NodeId& peer);
    [[nodiscard]] std::optional<NodeId> holder(const LogName& log, NodeTime now) const;

private:
    struct Lease {
        NodeId peer;
        NodeTime until;
    };
    std::map<LogName, Lease> leases_;
};

} // namespace safar
