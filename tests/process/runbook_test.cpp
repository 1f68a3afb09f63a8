// docs/operating.md is run: every command line that stands in it, in its order, at a node of a
// network of three. The runbook's paths and addresses lead into the test's directory; programs of
// the machine that only root may call (systemctl, runuser) are stood in for by scripts that do the
// same to these nodes.
#include "tests/free_port.hpp"
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace safar::process {
namespace {

namespace fs = std::filesystem;

using Block = std::vector<std::string>; // command lines between two ```sh fences

std::vector<Block> blocks_of(const std::string& text) {
    std::vector<Block> out;
    bool inside = false;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            inside = line == "```sh";
            if (inside) out.emplace_back();
        } else if (inside && !line.empty()) {
            out.back().push_back(line);
        }
    }
    return out;
}

// What sets up a machine, not a node: packages and the shell that one types in.
bool is_of_the_machine(const std::string& line) {
    for (const char* start :
         {"alias ", "export ", "cmake ", "(cd build", "apt ", "systemctl enable"})
        if (line.starts_with(start)) return true;
    return false;
}

class Runbook : public ::testing::Test {
protected:
    std::string root = make_root();
    std::string node = root + "/var/lib/safar";
    bool runs = false, peers_run = false;

    static std::string make_root() {
        char name[] = "/tmp/safar-runbook-XXXXXX";
        return ::mkdtemp(name);
    }
    void SetUp() override {
        for (const char* part : {"/bin", "/etc/cron.daily", "/var/lib", "/mnt/backup",
                                 "/mnt/other-disk", "/media/usb", "/work"})
            fs::create_directories(root + part);
        script("safar", "exec " SAFAR " \"$@\"");
        script("runuser", "shift 3; exec \"$@\""); // -u safar --
        // start|stop DIRECTORY: as systemd does, until it says "ready", until it has ended.
        script("node", R"(case $1 in
start) setsid )" SAFARD R"( --data "$2" >"$2.log" 2>&1 & echo $! >"$2.pid"
       for _ in $(seq 3000); do grep -qx ready "$2.log" && exit 0; sleep 0.01; done; exit 1;;
stop)  pid=$(cat "$2.pid"); kill "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done;;
esac)");
        script("systemctl", "[ \"$2\" = safard ] && exec node \"$1\" " + node);
        for (const char* agency : {"MOFA", "FIA"}) {
            std::string file = agency;
            for (char& letter : file) letter = static_cast<char>(std::tolower(letter));
            shell("safar node init " + peer(agency) + " --agency " + agency +
                  " --listen 127.0.0.1:" + std::to_string(free_port()) + " > " + file + ".toml");
        }
    }
    void TearDown() override {
        for (const std::string& directory : {node, peer("MOFA"), peer("FIA")})
            if (fs::exists(directory + ".pid"))
                (void)run({"/bin/bash", "-c", "kill -9 $(cat " + directory + ".pid)"});
        fs::remove_all(root);
    }
    [[nodiscard]] std::string peer(const std::string& agency) const { return root + "/" + agency; }
    void script(const std::string& name, const std::string& body) const {
        const std::string path = root + "/bin/" + name;
        std::ofstream(path) << "#!/bin/bash\n" << body << "\n";
        fs::permissions(path, fs::perms::owner_all);
    }

    Ran shell(const std::string& line) const {
        Ran out = run({"/bin/bash", "-c",
                       "cd " + root + "/work; export PATH=" + root +
                           "/bin:$PATH SAFAR_NODE=" + node + "; " + line},
                      std::chrono::seconds(60));
        EXPECT_EQ(out.exit_code, 0) << line << "\n" << out.out << out.err;
        return out;
    }
    // The runbook's own paths and addresses, and its day.
    [[nodiscard]] std::string here(std::string line) const {
        static const int port = free_port();
        const std::vector<std::pair<std::string, std::string>> places{
            {"/var/lib/safar", node},
            {"/mnt/", root + "/mnt/"},
            {"/etc/", root + "/etc/"},
            {"/media/", root + "/media/"},
            {"/tmp/trial", root + "/trial"},
            {"192.0.2.7:7400", "127.0.0.1:" + std::to_string(port)},
            {" -o safar -g safar", ""},
            {"2026-03-01T22:00:00Z", "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"},
        };
        for (const auto& [from, to] : places)
            for (std::size_t at = 0; (at = line.find(from, at)) != std::string::npos;
                 at += to.size())
                line.replace(at, from.size(), to);
        return line;
    }
    // The file that a block shows whole, as somebody copies it.
    void write_nightly(const Block& block) const {
        std::ofstream out(root + "/etc/cron.daily/safar-backup");
        for (const std::string& line : block) out << here(line) << "\n";
    }
    // It runs as cron does it; where the backup fails nothing is deleted.
    void try_nightly() const {
        const std::string nightly = "run-parts --exit-on-error " + root + "/etc/cron.daily",
                          today = root + "/mnt/backup/safar-$(date +%F).tar",
                          old = root + "/mnt/backup/safar-2026-01-01.tar";
        shell("touch -d '40 days ago' " + old + " " + old + ".part; touch " + today);
        shell("! " + nightly + " && test -e " + old); // today's is there already
        shell("rm " + today + " && " + nightly + " && test -s " + today);
        shell("test ! -e " + old + " && test ! -e " + old + ".part && rm " + today);
    }
    void type(const std::string& line) {
        SCOPED_TRACE(line);
        if (line == "safar watch") { // goes on until somebody has seen enough
            shell("timeout --signal=INT 2 safar watch; [ $? = 124 ] || [ $? = 0 ]");
        } else if (line == "safar doctor" ||
                   line == "safar verify --deep") { // peers may be a moment away
            EXPECT_TRUE(eventually([&] {
                return run({"/bin/bash", "-c",
                            "SAFAR_NODE=" + node + " " SAFAR " " + line.substr(6)})
                           .exit_code == 0;
            })) << shell(line).out;
        } else {
            shell(here(line));
        }
        if (line.starts_with("safar charter adopt charter-"))
            shell("SAFAR_NODE=" + newcomer() + " && " + line + " && safar charter history");
        if (line.starts_with("safar node init"))
            shell("cp -r " + node + "/keys " + root + "/media/usb/keys");
        if (line.starts_with("safar charter sign"))
            shell(peer_line("MOFA", "charter sign charter.toml"));
        if (line.starts_with("systemctl stop")) runs = false;
        if (line.starts_with("systemctl start")) runs = true;
        if (runs && !std::exchange(peers_run, runs)) start_peers();
    }
    [[nodiscard]] std::string peer_line(const std::string& agency,
                                        const std::string& command) const {
        return "safar --node " + peer(agency) + " " + command;
    }
    // Whom the network has yet to take in: FIA's keys, and no epoch.
    [[nodiscard]] std::string newcomer() const {
        const std::string directory = peer("newcomer");
        fs::create_directories(directory);
        fs::copy(peer("FIA") + "/keys", directory + "/keys");
        fs::copy(peer("FIA") + "/safard.toml", directory + "/safard.toml");
        return directory;
    }
    void start_peers() const {
        for (const char* agency : {"MOFA", "FIA"}) {
            shell(peer_line(agency, "charter adopt charter.toml"));
            shell("node start " + peer(agency));
        }
        shell("safar record create return nationality=Pakistan date=2023-03-31");
    }
};

TEST_F(Runbook, EveryCommandInItDoesWhatItsReaderNeeds) {
    const auto blocks = blocks_of(slurp(SAFAR_SOURCE_DIR "/docs/operating.md"));
    ASSERT_GT(blocks.size(), 15u);
    std::size_t typed = 0;
    for (const Block& block : blocks) {
        // A chapter of its own: the node that it speaks of runs, unless it has yet to be founded.
        if (peers_run && !runs && !block.front().starts_with("systemctl"))
            type("systemctl start safard");
        if (block.front() == "#!/bin/sh") {
            write_nightly(block);
            continue;
        }
        for (const std::string& line : block) {
            if (is_of_the_machine(line)) continue;
            type(line);
            if (line.starts_with("run-parts")) try_nightly();
            ++typed;
            if (HasFatalFailure() || HasNonfatalFailure())
                FAIL() << "after " << typed << " commands";
        }
    }
    EXPECT_GT(typed, 35u);
    EXPECT_THAT(shell("safar find return").out, ::testing::HasSubstr("PAK"));
}

} // namespace
} // namespace safar::process
