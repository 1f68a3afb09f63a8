#include "node/casework/inbox.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <set>

namespace safar {
namespace {

constexpr std::size_t waiting_max = 100'000; // records of one kind looked at

class InboxReader {
public:
    InboxReader(Registry& registry, const InboxQuery& query)
        : registry_(registry), query_(query), me_(registry.node().agency()) {}

    Result<> read_kind(const Kind& kind) {
        std::set<std::string> states;
        for (const WorkTask& task : kind.casework.tasks)
            states.insert(task.when.begin(), task.when.end());
        // Of a record of which no state was ever stated, only the initial one can be told.
        const std::string& status = kind.casework.workflow->status;
        if (states.contains(kind.field(std::string_view(status))->lattice.initial))
            states.insert("");
        StatisticsQuery waiting;
        waiting.kind = kind.name;
        waiting.where.push_back({status, {states.begin(), states.end()}});
        bool truncated = false;
        SAFAR_TRY(auto views, registry_.find(waiting, waiting_max, truncated));
        out_.truncated = out_.truncated || truncated;
        for (RecordView& view : views)
            if (is_open(query_.inside, view)) read_record(view);
        return success();
    }

    Result<> read_conflicts() {
        SAFAR_TRY(auto conflicts, registry_.conflicts(waiting_max + 1));
        out_.truncated = out_.truncated || conflicts.size() > waiting_max;
        for (const Conflict& conflict : conflicts) {
            if (!query_.everybody && !has_word(conflict.agencies, me_)) continue;
            if (query_.overdue_only) continue; // a conflict has an age and no due date
            SAFAR_TRY(auto view, registry_.show(conflict.record));
            const Field* field = view.kind == nullptr ? nullptr : view.kind->field(conflict.field);
            if (field == nullptr || !is_open(query_.inside, view)) continue;
            add({std::move(view), nullptr, field->name, conflict.agencies, "", false,
                 conflict.since},
                "conflict");
        }
        return success();
    }

    Inbox finish() {
        auto order = [](const InboxItem& item) {
            return std::tuple(!item.overdue, item.due.empty(), item.due,
                              item.since.value_or(ClaimedTime{}).microseconds,
                              show_id(item.view.folded.id));
        };
        std::sort(out_.items.begin(), out_.items.end(),
                  [&](const InboxItem& a, const InboxItem& b) { return order(a) < order(b); });
        out_.total = out_.items.size();
        if (out_.items.size() > query_.limit) out_.items.resize(query_.limit);
        return std::move(out_);
    }

private:
    // Agencies that have said something in the task's `unless` field are done with it.
    std::vector<std::string> still_to_act(const WorkTask& task, const RecordView& view) const {
        auto out = awaited(*registry_.node().charter(), view, task);
        const FoldedField* said = said_in(view, task.unless);
        if (said == nullptr) return out;
        std::erase_if(out, [&](const std::string& agency) {
            return std::any_of(said->live.begin(), said->live.end(),
                               [&](const Said& s) { return s.agency == agency; });
        });
        return out;
    }

    static std::optional<Date> due_of(const RecordView& view, const WorkTask& task) {
        const FoldedField* said = said_in(view, task.due);
        if (said == nullptr || said->reading.empty()) return {};
        const auto* date = std::get_if<Date>(&said->reading.front());
        return date == nullptr ? std::nullopt : std::optional(*date);
    }

    void read_record(const RecordView& view) {
        const std::string state = state_of(view);
        for (const WorkTask& task : view.kind->casework.tasks) {
            if (!has_word(task.when, state) || !has_role(task.roles, query_.roles)) continue;
            auto for_whom = still_to_act(task, view);
            if (for_whom.empty() || (!query_.everybody && !has_word(for_whom, me_))) continue;
            const std::optional<Date> date = due_of(view, task);
            std::string due = date ? show_value(Value(*date)) : "";
            const bool overdue = date && is_past(*date);
            if (!overdue && (task.overdue_only || query_.overdue_only)) continue;
            add({view, &task, "", std::move(for_whom), std::move(due), overdue,
                 in_state_since(view)},
                task.title);
        }
    }

    void add(InboxItem item, const std::string& title) {
        Inbox::Count& count = out_.caseload[title];
        ++count.waiting;
        if (item.overdue) ++count.overdue;
        out_.items.push_back(std::move(item));
    }

    Registry& registry_;
    const InboxQuery& query_;
    const std::string me_;
    Inbox out_;
};

} // namespace

Result<Inbox> read_inbox(Registry& registry, const InboxQuery& query) {
    InboxReader reader(registry, query);
    auto schema = registry.node().derived().schema();
    auto charter = registry.node().charter();
    for (const Kind& kind : schema->kinds) {
        if (kind.casework.tasks.empty()) continue;
        const auto* compartment = charter->compartment_of_kind(kind.name);
        if (compartment == nullptr || !compartment->may_hold(registry.node().agency())) continue;
        SAFAR_TRY(reader.read_kind(kind));
    }
    SAFAR_TRY(reader.read_conflicts());
    return reader.finish();
}

} // namespace safar
