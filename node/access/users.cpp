#include "node/access/users.hpp"

#include "node/charter/strict_toml.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t name_bytes_max = 100, compartments_max = 100, compartment_bytes_max = 64;

std::string role_list() {
    std::string out;
    for (std::size_t i = 0; i < user_role_count; ++i)
        out += (i == 0 ? "" : ", ") + std::string(name(static_cast<UserRole>(i)));
    return out;
}

User read_user(const toml::table& stated, std::string where, TomlProblems& problems) {
    TomlReader reader(stated, std::move(where), problems);
    User out;
    out.remote = !stated.contains("unix") && stated.contains("login");
    const char* const key = out.remote ? "login" : "unix";
    out.login = reader.text(key, 32);
    if (!problems.any() && !is_login(out.login))
        reader.refuse(
            key, "is not the name of a Unix account: a-z, digits, '_', '-' and '.', at most 32");
    out.certificate = reader.text("certificate", 64, out.remote ? Need::required : Need::optional);
    if (!problems.any() && !out.certificate.empty() && !is_certificate(out.certificate))
        reader.refuse("certificate",
                      "is the SHA-256 of a public key, 64 lower-case hex digits: `safar user key`");
    out.name = reader.text("name", name_bytes_max);
    std::vector<std::string> names = reader.texts("roles", user_role_count, 32);
    if (auto roles = parse_roles(names); roles.has_value())
        out.roles = roles.value();
    else
        reader.refuse("roles", roles.error().detail);
    if (stated.contains("compartments"))
        out.compartments = reader.texts("compartments", compartments_max, compartment_bytes_max);
    if (std::string up_to = reader.text("classes_up_to", 16, Need::optional); !up_to.empty()) {
        if (auto found = field_class_named(up_to))
            out.up_to = *found;
        else
            reader.refuse("classes_up_to",
                          "is not one of public, operational, personal, sensitive");
    }
    reader.done();
    return out;
}

std::string quoted_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (std::size_t i = 0; i < texts.size(); ++i)
        out += (i == 0 ? "" : ", ") + toml_quote(texts[i]);
    return out + "]";
}

} // namespace

bool is_login(std::string_view text) {
    if (text.empty() || text.size() > 32 || text.front() == '-' || text.front() == '.')
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

bool is_certificate(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Result<Roles> parse_roles(const std::vector<std::string>& names) {
    Roles out;
    for (const std::string& text : names) {
        auto role = user_role_named(text);
        if (!role)
            return failure(ErrorCode::invalid_argument,
                           "'" + text.substr(0, 40) + "' is not a role; there are: " + role_list());
        if (out[static_cast<std::size_t>(*role)])
            return failure(ErrorCode::invalid_argument, "role '" + text + "' is given twice");
        out.set(static_cast<std::size_t>(*role));
    }
    return out;
}

Result<std::vector<User>> parse_users(const std::string& file, std::string_view text) {
    TomlProblems problems(file);
    toml::table root = parse_toml(text, problems);
    std::vector<User> out;
    if (!problems.any()) {
        TomlReader reader(root, "users.toml", problems);
        std::size_t number = 0;
        for (const toml::table* table : reader.tables("user", users_max)) {
            const std::string where = "[[user]] " + std::to_string(++number);
            User user = read_user(*table, where, problems);
            for (const User& other : out)
                if (other.login == user.login)
                    TomlReader(*table, where, problems)
                        .refuse(user.remote ? "login" : "unix",
                                "'" + user.login + "' is listed twice");
                else if (!user.certificate.empty() && other.certificate == user.certificate)
                    TomlReader(*table, where, problems)
                        .refuse("certificate",
                                "'" + other.login +
                                    "' has the same; each person needs a key of their own");
            out.push_back(std::move(user));
        }
        reader.done();
    }
    SAFAR_TRY(problems.result());
    return out;
}

std::string write_users(const std::vector<User>& users) {
    std::string out = "# The people of this node: `safar user --help`. A change by hand takes "
                      "effect at the next start.\n";
    for (const User& user : users) {
        std::vector<std::string> roles;
        for (std::size_t i = 0; i < user_role_count; ++i)
            if (user.roles[i]) roles.emplace_back(name(static_cast<UserRole>(i)));
        out += std::string("\n[[user]]\n") + (user.remote ? "login" : "unix") + " = " +
               toml_quote(user.login) + "\nname = " + toml_quote(user.name) +
               "\nroles = " + quoted_list(roles) + "\n";
        if (user.compartments) out += "compartments = " + quoted_list(*user.compartments) + "\n";
        if (!user.certificate.empty())
            out += "certificate = " + toml_quote(user.certificate) + "\n";
        if (user.up_to != Sensitivity::sensitive)
            out += "classes_up_to = " + toml_quote(name(user.up_to)) + "\n";
    }
    return out;
}

std::string describe_rights(const User& user) {
    std::string out = user.login + ": " + joined_roles(user.roles);
    if (user.compartments) {
        out += "; compartments";
        for (const std::string& one : *user.compartments) out += " " + one;
        if (user.compartments->empty()) out += " none";
    }
    if (user.up_to != Sensitivity::sensitive) out += "; up to " + std::string(name(user.up_to));
    if (!user.certificate.empty()) out += "; certificate " + user.certificate;
    return out;
}

} // namespace safar
