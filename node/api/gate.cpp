#include "node/api/gate.hpp"

#include "node/api/json.hpp"
#include "storage/record/text.hpp"

namespace safar {
namespace {

// A purpose goes into JSON and before the eyes of an auditor: UTF-8, without control characters.
Result<std::string> read_purpose(const ApiRequest& request) {
    std::string out(request.parameter("purpose"));
    if (out.empty()) out = request.purpose;
    if (out.size() > purpose_bytes_max)
        return failure(ErrorCode::invalid_argument,
                       "the purpose has more than " + std::to_string(purpose_bytes_max) + " bytes");
    if (!check_text(out).has_value() || out.find_first_of("\n\t") != std::string::npos)
        return failure(ErrorCode::invalid_argument,
                       "the purpose is not UTF-8 text without control characters");
    return out;
}

std::vector<Sensitivity> classes(const std::bitset<4>& set, bool all) {
    std::vector<Sensitivity> out;
    for (std::size_t i = 0; i < set.size(); ++i)
        if (auto one = static_cast<Sensitivity>(i); set[i] && (all || guarded(one)))
            out.push_back(one);
    return out;
}

// What the log has to say of the request; nothing where nothing guarded was touched.
std::optional<AccessEntry> account(const Sight& sight, bool answered) {
    AccessEntry entry;
    entry.user = sight.user().login;
    entry.certificate = sight.user().came_with;
    entry.roles = sight.user().roles;
    entry.action = name(sight.action());
    entry.purpose = sight.purpose();
    for (const RecordId& id : sight.subjects()) entry.subject.push_back(show_id(id));
    const bool refused = !sight.refused().empty();
    entry.classes = classes(sight.shown(), /*all=*/refused);
    if (refused) {
        entry.outcome = AccessOutcome::refused;
        entry.note = sight.refused();
        return entry;
    }
    entry.withheld = classes(sight.withheld(), /*all=*/true);
    if (!answered || (entry.classes.empty() && entry.withheld.empty())) return std::nullopt;
    entry.outcome = entry.classes.empty() ? AccessOutcome::withheld : AccessOutcome::allowed;
    return entry;
}

// An answer that goes out in pieces has to be in the log before its first one.
Result<> note_export(AccessDesk& desk, const Sight& sight, std::string_view kind) {
    AccessEntry entry;
    entry.user = sight.user().login;
    entry.certificate = sight.user().came_with;
    entry.roles = sight.user().roles;
    entry.action = name(sight.action());
    entry.purpose = sight.purpose();
    entry.classes = {Sensitivity::personal, Sensitivity::sensitive};
    entry.note = "everything that the export holds";
    if (!kind.empty()) entry.note += ", of kind " + quoted(kind);
    return desk.record(std::move(entry));
}

Result<> admit(ApiContext& context, UserAction action, ApiRequest& request) {
    if (context.desk == nullptr)
        return failure(ErrorCode::not_permitted,
                       "this node has no access rules, so nobody is let in");
    SAFAR_TRY(auto user, context.desk->admit(request.caller));
    SAFAR_TRY(auto purpose, read_purpose(request));
    request.actor =
        user.single && !request.claimed_actor.empty() ? request.claimed_actor : user.login;
    Decision decision = authorise(user, action, Sensitivity::public_);
    request.sight = Sight(std::move(user), action, std::move(purpose));
    if (decision && exports(action))
        return note_export(*context.desk, request.sight, request.parameter("kind"));
    if (decision) return success();
    request.sight.refuse(decision.reason, Sensitivity::public_);
    return failure(ErrorCode::not_permitted, decision.reason);
}

} // namespace

ApiReply guarded_reply(ApiContext& context, UserAction action, ApiRequest& request,
                       const std::function<Result<ApiReply>()>& handle) {
    auto reply = [&]() -> Result<ApiReply> {
        SAFAR_TRY(admit(context, action, request));
        return handle();
    }();
    if (auto entry = account(request.sight, reply.has_value()); entry && context.desk != nullptr)
        if (auto noted = context.desk->record(std::move(*entry)); !noted.has_value())
            return error_reply(
                failure(noted.error().code,
                        "nothing is shown, since the access log could not be written: " +
                            noted.error().detail));
    return reply.has_value() ? std::move(reply.value()) : error_reply(reply.error());
}

} // namespace safar
