// Changing records: create, set, retract, resolve.
#include "node/api/json.hpp"
#include "node/casework/steps.hpp"
#include "node/registry/iso_time.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

// May whoever asks write these fields of this kind? What the schema does not know, the registry
// refuses.
Result<> may_write(ApiContext& context, ApiRequest& request, const Kind* kind,
                   const std::vector<std::string>& fields) {
    if (kind == nullptr) return success();
    const std::string compartment = compartment_of(context, kind);
    SAFAR_TRY(request.sight.enter(compartment));
    for (const std::string& name : fields)
        if (const Field* field = kind->field(std::string_view(name))) {
            SAFAR_TRY(request.sight.write(*field, compartment));
        }
    return success();
}

Result<RecordView> may_write_record(ApiContext& context, ApiRequest& request, const RecordId& id,
                                    const std::vector<std::string>& fields) {
    request.sight.subject(id);
    SAFAR_TRY(auto view, context.registry.show(id));
    if (view.kind != nullptr) {
        SAFAR_TRY(check_not_stepped(*view.kind, fields));
    }
    SAFAR_TRY(may_write(context, request, view.kind, fields));
    return view;
}

} // namespace

Result<ApiReply> create(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    CreateCommand command;
    SAFAR_TRY(command.kind, body.text("kind"));
    SAFAR_TRY(command.fields, body.fields("fields"));
    SAFAR_TRY(auto basis, body.optional_text("basis"));
    SAFAR_TRY(auto quality, body.number("quality", 5));
    SAFAR_TRY(auto at, body.optional_text("at"));
    SAFAR_TRY(auto reason, body.optional_text("without_consent"));
    SAFAR_TRY(body.done());
    command.basis = basis.value_or("");
    command.quality = static_cast<std::uint8_t>(quality);
    if (at && !at->empty()) {
        SAFAR_TRY(command.at, parse_time(*at));
    }
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(may_write(context, request, schema->kind(std::string_view(command.kind)),
                        field_names(command.fields)));
    SAFAR_TRY(auto change,
              create_record(context.registry, std::move(command),
                            {{request.actor}, request.sight.user().roles}, reason.value_or("")));
    return change_reply(change);
}

Result<ApiReply> set(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SetCommand command;
    command.record = id;
    SAFAR_TRY(command.fields, body.fields("fields"));
    SAFAR_TRY(command.replace, body.flag("replace"));
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(body.done());
    command.why = why.value_or("");
    SAFAR_TRY(auto view, may_write_record(context, request, id, field_names(command.fields)));
    if (view.kind != nullptr) {
        SAFAR_TRY(
            check_not_settled(view, context.registry.node().agency(), field_names(command.fields)));
    }
    SAFAR_TRY(auto change, context.registry.set(command, {request.actor}));
    return change_reply(change);
}

Result<ApiReply> retract(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    RetractCommand command;
    command.record = id;
    SAFAR_TRY(command.field, body.text("field"));
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(body.done());
    command.why = why.value_or("");
    SAFAR_TRY(auto view, may_write_record(context, request, id, {command.field}));
    if (view.kind != nullptr) {
        SAFAR_TRY(check_keeps_settled(view, context.registry.node().agency(), command.field,
                                      std::nullopt));
    }
    SAFAR_TRY(auto change, context.registry.retract(command, {request.actor}));
    return change_reply(change);
}

Result<ApiReply> resolve(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    ResolveCommand command;
    command.record = id;
    SAFAR_TRY(command.field, body.text("field"));
    SAFAR_TRY(command.pick, body.number("pick", 65535));
    SAFAR_TRY(command.value, body.optional_text("value"));
    SAFAR_TRY(auto dot, body.optional_text("dot"));
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(body.done());
    command.dot = dot.value_or("");
    command.why = why.value_or("");
    SAFAR_TRY(auto view, may_write_record(context, request, id, {command.field}));
    if (view.kind != nullptr && command.value) { // a pick says nothing new
        SAFAR_TRY(check_keeps_settled(view, context.registry.node().agency(), command.field,
                                      command.value));
    }
    SAFAR_TRY(auto change, context.registry.resolve(command, {request.actor}));
    return change_reply(change);
}

} // namespace safar::handlers
