#include "node/exports/past.hpp"

#include "node/registry/command_check.hpp"
#include "node/registry/event_reader.hpp"
#include "node/registry/iso_time.hpp"
#include "node/registry/steady.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t folded_at_a_time = 2048;

struct Filter {
    const Field* field = nullptr;
    std::vector<std::string> texts;
    std::vector<Value> values;
    bool or_absent = false;
};

Result<std::vector<Filter>> filters_of(const Schema& schema, const Kind& kind,
                                       const StatisticsQuery& query) {
    std::vector<Filter> out;
    for (const auto& from : query.where) {
        auto field = find_field(kind, from.dimension);
        if (!field)
            return failure(ErrorCode::invalid_argument,
                           "a question about the past filters by fields: " + field.error().detail);
        Filter filter{field.value(), from.values, {}, std::ranges::count(from.values, "") > 0};
        for (const std::string& text : from.values)
            if (auto value = parse_value(schema, *filter.field, text))
                filter.values.push_back(std::move(value).value());
        out.push_back(std::move(filter));
    }
    return out;
}

bool matches(const Filter& filter, const Folded& record) {
    const FoldedField* field = record.field(filter.field->tag);
    if (field == nullptr || field->reading.empty()) return filter.or_absent;
    return std::ranges::any_of(field->reading, [&](const Value& value) {
        return std::ranges::count(filter.values, value) > 0 ||
               std::ranges::count(filter.texts, show_value(value)) > 0;
    });
}

} // namespace

Result<ClaimedTime> parse_past(std::string_view text) {
    auto out = parse_time(text);
    if (!out)
        return failure(
            ErrorCode::invalid_argument,
            quoted(text) +
                " is no date; write 2024-03-31 (the end of that day) or 2024-03-31T09:30:00Z");
    if (text.find('T') == text.npos && !text.ends_with("us"))
        out.value().microseconds += day_us - 1;
    return out;
}

Result<PastView> PastView::at(Node& node, const Past& past) {
    PastView out(node, past);
    SAFAR_TRY(node.await_own_writes());
    if (past.as_known) {
        SAFAR_TRY(out.known_, node.marks().known_at(*past.as_known));
    }
    return out;
}

void PastView::forget_places(std::vector<EventPlace>& places) const {
    if (past_.as_known)
        std::erase_if(places,
                      [&](const EventPlace& place) { return !known_ || !known_->knew(place); });
}

void PastView::forget_events(std::vector<HeldEvent>& events) const {
    if (past_.as_of)
        std::erase_if(events, [&](const HeldEvent& event) {
            const bool stated = !event.body_absent && event.body.at != ClaimedTime{};
            return stated && event.body.at > *past_.as_of;
        });
}

Error PastView::nothing_then(const RecordId& id) const {
    std::string when;
    if (past_.as_known) when = "was known here by " + show_time(*past_.as_known);
    if (past_.as_of)
        when += (when.empty() ? "had happened by " : " of what had happened by ") +
                show_time(*past_.as_of);
    if (past_.as_known && !known_)
        when += " (what was known is told from the first start that kept marks)";
    return failure(ErrorCode::not_found, "nothing of record " + show_id(id) + " " + when);
}

RecordView PastView::view(std::shared_ptr<const Schema> schema, const RecordId& id,
                          const std::vector<HeldEvent>& events) const {
    RecordView out;
    out.schema = std::move(schema);
    out.folded = fold(*out.schema, *node_->authority(), id, events);
    out.kind = out.schema->kind(out.folded.kind);
    if (out.kind != nullptr)
        if (const auto* compartment = node_->charter()->compartment_of_kind(out.kind->name))
            out.compartment = compartment->name;
    return out;
}

Result<HistoryView> PastView::history(const RecordId& id) const {
    return steady(*node_, [&] { return read_history(id); });
}

Result<HistoryView> PastView::read_history(const RecordId& id) const {
    HistoryView out;
    out.schema = node_->derived().schema();
    SAFAR_TRY(auto entry, node_->derived().entry(id));
    if (!entry) return failure(ErrorCode::not_found, "no record " + show_id(id) + " is held here");
    out.kind = out.schema->kind(entry->kind);
    forget_places(entry->events);
    if (!entry->events.empty()) {
        SAFAR_TRY(out.events, node_->derived().events(*entry));
        forget_events(out.events);
    }
    if (out.events.empty()) return nothing_then(id);
    return out;
}

Result<RecordView> PastView::show(const RecordId& id) const {
    SAFAR_TRY(auto past, history(id));
    return view(past.schema, id, past.events);
}

Result<std::vector<RecordView>> PastView::find(const StatisticsQuery& query, std::size_t limit,
                                               bool& truncated) const {
    return steady(*node_, [&] { return read_found(query, limit, truncated); });
}

Result<std::vector<RecordView>> PastView::read_found(const StatisticsQuery& query,
                                                     std::size_t limit, bool& truncated) const {
    const auto schema = node_->derived().schema();
    SAFAR_TRY(const Kind* kind, find_kind(*schema, query.kind));
    SAFAR_TRY(readable_compartment(*node_->charter(), query.kind, node_->agency()));
    SAFAR_TRY(auto filters, filters_of(*schema, *kind, query));
    StatisticsQuery all;
    all.kind = query.kind;
    SAFAR_TRY(auto ids, node_->derived().find(all, std::numeric_limits<std::uint32_t>::max()));
    std::vector<RecordView> out;
    truncated = false;
    for (std::size_t from = 0; from < ids.size() && !truncated; from += folded_at_a_time) {
        std::vector<RecordId> some(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                   ids.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                     from + folded_at_a_time, ids.size())));
        SAFAR_TRY(auto entries, node_->derived().entries(some));
        std::vector<const RecordEntry*> held;
        std::vector<RecordId> held_ids;
        for (std::size_t i = 0; i < some.size(); ++i) {
            if (entries[i]) forget_places(entries[i]->events);
            if (!entries[i] || entries[i]->events.empty()) continue;
            held.push_back(&*entries[i]);
            held_ids.push_back(some[i]);
        }
        SAFAR_TRY(auto events, read_events(node_->log(), held));
        for (std::size_t i = 0; i < held.size() && !truncated; ++i) {
            forget_events(events[i]);
            if (events[i].empty()) continue;
            RecordView one = view(schema, held_ids[i], events[i]);
            if (one.kind != kind || !std::ranges::all_of(filters, [&](const Filter& f) {
                    return matches(f, one.folded);
                }))
                continue;
            truncated = out.size() == limit;
            if (!truncated) out.push_back(std::move(one));
        }
    }
    return out;
}

} // namespace safar
