#include "node/access/desk.hpp"

#include "node/charter/durable_file.hpp"
#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace safar {
namespace {

constexpr std::chrono::minutes complaint_interval{1};
constexpr std::size_t strangers_max = 1000; // remembered; beyond, all are forgotten

std::string users_path(const std::string& directory) { return directory + "/users.toml"; }

// Does the system know the account? The answer may come from a directory service.
bool account_exists(const std::string& login) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> space;
    return ::getpwnam_r(login.c_str(), &entry, space.data(), space.size(), &found) == 0 &&
           found != nullptr;
}

Result<> restrict_mode(const std::filesystem::path& path, mode_t mode) {
    if (::chmod(path.c_str(), mode) == 0 || errno == ENOENT)
        return success(); // a file may go meanwhile
    return failure(ErrorCode::storage_failed,
                   "cannot protect " + path.string() + ": " + std::strerror(errno));
}

// Written from memory, users.toml would undo what somebody wrote into it by hand.
Result<> check_unchanged(const std::string& directory, bool single,
                         const std::vector<User>& users) {
    const std::string path = users_path(directory);
    const auto text = read_small_file(path, users_file_bytes_max);
    if (!text.has_value()) {
        if (text.error().code != ErrorCode::not_found) return text.error();
        if (single) return success();
    } else if (const auto there = parse_users(path, text.value());
               !single && there.has_value() && write_users(there.value()) == write_users(users)) {
        return success();
    }
    return failure(ErrorCode::conflict,
                   path + " was changed by hand since this node read it: restart the node, which "
                          "puts that in force, and ask again");
}

Error no_such_user(const std::string& login) {
    return failure(ErrorCode::not_found,
                   "no user '" + login + "'; `safar user list` shows who there is");
}

Result<> check_new(const User& user) {
    if (!is_login(user.login))
        return failure(ErrorCode::invalid_argument,
                       "'" + user.login.substr(0, 40) + "' is not the name of a Unix account");
    if (user.remote && user.certificate.empty())
        return failure(
            ErrorCode::invalid_argument,
            "'" + user.login +
                "' has no Unix account here and so needs a certificate: `safar user key`");
    // The name would otherwise mean two people: one in the log, one at the socket.
    if (user.remote && account_exists(user.login))
        return failure(ErrorCode::invalid_argument,
                       "this machine has a Unix account '" + user.login +
                           "'; give it as the account, or choose another name");
    if (!user.remote && !account_exists(user.login))
        return failure(ErrorCode::invalid_argument, "this machine has no Unix account '" +
                                                        user.login +
                                                        "'; create it first, or correct the name");
    return success();
}

Result<> check_certificate(const std::vector<User>& users, const User& user) {
    if (user.certificate.empty()) return success();
    if (!is_certificate(user.certificate))
        return failure(ErrorCode::invalid_argument,
                       "a certificate is given by the SHA-256 of its public key, 64 "
                       "lower-case hex digits: `safar user key` prints it");
    for (const User& other : users)
        if (other.login != user.login && other.certificate == user.certificate)
            return failure(ErrorCode::conflict,
                           "'" + other.login +
                               "' has that certificate; each person needs a key of their own");
    return success();
}

} // namespace

Caller caller_of_uid(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> space;
    if (::getpwuid_r(uid, &entry, space.data(), space.size(), &found) == 0 && found != nullptr)
        return {uid, found->pw_name};
    return {uid, "uid " + std::to_string(uid)};
}

Result<std::unique_ptr<AccessDesk>> AccessDesk::open(const std::string& directory,
                                                     const NodeId& node, const SigningKey& key,
                                                     std::vector<std::string>& notes) {
    struct stat found {};
    if (::stat(directory.c_str(), &found) != 0)
        return failure(ErrorCode::storage_failed, directory + ": " + std::strerror(errno));
    std::unique_ptr<AccessDesk> desk(new AccessDesk(directory, found.st_uid));
    std::string note = "single-user mode";
    auto text = read_small_file(users_path(directory), users_file_bytes_max);
    if (text.has_value()) {
        Snapshot now{false, {}};
        SAFAR_TRY(now.users, parse_users(users_path(directory), text.value()));
        desk->current_ = std::make_shared<const Snapshot>(std::move(now));
        note = "roles of users.toml " +
               tagged_hash("users-file", {as_bytes(text.value())}).hex().substr(0, 16);
    } else if (text.error().code != ErrorCode::not_found) {
        return text.error();
    }
    std::vector<std::string> repairs;
    SAFAR_TRY(desk->log_, AccessLog::open(directory + "/access", node, key, repairs));
    AccessEntry entry;
    entry.user = "safard";
    for (const std::string& repair : repairs) {
        entry.action = "repair";
        entry.outcome = AccessOutcome::failed;
        entry.note = repair;
        SAFAR_TRY(desk->record(entry));
        notes.push_back(repair);
    }
    entry.action = "start";
    entry.outcome = AccessOutcome::allowed;
    entry.note = note;
    SAFAR_TRY(desk->record(entry));
    return desk;
}

std::shared_ptr<const AccessDesk::Snapshot> AccessDesk::snapshot() const {
    std::lock_guard lock(mutex_);
    return current_;
}

