// Changing records: create, set, retract, resolve.
#include "node/api/iso_time.hpp"
#include "node/api/json.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

ApiReply change_reply(const RecordChange& change) {
    return json_reply(json::object{{"id", show_id(change.record)},
                                   {"events", change.events},
                                   {"position", change.position}});
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
    SAFAR_TRY(body.done());
    command.basis = basis.value_or("");
    command.quality = static_cast<std::uint8_t>(quality);
    if (at && !at->empty()) {
        SAFAR_TRY(command.at, parse_time(*at));
    }
    SAFAR_TRY(auto change, context.registry.create(command, {request.actor}));
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
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(body.done());
    command.why = why.value_or("");
    SAFAR_TRY(auto change, context.registry.resolve(command, {request.actor}));
    return change_reply(change);
}

} // namespace safar::handlers
