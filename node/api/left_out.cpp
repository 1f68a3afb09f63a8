#include "node/api/left_out.hpp"

#include "node/api/json.hpp"
#include "storage/record/text.hpp"

namespace safar::handlers {

namespace json = boost::json;

namespace {

constexpr std::size_t reason_bytes_max = 1000;

// It stands in the access log for ever, so it must be text that can be read there.
Result<> check_reason(std::string_view reason) {
    if (reason.size() > reason_bytes_max)
        return failure(ErrorCode::invalid_argument, "parameter 'without_consent' has more than " +
                                                        std::to_string(reason_bytes_max) +
                                                        " bytes");
    if (auto checked = check_text(reason); !checked.has_value())
        return failure(ErrorCode::invalid_argument,
                       "parameter 'without_consent': " + checked.error().detail);
    return success();
}

} // namespace

Result<std::unique_ptr<PassingOn>> open_passing_on(ApiContext& context, ApiRequest& request) {
    const std::string_view recipient = request.parameter("for"),
                           reason = request.parameter("without_consent");
    if (recipient.empty() && !reason.empty())
        return failure(ErrorCode::invalid_argument,
                       "parameter 'without_consent' goes with 'for': who gets it?");
    if (recipient.empty()) return std::unique_ptr<PassingOn>();
    SAFAR_TRY(check_reason(reason));
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(auto question, read_passing_on(*schema, *context.registry.node().charter(), recipient,
                                             request.sight.purpose(), reason));
    if (!reason.empty()) {
        if (!has_role({"supervisor", "protection_officer"}, request.sight.user().roles))
            return failure(ErrorCode::not_permitted,
                           "going on without consent needs role supervisor or protection_officer");
        AccessEntry entry;
        entry.user = request.sight.user().login;
        entry.certificate = request.sight.user().came_with;
        entry.roles = request.sight.user().roles;
        entry.action = name(request.sight.action());
        entry.purpose = request.sight.purpose();
        entry.classes = {Sensitivity::personal, Sensitivity::sensitive};
        entry.note = "goes to " + question.recipient +
                     " without consent where it is missing: " + std::string(reason);
        SAFAR_TRY(context.desk->record(std::move(entry)));
    }
    return std::make_unique<PassingOn>(context.registry, std::move(question));
}

json::object left_out(const PassingOn& passing) {
    const PassingOn::Account account = passing.account();
    return {{"for", passing.question().recipient},
            {"purpose", passing.question().purpose},
            {"records", account.records},
            {"fields", account.fields},
            {"without_consent", account.overridden},
            {"missing", json::value_from(account.missing)},
            {"missing_more", account.missing_more}};
}

} // namespace safar::handlers
