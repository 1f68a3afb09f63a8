// GET /v1/statistics
#include "node/api/json.hpp"
#include "storage/record/last_day.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

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

std::string shown_money(std::int64_t sum, const std::string& currency) {
    return currency.empty() ? "" : show_value(Money{sum, currency});
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
    for (const StatisticsRow& row : table.rows) {
        json::object one{
            {"key", json::value_from(row.key)}, {"count", row.count}, {"sum", row.sum}};
        if (table.money) one["money"] = shown_money(row.sum, row.currency);
        rows.push_back(std::move(one));
    }
    json::object out{{"by", json::value_from(query.by)},
                     {"rows", std::move(rows)},
                     {"count", table.count},
                     {"sum", table.sum},
                     {"position", position}};
    if (table.money) out["money"] = shown_money(table.sum, table.currency);
    return json_reply(out);
}

} // namespace safar::handlers
