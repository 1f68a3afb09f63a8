#include "sync/peer/plan.hpp"

#include <algorithm>

namespace safar {

bool RangePlan::lease(const LogName& log, const NodeId& peer, NodeTime now, NodeTime until) {
    auto [found, fresh] = leases_.try_emplace(log, Lease{peer, until});
    if (fresh) return true;
    if (found->second.peer != peer && found->second.until > now) return false;
    found->second = {peer, until};
    return true;
}

void RangePlan::extend(const LogName& log, const NodeId& peer, NodeTime until) {
    auto found = leases_.find(log);
    if (found != leases_.end() && found->second.peer == peer)
        found->second.until = std::max(found->second.until, until);
}

void RangePlan::release(const LogName& log, const NodeId& peer) {
    auto found = leases_.find(log);
    if (found != leases_.end() && found->second.peer == peer) leases_.erase(found);
}

void RangePlan::release_all(const NodeId& peer) {
    std::erase_if(leases_, [&](const auto& item) { return item.second.peer == peer; });
    std::erase_if(on_the_way_, [&](const auto& item) { return item.second.peer == peer; });
}

std::optional<NodeId> RangePlan::holder(const LogName& log, NodeTime now) const {
    auto found = leases_.find(log);
    if (found == leases_.end() || found->second.until <= now) return std::nullopt;
    return found->second.peer;
}

void RangePlan::submitted(const LogName& log, std::uint64_t number, const NodeId& peer) {
    Submission& highest = on_the_way_[log];
    if (number >= highest.number) highest = {number, peer};
}

void RangePlan::settled(const LogName& log, std::uint64_t number, bool held) {
    auto found = on_the_way_.find(log);
    if (found == on_the_way_.end()) return;
    if (!held || found->second.number <= number) on_the_way_.erase(found);
}

std::uint64_t RangePlan::on_the_way(const LogName& log) const {
    auto found = on_the_way_.find(log);
    return found == on_the_way_.end() ? 0 : found->second.number;
}

} // namespace safar
