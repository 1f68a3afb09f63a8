// Backup, restore, doctor and the test of a peer with real nodes.
#include "tests/process/chaos_gate.hpp"
#include "tests/process/federation.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar::process {
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

constexpr const char* returns = "return";

std::string create(Federation& net, const std::string& agency) {
    return std::string(
        net.ask(agency, {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"})
            .at("id")
            .as_string());
}

std::int64_t forks(Federation& net, const std::string& agency) {
    return net.ask(agency, {"status"}).at("forks").as_int64();
}

// IOM as `backup` has it, in the place of the IOM that ran until now.
Ran put_back(Federation& net, const std::string& backup, std::vector<std::string> more = {}) {
    fs::remove_all(net.directory("IOM") + ".old");
    fs::rename(net.directory("IOM"), net.directory("IOM") + ".old");
    std::vector<std::string> command = {SAFAR, "restore", backup, net.directory("IOM")};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
}

} // namespace

// The original signs on after the backup; the restored node must not sign at any of those places
// again.
TEST(Operate, ARestoredNodeNeverForksItsLogs) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    const std::string before = create(net, "IOM");
    const std::string file = make_returns(net.directory("IOM") + ".csv", 1000);
    const pid_t import = net.safar_in_background("IOM", {"import", "uk-returns", file});
    const std::string backup = net.directory("IOM") + ".tar";
    Ran made = net.safar("IOM", {"backup", "--with-keys", backup}); // while it writes
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("private keys are in it"));
    EXPECT_FALSE(fs::exists(net.directory("IOM") + "/backup"))
        << "the copy in the data directory stayed";
    wait_for_exit(import);
    const std::string after = create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, returns);
    net.stop("IOM");

    Ran restored = put_back(net, backup);
    ASSERT_EQ(restored.exit_code, 0) << restored.err;
    EXPECT_THAT(restored.out, HasSubstr("every file, signature, chain and leaf holds"));
    net.start("IOM");
    const std::string new_one = create(net, "IOM"); // at once, perhaps before FIA is reached
    net.wait_equal({"IOM", "FIA"}, returns);
    for (const char* agency : {"IOM", "FIA"}) {
        EXPECT_EQ(forks(net, agency), 0) << agency;
        for (const auto& id : {before, after, new_one})
            EXPECT_EQ(net.safar(agency, {"record", "show", id}).exit_code, 0)
                << agency << ' ' << id;
        EXPECT_EQ(net.safar(agency, {"verify", "--deep"}).exit_code, 0) << agency;
    }
    EXPECT_GE(net.ask("IOM", {"status"}).at("incarnations").as_array().size(), 2u)
        << "it went on in the old log";
    EXPECT_EQ(net.digest("IOM", returns, true), net.digest("FIA", returns, true));
}

TEST(Operate, ARestoredNodeThatMeetsNobodyAtFirstForksNothingEither) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    create(net, "IOM");
    const std::string backup = net.directory("IOM") + ".backup"; // a directory
    ASSERT_EQ(net.safar("IOM", {"backup", "--with-keys", backup}).exit_code, 0);
    create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, returns);
    net.stop("FIA");
    net.stop("IOM");
    ASSERT_EQ(put_back(net, backup).exit_code, 0);
    net.start("IOM");
    create(net, "IOM");
    net.start("FIA");
    net.wait_equal({"IOM", "FIA"}, returns);
    EXPECT_EQ(forks(net, "IOM"), 0);
    EXPECT_EQ(forks(net, "FIA"), 0);
    EXPECT_EQ(net.ask("IOM", {"stats", "return"}).at("count").as_int64(), 3);
}

