// What an operator asks: status, peers, charter, schema, digest, verify, rebuild, metrics.
#include "node/api/json.hpp"
#include "node/api/operate_facts.hpp"
#include "node/registry/iso_time.hpp"

#include <algorithm>

namespace safar::handlers {
namespace {

namespace json = boost::json;

std::string_view type_name(FieldType type) {
    switch (type) {
    case FieldType::text: return "text";
    case FieldType::integer: return "integer";
    case FieldType::code: return "code";
    case FieldType::date: return "date";
    case FieldType::money: return "money";
    case FieldType::point: return "point";
    case FieldType::flag: return "flag";
    case FieldType::reference: return "reference";
    }
    return "";
}

std::string_view sensitivity_name(Sensitivity sensitivity) {
    switch (sensitivity) {
    case Sensitivity::public_: return "public";
    case Sensitivity::operational: return "operational";
    case Sensitivity::personal: return "personal";
    case Sensitivity::sensitive: return "sensitive";
    }
    return "";
}

std::string_view role_name(Role role) {
    switch (role) {
    case Role::none: return "none";
    case Role::dimension: return "dimension";
    case Role::measure: return "measure";
    }
    return "";
}

// Was announced, and is not over.
bool lies_ahead(const std::optional<wire::Maintenance>& notice) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    return notice && notice->until > static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0));
}

json::array own_incarnations(const Node& node, const Charter& charter) {
    json::array out;
    auto authority = node.authority();
    for (const CharterCompartment& compartment : charter.compartments)
        for (const FrontierEntry& entry : node.log().frontier(compartment.name)) {
            const LogOwner* owner = authority->owner(entry.log.id);
            if (owner == nullptr || owner->node != node.id()) continue;
            out.push_back(json::object{{"compartment", compartment.name},
                                       {"incarnation", entry.log.incarnation.hex()},
                                       {"batches", entry.head.number},
                                       {"events", entry.head.last_sequence},
                                       {"forked", entry.head.forked}});
        }
    return out;
}

} // namespace

Result<ApiReply> status(ApiContext& context, ApiRequest&) {
    Node& node = context.registry.node();
    auto charter = node.charter();
    SAFAR_TRY(auto summaries, context.registry.compartments("", /*state=*/false));
    json::array compartments;
    for (const CompartmentSummary& one : summaries)
        compartments.push_back(json::object{{"name", one.name},
                                            {"may_write", one.may_write},
                                            {"held", one.held},
                                            {"right", one.right},
                                            {"batches", one.batches},
                                            {"events", one.events},
                                            {"records", one.records}});
    auto uptime = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - context.started);
    return json_reply(
        json::object{{"node", node.id().hex()},
                     {"agency", node.agency()},
                     {"name", context.node_name},
                     {"version", api_version()},
                     {"charter", json::object{{"network", charter->network_name},
                                              {"network_id", node.authority()->network().hex()},
                                              {"epoch", charter->epoch},
                                              {"identity", charter->identity.hex()}}},
                     {"compartments", std::move(compartments)},
                     {"position", json::object{{"log", node.log().last_position()},
                                               {"derived", node.deriver().position()}}},
                     {"conflicts", node.derived().conflict_count()},
                     {"quarantined", node.log().quarantined().size()},
                     {"forks", forked_logs(node).size()},
                     {"uptime_s", uptime.count()},
                     {"incarnations", own_incarnations(node, *charter)}});
}

