#include "node/access/rights.hpp"

#include <algorithm>

namespace safar {
namespace {

// Up to which class of fields. Classes are nested: nobody who may see sensitive fields is kept from
// personal ones.
enum Reach : std::uint8_t { no, pub, oper, pers, sens };

struct Row {
    UserAction action;
    std::string_view name;
    std::array<Reach, user_role_count> reach;
};

constexpr std::array<Row, action_count> table{{
    // caseworker, supervisor, analyst, operator, protection officer, auditor
    {UserAction::describe, "describe the API", {pub, pub, pub, pub, pub, pub}},
    {UserAction::status, "status", {pub, pub, pub, pub, pub, pub}},
    {UserAction::health, "doctor", {no, no, no, pub, no, pub}},
    {UserAction::peers, "peers", {no, pub, no, pub, no, pub}},
    {UserAction::peer_test, "peer test", {no, no, no, pub, no, no}},
    {UserAction::metrics, "metrics", {no, no, no, pub, no, no}},
    {UserAction::charter_read, "charter show", {pub, pub, pub, pub, pub, pub}},
    {UserAction::schema_read, "schema", {pub, pub, pub, pub, pub, pub}},
    {UserAction::digest, "digest", {pub, pub, pub, pub, pub, pub}},
    {UserAction::verify, "verify", {no, no, no, pub, no, pub}},
    {UserAction::rebuild, "rebuild", {no, no, no, pub, no, no}},
    {UserAction::backup, "backup", {no, no, no, pub, no, no}},
    {UserAction::bundle_make, "bundle make", {no, no, no, pub, no, no}},
    {UserAction::bundle_apply, "bundle apply", {no, no, no, pub, no, no}},
    {UserAction::charter_change, "charter change", {no, no, no, pub, no, no}},
    {UserAction::statistics, "stats", {oper, oper, oper, oper, oper, no}},
    {UserAction::record_find, "find", {pers, pers, oper, oper, sens, no}},
    {UserAction::record_show, "record show", {pers, pers, oper, oper, sens, no}},
    {UserAction::record_history, "record history", {pers, pers, oper, oper, sens, oper}},
    {UserAction::record_explain, "explain", {pers, pers, oper, oper, sens, oper}},
    {UserAction::conflict_list, "conflict list", {pers, pers, oper, oper, sens, no}},
    {UserAction::record_export, "record export", {no, pers, no, no, sens, no}},
    {UserAction::inbox, "inbox", {pers, pers, no, no, sens, no}},
    {UserAction::journey, "journey", {pers, pers, oper, no, sens, oper}},
    {UserAction::dossier, "dossier", {no, pers, no, no, sens, oper}},
    {UserAction::feed, "feed", {pers, pers, oper, oper, sens, no}},
    {UserAction::record_create, "record create", {pers, pers, no, no, sens, no}},
    {UserAction::record_set, "record set", {pers, pers, no, no, sens, no}},
    {UserAction::record_step, "step", {pers, pers, no, no, sens, no}},
    {UserAction::record_refer, "refer", {pers, pers, no, no, sens, no}},
    {UserAction::record_retract, "record retract", {pers, pers, no, no, sens, no}},
    {UserAction::conflict_resolve, "conflict resolve", {no, pers, no, no, sens, no}},
    {UserAction::import_file, "import", {no, pers, no, no, sens, no}},
    {UserAction::user_list, "user list", {no, no, no, pub, no, pub}},
    {UserAction::user_change, "user change", {no, no, no, pub, no, no}},
    {UserAction::access_read, "access log", {no, no, no, no, no, pub}},
    {UserAction::access_verify, "access verify", {no, no, no, pub, no, pub}},
    {UserAction::maintenance, "maintenance", {no, no, no, pub, no, no}},
}};

constexpr bool rows_stand_at_their_action() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].action != static_cast<UserAction>(i) || table[i].name.empty()) return false;
    return true;
}
static_assert(rows_stand_at_their_action(), "every action has its row, in the order of the enum");

constexpr std::array<std::string_view, user_role_count> role_names{
    "caseworker", "supervisor", "analyst", "operator", "protection_officer", "auditor"};
constexpr std::array<std::string_view, 4> class_names{"public", "operational", "personal",
                                                      "sensitive"};

bool reaches(Reach reach, Sensitivity field_class) {
    return static_cast<int>(reach) > static_cast<int>(field_class);
}

// "needs role caseworker, supervisor or protection_officer"
std::string needed_roles(const Row& row, Sensitivity field_class) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < user_role_count; ++i)
        if (reaches(row.reach[i], field_class)) names.push_back(role_names[i]);
    if (names.empty()) return "no role may";
    std::string out = "needs role ";
    for (std::size_t i = 0; i < names.size(); ++i)
        out += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
    return out;
}

} // namespace

Decision authorise(const User& user, UserAction action, Sensitivity field_class,
                   std::optional<std::string_view> compartment) {
    const Row& row = table[static_cast<std::size_t>(action)];
    const auto may = [&](Roles roles) {
        for (std::size_t i = 0; i < user_role_count; ++i)
            if (roles[i] && reaches(row.reach[i], field_class)) return true;
        return false;
    };
    const std::string what =
        std::string(row.name) + " of " + std::string(name(field_class)) + " fields";
    if (!may(user.roles))
        return {false,
                (may(Roles().set()) && field_class == Sensitivity::public_ ? std::string(row.name)
                                                                           : what) +
                    ": " + needed_roles(row, field_class) + "; " + user.login + " has " +
                    joined_roles(user.roles)};
    if (field_class > user.up_to)
        return {false, what + ": users.toml lets " + user.login + " see " +
                           std::string(name(user.up_to)) + " fields at most"};
    if (compartment && user.compartments &&
        std::find(user.compartments->begin(), user.compartments->end(), *compartment) ==
            user.compartments->end())
        return {false, std::string(row.name) + " in compartment '" + std::string(*compartment) +
                           "': " + user.login + " works in other compartments only"};
    return {true, {}};
}

std::string_view name(UserRole role) { return role_names[static_cast<std::size_t>(role)]; }
std::string_view name(UserAction action) { return table[static_cast<std::size_t>(action)].name; }
std::string_view name(Sensitivity field_class) {
    return class_names[static_cast<std::size_t>(field_class)];
}

std::optional<UserRole> user_role_named(std::string_view text) {
    for (std::size_t i = 0; i < user_role_count; ++i)
        if (role_names[i] == text) return static_cast<UserRole>(i);
    return std::nullopt;
}

std::optional<Sensitivity> field_class_named(std::string_view text) {
    for (std::size_t i = 0; i < class_names.size(); ++i)
        if (class_names[i] == text) return static_cast<Sensitivity>(i);
    return std::nullopt;
}

std::string joined_roles(Roles roles) {
    std::string out;
    for (std::size_t i = 0; i < user_role_count; ++i)
        if (roles[i]) out += (out.empty() ? "" : ", ") + std::string(role_names[i]);
    return out.empty() ? "no role" : out;
}

} // namespace safar
