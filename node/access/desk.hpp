// Who is at the other end of the socket, what they may do, and the log of it.
//
// Without DIR/users.toml a node is in single-user mode: only the owner of the data directory and
// root get in; they have every role, and no purpose is asked for, but what they read is logged all
// the same. With the file, roles apply: whoever is not listed is refused, and owner and root are
// operators and no more, unless the file lists them too.
//
// Threads: any.
#pragma once

#include "node/access/access_log.hpp"
#include "node/access/users.hpp"

#include <map>
#include <sys/types.h>

namespace safar {

// As the kernel names the peer of a Unix socket; from elsewhere, the key that TLS has proven.
struct Caller {
    uid_t uid = static_cast<uid_t>(-1);
    std::string login;            // "uid 1001" where the system has no name
    std::string certificate = {}; // SHA-256 of the public key; then there is no uid and no login
};
[[nodiscard]] Caller caller_of_uid(uid_t uid);

class AccessDesk {
public:
    // Reads users.toml, opens the log, notes the start in it (with a digest of users.toml, so that
    // a change by hand shows). `key` must outlive it. Errors: those of parse_users and
    // AccessLog::open.
    [[nodiscard]] static Result<std::unique_ptr<AccessDesk>> open(const std::string& directory,
                                                                  const NodeId& node,
                                                                  const SigningKey& key,
                                                                  std::vector<std::string>& notes);

    // Errors: not_permitted (a stranger; logged, at most once a minute for each account, and once a
    // minute for all certificates together, with how many there were: anybody in the world can make
    // those).
    [[nodiscard]] Result<User> admit(const Caller& caller);
    [[nodiscard]] bool single_user() const { return snapshot()->single; }
    [[nodiscard]] std::vector<User> users() const { return snapshot()->users; }

    // Changes of users.toml; durable, and in the log before. Nobody but owner and root changes
    // their own rights. Errors: conflict (listed already), not_found, invalid_argument (no such
    // Unix account, a class or role that there is not), not_permitted, those of the log and of the
    // file.
    [[nodiscard]] Result<> add(const User& by, const User& user);
    [[nodiscard]] Result<> change(const User& by,
                                  const User& user); // roles, compartments, name, certificate
    [[nodiscard]] Result<> remove(const User& by, const std::string& login);

    // Durable before it returns; the time is filled in.
    [[nodiscard]] Result<> record(AccessEntry entry);
    [[nodiscard]] AccessLog& log() { return *log_; }

    // Lets other accounts reach DIR/safar.sock, where users.toml is: DIR may be passed through,
    // everything else in it is its owner's alone. Does nothing in single-user mode. Errors:
    // storage_failed with the path.
    [[nodiscard]] Result<> open_door() const;

private:
    struct Snapshot {
        bool single = true;
        std::vector<User> users;
    };
    AccessDesk(std::string directory, uid_t owner)
        : directory_(std::move(directory)), owner_(owner) {}
    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
    [[nodiscard]] Result<> replace(const User& by, const std::string& about,
                                   std::vector<User> users, const std::string& note);
    [[nodiscard]] Result<> complain(const Caller& caller);

    std::string directory_;
    uid_t owner_;
    std::unique_ptr<AccessLog> log_;
    mutable std::mutex mutex_; // guards current_, complained_, unnamed_
    std::shared_ptr<const Snapshot> current_ = std::make_shared<const Snapshot>();
    std::map<std::string, std::chrono::steady_clock::time_point>
        complained_;            // by account; "": certificates
    std::uint64_t unnamed_ = 0; // strangers with a certificate since the last entry about them
    std::mutex changing_;       // one change of users.toml at a time
};

} // namespace safar