Result<ApiReply> peers(ApiContext& context, ApiRequest&) {
    json::array out;
    if (context.peers) {
        SAFAR_TRY(const auto peers, context.peers());
        for (const PeerStatus& peer : peers) {
            auto since = std::chrono::duration_cast<std::chrono::microseconds>(
                peer.since.time_since_epoch());
            out.push_back(
                json::object{{"agency", peer.agency},
                             {"node", peer.node.hex()},
                             {"address", peer.address},
                             {"state", peer.state},
                             {"since", show_time({since.count() / 1'000'000 * 1'000'000})},
                             {"why", peer.why},
                             {"compared", peer.compared},
                             {"behind_here", peer.session.behind_here},
                             {"behind_there", peer.session.behind_there},
                             {"batches_in", peer.session.batches_in},
                             {"batches_out", peer.session.batches_out},
                             {"bytes_in", peer.session.bytes_in},
                             {"bytes_out", peer.session.bytes_out},
                             {"events_in", peer.session.events_in},
                             {"events_out", peer.session.events_out}});
            if (lies_ahead(peer.maintenance))
                out.back().as_object()["maintenance"] = maintenance_object(*peer.maintenance);
        }
    }
    return json_reply(out);
}

Result<ApiReply> charter(ApiContext& context, ApiRequest&) {
    const HeldCharter held = context.registry.node().charter_state()->ruling();
    return json_reply(json::object{{"epoch", held.charter->epoch},
                                   {"identity", held.charter->identity.hex()},
                                   {"text", held.text}});
}

Result<ApiReply> schema(ApiContext& context, ApiRequest&) {
    Node& node = context.registry.node();
    auto schema = node.derived().schema();
    auto charter = node.charter();
    json::array kinds;
    for (const Kind& kind : schema->kinds) {
        json::array fields;
        for (const Field& field : kind.fields)
            fields.push_back(json::object{{"name", field.name},
                                          {"tag", field.tag},
                                          {"type", type_name(field.type)},
                                          {"codes", field.codes},
                                          {"rule", rule_name(field.rule)},
                                          {"sensitivity", sensitivity_name(field.sensitivity)},
                                          {"role", role_name(field.role)},
                                          {"title", field.title},
                                          {"required", field.required},
                                          {"to_kind", field.to_kind}});
        const CharterCompartment* compartment = charter->compartment_of_kind(kind.name);
        kinds.push_back(
            json::object{{"name", kind.name},
                         {"tag", kind.tag},
                         {"title", kind.title},
                         {"time_field", kind.time_field},
                         {"compartment", compartment == nullptr ? "" : compartment->name},
                         {"fields", std::move(fields)}});
    }
    return json_reply(json::object{{"kinds", std::move(kinds)}});
}

Result<ApiReply> digest(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto state, flag_parameter(request, "state"));
    SAFAR_TRY(auto summaries,
              context.registry.compartments(request.parameter("compartment"), state));
    Node& node = context.registry.node();
    json::array compartments;
    for (const CompartmentSummary& one : summaries) {
        if (one.right.empty()) continue;
        json::object line{{"name", one.name},
                          {"frontier", one.frontier.hex()},
                          {"batches", one.batches},
                          {"events", one.events}};
        if (one.state) line["state"] = one.state->hex();
        compartments.push_back(std::move(line));
    }
    return json_reply(json::object{{"network", node.authority()->network().hex()},
                                   {"charter", node.charter()->identity.hex()},
                                   {"compartments", std::move(compartments)}});
}

Result<ApiReply> verify(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto deep, flag_parameter(request, "deep"));
    SAFAR_TRY(auto found, context.registry.verify(deep));
    return json_reply(json::object{{"batches", found.log.batches},
                                   {"events", found.log.events},
                                   {"problems", json::value_from(found.log.problems)},
                                   {"derived", found.derived},
                                   {"compared", json::value_from(found.compared)}});
}

Result<ApiReply> rebuild(ApiContext& context, ApiRequest&) {
    SAFAR_TRY(auto done, context.registry.rebuild());
    return json_reply(json::object{{"position", done.position},
                                   {"seconds", static_cast<double>(done.took.count()) / 1000.0},
                                   {"same", json::value_from(done.same)},
                                   {"differs", json::value_from(done.differs)}});
}

Result<ApiReply> metrics(ApiContext& context, ApiRequest&) {
    ApiReply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = context.metrics.text(context);
    return reply;
}

Result<ApiReply> openapi(ApiContext&, ApiRequest&) {
    ApiReply reply;
    reply.body = openapi_text();
    return reply;
}

} // namespace safar::handlers
