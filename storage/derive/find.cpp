// Searching records: columns first, then a fold of what they let through.
#include "storage/derive/derived_state.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t candidates_at_a_time = 1024;

// A filter on a field that no column holds.
struct FieldFilter {
    const Field* field = nullptr;
    std::vector<std::string> texts;
    std::vector<Value> values; // what parse_value makes of them
    bool or_absent = false;    // "" is among the texts
};

FieldFilter make_filter(const Schema& schema, const Field& field,
                        const StatisticsQuery::Filter& from) {
    FieldFilter out{&field, from.values, {}, std::ranges::count(from.values, "") > 0};
    for (const std::string& text : from.values)
        if (auto value = parse_value(schema, field, text))
            out.values.push_back(std::move(value).value());
    return out;
}

bool matches(const FieldFilter& filter, const Folded& record) {
    const FoldedField* field = record.field(filter.field->tag);
    if (field == nullptr || field->reading.empty()) return filter.or_absent;
    return std::ranges::any_of(field->reading, [&](const Value& value) {
        return std::ranges::find(filter.values, value) != filter.values.end() ||
               std::ranges::find(filter.texts, show_value(value)) != filter.texts.end();
    });
}

// The query's filters by who answers them.
struct Split {
    StatisticsQuery columns; // dimensions and period
    std::vector<FieldFilter> fields;
};
Result<Split> split(const Schema& schema, const Kind& kind, const Columns& columns,
                    const StatisticsQuery& query) {
    Split out{query, {}};
    out.columns.where.clear();
    for (const auto& filter : query.where) {
        if (columns.has_dimension(filter.dimension)) {
            out.columns.where.push_back(filter);
        } else if (const Field* field = kind.field(std::string_view(filter.dimension))) {
            out.fields.push_back(make_filter(schema, *field, filter));
        } else {
            std::vector<std::string> names;
            for (const Field& each : kind.fields) names.push_back(each.name);
            return failure(ErrorCode::invalid_argument, "kind " + kind.name + " has no field " +
                                                            quoted(filter.dimension) +
                                                            "; there are: " + listed(names, 80));
        }
    }
    return out;
}

} // namespace

Result<std::vector<RecordId>> DerivedState::find(const StatisticsQuery& query,
                                                 std::size_t limit) const {
    auto schema = this->schema();
    const Kind* kind = schema->kind(query.kind);
    if (kind == nullptr)
        return failure(ErrorCode::invalid_argument, "no record kind " + quoted(query.kind));
    std::vector<RecordId> out;
    std::optional<Split> filters;
    for (Row from = 0; out.size() < limit;) {
        std::vector<RecordId> ids;
        {
            std::shared_lock lock(state_);
            auto at = columns_.find(kind->tag);
            Columns empty(*kind);
            const Columns& columns = at != columns_.end() ? at->second : empty;
            if (!filters) {
                SAFAR_TRY(filters, split(*schema, *kind, columns, query));
            }
            std::size_t wanted = filters->fields.empty() ? limit : candidates_at_a_time;
            SAFAR_TRY(auto rows, columns.find(*schema, filters->columns, from, wanted));
            for (Row row : rows)
                if (const RecordId* id = columns.id(row)) ids.push_back(*id);
            if (rows.empty()) break;
            from = rows.back() + 1;
        }
        if (filters->fields.empty()) {
            out = std::move(ids);
            break;
        }
        SAFAR_TRY(auto found, entries(ids));
        std::vector<std::vector<EventPlace>> places(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (found[i]) places[i] = std::move(found[i]->events);
        SAFAR_TRY(auto events, source_.read(places));
        auto authority = log_.authority();
        for (std::size_t i = 0; i < ids.size() && out.size() < limit; ++i) {
            Folded record = fold(*schema, *authority, ids[i], events[i]);
            if (record.kind == kind->tag &&
                std::ranges::all_of(filters->fields,
                                    [&](const auto& each) { return matches(each, record); }))
                out.push_back(ids[i]);
        }
    }
    return out;
}

} // namespace safar
