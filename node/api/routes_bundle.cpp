// Bundles over the API: one goes out as a stream of bytes, one comes in as a stream and is answered
// by a report.
#include "node/api/json.hpp"
#include "node/registry/bundle_apply.hpp"
#include "node/registry/bundle_make.hpp"
#include "node/registry/iso_time.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

json::object refusal_object(const BundleRefusal& refusal) {
    return {{"reason", name(refusal.reason)},
            {"agency", refusal.agency},
            {"compartment", refusal.compartment},
            {"log", refusal.log.id.hex()},
            {"incarnation", refusal.log.incarnation.hex()},
            {"first", refusal.first},
            {"batches", refusal.batches},
            {"detail", refusal.detail}};
}

json::object conflict_object(const Schema& schema, const Conflict& conflict) {
    const Kind* kind = schema.kind(conflict.kind);
    return {{"id", show_id(conflict.record)},
            {"kind", kind == nullptr ? "kind " + std::to_string(conflict.kind) : kind->name},
            {"field", field_name(kind, conflict.field)},
            {"agencies", json::value_from(conflict.agencies)},
            {"since", show_time(conflict.since)}};
}

json::object report_object(const BundleReport& report, const Schema& schema) {
    json::array charter_refused, refused, conflicts;
    for (const Error& error : report.charter_refused)
        charter_refused.push_back(json::string(describe(error)));
    for (const BundleRefusal& refusal : report.refused) refused.push_back(refusal_object(refusal));
    for (const Conflict& conflict : report.conflicts_new)
        conflicts.push_back(conflict_object(schema, conflict));
    return {{"from", json::object{{"agency", report.agency}, {"node", report.hello.node.hex()}}},
            {"whole", report.whole},
            {"damaged", report.damage.has_value()},
            {"problem", report.problem},
            {"epochs", json::object{{"held", report.epochs}, {"new", report.epochs_new}}},
            {"notices", json::object{{"held", report.notices}, {"new", report.notices_new}}},
            {"charter_refused", std::move(charter_refused)},
            {"batches", json::object{{"held", report.batches},
                                     {"new", report.batches_new},
                                     {"known", report.batches_held},
                                     {"refused", report.batches_refused}}},
            {"events_new", report.events_new},
            {"refused", std::move(refused)},
            {"conflicts", json::object{{"before", report.conflicts_before},
                                       {"after", report.conflicts_after},
                                       {"told", report.conflicts_told},
                                       {"new", std::move(conflicts)}}}};
}

} // namespace

Result<ApiReply> bundle_make(ApiContext& context, ApiRequest& request) {
    const std::string agency(request.parameter("for"));
    if (agency.empty())
        return failure(ErrorCode::invalid_argument,
                       "parameter 'for': needs the code of the agency that gets the bundle");
    SAFAR_TRY(auto since_last, flag_parameter(request, "since_last"));
    ApiReply reply;
    reply.content_type = "application/octet-stream";
    bool begun = false;
    const auto sink = [&](ByteView piece) -> Result<> {
        if (!request.send_part) {
            reply.body += as_text(piece);
            return success();
        }
        begun = true;
        return request.send_part(as_text(piece));
    };
    auto made = make_bundle(context.registry.node(), agency, since_last, sink);
    // Once bytes are out, the bundle itself says that it is not whole.
    if (!made.has_value() && !begun) return made.error();
    return reply;
}

Result<ApiReply> bundle_apply(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto dry_run, flag_parameter(request, "dry_run"));
    ByteSource source = request.body_source;
    if (!source) // a small body that was read whole
        source = [&request,
                  at = std::size_t{0}](std::span<std::byte> out) mutable -> Result<std::size_t> {
            const std::size_t count = std::min(out.size(), request.body.size() - at);
            std::memcpy(out.data(), request.body.data() + at, count);
            at += count;
            return count;
        };
    SAFAR_TRY(auto report, apply_bundle(context.registry, source, dry_run));
    return json_reply(report_object(report, *context.registry.node().derived().schema()));
}

} // namespace safar::handlers
