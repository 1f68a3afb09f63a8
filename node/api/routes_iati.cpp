// POST /v1/export/iati: programmes of the fund as IATI 2.03 activities; what breaks a rule does not
// go out.
#include "node/api/json.hpp"
#include "node/exports/iati_build.hpp"
#include "node/exports/iati_rules.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::size_t map_bytes_max = 256u << 10;
constexpr std::size_t rules_told_max = 20;

Result<std::string> read_map(const ApiRequest& request) {
    std::string out = request.body;
    std::array<std::byte, 4096> piece;
    while (request.body_source) {
        SAFAR_TRY(auto count, request.body_source(piece));
        if (count == 0) break;
        out += as_text(std::span(piece).first(count));
        if (out.size() > map_bytes_max)
            return failure(ErrorCode::limit_exceeded,
                           "body: above " + std::to_string(map_bytes_max) + " bytes");
    }
    if (out.empty())
        return failure(ErrorCode::invalid_argument,
                       "body: needs the map of fields (config/standards/iati.toml)");
    return out;
}

std::string told(const std::vector<BrokenRule>& broken) {
    std::string out = "not exported, since it breaks rules of IATI: ";
    for (std::size_t i = 0; i < broken.size() && i < rules_told_max; ++i)
        out += (i == 0 ? "" : "; ") + broken[i].activity + ": rule " + broken[i].rule + ", " +
               broken[i].where + " " + broken[i].what;
    if (broken.size() > rules_told_max)
        out += "; and " + std::to_string(broken.size() - rules_told_max) + " more";
    return out;
}

json::array listed_rules(const std::vector<BrokenRule>& broken) {
    json::array out;
    for (const BrokenRule& one : broken)
        out.push_back(json::object{{"activity", one.activity},
                                   {"rule", one.rule},
                                   {"where", one.where},
                                   {"what", one.what}});
    return out;
}

} // namespace

Result<ApiReply> export_iati(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto check, flag_parameter(request, "check"));
    SAFAR_TRY(auto text, read_map(request));
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(auto map, parse_iati_map(text, *schema));
    IatiRequest wanted;
    for (std::string_view id : request.parameters("programme")) {
        auto parsed = parse_id(id);
        if (!parsed)
            return failure(ErrorCode::invalid_argument,
                           "parameter 'programme': '" + std::string(id.substr(0, 40)) +
                               "' is not a record id of 26 characters");
        wanted.programmes.push_back(*parsed);
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    wanted.now = {std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
    wanted.enter = [&](std::string_view compartment) { return request.sight.enter(compartment); };
    wanted.ask_about = [&](const Kind& kind, const StatisticsQuery& query,
                           std::string_view compartment) {
        return request.sight.ask_about(kind, query, compartment);
    };
    wanted.shows = [&](const Field& field, std::string_view compartment) {
        return request.sight.would_hide(field, compartment) == nullptr;
    };
    SAFAR_TRY(auto xml, build_iati(context.registry.node(), map, wanted));
    const auto today = static_cast<std::int32_t>(wanted.now.microseconds / day_us);
    SAFAR_TRY(auto broken, check_iati(xml, today));
    if (check) return json_reply(json::object{{"broken", listed_rules(broken)}});
    if (!broken.empty()) return failure(ErrorCode::invalid_argument, told(broken));
    ApiReply reply;
    reply.content_type = "application/xml";
    reply.body = std::move(xml);
    return reply;
}

} // namespace safar::handlers
