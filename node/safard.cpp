// safard: one agency's node. Opens what the data directory holds, serves the API and the peers, and
// ends cleanly on SIGTERM or SIGINT.
#include "node/api/api.hpp"
#include "node/api/config.hpp"
#include "node/api/remote_server.hpp"
#include "node/api/server.hpp"
#include "node/casework/similar.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/identity.hpp"
#include "node/operate/backup.hpp"
#include "node/operate/maintenance_file.hpp"
#include "node/operate/supervisor.hpp"
#include "storage/base/limits.hpp"
#include "storage/log/rocks_log.hpp"
#include "storage/log/store.hpp"
#include "storage/record/log_text.hpp"

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <malloc.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace safar {
namespace {

// sysexits(3), so that a supervisor can tell what will not pass by itself.
enum Exit : int {
    exit_ok = 0,
    exit_usage = 64,
    exit_storage = 74,
    exit_busy = 75,
    exit_config = 78
};

constexpr std::chrono::milliseconds stop_patience{4500}; // of 5 s from the signal to the end

int exit_code(ErrorCode code) {
    switch (code) {
    case ErrorCode::busy:
    case ErrorCode::unreachable: return exit_busy;
    case ErrorCode::storage_full:
    case ErrorCode::storage_failed:
    case ErrorCode::storage_corrupt: return exit_storage;
    default: return exit_config;
    }
}

// One key=value line an entry, on stderr.
void open_logger(const std::string& level) {
    auto logger = spdlog::stderr_logger_mt("safard");
    logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(logger));
}

int refuse(const Error& error, int code) {
    spdlog::error("event=refused code={} detail={}", name(error.code), log_value(error.detail));
    return code;
}

// One process a data directory; the lock goes with the process, however it ends.
Result<int> lock_directory(const std::string& directory) {
    const std::string path = directory + "/LOCK";
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return failure(ErrorCode::storage_failed, path + ": " + std::strerror(errno));
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        return failure(ErrorCode::busy, path + ": another safard runs on this data directory");
    return descriptor;
}

Result<> check_self(const CharterState& state, const Identity& self) {
    const CharterNode* listed = nullptr;
    bool signing = false,
         tls = false; // listed by some epoch: a node may hear of its new keys with the old ones
    for (const HeldCharter& held : state.epochs())
        if (const CharterNode* node = held.charter->node(self.id)) {
            listed = node;
            signing |= node->signing_key == self.signing.public_key();
            tls |= node->tls_key == self.tls.public_key();
        }
    if (listed == nullptr)
        return failure(ErrorCode::not_permitted, "no charter epoch held here lists this node, " +
                                                     self.id.hex() +
                                                     ", as keys/signing.key makes it");
    if (listed->agency != self.agency)
        return failure(ErrorCode::not_permitted,
                       "keys/signing.key makes this node one of " + listed->agency +
                           ", as the charter lists it, and safard.toml says agency = \"" +
                           self.agency + "\": one of the two files is another node's");
    if (!signing || !tls)
        return failure(
            ErrorCode::not_permitted,
            std::string(signing ? "keys/tls.key" : "keys/signing.key") +
                " is not the key that the charter lists for node " + self.id.hex() +
                ": it is another node's or another copy; put this node's own key file there");
    if (state.ruling().charter->node(self.id) == nullptr)
        spdlog::warn("event=note detail=\"epoch {} of the charter no longer lists this node: it "
                     "shows what it holds, "
                     "and no peer speaks to it\"",
                     state.ruling().charter->epoch);
    return success();
}

// What must be right before anything is opened; every error here is configuration.
struct Prepared {
    NodeConfig config;
    Identity identity;
    CharterState charter;
};

Result<Prepared> prepare(const std::string& directory) {
    SAFAR_TRY(auto config, load_config(directory));
    SAFAR_TRY(auto charter, load_charter_state(directory));
    SAFAR_TRY(promote_next_keys(directory, *charter.ruling().charter));
    SAFAR_TRY(auto identity, load_identity(directory));
    SAFAR_TRY(check_self(charter, identity));
    return Prepared{std::move(config), std::move(identity), std::move(charter)};
}

// Everything that runs, in the order in which it is taken down: last member first.
struct Running {
    std::unique_ptr<Log> log;
    std::unique_ptr<Derived> derived;
    std::unique_ptr<Node> node;
    std::unique_ptr<Registry> registry;
    std::unique_ptr<AccessDesk> desk;
    ApiMetrics metrics;
    std::unique_ptr<BackupShelf> backups;
    std::unique_ptr<ApiContext> context;
    std::unique_ptr<PeerNet> net;
    std::unique_ptr<ApiServer> server;
    std::unique_ptr<RemoteServer> remote; // where [api] listen is set

    Running() = default;
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    // Also after half a start: what the node's threads still tell goes to a network that is there.
    ~Running() {
        if (net) net->stop();
        if (node) node->stop();
    }
};

std::atomic<bool> anew{false};

// Ends like on SIGTERM, then runs again in the same process.
void begin_anew() {
    anew = true;
    ::kill(::getpid(), SIGTERM);
}

char** arguments = nullptr; // of main

// Everything acknowledged is durable: whatever else still runs in this process may be cut off.
[[noreturn]] void leave() {
    if (!anew) std::_Exit(exit_ok);
    ::execv("/proc/self/exe", arguments);
    std::perror("safard: cannot run again");
    std::_Exit(exit_busy);
}

void note(std::string line) { spdlog::warn("event=note detail={}", log_value(line)); }

// RocksDB, as Debian builds it, checks some of what it reads by assertions, which end the process:
// while it opens the store that is a refusal like others, with a name and an exit code.
class WhileRocksDbOpens {
public:
    explicit WhileRocksDbOpens(const std::string& store) {
        refusal_ = "level=error event=refused code=storage_corrupt detail=" +
                   log_value(store + ": RocksDB stopped at what it read there, as it says above" +
                             std::string(lost_store_advice)) +
                   "\n";
        std::signal(SIGABRT, [](int) {
            static_cast<void>(!::write(STDERR_FILENO, refusal_.data(), refusal_.size()));
            ::_exit(exit_storage);
        });
    }
    ~WhileRocksDbOpens() { std::signal(SIGABRT, SIG_DFL); }
    WhileRocksDbOpens(const WhileRocksDbOpens&) = delete;
    WhileRocksDbOpens& operator=(const WhileRocksDbOpens&) = delete;

private:
    static inline std::string refusal_; // whole before the signal can come
};

Result<> open_stores(const std::string& directory, const Prepared& with, Running& out) {
    SAFAR_TRY(auto schema, charter_schema(*with.charter.ruling().charter));
    const WhileRocksDbOpens guard(directory + "/store");
    RocksOptions options;
    options.directory = directory + "/store";
    options.witness_path = directory + "/witness";
    options.reserve_bytes = with.config.reserve_mib << 20;
    // Held: the store is closed after the end of logging where a start is refused.
    options.warn = [log = spdlog::default_logger()](std::string_view line) {
        log->warn("event=store detail={}", log_value(line));
    };
    std::vector<std::string> notes;
    auto opened =
        open_rocks_log(options, Author{with.identity.id, &with.identity.signing, &system_entropy()},
                       with.charter.authority(), notes);
    for (std::string& line : notes) note(std::move(line));
    SAFAR_TRY(out.log, std::move(opened));
    SAFAR_TRY(
        out.derived,
        Derived::open(*out.log, std::make_shared<const Schema>(std::move(schema)), similar_words));
    if (out.derived->position() == 0 && out.log->last_position() > 0)
        note("derived state is damaged, missing or of another schema or release: it is derived "
             "again from the log, and nothing is lost");
    return success();
}

Result<> open_remote(const Prepared& with, Running& out) {
    if (with.config.api_listen.empty()) return success();
    RemoteOptions options;
    options.listen = with.config.api_listen;
    SAFAR_TRY(out.remote, RemoteServer::start(*out.context, with.identity, options));
    if (out.desk->single_user())
        note("[api] listen is set and nobody can come: there is no user with a certificate; `safar "
             "user add`");
    spdlog::info("event=api listen={} port={}", with.config.api_listen, out.remote->port());
    return success();
}

Result<> start_all(const std::string& directory, const Prepared& with, Running& out) {
    SAFAR_TRY(open_stores(directory, with, out));
    NodeSettings settings{with.identity.id, with.identity.agency, with.charter, {}, {}, {}};
    settings.linger = with.config.linger;
    settings.keep = [directory](const CharterState& state) {
        return save_charter_state(directory, state);
    };
    settings.note = note;
    out.node = std::make_unique<Node>(*out.log, *out.derived, std::move(settings));
    out.registry = std::make_unique<Registry>(*out.node);
    std::vector<std::string> notes;
    SAFAR_TRY(out.desk,
              AccessDesk::open(directory, with.identity.id, with.identity.signing, notes));
    for (std::string& line : notes) note(std::move(line));
    out.context.reset(new ApiContext{*out.registry, out.metrics, {}, {}, with.config.name});
    out.context->desk = out.desk.get();
    SAFAR_TRY(out.net, PeerNet::start(with.identity, with.config.listen, *out.node));
    out.backups = std::make_unique<BackupShelf>(directory);
    out.context->operate = {directory, &with.identity, with.config.reserve_mib << 20,
                            out.backups.get()};
    PeerNet* net = out.net.get();
    out.context->peers = [net] { return net->peers(); };
    out.context->door = [net] { return net->door(); };
    out.context->statements = [net] { return net->statements(); };
    out.context->announce = [net](std::optional<wire::Maintenance> notice) {
        net->announce(std::move(notice));
    };
    SAFAR_TRY(auto away, load_maintenance(directory));
    if (away)
        net->announce(std::move(away)); // told until it is over or ended: peers drop what is past
    Node* node = out.node.get();
    out.node->start([net] { net->on_local_change(); },
                    [net, node, directory] {
                        net->on_charter_change();
                        // Keys that waited are listed now: a restart of a moment puts them in use.
                        if (next_keys_listed(directory, *node->charter())) begin_anew();
                    });
    ServerOptions options;
    options.socket_path = directory + "/safar.sock";
    options.open_to_all = !out.desk->single_user();
    SAFAR_TRY(out.server, ApiServer::start(*out.context, options));
    SAFAR_TRY(out.desk->open_door());
    return open_remote(with, out);
}

int wait_for_signal(const sigset_t& signals) {
    int signal = 0;
    while (::sigwait(&signals, &signal) != 0) {
    }
    return signal;
}

// Everything acknowledged is durable already: what cannot end in time is left, and derived state
// follows from the log at the next start.
void stop_all(Running& running) {
    std::thread([] {
        std::this_thread::sleep_for(stop_patience);
        std::fputs("event=stopped detail=\"some work could not be ended in time\"\n", stderr);
        leave();
    }).detach();
    running.net->stop();
    const bool left = running.remote == nullptr || running.remote->stop();
    const bool ended = running.server->stop() && left;
    running.node->stop();
    if (ended) return;
    spdlog::warn("event=stopped detail=\"a request was cut off\"");
    leave();
}

int run(const std::string& directory) {
    const auto begun = std::chrono::steady_clock::now();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); // inherited by every thread that follows
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file size limit is an error like a full disk
    std::signal(SIGHUP, SIG_IGN);
    ::umask(077);              // what this process creates is its owner's alone
    ::mallopt(M_ARENA_MAX, 4); // many threads, few of which allocate at once

    auto prepared = prepare(directory);
    if (!prepared.has_value()) return refuse(prepared.error(), exit_config);
    const Prepared& with = prepared.value();
    spdlog::set_level(spdlog::level::from_str(with.config.log_level));
    auto lock = lock_directory(directory);
    if (!lock.has_value()) return refuse(lock.error(), exit_code(lock.error().code));

    Running running;
    if (auto started = start_all(directory, with, running); !started.has_value())
        return refuse(started.error(), exit_code(started.error().code));
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    spdlog::info("event=ready agency={} node={} epoch={} position={} derived={} listen={} port={} "
                 "took_ms={}",
                 with.identity.agency, with.identity.id.brief(),
                 with.charter.ruling().charter->epoch, running.log->last_position(),
                 running.derived->position(), with.config.listen, running.net->port(),
                 took.count());
    std::puts("ready");
    std::fflush(stdout);
    tell_supervisor("READY=1");

    int signal = wait_for_signal(signals);
    spdlog::info("event=stopping signal={}", signal);
    stop_all(running);
    spdlog::info("event=stopped position={} derived={}", running.log->last_position(),
                 running.derived->position());
    return exit_ok;
}

} // namespace
} // namespace safar

