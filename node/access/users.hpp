// DIR/users.toml: the people of a node.
//
//     [[user]]
//     unix = "amina"                        # Unix account
//     name = "Amina Khan"
//     roles = ["caseworker"]
//     certificate = "3b7a.."                # SHA-256 of the public key they may come with from
//     elsewhere compartments = ["movement"]           # absent: all classes_up_to = "operational"
//     # absent: what the roles allow
//
// Who has no account on the machine has `login = "sara"` in place of `unix`, and a certificate.
// A node without the file is in single-user mode; a file without a [[user]] is not.
#pragma once

#include "node/access/rights.hpp"

namespace safar {

constexpr std::size_t users_max = 1000;
constexpr std::size_t users_file_bytes_max = 1u << 20;

// A Unix account as Debian allows it: a-z, digits, '_', '-', '.', at most 32, not starting with '-'
// or '.'.
[[nodiscard]] bool is_login(std::string_view text);
// 64 lower-case hex digits.
[[nodiscard]] bool is_certificate(std::string_view text);

// Errors: invalid_argument "FILE: line N: [[user]] 2: key: what is wrong"; the first problem.
// Unknown and repeated keys, unknown roles, and an account or a certificate listed twice are
// refused.
[[nodiscard]] Result<std::vector<User>> parse_users(const std::string& file, std::string_view text);
// Text that parse_users reads back.
[[nodiscard]] std::string write_users(const std::vector<User>& users);
// Roles by name. Errors: invalid_argument naming the word and the roles there are.
[[nodiscard]] Result<Roles> parse_roles(const std::vector<std::string>& names);
// "amina: caseworker, auditor; compartments movement; up to operational": for the access log.
[[nodiscard]] std::string describe_rights(const User& user);

} // namespace safar