TEST(Operate, ProvingARestoredNodeSaysWhatPeersHadToAdd) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    create(net, "IOM");
    const std::string backup = net.directory("IOM") + ".tar";
    ASSERT_EQ(net.safar("IOM", {"backup", backup}).exit_code, 0); // without keys
    create(net, "IOM");
    create(net, "FIA");
    net.wait_equal({"IOM", "FIA"}, returns);
    net.stop("IOM");
    const std::string keys = net.directory("IOM") + ".old/keys";
    Ran proved = put_back(net, backup, {"--keys", keys, "--prove", "--json"});
    ASSERT_EQ(proved.exit_code, 0) << proved.out << proved.err;
    auto proof = boost::json::parse(proved.out).at("proof");
    EXPECT_EQ(proof.at("held").to_number<int>(), 1);
    EXPECT_EQ(proof.at("fetched").to_number<int>(), 2);
    EXPECT_EQ(proof.at("derived").as_string(), "same");
    EXPECT_EQ(proof.at("peers").at(0).at("state").as_string(), "connected");
    EXPECT_NE(net.safar("IOM", {"status"}).exit_code, 0) << "it was left running";

    net.stop("FIA"); // now nobody can be asked
    Ran alone = put_back(net, backup, {"--keys", keys, "--prove", "--patience", "1"});
    EXPECT_EQ(alone.exit_code, 1);
    EXPECT_THAT(alone.out, HasSubstr("NOT proved"));
}

// SAFAR_RESTORE_RECORDS for the long run.
TEST(Operate, ARestoreOnAnEmptyDiskIsTheSameRegistry) {
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::time_point since) {
        return std::chrono::duration<double>(Clock::now() - since).count();
    };
    const unsigned rows = size_of_hunt("SAFAR_RESTORE_RECORDS", 10'000) / 20;
    Federation net({"IOM", "FIA"});
    net.start_all();
    const std::string file = make_returns(net.path("returns.csv"), rows);
    ASSERT_EQ(net.safar("IOM", {"import", "uk-returns", file}).exit_code, 0);
    net.wait_equal({"IOM", "FIA"}, returns, 300s);
    const std::string backup = net.path("iom.tar"), state = net.digest("FIA", returns, true);
    auto began = Clock::now();
    ASSERT_EQ(net.safar("IOM", {"backup", backup}).exit_code, 0);
    const double copied = seconds(began);
    const std::string late = create(net, "IOM"); // no backup has it
    net.wait_equal({"IOM", "FIA"}, returns);
    net.kill("IOM");

    began = Clock::now();
    Ran restored = put_back(net, backup, {"--keys", net.directory("IOM") + ".old/keys"});
    ASSERT_EQ(restored.exit_code, 0) << restored.err;
    const double checked = seconds(began);
    net.start("IOM");
    EXPECT_TRUE(eventually([&] {
        return net.safar("IOM", {"record", "show", late}).exit_code == 0;
    })) << "what peers held was not given back";
    const double whole = seconds(began);
    EXPECT_EQ(net.digest("IOM", returns, true), net.digest("FIA", returns, true));
    EXPECT_NE(net.digest("IOM", returns, true), state);
    EXPECT_EQ(net.ask("IOM", {"stats", "return"}).at("count").as_int64(), 20 * rows + 1);
    std::cout << 20 * rows << " records of " << fs::file_size(backup) / 1024 << " KiB: backup "
              << copied << " s, restore " << checked << " s, answers and level with peers after "
              << whole << " s\n";
}

TEST(Operate, TheDoctorAndThePeerTestNameWhatIsWrong) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, returns);
    Ran well = net.safar("IOM", {"doctor"});
    EXPECT_EQ(well.exit_code, 0) << well.out;
    EXPECT_THAT(well.out, HasSubstr("warning  backup: none was made yet"));
    Ran stands = net.safar("IOM", {"peer", "test", "FIA"});
    EXPECT_EQ(stands.exit_code, 0);
    EXPECT_THAT(stands.out, HasSubstr("a session stands"));
    EXPECT_THAT(net.safar("IOM", {"watch", "--once"}).out, HasSubstr("FIA"));

    ASSERT_EQ(net.safar("IOM", {"backup", net.directory("IOM") + ".tar"}).exit_code, 0);
    fs::permissions(net.directory("IOM") + "/keys/tls.key", fs::perms::others_read,
                    fs::perm_options::add);
    net.stop("FIA");
    EXPECT_TRUE(eventually([&] {
        const Ran peers = net.safar("IOM", {"peers", "--json"});
        return peers.exit_code == 0 && peers.out.find("\"connected\"") == std::string::npos;
    }));
    Ran ill = net.safar("IOM", {"doctor"});
    EXPECT_EQ(ill.exit_code, 1);
    EXPECT_THAT(ill.out, HasSubstr("others may read this private key"));
    EXPECT_THAT(ill.out, HasSubstr("problem  peers: no peer is connected"));
    EXPECT_THAT(ill.out, HasSubstr("ok       backup: the last is"));
    Ran refused = net.safar("IOM", {"peer", "test"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.out, HasSubstr("FIA: connection_refused"));
    EXPECT_EQ(net.safar("IOM", {"peer", "test", "UKF"}).exit_code, 1); // not in the charter
    net.stop("IOM");
    Ran down = net.safar("IOM", {"doctor"});
    EXPECT_EQ(down.exit_code, 1);
    EXPECT_THAT(down.out, HasSubstr("problem  safard:"));
}

