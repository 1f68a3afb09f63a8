#include "node/net/statement_round.hpp"

#include "storage/record/log_text.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <spdlog/spdlog.h>

namespace safar {
namespace {

std::uint64_t wall_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(now).count()));
}

} // namespace

StatementRound::StatementRound(const Identity& self, PeerHost& host,
                               std::chrono::milliseconds every)
    : self_(self), host_(host), every_(every) {
    const Bytes kept = host.kept_statements();
    if (kept.empty()) return;
    auto book = StatementBook::load(kept);
    if (book)
        book_ = std::move(book.value());
    else
        spdlog::warn("statements kept from before are lost why={}", log_value(book.error().detail));
}

// The log's owner, if it is in force; null: nothing that its author says is heard.
const LogOwner* StatementRound::owner_heard(const LogName& log) const {
    const LogOwner* owner = host_.authority()->owner(log.id);
    return owner == nullptr || host_.suspended(owner->node) ? nullptr : owner;
}

void StatementRound::heard(const NodeId& from, const wire::Statement& statement) {
    if (book_.knows(statement)) return;
    const auto authority = host_.authority();
    const LogOwner* owner = authority->owner(statement.log.id);
    if (owner == nullptr || host_.suspended(owner->node)) return;
    const auto shared = host_.shared_compartments(from);
    if (!std::ranges::binary_search(shared, owner->compartment)) return;
    const auto charter = host_.charter();
    const CharterNode* author = charter->node(owner->node);
    if (author == nullptr || ++heard_[from] > heard_per_turn_max) return;
    if (!wire::verify_statement(statement, authority->network(), author->signing_key)) return;
    told_[from].insert(statement);
    changed_ |= book_.hear(statement, authority->restricted(statement.log.id), wall_seconds());
}

void StatementRound::turn(NodeTime monotonic, std::uint64_t now, const HeldThere& held_there) {
    heard_.clear();
    const auto authority = host_.authority();
    book_.forget_unless([&](const LogName& log) { return authority->owner(log.id) != nullptr; });
    if (monotonic >= due_) {
        state_own_logs(due_ == NodeTime{0}, now, held_there);
        due_ = monotonic + every_;
    }
    changed_ |= book_.compare(host_.log(), now);
    for (; splits_warned_ < book_.splits().size(); ++splits_warned_)
        spdlog::error("split view of a log, {} in all: `safar gaps` shows them",
                      book_.splits().size());
    if (std::exchange(changed_, false)) host_.keep_statements(book_.save());
}

void StatementRound::state_own_logs(bool first, std::uint64_t now, const HeldThere& held_there) {
    const auto authority = host_.authority();
    for (const CharterCompartment& compartment : host_.charter()->compartments) {
        if (!authority->may_observe(self_.id, compartment.name)) continue;
        Frontier own;
        for (const FrontierEntry& entry : host_.log().frontier(compartment.name)) {
            const LogOwner* owner = authority->owner(entry.log.id);
            if (owner == nullptr || owner->node != self_.id) continue;
            if (!entry.head.forked) own.push_back(entry); // what forked is settled by its proof
        }
        // Of very many the book keeps the latest, so those that were begun last are stated first.
        if (own.size() > StatementBook::incarnations_max) {
            std::map<LogName, LogHandle> begun;
            LogHandle handle = 1;
            while (const auto name = host_.log().name_of(handle)) begun[*name] = handle++;
            std::ranges::sort(own, std::greater(),
                              [&](const FrontierEntry& entry) { return begun[entry.log]; });
        }
        for (const FrontierEntry& entry : own) {
            const BatchPoint upto = held_by_others(entry, compartment.name, held_there);
            if (upto.number > 0) state(entry.log, upto, first, now);
        }
    }
}

StatementRound::BatchPoint StatementRound::held_by_others(const FrontierEntry& entry,
                                                          std::string_view compartment,
                                                          const HeldThere& held_there) const {
    std::uint64_t number = 0;
    const auto authority = host_.authority();
    for (const NodeId& keeper : authority->keepers(compartment, authority->epoch()))
        if (keeper != self_.id) number = std::max(number, held_there(keeper, entry.log));
    if (number >= entry.head.number) return {entry.head.number, entry.head.hash};
    if (number == 0) return {};
    const auto hash = hash_at(host_.log(), entry.log, number);
    return hash ? BatchPoint{number, *hash} : BatchPoint{};
}

void StatementRound::state(const LogName& log, const BatchPoint& upto, bool first,
                           std::uint64_t now) {
    wire::Statement out{log, upto.number, upto.hash, now, {}};
    if (const auto held = book_.latest().find(log); held != book_.latest().end()) {
        const wire::Statement& last = held->second.statement;
        // Somebody has heard more of this log than is held here: report() shows it.
        if (last.batch > out.batch) return;
        const auto every =
            static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(every_).count());
        if (first && last.time <= now && now - last.time < every) return;
        out.time = std::max(now, last.time + 1);
    }
    const auto authority = host_.authority();
    wire::sign_statement(out, authority->network(), self_.signing);
    changed_ |= book_.hear(out, authority->restricted(out.log.id), now);
}

std::vector<wire::Statement> StatementRound::untold(const NodeId& peer) {
    std::vector<wire::Statement> out;
    const auto shared = host_.shared_compartments(peer);
    std::set<wire::Statement>& told = told_[peer];
    std::set<wire::Statement> current;
    const auto tell = [&](const wire::Statement& statement) {
        const LogOwner* owner = owner_heard(statement.log);
        if (owner == nullptr || !std::ranges::binary_search(shared, owner->compartment)) return;
        if (!current.insert(statement).second) return;
        if (!told.contains(statement)) out.push_back(statement);
    };
    for (const auto& [log, held] : book_.latest()) tell(held.statement);
    for (const auto& [log, split] : book_.splits()) {
        tell(split.first);
        if (split.second) tell(*split.second);
    }
    told = std::move(current);
    return out;
}

StatementReport StatementRound::report() const {
    StatementReport out;
    const auto authority = host_.authority();
    out.logs = book_.latest().size();
    for (const auto& [log, held] : book_.latest()) {
        const std::uint64_t ours = host_.log().head(log).value_or(Head{}).number;
        if (held.statement.batch <= ours || owner_heard(log) == nullptr) continue;
        if (authority->restricted(log.id)) continue; // what was cut is not missing
        out.gaps.push_back({log, held.statement.batch, ours, held.statement.time, held.heard});
    }
    for (const auto& [log, split] : book_.splits())
        out.splits.push_back({split, host_.log().head(log).value_or(Head{}).forked});
    return out;
}

} // namespace safar
