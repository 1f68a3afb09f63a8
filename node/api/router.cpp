#include "node/api/gate.hpp"
#include "node/api/json.hpp"

#include <algorithm>
#include <array>

namespace safar {
namespace {

constexpr std::array routes{
    // one line each: method, path, action, parameters, handler
    Route{"GET", "/v1/status", UserAction::status, "", handlers::status},
    Route{"GET", "/v1/peers", UserAction::peers, "", handlers::peers},
    Route{"GET", "/v1/gaps", UserAction::peers, "", handlers::gaps},
    Route{"GET", "/v1/charter", UserAction::charter_read, "", handlers::charter},
    Route{"POST", "/v1/charter", UserAction::charter_change, "", handlers::charter_take},
    Route{"GET", "/v1/charter/epochs", UserAction::charter_read, "", handlers::charter_epochs},
    Route{"GET", "/v1/charter/notices", UserAction::charter_read, "", handlers::notices},
    Route{"POST", "/v1/charter/notices", UserAction::charter_change, "", handlers::notice_take},
    Route{"GET", "/v1/logs", UserAction::digest, "", handlers::logs},
    Route{"GET", "/v1/quarantine", UserAction::peers, "", handlers::quarantine},
    Route{"GET", "/v1/impact", UserAction::charter_change, "node cut", handlers::impact},
    Route{"GET", "/v1/schema", UserAction::schema_read, "", handlers::schema},
    Route{"POST", "/v1/import", UserAction::import_file,
          "profile file kind key source dry_run where purpose", handlers::import_file,
          /*streams=*/true},
    Route{"POST", "/v1/import/exported", UserAction::import_file, "file format own dry_run purpose",
          handlers::import_exported, /*streams=*/true},
    Route{"POST", "/v1/export", UserAction::record_export,
          "kind where format for without_consent purpose", handlers::export_records,
          /*streams=*/true},
    Route{"POST", "/v1/export/iati", UserAction::record_export, "programme check purpose",
          handlers::export_iati,
          /*streams=*/true},
    Route{"POST", "/v1/records", UserAction::record_create, "", handlers::create},
    Route{"GET", "/v1/records", UserAction::record_find, "kind limit where as_of as_known purpose",
          handlers::find},
    Route{"GET", "/v1/records/{id}", UserAction::record_show, "as_of as_known purpose",
          handlers::show},
    Route{"GET", "/v1/records/{id}/history", UserAction::record_history, "as_of as_known purpose",
          handlers::history},
    Route{"GET", "/v1/records/{id}/explain", UserAction::record_explain,
          "field as_of as_known purpose", handlers::explain},
    Route{"POST", "/v1/records/{id}/fields", UserAction::record_set, "", handlers::set},
    Route{"POST", "/v1/records/{id}/retract", UserAction::record_retract, "", handlers::retract},
    Route{"POST", "/v1/records/{id}/resolve", UserAction::conflict_resolve, "", handlers::resolve},
    Route{"GET", "/v1/records/{id}/steps", UserAction::record_show, "", handlers::steps},
    Route{"POST", "/v1/records/{id}/steps", UserAction::record_step, "", handlers::step},
    Route{"POST", "/v1/records/{id}/owner", UserAction::record_step, "", handlers::reassign},
    Route{"POST", "/v1/records/{id}/refer", UserAction::record_refer, "", handlers::refer},
    Route{"GET", "/v1/records/{id}/journey", UserAction::journey, "purpose", handlers::journey},
    Route{"GET", "/v1/records/{id}/dossier", UserAction::dossier, "purpose", handlers::dossier},
    Route{"POST", "/v1/similar", UserAction::record_find, "", handlers::similar},
    Route{"GET", "/v1/inbox", UserAction::inbox, "overdue everybody limit purpose",
          handlers::inbox},
    Route{"GET", "/v1/feed", UserAction::feed, "since limit wait for purpose", handlers::feed,
          /*streams=*/true},
    Route{"GET", "/v1/conflicts", UserAction::conflict_list, "limit purpose", handlers::conflicts},
    Route{"GET", "/v1/statistics", UserAction::statistics, "kind by where sum since until",
          handlers::statistics},
    Route{"GET", "/v1/digest", UserAction::digest, "compartment state", handlers::digest},
    Route{"POST", "/v1/verify", UserAction::verify, "deep", handlers::verify},
    Route{"POST", "/v1/rebuild", UserAction::rebuild, "", handlers::rebuild},
    Route{"GET", "/v1/health", UserAction::health, "", handlers::health},
    Route{"GET", "/v1/maintenance", UserAction::peers, "", handlers::maintenance},
    Route{"POST", "/v1/maintenance", UserAction::maintenance, "", handlers::maintenance_change},
    Route{"POST", "/v1/peers/test", UserAction::peer_test, "", handlers::test_peers},
    Route{"POST", "/v1/backup", UserAction::backup, "", handlers::backup},
    Route{"POST", "/v1/backup/done", UserAction::backup, "", handlers::backup_done},
    Route{"GET", "/v1/bundle", UserAction::bundle_make, "for since_last", handlers::bundle_make,
          /*streams=*/true, "application/octet-stream"},
    Route{"POST", "/v1/bundle", UserAction::bundle_apply, "dry_run", handlers::bundle_apply,
          /*streams=*/true},
    Route{"GET", "/v1/users", UserAction::user_list, "", handlers::users},
    Route{"POST", "/v1/users", UserAction::user_change, "", handlers::user_add},
    Route{"POST", "/v1/users/{unix}/roles", UserAction::user_change, "", handlers::user_roles},
    Route{"POST", "/v1/users/{unix}/certificate", UserAction::user_change, "",
          handlers::user_certificate},
    Route{"POST", "/v1/users/{unix}/remove", UserAction::user_change, "", handlers::user_remove},
    Route{"GET", "/v1/access", UserAction::access_read, "subject user since limit",
          handlers::access_log},
    Route{"POST", "/v1/access/verify", UserAction::access_verify, "", handlers::access_verify},
    Route{"GET", "/metrics", UserAction::metrics, "", handlers::metrics},
    Route{"GET", "/openapi.json", UserAction::describe, "", handlers::openapi},
};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_blank) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return failure(ErrorCode::invalid_argument,
                               "a % in the target is not followed by two hex digits");
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

// Matches segment by segment; {name} takes exactly one that is not empty.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& captures) {
    captures.clear();
    while (!pattern.empty() && !path.empty()) {
        std::string_view want = pattern.substr(1, pattern.find('/', 1) - 1);
        std::string_view have = path.substr(1, path.find('/', 1) - 1);
        if (want.starts_with('{')) {
            if (have.empty()) return false;
            captures.emplace_back(have);
        } else if (want != have) {
            return false;
        }
        pattern.remove_prefix(1 + want.size());
        path.remove_prefix(1 + have.size());
    }
    return pattern.empty() && path.empty();
}

