// The charter over the API: what rules and what ruled, notices, and the logs whose heads a draft
// names.
#include "node/api/json.hpp"
#include "node/registry/impact.hpp"

#include <fmt/format.h>

namespace safar::handlers {
namespace {

namespace json = boost::json;

json::object epoch_object(const HeldCharter& held) {
    json::array signers;
    for (const CharterSignature& signature : held.charter->signatures)
        signers.push_back(json::string(signature.agency));
    return {{"epoch", held.charter->epoch},
            {"identity", held.charter->identity.hex()},
            {"previous", held.charter->epoch == 1 ? "" : held.charter->previous.hex()},
            {"signed_by", std::move(signers)},
            {"text", held.text}};
}

std::string_view kind_name(NoticeKind kind) {
    switch (kind) {
    case NoticeKind::suspension: return "suspension";
    case NoticeKind::fork: return "fork";
    case NoticeKind::rival: return "rival";
    case NoticeKind::delegation: return "delegation";
    case NoticeKind::delegation_end: return "delegation_end";
    }
    return "";
}

json::object log_object(const Node& node, const LogOwner& owner, const FrontierEntry& entry) {
    return {{"agency", owner.agency},
            {"node", owner.node.hex()},
            {"compartment", owner.compartment},
            {"log", entry.log.id.hex()},
            {"incarnation", entry.log.incarnation.hex()},
            {"batch", entry.head.number},
            {"events", entry.head.last_sequence},
            {"hash", entry.head.hash.hex()},
            {"forked", entry.head.forked},
            {"own", owner.node == node.id()}};
}

json::object state_object(const CharterState& state) {
    const Charter& ruling = *state.ruling().charter;
    return {
        {"epoch", ruling.epoch}, {"identity", ruling.identity.hex()}, {"frozen", state.frozen()}};
}

// "COMPARTMENT:INCARNATION:BATCH"
Result<Cut> cut_of(std::string_view text) {
    const auto parts = split(text, ':');
    Cut out;
    if (parts.size() == 3 && from_hex(parts[1], out.incarnation.raw) && !parts[2].empty() &&
        parts[2].find_first_not_of("0123456789") == std::string::npos && parts[2].size() < 19) {
        out.compartment = parts[0];
        out.batch = std::stoull(parts[2]);
        return out;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("cut {}: needs COMPARTMENT:INCARNATION:BATCH", text));
}

} // namespace

Result<ApiReply> impact(ApiContext& context, ApiRequest& request) {
    NodeId node;
    if (!from_hex(request.parameter("node"), node.raw))
        return failure(ErrorCode::invalid_argument, "node: needs the node's id, 64 hex digits");
    std::vector<Cut> cuts;
    for (std::string_view text : request.parameters("cut")) {
        SAFAR_TRY(auto cut, cut_of(text));
        cuts.push_back(std::move(cut));
    }
    SAFAR_TRY(auto impact, impact_of(context.registry.node(), node, cuts));
    json::array logs, kinds;
    for (const LogImpact& log : impact.logs)
        logs.push_back(json::object{{"compartment", log.compartment},
                                    {"incarnation", log.incarnation.hex()},
                                    {"from", log.from},
                                    {"to", log.to},
                                    {"events", log.events}});
    for (const KindImpact& kind : impact.kinds) {
        json::array examples;
        for (const RecordId& id : kind.examples) examples.push_back(json::string(show_id(id)));
        kinds.push_back(json::object{{"kind", kind.kind},
                                     {"compartment", kind.compartment},
                                     {"vanish", kind.vanish},
                                     {"change", kind.change},
                                     {"examples", std::move(examples)}});
    }
    return json_reply(json::object{{"batches", impact.batches},
                                   {"events", impact.events},
                                   {"logs", std::move(logs)},
                                   {"kinds", std::move(kinds)}});
}

Result<ApiReply> charter_take(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto text, body.text("text"));
    SAFAR_TRY(body.done());
    Node& node = context.registry.node();
    SAFAR_TRY(node.take_epoch(text));
    return json_reply(state_object(*node.charter_state()));
}

Result<ApiReply> charter_epochs(ApiContext& context, ApiRequest&) {
    auto state = context.registry.node().charter_state();
    json::array epochs, rivals;
    for (const HeldCharter& held : state->epochs()) epochs.push_back(epoch_object(held));
    for (const Hash& rival : state->rivals()) rivals.push_back(json::string(rival.hex()));
    return json_reply(json::object{
        {"epochs", std::move(epochs)}, {"frozen", state->frozen()}, {"rivals", std::move(rivals)}});
}

Result<ApiReply> notices(ApiContext& context, ApiRequest&) {
    auto state = context.registry.node().charter_state();
    json::array out;
    for (const auto& [hash, notice] : state->notices()) {
        const auto* suspension = std::get_if<Suspension>(&notice.what);
        const bool holds =
            suspension == nullptr || suspension->epoch == state->ruling().charter->identity;
        out.push_back(json::object{{"hash", hash.hex()},
                                   {"kind", kind_name(notice.kind)},
                                   {"what", describe_notice(notice)},
                                   {"holds", holds},
                                   {"notice", to_hex(notice.bytes)}});
    }
    return json_reply(out);
}

Result<ApiReply> notice_take(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto digits, body.text("notice"));
    SAFAR_TRY(body.done());
    Bytes bytes(digits.size() / 2);
    if (digits.size() % 2 != 0 || !from_hex(digits, bytes))
        return failure(ErrorCode::invalid_argument, "notice: needs hex digits");
    SAFAR_TRY(auto notice, parse_notice(bytes));
    Node& node = context.registry.node();
    SAFAR_TRY(node.take_notice(notice));
    return json_reply(state_object(*node.charter_state()));
}

Result<ApiReply> logs(ApiContext& context, ApiRequest&) {
    const Node& node = context.registry.node();
    auto authority = node.authority();
    json::array out;
    for (const CharterCompartment& compartment : node.charter()->compartments)
        for (const FrontierEntry& entry : node.log().frontier(compartment.name))
            if (const LogOwner* owner = authority->owner(entry.log.id))
                out.push_back(log_object(node, *owner, entry));
    return json_reply(out);
}

Result<ApiReply> quarantine(ApiContext& context, ApiRequest&) {
    const Node& node = context.registry.node();
    auto authority = node.authority();
    json::array out;
    for (const QuarantinedBatch& batch : node.log().quarantined()) {
        const LogOwner* owner = authority->owner(batch.place.log.id);
        out.push_back(json::object{{"agency", owner == nullptr ? "" : owner->agency},
                                   {"node", owner == nullptr ? "" : owner->node.hex()},
                                   {"compartment", owner == nullptr ? "" : owner->compartment},
                                   {"incarnation", batch.place.log.incarnation.hex()},
                                   {"batch", batch.place.number},
                                   {"hash", batch.hash.hex()},
                                   {"reason", batch.reason}});
    }
    return json_reply(out);
}

} // namespace safar::handlers