int main(int argc, char** argv) {
    CLI::App app("safard: runs one agency's Safar node");
    app.footer(
        "Example:\n  safar node init /var/lib/safar --agency IOM --listen 0.0.0.0:7400 > iom.toml\n"
        "  safar --node /var/lib/safar charter adopt charter.toml\n"
        "  safard --data /var/lib/safar\n\n"
        "Prints \"ready\" once it serves; ends on SIGTERM or SIGINT. Exit codes: 64 usage, 74 "
        "storage,\n"
        "75 busy (another process, or the address is taken), 78 configuration, charter or keys.");
    app.set_version_flag("--version", "safard " + std::string(safar::api_version()));
    std::string directory;
    auto* data =
        app.add_option("--data,data", directory, "Data directory, made by `safar node init`");
    data->required()->type_name("DIR");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        int code = app.exit(error);
        return code == 0 ? 0 : safar::exit_usage;
    }
    safar::arguments = argv;
    safar::open_logger("info");
    // What others are told of it (a backup's copy, the log) is true wherever they stand.
    std::error_code lost;
    while (directory.starts_with("./") && directory.size() > 2) directory.erase(0, 2);
    if (auto whole = std::filesystem::absolute(directory, lost); !lost) directory = whole;
    while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
    int code = safar::run(directory);
    spdlog::shutdown();
    if (code == 0 && safar::anew) safar::leave();
    return code;
}
