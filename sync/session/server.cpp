#include "sync/session/server.hpp"

namespace safar {

std::int64_t Server::credit_given() const {
    std::int64_t sum = 0;
    for (const auto& [log, range] : ranges_) sum += std::max<std::int64_t>(range.credit, 0);
    return sum;
}

Result<> Server::on_want(const wire::Want& want) {
    if (context_.shared_owner(want.log) == nullptr) {
        context_.out.send(wire::Missing{want.log, want.first, want.last});
        // A log that we do not know may stand in a newer charter; one that we know is not theirs.
        if (context_.authority->owner(want.log.id) != nullptr && ++unshared_ > unshared_max)
            return failure(ErrorCode::not_permitted, "asked again and again for log " +
                                                         want.log.brief() +
                                                         ", which this peer may not hold");
        return success();
    }
    if (!context_.can_give(context_.self, context_.peer,
                           context_.shared_owner(want.log)->compartment)) {
        context_.out.send(
            wire::Missing{want.log, want.first, want.last}); // we hold no bodies of it
        return success();
    }
    if (!ranges_.contains(want.log) && ranges_.size() >= ranges_max)
        return failure(ErrorCode::limit_exceeded, "more than 1024 ranges asked for at once");
    auto [found, fresh] = ranges_.try_emplace(want.log);
    if (fresh) turns_.push_back(want.log);
    found->second = {want.first, want.last, 0}; // a new range replaces the old
    if (credit_given() + want.credit > static_cast<std::int64_t>(wire::credit_bytes_max))
        return failure(ErrorCode::limit_exceeded, "credit above 33554432 bytes over all ranges");
    found->second.credit = want.credit;
    more_ = true;
    return success();
}

Result<> Server::on_credit(const wire::Credit& credit) {
    auto found = ranges_.find(credit.log);
    if (found == ranges_.end()) return success(); // crossed with the end of its range
    if (credit_given() + credit.bytes > static_cast<std::int64_t>(wire::credit_bytes_max))
        return failure(ErrorCode::limit_exceeded, "credit above 33554432 bytes over all ranges");
    found->second.credit += credit.bytes;
    more_ = true;
    return success();
}

bool Server::serve_slice(const LogName& log, Range& range, std::size_t& budget) {
    const auto bytes = std::min({slice_bytes, budget, static_cast<std::size_t>(range.credit)});
    auto batches = context_.view.log().read_range(log, range.next, bytes);
    const bool unreadable = !batches || batches.value().empty() ||
                            batches.value().front()->bytes.size() > wire::payload_bytes_max;
    if (unreadable) {
        context_.out.send(wire::Missing{log, range.next, range.last});
        return false;
    }
    const LogOwner* owner = context_.shared_owner(log);
    for (const auto& batch : batches.value()) {
        if (range.credit <= 0 || range.next > range.last ||
            batch->bytes.size() > wire::payload_bytes_max)
            break;
        const std::size_t sent =
            owner == nullptr
                ? 0
                : context_.send_stored({log, range.next}, owner->compartment, batch->bytes);
        if (sent == 0) {
            context_.out.send(wire::Missing{log, range.next, range.last});
            return false;
        }
        ++range.next;
        range.credit -= static_cast<std::int64_t>(sent);
        budget -= std::min(budget, batch->bytes.size()); // what it costs us to read
        ++context_.status.batches_out;
        if (auto header = decode_header(batch->header()))
            context_.status.events_out += header.value().event_count;
    }
    frontiers_.served(log, range.next - 1);
    return range.next <= range.last;
}

void Server::serve() {
    if (!more_) return;
    std::size_t budget = call_bytes_max;
    for (std::size_t dry = 0; budget > 0 && dry < turns_.size();) { // `dry` in a row without credit
        const LogName log = turns_.front();
        turns_.pop_front();
        auto range = ranges_.find(log);
        if (range->second.credit <= 0) {
            ++dry;
        } else {
            dry = 0;
            if (!serve_slice(log, range->second, budget)) {
                ranges_.erase(range);
                continue;
            }
        }
        turns_.push_back(log);
    }
    more_ = std::any_of(ranges_.begin(), ranges_.end(),
                        [](const auto& item) { return item.second.credit > 0; });
}

} // namespace safar
