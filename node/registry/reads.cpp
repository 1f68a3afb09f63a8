#include "node/registry/command_check.hpp"
#include "node/registry/steady.hpp"

#include <algorithm>

namespace safar {
namespace {

// A compartment asked for by name is one of the charter's, and this agency may hold it; or at least
// count it, where only counts are asked for.
Result<> check_asked(const Charter& charter, std::string_view name, std::string_view agency,
                     bool state) {
    if (const auto* compartment = charter.compartment(name)) {
        if (!state && (compartment->observes(agency) || compartment->relays_only(agency)))
            return success();
        return check_holder(*compartment, agency);
    }
    std::string names;
    for (const auto& compartment : charter.compartments)
        names += (names.empty() ? "" : ", ") + compartment.name;
    return failure(ErrorCode::not_found,
                   "no compartment '" + std::string(name) + "'; the charter has: " + names);
}

} // namespace

Result<RecordView> Registry::view_of(const RecordId& id) const {
    RecordView view;
    view.schema = node_.derived().schema();
    SAFAR_TRY(view.folded, node_.derived().record(id));
    view.kind = view.schema->kind(view.folded.kind);
    if (view.kind != nullptr) {
        auto charter = node_.charter();
        if (const auto* compartment = charter->compartment_of_kind(view.kind->name))
            view.compartment = compartment->name;
    }
    return view;
}

// A record may lie where this node only counts or carries: that it is not found says nothing then.
Error Registry::not_here(const Error& error) const {
    std::string blind;
    for (const CharterCompartment& compartment : node_.charter()->compartments)
        if (compartment.observes(node_.agency()) || compartment.relays_only(node_.agency()))
            blind += (blind.empty() ? "" : ", ") + compartment.name;
    if (blind.empty()) return error;
    return failure(error.code, error.detail + "; of " + blind +
                                   " this node reads no record: ask a node that reads it");
}

Result<RecordView> Registry::show(const RecordId& id) {
    auto view = steady(node_, [&] { return view_of(id); });
    if (!view.has_value() && view.error().code == ErrorCode::not_found)
        return not_here(view.error());
    return view;
}

Result<HistoryView> Registry::history(const RecordId& id) {
    return steady(node_, [&]() -> Result<HistoryView> {
        HistoryView view;
        view.schema = node_.derived().schema();
        SAFAR_TRY(auto entry, node_.derived().entry(id));
        if (!entry)
            return not_here(
                failure(ErrorCode::not_found, "no record " + show_id(id) + " is held here"));
        view.kind = view.schema->kind(entry->kind);
        SAFAR_TRY(view.events, node_.derived().events(*entry));
        return view;
    });
}

Result<std::vector<RecordView>> Registry::find(const StatisticsQuery& query, std::size_t limit,
                                               bool& truncated) {
    return steady(node_, [&]() -> Result<std::vector<RecordView>> {
        auto schema = node_.derived().schema();
        SAFAR_TRY(find_kind(*schema, query.kind));
        SAFAR_TRY(readable_compartment(*node_.charter(), query.kind, node_.agency()));
        SAFAR_TRY(auto ids, node_.derived().find(query, limit + 1));
        truncated = ids.size() > limit;
        if (truncated) ids.resize(limit);
        std::vector<RecordView> out;
        out.reserve(ids.size());
        for (const RecordId& id : ids) {
            SAFAR_TRY(auto view, view_of(id));
            out.push_back(std::move(view));
        }
        return out;
    });
}

Result<std::vector<Conflict>> Registry::conflicts(std::size_t limit,
                                                  const Derived::WantedConflict& wanted) {
    return steady(node_, [&] { return node_.derived().conflicts(limit, wanted); });
}

Result<StatisticsTable> Registry::statistics(const StatisticsQuery& query) {
    return steady(node_, [&]() -> Result<StatisticsTable> {
        SAFAR_TRY(find_kind(*node_.derived().schema(), query.kind));
        SAFAR_TRY(readable_compartment(*node_.charter(), query.kind, node_.agency()));
        return node_.derived().count(query);
    });
}

Result<std::vector<CompartmentSummary>> Registry::compartments(std::string_view only, bool state) {
    // A state digest stands beside the frontier, so it must cover what the frontier names: peers'
    // batches too, not our own writes alone.
    SAFAR_TRY(state ? node_.deriver().wait_for(node_.log().last_position())
                    : node_.await_own_writes());
    auto charter = node_.charter();
    if (!only.empty()) {
        SAFAR_TRY(check_asked(*charter, only, node_.agency(), state));
    }
    std::vector<CompartmentSummary> out;
    for (const CharterCompartment& compartment : charter->compartments) {
        if (!only.empty() && compartment.name != only) continue;
        CompartmentSummary one;
        one.name = compartment.name;
        one.may_write = compartment.may_write(node_.agency());
        one.held = compartment.may_hold(node_.agency());
        one.right = right_in(compartment, node_.agency());
        Frontier frontier = node_.log().frontier(compartment.name);
        one.frontier = frontier_digest(frontier);
        one.logs = frontier.size();
        for (const FrontierEntry& entry : frontier) {
            one.batches += entry.head.number;
            one.events += entry.head.last_sequence;
        }
        for (const std::string& kind : compartment.kinds)
            one.records += node_.derived().records(kind);
        if (state && one.held) {
            SAFAR_TRY(one.state, node_.derived().state_digest(compartment.name, {}));
        }
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace safar
