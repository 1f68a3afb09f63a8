// Users of this node and its access log.
#include "node/access/access_read.hpp"
#include "node/api/json.hpp"
#include "node/registry/iso_time.hpp"

#include <mutex>

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::uint64_t log_default = 100, log_max = 10'000;

json::object user_object(const User& user) {
    json::array roles;
    for (std::size_t i = 0; i < user_role_count; ++i)
        if (user.roles[i]) roles.emplace_back(name(static_cast<UserRole>(i)));
    json::object out{{"login", user.login},
                     {"unix", user.remote ? "" : user.login},
                     {"certificate", user.certificate},
                     {"name", user.name},
                     {"roles", std::move(roles)},
                     {"all_compartments", !user.compartments.has_value()},
                     {"compartments", json::array()},
                     {"classes_up_to", name(user.up_to)}};
    if (user.compartments) out["compartments"] = json::value_from(*user.compartments);
    return out;
}

// Roles, and the limits that are given; a limit that is not given stays as it is in `user`.
Result<> read_rights(ApiContext& context, BodyReader& body, User& user) {
    SAFAR_TRY(auto roles, body.texts("roles"));
    SAFAR_TRY(user.roles, parse_roles(roles.value_or(std::vector<std::string>{})));
    SAFAR_TRY(auto all, body.flag("all_compartments"));
    SAFAR_TRY(auto compartments, body.texts("compartments"));
    SAFAR_TRY(auto up_to, body.optional_text("classes_up_to"));
    if (all && compartments)
        return failure(ErrorCode::invalid_argument,
                       "body: 'compartments' and 'all_compartments' exclude each other");
    if (all) user.compartments.reset();
    if (compartments) user.compartments = std::move(compartments);
    auto charter = context.registry.node().charter();
    if (user.compartments)
        for (const std::string& one : *user.compartments)
            if (charter->compartment(one) == nullptr)
                return failure(ErrorCode::invalid_argument,
                               "the charter has no compartment '" + one.substr(0, 60) + "'");
    if (up_to) {
        auto found = field_class_named(*up_to);
        if (!found)
            return failure(ErrorCode::invalid_argument,
                           "'classes_up_to' is one of public, operational, personal, sensitive");
        user.up_to = *found;
    }
    return success();
}

ApiReply users_reply(ApiContext& context) {
    json::array users;
    for (const User& user : context.desk->users()) users.push_back(user_object(user));
    return json_reply(
        json::object{{"single_user", context.desk->single_user()}, {"users", std::move(users)}});
}

} // namespace

Result<ApiReply> users(ApiContext& context, ApiRequest&) { return users_reply(context); }

Result<ApiReply> user_add(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    User user;
    SAFAR_TRY(auto account, body.optional_text("unix"));
    SAFAR_TRY(auto login, body.optional_text("login"));
    SAFAR_TRY(auto certificate, body.optional_text("certificate"));
    if (account.has_value() == login.has_value())
        return failure(ErrorCode::invalid_argument,
                       "body: needs 'unix', the account on this machine, or 'login' for who has "
                       "none; not both");
    user.remote = login.has_value();
    user.login = user.remote ? *login : *account;
    user.certificate = certificate.value_or("");
    SAFAR_TRY(auto name, body.optional_text("name"));
    SAFAR_TRY(read_rights(context, body, user));
    SAFAR_TRY(body.done());
    user.name = name.value_or(user.login);
    SAFAR_TRY(context.desk->add(request.sight.user(), user));
    return users_reply(context);
}

namespace {

// From reading a user to writing it: what another changes in between would be undone.
std::mutex one_change;

// As listed; who is not gets an empty one, which `change` then refuses by name.
User listed_user(ApiContext& context, const std::string& login) {
    User user;
    user.login = login;
    for (const User& known : context.desk->users())
        if (known.login == login) user = known;
    return user;
}

} // namespace

Result<ApiReply> user_certificate(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    std::lock_guard lock(one_change);
    User user = listed_user(context, request.captures.at(0));
    SAFAR_TRY(auto certificate, body.optional_text("certificate"));
    SAFAR_TRY(body.done());
    user.certificate = certificate.value_or("");
    SAFAR_TRY(context.desk->change(request.sight.user(), user));
    return users_reply(context);
}

Result<ApiReply> user_roles(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    std::lock_guard lock(one_change);
    User user = listed_user(context, request.captures.at(0));
    SAFAR_TRY(read_rights(context, body, user));
    SAFAR_TRY(body.done());
    SAFAR_TRY(context.desk->change(request.sight.user(), user));
    return users_reply(context);
}

Result<ApiReply> user_remove(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(context.desk->remove(request.sight.user(), request.captures.at(0)));
    return users_reply(context);
}

Result<ApiReply> access_log(ApiContext& context, ApiRequest& request) {
    AccessQuery query;
    if (std::string_view subject = request.parameter("subject"); !subject.empty()) {
        auto id = parse_id(subject);
        if (!id)
            return failure(ErrorCode::invalid_argument, "parameter 'subject': not a record id");
        query.subject = show_id(*id);
    }
    query.user = request.parameter("user");
    if (std::string_view since = request.parameter("since"); !since.empty()) {
        SAFAR_TRY(auto time, parse_time(since));
        query.since = show_time(time); // "" of the first moment there is: everything is since
        if (!query.since.empty())
            query.since.pop_back(); // the Z, which would stand after a fraction of the same second
    }
    SAFAR_TRY(query.limit, number_parameter(request, "limit", 1, log_max, log_default));
    query.up_to = context.desk->log().written().number;
    SAFAR_TRY(auto page, read_access(context.desk->log().directory(), query));
    // The lines go out as they stand, so that whoever keeps them can check them.
    ApiReply reply;
    reply.body = R"({"entries":[)";
    for (std::size_t i = 0; i < page.lines.size(); ++i)
        reply.body += (i == 0 ? "\n" : ",\n") + page.lines[i];
    reply.body += std::string("],\"truncated\":") + (page.truncated ? "true" : "false") + "}\n";
    return reply;
}

Result<ApiReply> access_verify(ApiContext& context, ApiRequest&) {
    const AccessLog& log = context.desk->log();
    SAFAR_TRY(auto report, verify_access(log.directory(), log.written().number));
    if (report.key && *report.key != log.key())
        report.problems.push_back(log.directory() + "/head is not signed with this node's key");
    return json_reply(json::object{{"segments", report.segments},
                                   {"entries", report.entries},
                                   {"signed_up_to", report.signed_up_to},
                                   {"last_hash", report.end.hash.hex()},
                                   {"node", report.node ? report.node->hex() : ""},
                                   {"key", report.key ? report.key->hex() : ""},
                                   {"problems", json::value_from(report.problems)}});
}

} // namespace safar::handlers
