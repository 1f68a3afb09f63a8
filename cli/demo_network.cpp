#include "cli/demo_network.hpp"

#include "cli/charter_draft.hpp"
#include "cli/demo_process.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/locate.hpp"
#include "node/charter/identity.hpp"
#include "storage/crypto/entropy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <thread>

namespace safar::cli {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

constexpr int first_port = 47101;
constexpr int last_port = 47999;
constexpr std::chrono::seconds node_start_patience{30};

Result<std::string> demo_root() {
    if (const char* given = std::getenv("SAFAR_DEMO"); given != nullptr && *given != '\0')
        return std::string(given);
    if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
        return std::string(state) + "/safar-demo";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return std::string(home) + "/.local/state/safar-demo";
    return failure(ErrorCode::invalid_argument,
                   "HOME is not set; say where the demo may live in SAFAR_DEMO");
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

Result<std::vector<DemoAgency>> read_agencies(const std::string& path) {
    SAFAR_TRY(auto text, read_file(path));
    std::vector<DemoAgency> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const std::size_t tab = line.find('\t');
        if (line.empty() || line.front() == '#') continue;
        if (tab == std::string::npos)
            return failure(ErrorCode::invalid_argument,
                           fmt::format("{}: '{}' should be CODE, a tab, a name", path, line));
        out.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    if (out.size() < 3)
        return failure(ErrorCode::invalid_argument, path + ": needs three agencies or more");
    return out;
}

bool free_port(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1; // a port that only lingers from the last demo is free
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return free;
}

std::string last_lines(const std::string& path) {
    auto text = read_file(path, 64u << 20);
    if (!text) return "";
    std::string& all = text.value();
    return all.size() > 600 ? "..." + all.substr(all.size() - 600) : all;
}

} // namespace

Result<DemoNetwork> DemoNetwork::open() {
    DemoNetwork out;
    SAFAR_TRY(out.root_, demo_root());
    SAFAR_TRY(out.config_, config_directory("demo"));
    SAFAR_TRY(out.agencies_, read_agencies(out.config_ + "/agencies.tsv"));
    return out;
}

std::string DemoNetwork::directory(const std::string& code) const {
    return root_ + "/" + lower(code);
}
std::string DemoNetwork::log_file(const std::string& code) const {
    return directory(code) + ".log";
}
std::string DemoNetwork::pid_file(const std::string& code) const {
    return directory(code) + ".pid";
}

ApiClient DemoNetwork::client(const std::string& code) const {
    return {directory(code), std::chrono::seconds(30)};
}

bool DemoNetwork::founded() const {
    auto marker = read_file(root_ + "/demo");
    return marker && marker.value() == "founded\n";
}

Result<> DemoNetwork::check_ours() const {
    std::error_code ec;
    if (!fs::exists(root_, ec) || fs::is_empty(root_, ec) || fs::exists(root_ + "/demo", ec))
        return success();
    return failure(
        ErrorCode::conflict,
        fmt::format(
            "'{}' holds something that the demo did not make; name an empty place in SAFAR_DEMO",
            root_));
}

Result<> DemoNetwork::wipe() const {
    SAFAR_TRY(check_ours());
    for (const DemoAgency& agency : agencies_) stop_daemon(pid_file(agency.code));
    std::error_code ec;
    for (const DemoAgency& agency : agencies_)
        for (const std::string& path :
             {directory(agency.code), log_file(agency.code), directory(agency.code) + ".toml"})
            fs::remove_all(path, ec);
    for (const char* name : {"charter.toml", "imported", "demo"}) // the marker last
        fs::remove(root_ + "/" + name, ec);
    if (ec)
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot empty '{}': {}", root_, ec.message()));
    return success();
}

Result<> DemoNetwork::found(std::ostream& out) const {
    SAFAR_TRY(wipe());
    std::error_code ec;
    fs::create_directories(root_, ec);
    if (ec)
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot make '{}': {}", root_, ec.message()));
    SAFAR_TRY(replace_file(root_ + "/demo", "founding\n"));

    DraftOptions draft;
    draft.network = "Demo of the Pakistan UN Network on Migration";
    draft.stewards = {agencies_[0].code, agencies_[1].code};
    draft.quorum = 2;
    draft.compartments = config_ + "/compartments.toml";
    int port = first_port;
    for (const DemoAgency& agency : agencies_) {
        while (port <= last_port && !free_port(port)) ++port;
        if (port > last_port)
            return failure(
                ErrorCode::busy,
                fmt::format("no free port between {} and {} on 127.0.0.1", first_port, last_port));
        const std::string address = fmt::format("127.0.0.1:{}", port++);
        SAFAR_TRY(auto enrolment, create_node(directory(agency.code), agency.code, agency.name,
                                              address, system_entropy()));
        const std::string path = directory(agency.code) + ".toml";
        SAFAR_TRY(replace_file(path, write_enrolment(enrolment)));
        draft.enrolments.push_back(path);
        out << fmt::format("  {:7} {}, keys made, will listen on {}\n", agency.code, agency.name,
                           address);
    }
    SAFAR_TRY(auto text, draft_charter(draft));
    for (const std::string& steward : draft.stewards) {
        SAFAR_TRY(auto identity, load_identity(directory(steward)));
        SAFAR_TRY(text, sign_charter(text, steward, identity.signing));
    }
    SAFAR_TRY(replace_file(root_ + "/charter.toml", text));
    for (const DemoAgency& agency : agencies_) {
        SAFAR_TRY(adopt_charter_file(directory(agency.code), text));
    }
    out << fmt::format("  charter signed by {} and {}, adopted by all\n", draft.stewards[0],
                       draft.stewards[1]);
    return replace_file(root_ + "/demo", "founded\n");
}

Result<Charter> DemoNetwork::charter() const {
    SAFAR_TRY(auto text, read_file(root_ + "/charter.toml"));
    return parse_charter(text);
}

Result<> DemoNetwork::start(const std::string& code) const {
    const bool was_running = running_daemon(pid_file(code)).has_value();
    if (!was_running) {
        SAFAR_TRY(auto safard, find_safard());
        SAFAR_TRY(start_daemon(safard, directory(code), log_file(code), pid_file(code)));
    } else {
        hold_daemon(pid_file(code), /*hold=*/false);
    }
    const auto end = steady_clock::now() + node_start_patience;
    std::string why;
    while (steady_clock::now() < end) {
        auto answer = ApiClient(directory(code), std::chrono::seconds(5)).get("/v1/status");
        if (answer) return success();
        why = answer.error().detail;
        if (!running_daemon(pid_file(code))) {
            why = "safard ended";
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return failure(ErrorCode::unreachable,
                   fmt::format("the node of {} does not serve: {}. Its log ({}) ends with: {}",
                               code, why, log_file(code), last_lines(log_file(code))));
}

std::vector<std::string> DemoNetwork::holders(const Charter& charter,
                                              const std::string& compartment) {
    std::vector<std::string> out;
    const CharterCompartment* found = charter.compartment(compartment);
    for (const CharterAgency& agency : charter.agencies)
        if (found != nullptr && found->may_hold(agency.code)) out.push_back(agency.code);
    return out;
}

Result<> DemoNetwork::await_equal(std::chrono::seconds patience) const {
    SAFAR_TRY(auto parsed, charter());
    auto last_progress = steady_clock::now();
    std::string last_seen;
    for (;;) {
        std::string seen, differing;
        for (const CharterCompartment& compartment : parsed.compartments) {
            std::string first;
            for (const std::string& code : holders(parsed, compartment.name)) {
                auto answer =
                    client(code).get(target_of("/v1/digest", {{"compartment", compartment.name}}));
                const std::string digest = answer ? answer.value().text : answer.error().detail;
                seen += digest;
                if (first.empty()) first = digest;
                if (digest != first && differing.empty())
                    differing = fmt::format("compartment {} at {}", compartment.name, code);
                if (!answer && differing.empty())
                    differing =
                        fmt::format("compartment {} at {} ({})", compartment.name, code, digest);
            }
        }
        for (const DemoAgency& agency : agencies_) {
            auto status = client(agency.code).get("/v1/status");
            if (!status || number_at(status.value().json, "position.derived") !=
                               number_at(status.value().json, "position.log"))
                if (differing.empty()) differing = "state derived at " + agency.code;
            if (status) seen += text_at(status.value().json, "position");
        }
        if (differing.empty()) return success();
        const auto now = steady_clock::now();
        if (seen != last_seen) last_progress = now;
        last_seen = std::move(seen);
        if (now - last_progress > patience)
            return failure(
                ErrorCode::timed_out,
                fmt::format(
                    "the nodes have not become equal: {} differs, and nothing has moved for {} s. "
                    "See safar --node {} peers, and the logs in {}",
                    differing, patience.count(), directory(agencies_.front().code), root_));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

LineDown::LineDown(const DemoNetwork& network, std::string but)
    : network_(network), but_(std::move(but)) {
    hold(true);
}

LineDown::~LineDown() { hold(false); }

void LineDown::hold(bool still) const {
    for (const DemoAgency& agency : network_.agencies())
        if (agency.code != but_) hold_daemon(network_.pid_file(agency.code), still);
}

} // namespace safar::cli
