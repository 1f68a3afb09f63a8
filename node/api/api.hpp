// The HTTP API without HTTP: requests and replies as values, a table of routes, and what handlers
// may use. docs/api.md and openapi.json are its contract; tests hold this table against the latter.
#pragma once

#include "node/access/desk.hpp"
#include "node/api/metrics.hpp"
#include "node/api/sight.hpp"
#include "node/net/peer_net.hpp"
#include "node/registry/registry.hpp"

#include <utility>

namespace safar {

class BackupShelf;

// Sends part of a long answer before it is complete. Errors: unreachable (the client has gone).
using PartSink = std::function<Result<>(std::string_view part)>;

struct ApiRequest {
    std::string method;
    std::string target;                                     // as it came: path and query
    std::string path;                                       // decoded
    std::vector<std::pair<std::string, std::string>> query; // decoded, in order
    std::vector<std::string> captures;                      // what {id} stood for
    std::string body;
    Caller caller;              // who asks, as the kernel says
    std::string claimed_actor;  // header Safar-Actor: believed in single-user mode only
    std::string purpose;        // header Safar-Purpose, or the parameter
    Sight sight;                // what the answer may show, and what it showed; set by run_route
    std::string actor;          // for the events that come of it; set by run_route
    ByteSource body_source;     // routes that stream: instead of `body`
    PartSink send_part;         // routes that stream: starts the answer (200) early
    std::string part_type = {}; // of an answer in pieces; empty: the route's

    // First value of a parameter, "" if absent.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> parameters(std::string_view name) const;
};

struct ApiReply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body; // of a streamed answer: its last part
};

// Of the node around it, for what operating it needs; empty where nothing is operated (tests).
struct OperateContext {
    std::string directory; // the data directory
    const Identity* identity = nullptr;
    std::uint64_t reserve_bytes = 0; // of free disk, below which nothing is written
    BackupShelf* backups = nullptr;  // in `directory`
};

struct ApiContext {
    Registry& registry;
    ApiMetrics& metrics;
    std::function<Result<std::vector<PeerStatus>>()> peers; // may be empty
    std::function<DoorCounts()> door;                       // may be empty
    std::string node_name;
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    OperateContext operate = {};
    AccessDesk* desk = nullptr; // without one every request is refused
    std::function<void(std::optional<wire::Maintenance>)> announce =
        {}; // to the peers; may be empty
    std::function<Result<StatementReport>()> statements =
        {}; // what was heard of heads; may be empty
};

using ApiHandler = Result<ApiReply> (*)(ApiContext& context, ApiRequest& request);

struct Route {
    std::string_view method, pattern; // "/v1/records/{id}"
    UserAction action; // what whoever asks must be allowed; its place keeps a route without one
                       // from compiling
    std::string_view parameters; // of the query, separated by blanks; any other is refused
    ApiHandler handle;
    bool streams = false; // takes the body in pieces and may answer in pieces
    std::string_view part_type = "application/x-ndjson"; // of an answer in pieces
};

[[nodiscard]] std::span<const Route> api_routes();
// The OpenAPI document, as served.
[[nodiscard]] std::string_view openapi_text();
// Of this program, "0.1.0".
[[nodiscard]] std::string_view api_version();

// Splits and decodes `target` into path and query. Errors: invalid_argument (a bad escape).
[[nodiscard]] Result<ApiRequest> parse_target(std::string_view method, std::string_view target);
// The route, with captures filled in. Errors: not_found (no such path, or what the path does take).
[[nodiscard]] Result<const Route*> find_route(ApiRequest& request);
// Admits the caller, authorises the route's action, checks parameters, runs the handler and turns
// an error into its reply. What shows guarded fields, and every refusal, is in the access log
// before this returns; where that cannot be written, the reply is the error and shows nothing.
[[nodiscard]] ApiReply run_route(ApiContext& context, const Route& route, ApiRequest& request);
// parse_target, find_route and run_route in one, for tests and small bodies.
[[nodiscard]] ApiReply dispatch(ApiContext& context, std::string_view method,
                                std::string_view target, std::string body, Caller caller,
                                std::string purpose = "");

[[nodiscard]] unsigned http_status(ErrorCode code);
[[nodiscard]] ApiReply error_reply(const Error& error);

