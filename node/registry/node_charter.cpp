// How a node's charter advances: epochs and notices come from peers or from its own operator, are
// made durable, and then change what counts in the log, what the schema is and who is spoken to.
#include "node/registry/node.hpp"

#include <algorithm>
#include <future>

namespace safar {

std::vector<Hash> Node::notices() const { return charter_state()->offers(); }

std::optional<Bytes> Node::notice(const Hash& hash) const { return charter_state()->offer(hash); }

std::optional<NodeId> Node::node_with_former_tls_key(const PublicKey& key) const {
    auto state = charter_state();
    for (const HeldCharter& held : state->epochs())
        if (const CharterNode* node = held.charter->node_with_tls_key(key))
            if (state->ruling().charter->node(node->id) != nullptr) return node->id;
    return std::nullopt;
}

void Node::adopt_charter(std::uint64_t, Bytes document, std::function<void(Result<>)> done) {
    writer_->run([this, document = std::move(document), done = std::move(done)](Log& log) {
        done(change_charter(
            log, [&](CharterState& state) { return state.take_epoch(as_text(document)); }));
    });
}

void Node::adopt_notice(Bytes bytes, std::function<void(Result<>)> done) {
    writer_->run([this, bytes = std::move(bytes), done = std::move(done)](Log& log) {
        auto notice = parse_notice(bytes);
        if (!notice) return done(notice.error());
        done(change_charter(
            log, [&](CharterState& state) { return state.take_notice(notice.value()); }));
    });
}

Result<> Node::take_epoch(std::string_view text) {
    return change_charter([text](CharterState& state) { return state.take_epoch(text); });
}

Result<> Node::take_notice(const Notice& notice) {
    return change_charter([&notice](CharterState& state) { return state.take_notice(notice); });
}

Result<> Node::change_charter(const Change& change) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto future = promise->get_future();
    // A writer that has stopped drops the task, and with it the last promise.
    writer_->run([this, promise = std::move(promise), &change](Log& log) {
        promise->set_value(change_charter(log, change));
    });
    try {
        return future.get();
    } catch (const std::future_error&) {
        return failure(ErrorCode::stopping, "the node is stopping; the charter has not changed");
    }
}

Result<> Node::change_charter(Log& log, const Change& change) {
    CharterState next = *charter_state();
    SAFAR_TRY(auto news, change(next));
    if (news == CharterState::News::nothing) return success();
    if (settings_.keep) {
        SAFAR_TRY(settings_.keep(next));
    }
    tell_operator(*charter_state(), next);
    {
        std::unique_lock lock(charter_mutex_);
        state_ = std::make_shared<const CharterState>(next);
    }
    Result<> done = success();
    if (news == CharterState::News::epoch) done = put_in_force(log, next);
    if (auto told = tell_log_of_forks(log, next); done) done = told;
    // It rules, whatever the disk let the log do: that goes on with its next write.
    if (news == CharterState::News::epoch && on_charter_) on_charter_();
    if (on_change_) on_change_(); // sessions tell their peers
    return done;
}

void Node::tell_operator(const CharterState& before, const CharterState& after) const {
    if (!settings_.note) return;
    if (after.ruling().charter->identity != before.ruling().charter->identity)
        settings_.note(
            "charter: epoch " + std::to_string(after.ruling().charter->epoch) + " is in force" +
            (after.frozen() ? ", two rivals follow it: a successor must settle them" : ""));
    for (const auto& [hash, notice] : after.notices())
        if (!before.notices().contains(hash)) settings_.note("charter: " + describe_notice(notice));
    for (const auto& [hash, notice] : before.notices()) {
        const auto* what = std::get_if<Suspension>(&notice.what);
        if (what != nullptr && what->epoch == after.ruling().charter->identity &&
            !after.notices().contains(hash))
            settings_.note("charter: of so many suspensions one is no longer kept: " +
                           describe_notice(notice));
    }
}

Result<> Node::put_in_force(Log& log, const CharterState& state) {
    const Charter& now = *state.ruling().charter;
    SAFAR_TRY(auto schema, charter_schema(now));
    auto counted = log.set_authority(state.authority());
    derived_.set_schema(std::make_shared<const Schema>(std::move(schema)));
    deriver_->look_again();
    return counted;
}

Result<> Node::tell_log_of_forks(Log& log, const CharterState& state) const {
    Result<> all = success();
    for (const auto& [hash, notice] : state.notices()) {
        const auto* fork = std::get_if<ForkEvidence>(&notice.what);
        if (fork == nullptr) continue;
        const LogOwner* owner = log.authority()->owner(fork->place.log.id);
        if (owner == nullptr || !log.authority()->may_observe(settings_.id, owner->compartment))
            continue;
        auto noted = log.note_fork(*fork);
        // What the charter in force does not let be said, or not yet, is no fork either.
        if (!noted && noted.error().code != ErrorCode::not_permitted &&
            noted.error().code != ErrorCode::epoch_unknown)
            all = noted.error();
        if (noted && noted.value()) deriver_->look_again(); // a head may have fallen
    }
    return all;
}

void Node::note_forks(Log& log) {
    deriver_->look_again(); // a head may have fallen
    forks_noted_ = log.forks().size();
    for (const ForkEvidence& fork : log.forks()) {
        const Notice notice = make_fork_notice(fork);
        auto noted =
            change_charter(log, [&](CharterState& state) { return state.take_notice(notice); });
        if (!noted && settings_.note)
            settings_.note("a fork could not be made known to the others: " +
                           describe(noted.error()));
    }
}

} // namespace safar