// On a slow line a session stands for long before the peer has said what it holds.
TEST(Operate, ProvingWaitsUntilPeersHaveSaidWhatTheyHold) {
    Federation net({"IOM", "FIA"});
    const auto iom = net.step_aside("IOM"), fia = net.step_aside("FIA"); // FIA reaches nobody
    net.start_all();
    ChaosGate gate(fia.charter, fia.own);
    const std::string backup = net.path("iom.tar");
    ASSERT_EQ(net.safar("IOM", {"backup", backup}).exit_code, 0);
    constexpr int late = 20;
    for (int i = 0; i < late; ++i) create(net, "FIA");
    net.wait_equal({"IOM", "FIA"}, returns);
    net.stop("IOM");
    gate.set(Chaos::delay);
    Ran proved =
        put_back(net, backup, {"--keys", net.directory("IOM") + ".old/keys", "--prove", "--json"});
    ASSERT_EQ(proved.exit_code, 0) << proved.out << proved.err;
    auto proof = boost::json::parse(proved.out).at("proof");
    EXPECT_EQ(proof.at("fetched").to_number<int>(), late);
    EXPECT_TRUE(proof.at("peers").at(0).at("compared").as_bool());
    EXPECT_NE(iom.charter, iom.own);
}

TEST(Operate, AProofThatIsBrokenOffLeavesNoNodeBehind) {
    Federation net({"IOM", "FIA"});
    net.start("IOM"); // FIA stays away: a proof waits for it
    create(net, "IOM");
    const std::string backup = net.path("iom.tar");
    ASSERT_EQ(net.safar("IOM", {"backup", "--with-keys", backup}).exit_code, 0);
    net.stop("IOM");
    const auto answers = [&](const std::string& directory) {
        return run({SAFAR, "--node", directory, "status"}).exit_code == 0;
    };
    for (const int signal : {SIGINT, SIGHUP, SIGKILL}) {
        const std::string directory = net.path("restored" + std::to_string(signal));
        const pid_t proving =
            net.safar_in_background("IOM", {"restore", backup, directory, "--prove"});
        EXPECT_TRUE(eventually([&] { return answers(directory); }));
        ::kill(proving, signal);
        (void)wait_for_exit(proving);
        EXPECT_TRUE(eventually([&] { return !node_runs_on(directory); })) << "signal " << signal;
    }
}

TEST(Operate, ANodeSaysWhenItAnswers) {
    Federation net({"IOM"});
    const std::string name = net.path("notify");
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    ASSERT_LT(name.size(), sizeof at.sun_path);
    name.copy(at.sun_path, name.size());
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    net.start_under("IOM", {"/usr/bin/env", "NOTIFY_SOCKET=" + name});
    net.start("IOM");
    char text[64];
    ssize_t got = 0;
    EXPECT_TRUE(
        eventually([&] { return (got = ::recv(socket, text, sizeof text, MSG_DONTWAIT)) > 0; }));
    EXPECT_EQ(std::string(text, static_cast<std::size_t>(std::max<ssize_t>(0, got))), "READY=1");
    ::close(socket);
}

// A peer that is called every few seconds has been away since it went.
TEST(Operate, SinceWhenAPeerIsAwayIsShownAndGrows) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, returns);
    net.stop("FIA");
    const auto peer = [&] { return net.ask("IOM", {"peers"}).at(0); };
    ASSERT_TRUE(eventually([&] { return peer().at("state").as_string() != "connected"; }));
    const auto since = peer().at("since");
    std::this_thread::sleep_for(4s);
    EXPECT_EQ(peer().at("since"), since);
}

} // namespace safar::process