bool lists(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        std::size_t end = std::min(words.find(' '), words.size());
        if (words.substr(0, end) == word) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

Result<> check_parameters(const Route& route, const ApiRequest& request) {
    for (const auto& [name, value] : request.query)
        if (!lists(route.parameters, name))
            return failure(ErrorCode::invalid_argument,
                           "unknown parameter '" + name + "'; " + std::string(route.method) + " " +
                               std::string(route.pattern) + " takes: " +
                               (route.parameters.empty() ? "none" : std::string(route.parameters)));
    return success();
}

} // namespace

std::string_view ApiRequest::parameter(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return {};
}

std::vector<std::string_view> ApiRequest::parameters(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [key, value] : query)
        if (key == name) out.push_back(value);
    return out;
}

std::span<const Route> api_routes() { return routes; }

Result<ApiRequest> parse_target(std::string_view method, std::string_view target) {
    ApiRequest request;
    request.method = method;
    request.target = target;
    std::size_t question = std::min(target.find('?'), target.size());
    SAFAR_TRY(request.path, percent_decoded(target.substr(0, question), /*plus_is_blank=*/false));
    std::string_view rest = target.substr(std::min(question + 1, target.size()));
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find('&'), rest.size());
        std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (pair.empty()) continue;
        std::size_t equals = std::min(pair.find('='), pair.size());
        SAFAR_TRY(auto key, percent_decoded(pair.substr(0, equals), true));
        SAFAR_TRY(auto value,
                  percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true));
        request.query.emplace_back(std::move(key), std::move(value));
    }
    return request;
}

Result<const Route*> find_route(ApiRequest& request) {
    if (!request.path.starts_with('/'))
        return failure(ErrorCode::not_found, "no such path; see /openapi.json");
    std::string others;
    for (const Route& route : routes) {
        if (!matches(route.pattern, request.path, request.captures)) continue;
        if (route.method == request.method) return &route;
        others += (others.empty() ? "" : ", ") + std::string(route.method);
    }
    return failure(ErrorCode::not_found,
                   others.empty()
                       ? "no path '" + request.path.substr(0, 100) + "'; see /openapi.json"
                       : "'" + request.path.substr(0, 100) + "' takes " + others + ", not " +
                             request.method);
}

ApiReply run_route(ApiContext& context, const Route& route, ApiRequest& request) {
    const auto start = std::chrono::steady_clock::now();
    ApiReply out = guarded_reply(context, route.action, request, [&]() -> Result<ApiReply> {
        SAFAR_TRY(check_parameters(route, request));
        return route.handle(context, request);
    });
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    context.metrics.observe(static_cast<std::size_t>(&route - routes.data()), out.status,
                            took.count());
    return out;
}

ApiReply dispatch(ApiContext& context, std::string_view method, std::string_view target,
                  std::string body, Caller caller, std::string purpose) {
    auto request = parse_target(method, target);
    if (!request.has_value()) return error_reply(request.error());
    auto route = find_route(request.value());
    if (!route.has_value()) return error_reply(route.error());
    request.value().body = std::move(body);
    request.value().caller = std::move(caller);
    request.value().purpose = std::move(purpose);
    return run_route(context, *route.value(), request.value());
}

unsigned http_status(ErrorCode code) {
    switch (code) {
    case ErrorCode::not_found: return 404;
    case ErrorCode::not_permitted: return 403;
    case ErrorCode::conflict: return 409;
    case ErrorCode::busy:
    case ErrorCode::stopping:
    case ErrorCode::timed_out: return 503;
    case ErrorCode::storage_full: return 507;
    case ErrorCode::storage_failed:
    case ErrorCode::storage_corrupt: return 500;
    default: return 400;
    }
}

ApiReply error_reply(const Error& error) {
    ApiReply reply;
    reply.status = http_status(error.code);
    reply.body = json_text(
        boost::json::object{{"error", boost::json::object{{"code", std::string(name(error.code))},
                                                          {"detail", error.detail}}}});
    reply.body += '\n';
    return reply;
}

} // namespace safar
