// What the parts of one session share: who talks to whom, the time of the present call, and the
// actions that it will return.
#pragma once

#include "storage/event/bare.hpp"
#include "sync/session/session.hpp"
#include "sync/wire/message.hpp"

#include <algorithm>

namespace safar {

// Collects frames and other actions in order. Small frames are put together up to 64 KiB.
class Outbox {
public:
    static constexpr std::size_t coalesce_bytes = 64u << 10;

    template <class Message> void send(const Message& message) {
        wire::encode(message, open());
        close_if_full();
    }
    void send_batch(ByteView stored) {
        wire::encode_batch(stored, open());
        close_if_full();
    }
    void act(Action action) {
        bytes_open_ = false;
        actions_.push_back(std::move(action));
    }
    // Drops the frames that have not been taken.
    void unsay() {
        std::erase_if(actions_, [](const Action& action) {
            return std::holds_alternative<SendBytes>(action);
        });
        bytes_open_ = false;
    }
    [[nodiscard]] std::vector<Action> take(SessionStatus& status) {
        for (const Action& action : actions_)
            if (const auto* send = std::get_if<SendBytes>(&action))
                status.bytes_out += send->bytes.size();
        bytes_open_ = false;
        return std::exchange(actions_, {});
    }

private:
    Bytes& open() {
        if (!bytes_open_) actions_.push_back(SendBytes{});
        bytes_open_ = true;
        return std::get<SendBytes>(actions_.back()).bytes;
    }
    void close_if_full() {
        bytes_open_ = std::get<SendBytes>(actions_.back()).bytes.size() < coalesce_bytes;
    }

    std::vector<Action> actions_;
    bool bytes_open_ = false; // the last action is a SendBytes that may still grow
};

constexpr NodeTime never = NodeTime::max();

struct SessionContext {
    NodeId self, peer;
    const SessionView& view;
    RangePlan& plan;
    NodeTime now{0};
    std::shared_ptr<const Authority> authority; // of the hello, until the session ends
    std::vector<std::string> shared;            // compartments, ascending
    bool same_charter = false;                  // both hellos named one
    Outbox out;
    SessionStatus status;

    [[nodiscard]] bool shares(std::string_view compartment) const {
        return std::binary_search(shared.begin(), shared.end(), compartment);
    }
    // The owner of a log that both sides may hold; null: not to be spoken of with this peer.
    [[nodiscard]] const LogOwner* shared_owner(const LogName& log) const {
        const LogOwner* owner = authority->owner(log.id);
        return owner != nullptr && shares(owner->compartment) ? owner : nullptr;
    }
    // Bodies of that compartment go to the peer, or come from it: both sides hold them.
    [[nodiscard]] bool carries_bodies(std::string_view compartment) const {
        return authority->may_hold(self, compartment) && authority->may_hold(peer, compartment);
    }
    // May batches of it come from there? Not from an observer to who is to hold the bodies.
    [[nodiscard]] bool can_give(const NodeId& from, const NodeId& to,
                                std::string_view compartment) const {
        return !authority->may_hold(to, compartment) || authority->may_hold(from, compartment);
    }
    // Sends a stored batch as the peer may have it. Its bytes as sent, which the peer counts
    // against its credit; 0: it can not be read, or the peer is to have bodies and none are held
    // here.
    [[nodiscard]] std::size_t send_stored(const BatchPlace& place, std::string_view compartment,
                                          ByteView stored) {
        if (carries_bodies(compartment)) {
            const std::uint64_t bare = view.log().first_bare(place.log);
            if (bare != 0 && place.number >= bare) return 0;
            out.send_batch(stored);
            return stored.size();
        }
        auto bare = bare_batch(stored);
        if (!bare) return 0;
        out.send_batch(bare.value());
        return bare.value().size();
    }
    // Does the peer know what we may hold? Not while one of the two rules by an epoch that the
    // other does not know.
    [[nodiscard]] bool of_one_mind() const {
        return same_charter && view.authority()->revision() == authority->revision();
    }
    [[nodiscard]] Head head(const LogName& log) const {
        return view.log().head(log).value_or(Head{});
    }
};

} // namespace safar