// --- handlers, by file ---
namespace handlers {
// routes_records.cpp
Result<ApiReply> show(ApiContext&, ApiRequest&);
Result<ApiReply> history(ApiContext&, ApiRequest&);
Result<ApiReply> explain(ApiContext&, ApiRequest&);
Result<ApiReply> find(ApiContext&, ApiRequest&);
Result<ApiReply> conflicts(ApiContext&, ApiRequest&);
// routes_commands.cpp
Result<ApiReply> create(ApiContext&, ApiRequest&);
Result<ApiReply> set(ApiContext&, ApiRequest&);
Result<ApiReply> retract(ApiContext&, ApiRequest&);
Result<ApiReply> resolve(ApiContext&, ApiRequest&);
// routes_casework.cpp
Result<ApiReply> steps(ApiContext&, ApiRequest&);
Result<ApiReply> step(ApiContext&, ApiRequest&);
Result<ApiReply> reassign(ApiContext&, ApiRequest&);
Result<ApiReply> similar(ApiContext&, ApiRequest&);
Result<ApiReply> inbox(ApiContext&, ApiRequest&);
Result<ApiReply> journey(ApiContext&, ApiRequest&);
Result<ApiReply> dossier(ApiContext&, ApiRequest&);
Result<ApiReply> refer(ApiContext&, ApiRequest&);
// routes_import.cpp
Result<ApiReply> import_file(ApiContext&, ApiRequest&);
// routes_bundle.cpp
Result<ApiReply> bundle_make(ApiContext&, ApiRequest&);
Result<ApiReply> bundle_apply(ApiContext&, ApiRequest&);
// routes_feed.cpp
Result<ApiReply> feed(ApiContext&, ApiRequest&);
// routes_export.cpp
Result<ApiReply> export_records(ApiContext&, ApiRequest&);
Result<ApiReply> export_iati(ApiContext&, ApiRequest&);
Result<ApiReply> import_exported(ApiContext&, ApiRequest&);
// routes_gaps.cpp
Result<ApiReply> gaps(ApiContext&, ApiRequest&);
// routes_people.cpp
Result<ApiReply> users(ApiContext&, ApiRequest&);
Result<ApiReply> user_add(ApiContext&, ApiRequest&);
Result<ApiReply> user_roles(ApiContext&, ApiRequest&);
Result<ApiReply> user_certificate(ApiContext&, ApiRequest&);
Result<ApiReply> user_remove(ApiContext&, ApiRequest&);
Result<ApiReply> access_log(ApiContext&, ApiRequest&);
Result<ApiReply> access_verify(ApiContext&, ApiRequest&);
// routes_statistics.cpp
Result<ApiReply> statistics(ApiContext&, ApiRequest&);
// routes_operations.cpp
Result<ApiReply> status(ApiContext&, ApiRequest&);
Result<ApiReply> peers(ApiContext&, ApiRequest&);
Result<ApiReply> charter(ApiContext&, ApiRequest&);
Result<ApiReply> schema(ApiContext&, ApiRequest&);
Result<ApiReply> digest(ApiContext&, ApiRequest&);
Result<ApiReply> verify(ApiContext&, ApiRequest&);
Result<ApiReply> rebuild(ApiContext&, ApiRequest&);
Result<ApiReply> metrics(ApiContext&, ApiRequest&);
Result<ApiReply> openapi(ApiContext&, ApiRequest&);
// routes_charter.cpp
Result<ApiReply> charter_take(ApiContext&, ApiRequest&);
Result<ApiReply> charter_epochs(ApiContext&, ApiRequest&);
Result<ApiReply> notices(ApiContext&, ApiRequest&);
Result<ApiReply> notice_take(ApiContext&, ApiRequest&);
Result<ApiReply> logs(ApiContext&, ApiRequest&);
Result<ApiReply> quarantine(ApiContext&, ApiRequest&);
Result<ApiReply> impact(ApiContext&, ApiRequest&);
// routes_maintenance.cpp
Result<ApiReply> maintenance(ApiContext&, ApiRequest&);
Result<ApiReply> maintenance_change(ApiContext&, ApiRequest&);
// routes_operate.cpp
Result<ApiReply> backup(ApiContext&, ApiRequest&);
Result<ApiReply> backup_done(ApiContext&, ApiRequest&);
Result<ApiReply> test_peers(ApiContext&, ApiRequest&);
Result<ApiReply> health(ApiContext&, ApiRequest&);
} // namespace handlers

} // namespace safar
