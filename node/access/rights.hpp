// What a person at a node may do and see: one table, one function.
//
// An action is asked for a class of fields in a compartment. Actions that show or write no field
// ask for `public_`; actions of the node as a whole name no compartment. docs/access.md gives the
// reasons; tests/vectors/access/rights.tsv is the table as people read it, held against this one
// cell by cell.
#pragma once

#include "storage/record/schema.hpp"

#include <array>
#include <bitset>

namespace safar {

enum class UserRole { caseworker, supervisor, analyst, operator_, protection_officer, auditor };
constexpr std::size_t user_role_count = 6;
using Roles = std::bitset<user_role_count>;

enum class UserAction {
    // the node
    describe,
    status,
    health,
    peers,
    peer_test,
    metrics,
    charter_read,
    schema_read,
    digest,
    verify,
    rebuild,
    backup,
    bundle_make,
    bundle_apply,
    charter_change,
    // records, reading
    statistics,
    record_find,
    record_show,
    record_history,
    record_explain,
    conflict_list,
    record_export,
    inbox,
    journey,
    dossier,
    feed,
    // records, writing
    record_create,
    record_set,
    record_step,
    record_refer,
    record_retract,
    conflict_resolve,
    import_file,
    // people
    user_list,
    user_change,
    access_read,
    access_verify,
    // the node again
    maintenance,
};
constexpr std::size_t action_count = static_cast<std::size_t>(UserAction::maintenance) + 1;

struct User {
    std::string name;  // for people
    std::string login; // Unix account; "uid 1001" where the system has no name; a name of its own
                       // where `remote`
    Roles roles;
    std::optional<std::vector<std::string>> compartments; // absent: all
    Sensitivity up_to = Sensitivity::sensitive;           // narrows what the roles allow
    bool single =
        false;          // no users.toml: the node's owner, with every role and no purpose asked for
    bool owner = false; // of the data directory, or root
    std::string certificate =
        {}; // SHA-256 of the public key by which they may come from elsewhere; empty: none
    bool remote = false;        // has no Unix account here, comes by certificate only
    std::string came_with = {}; // the certificate of this connection; empty: the local socket
};

struct Decision {
    bool allowed = false;
    std::string reason; // of a refusal, for people; names no value
    explicit operator bool() const { return allowed; }
};

// The one place that decides. Pure; any thread. `compartment`: none where the action concerns no
// record; empty where the record's kind is in no compartment that the charter in force knows.
[[nodiscard]] Decision authorise(const User& user, UserAction action, Sensitivity field_class,
                                 std::optional<std::string_view> compartment = std::nullopt);

[[nodiscard]] std::string_view name(UserRole role);     // "protection_officer"
[[nodiscard]] std::string_view name(UserAction action); // "record show"
[[nodiscard]] std::string_view name(Sensitivity field_class);
[[nodiscard]] std::optional<UserRole> user_role_named(std::string_view text);
[[nodiscard]] std::optional<Sensitivity> field_class_named(std::string_view text);
// "caseworker, auditor"; "no role".
[[nodiscard]] std::string joined_roles(Roles roles);
// Lets records out of the node wholesale: logged before it begins, whatever is in them.
[[nodiscard]] constexpr bool exports(UserAction action) {
    return action == UserAction::backup || action == UserAction::bundle_make ||
           action == UserAction::record_export;
}
// Reads of these are logged and, where roles apply, need a purpose.
[[nodiscard]] constexpr bool guarded(Sensitivity field_class) {
    return field_class >= Sensitivity::personal;
}

} // namespace safar