Result<> AccessDesk::complain(const Caller& caller) {
    AccessEntry entry;
    entry.user = caller.certificate.empty() ? caller.login : "unknown";
    entry.certificate = caller.certificate;
    entry.action = "connect";
    entry.outcome = AccessOutcome::refused;
    entry.note = "not a user";
    {
        std::lock_guard lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (complained_.size() > strangers_max) complained_.clear();
        auto [at, fresh] =
            complained_.try_emplace(caller.certificate.empty() ? caller.login : "", now);
        if (!fresh && now - at->second < complaint_interval) {
            if (!caller.certificate.empty()) ++unnamed_;
            return success();
        }
        at->second = now;
        if (!caller.certificate.empty() && unnamed_ > 0)
            entry.note += "; " + std::to_string(std::exchange(unnamed_, 0)) +
                          " more were refused since the last such entry";
    }
    return record(std::move(entry));
}

Result<User> AccessDesk::admit(const Caller& caller) {
    auto now = snapshot();
    const bool local = caller.certificate.empty();
    User out;
    out.login = caller.login;
    out.owner = local && (caller.uid == owner_ || caller.uid == 0);
    if (now->single && out.owner) {
        out.name = caller.login;
        out.roles.set();
        out.single = true;
        return out;
    }
    auto listed = std::find_if(now->users.begin(), now->users.end(), [&](const User& user) {
        return local ? !user.remote && user.login == caller.login
                     : user.certificate == caller.certificate;
    });
    if (listed != now->users.end()) {
        const bool owner = out.owner;
        out = *listed;
        out.owner = owner;
        out.came_with = caller.certificate;
    }
    if (out.owner) out.roles.set(static_cast<std::size_t>(UserRole::operator_));
    if (listed != now->users.end() || out.owner) return out;
    SAFAR_TRY(complain(caller));
    const std::string who = local ? caller.login : "certificate " + caller.certificate;
    return failure(
        ErrorCode::not_permitted,
        local && now->single
            ? who + " is not the owner of this node's data directory; the owner lets others in: "
                    "`safar user add`"
            : who + " is not a user of this node; an operator adds users: `safar user add`");
}

Result<> AccessDesk::record(AccessEntry entry) {
    entry.time = std::chrono::system_clock::now();
    return log_->append(entry);
}

Result<> AccessDesk::replace(const User& by, const std::string& about, std::vector<User> users,
                             const std::string& note) {
    AccessEntry entry;
    entry.user = by.login;
    entry.certificate = by.came_with;
    entry.roles = by.roles;
    entry.action = name(UserAction::user_change);
    entry.note = note;
    if (about == by.login && !by.owner) {
        entry.outcome = AccessOutcome::refused;
        SAFAR_TRY(record(std::move(entry)));
        return failure(
            ErrorCode::not_permitted,
            "nobody changes their own rights: another operator or the owner of the node does");
    }
    SAFAR_TRY(check_unchanged(directory_, single_user(), this->users()));
    // What is written must be readable at the next start.
    const std::string text = write_users(users);
    SAFAR_TRY(parse_users(users_path(directory_), text));
    SAFAR_TRY(record(entry));
    auto written = write_file_durably(users_path(directory_), text, 0600);
    if (!written.has_value()) {
        entry.outcome = AccessOutcome::failed;
        SAFAR_TRY(record(std::move(entry)));
        return written;
    }
    {
        std::lock_guard lock(mutex_);
        current_ = std::make_shared<const Snapshot>(Snapshot{false, std::move(users)});
    }
    return open_door();
}

Result<> AccessDesk::add(const User& by, const User& user) {
    SAFAR_TRY(check_new(user));
    std::lock_guard lock(changing_);
    auto users = this->users();
    for (const User& other : users)
        if (other.login == user.login)
            return failure(ErrorCode::conflict,
                           "'" + user.login +
                               "' is a user already; `safar user roles` changes the roles");
    SAFAR_TRY(check_certificate(users, user));
    if (users.size() >= users_max)
        return failure(ErrorCode::limit_exceeded,
                       "a node has at most " + std::to_string(users_max) + " users");
    users.push_back(user);
    return replace(by, user.login, std::move(users), "add " + describe_rights(user));
}

Result<> AccessDesk::change(const User& by, const User& user) {
    std::lock_guard lock(changing_);
    auto users = this->users();
    SAFAR_TRY(check_certificate(users, user));
    if (user.remote && user.certificate.empty())
        return failure(ErrorCode::invalid_argument,
                       "'" + user.login +
                           "' comes by certificate only: `safar user remove` ends that");
    for (User& other : users)
        if (other.login == user.login) {
            const std::string before = describe_rights(other);
            other = user;
            return replace(by, user.login, std::move(users),
                           "change " + before + " -> " + describe_rights(user));
        }
    return no_such_user(user.login);
}

Result<> AccessDesk::remove(const User& by, const std::string& login) {
    std::lock_guard lock(changing_);
    auto users = this->users();
    auto at = std::find_if(users.begin(), users.end(),
                           [&](const User& user) { return user.login == login; });
    if (at == users.end()) return no_such_user(login);
    const std::string before = describe_rights(*at);
    users.erase(at);
    return replace(by, login, std::move(users), "remove " + before);
}

Result<> AccessDesk::open_door() const {
    namespace fs = std::filesystem;
    if (single_user()) return success();
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end;
         at.increment(error)) {
        std::error_code gone;
        const fs::file_status status = at->symlink_status(gone);
        if (gone) continue;
        if (fs::is_directory(status)) {
            SAFAR_TRY(restrict_mode(at->path(), 0700));
        } else if (fs::is_regular_file(status)) {
            SAFAR_TRY(restrict_mode(at->path(), 0600));
        } else if (fs::is_socket(status)) {
            // The kernel says who connects; what they may do is decided for each request.
            SAFAR_TRY(restrict_mode(at->path(), 0666));
        }
    }
    if (error) return failure(ErrorCode::storage_failed, directory_ + ": " + error.message());
    return restrict_mode(directory_, 0711);
}

} // namespace safar
