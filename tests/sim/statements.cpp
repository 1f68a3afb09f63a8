// Signed statements of heads, through the production round: said every minute, and passed on.
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

void World::schedule_statements(Core& core) {
    time_.later(healed_ ? 2s : 20s, [this, &core] {
        if (core.up() && !core.disk().died)
            network_->when_awake(core, [this, &core] { statement_turn(core); });
        schedule_statements(core);
    });
}

void World::statement_turn(Core& core) {
    const std::int64_t seconds = wall(core).microseconds / 1'000'000;
    core.statements().turn(time_.now,
                           static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds)),
                           [&](const NodeId& peer, const LogName& log) {
                               return network_->held_there(core, peer, log);
                           });
    network_->tell_statements(core);
    if (auto saved = core.statements_to_keep())
        network_->on_log_thread(core, [&core, saved = std::move(*saved)] {
            static_cast<void>(core.keep(saved)); // what is lost is told again by others
        });
}

// Two words of one author that do not fit, of which one is the latest that anybody has heard: it
// reaches who has heard the other.
void World::look_for_splits() {
    const auto authority = cores_[0]->state().authority();
    std::map<LogName, std::vector<wire::Statement>> heard;
    for (auto& core : cores_) {
        if (!takes_part(*core) || !core->up() || core->disk().died) continue;
        if (core->state().suspended(core->id)) continue;
        statement_turn(*core);
        for (const auto& [log, held] : core->book().latest()) heard[log].push_back(held.statement);
    }
    for (const auto& [log, all] : heard) {
        const auto by_time = [](const wire::Statement& each) {
            return std::tie(each.time, each.batch, each.header);
        };
        const wire::Statement& last = *std::ranges::max_element(all, {}, by_time);
        const bool split = std::ranges::any_of(all, [&](const wire::Statement& each) {
            return each.batch == last.batch && each.header != last.header;
        });
        if (split && !authority->restricted(log.id)) splits_due_.insert(log);
    }
}

void World::check_splits() {
    for (auto& core : cores_) {
        if (!takes_part(*core) || !core->up() || core->state().suspended(core->id)) continue;
        const auto authority = core->log().authority();
        const auto& splits = core->book().splits();
        statistics_.splits += splits.size();
        for (const auto& [log, split] : splits) {
            ++statistics_.checks;
            const LogOwner* owner = authority->owner(log.id);
            // Who lost its book, and whose clock went back, seems to take back what it said.
            if (split.kind == SplitKind::went_back) continue;
            if (owner == nullptr || owner->agency[0] != 'A') continue;
            return complain(Outcome::correctness,
                            "split view: " + core->agency + " accuses " + owner->agency + ": " +
                                std::string(safar::name(split.kind)) + " of log " + log.brief() +
                                ", batch " + std::to_string(split.first.batch));
        }
        for (const LogName& log : splits_due_) {
            ++statistics_.checks;
            const LogOwner* owner = authority->owner(log.id);
            const bool heard = owner != nullptr && !authority->restricted(log.id) &&
                               !core->suspended(owner->node) &&
                               core->charter()->node(owner->node) != nullptr &&
                               authority->may_observe(core->id, owner->compartment);
            if (!heard || splits.contains(log)) continue;
            return complain(Outcome::correctness, "split view: " + core->agency +
                                                      " has not seen that of log " +
                                                      log.id.brief() + " of " + owner->agency);
        }
    }
}

} // namespace safar::sim
