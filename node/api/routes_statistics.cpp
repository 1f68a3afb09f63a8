// GET /v1/statistics
#include "node/api/json.hpp"

#include <chrono>

namespace safar::handlers {
namespace {

namespace json = boost::json;

std::int32_t last_day(const Date& date) {
    using namespace std::chrono;
    year_month_day first{sys_days{days{date.days}}};
    months span{0};
    switch (date.precision) {
    case Date::Precision::day: return date.days;
    case Date::Precision::month: span = months{1}; break;
    case Date::Precision::quarter: span = months{3}; break;
    case Date::Precision::year: span = months{12}; break;
    }
    return static_cast<std::int32_t>(sys_days{first + span}.time_since_epoch().count()) - 1;
}

// A day, a month, a quarter or a year, as in any date field; an end means its last day.
Result<std::optional<std::int32_t>> day_parameter(const Schema& schema, const ApiRequest& request,
                                                  const std::string& name, bool end) {
    std::string_view text = request.parameter(name);
    if (text.empty()) return std::optional<std::int32_t>{};
    Field field;
    field.name = name;
    field.type = FieldType::date;
    SAFAR_TRY(auto value, parse_value(schema, field, text));
    const Date& date = std::get<Date>(value);
    return std::optional<std::int32_t>{end ? last_day(date) : date.days};
}

} // namespace

Result<ApiReply> statistics(ApiContext& context, ApiRequest& request) {
    StatisticsQuery query;
    query.kind = request.parameter("kind");
    query.by = split(request.parameter("by"), ',');
    query.sum = request.parameter("sum");
    auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(query.where, filters(request, *schema, query.kind));
    SAFAR_TRY(query.since, day_parameter(*schema, request, "since", /*end=*/false));
    SAFAR_TRY(query.until, day_parameter(*schema, request, "until", /*end=*/true));
    if (const Kind* kind = schema->kind(std::string_view(query.kind))) {
        const std::string compartment = compartment_of(context, kind);
        SAFAR_TRY(request.sight.enter(compartment));
        SAFAR_TRY(request.sight.ask_about(*kind, query, compartment));
    }
    // Before counting: the answer is true at least up to here.
    SAFAR_TRY(context.registry.node().await_own_writes());
    Position position = context.registry.node().deriver().position();
    SAFAR_TRY(auto table, context.registry.statistics(query));
    json::array rows;
    rows.reserve(table.rows.size());
    for (const StatisticsRow& row : table.rows)
        rows.push_back(json::object{
            {"key", json::value_from(row.key)}, {"count", row.count}, {"sum", row.sum}});
    return json_reply(json::object{{"by", json::value_from(query.by)},
                                   {"rows", std::move(rows)},
                                   {"count", table.count},
                                   {"sum", table.sum},
                                   {"position", position}});
}

} // namespace safar::handlers
