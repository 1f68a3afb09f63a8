// A body of a compartment never reaches a node that may not hold it: not its store, its log lines
// or its answers.
#include "tests/process/federation.hpp"

#include "node/charter/identity.hpp"
#include "storage/log/rocks_log.hpp"
#include "sync/bundle/bundle_reader.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace safar::process {
namespace {

// Everything a stopped node's store holds, unpacked: batches, and what is kept apart.
std::string unpacked(const std::string& directory) {
    auto state = load_charter_state(directory);
    auto self = load_identity(directory);
    if (!state || !self) {
        ADD_FAILURE() << directory;
        return "";
    }
    RocksOptions options;
    options.directory = directory + "/store";
    options.witness_path = directory + "/witness";
    std::vector<std::string> notes;
    const Author author{self.value().id, &self.value().signing, &system_entropy()};
    auto log = open_rocks_log(options, author, state.value().authority(), notes);
    if (!log) {
        ADD_FAILURE() << describe(log.error());
        return "";
    }
    std::string out;
    auto entries = log.value()->read_journal(0, 10'000);
    if (!entries) return "";
    for (const JournalEntry& entry : entries.value()) {
        auto opened = open_batch(entry.batch->bytes, LeafCheck::skip);
        if (opened) out += as_text(opened.value().raw);
    }
    EXPECT_TRUE(log.value()->quarantined().empty());
    return out;
}

TEST(Secrecy, ABodyIsNowhereAtANodeThatMayNotHoldIt) {
    const std::vector<std::string> all{"IOM", "FIA", "UKF"};
    Federation net(all,
                   {{"movement", {"movement"}, all, all},
                    {"protection", {"victim_case", "person"}, {"IOM", "FIA"}, {"IOM", "FIA"}}});
    net.start_all();
    const std::string text = "beneath the third bridge of Torkham, in the house of the tailor";
    auto made =
        net.ask("IOM", {"record", "create", "victim_case", "location_of_recruitment=" + text});
    ASSERT_TRUE(made.is_object());
    const std::string id(made.at("id").as_string());
    net.ask("UKF", {"record", "create", "movement", "direction=departure", "date=2023-03-31"});
    net.wait_equal({"IOM", "FIA"}, "protection");
    net.wait_equal(all, "movement");

    for (const char* what : {"status", "peers"}) {
        EXPECT_EQ(net.safar("UKF", {what, "--json"}).out.find(text), std::string::npos) << what;
    }
    EXPECT_NE(net.safar("UKF", {"record", "show", id}).exit_code, 0);
    for (const std::string& agency : all) net.stop(agency);
    EXPECT_NE(unpacked(net.directory("IOM")).find(text), std::string::npos)
        << "the search finds nothing where it must";
    const std::string there = unpacked(net.directory("UKF"));
    EXPECT_FALSE(there.empty());
    EXPECT_EQ(there.find(text), std::string::npos);
    EXPECT_EQ(net.log_of("UKF").find(text), std::string::npos);
}

// Everything under a directory, byte for byte.
std::string all_files(const std::string& directory) {
    std::string out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        out.append(std::istreambuf_iterator<char>(in), {});
    }
    return out;
}

std::string metrics_of(const std::string& path) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    std::string out;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        const std::string request =
            "GET /metrics HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
        EXPECT_EQ(::write(socket, request.data(), request.size()),
                  static_cast<ssize_t>(request.size()));
        char piece[4096];
        for (ssize_t count = 0; (count = ::read(socket, piece, sizeof piece)) > 0;)
            out.append(piece, static_cast<std::size_t>(count));
    }
    ::close(socket);
    return out;
}

// The batches of a bundle, unpacked.
std::string unpacked_bundle(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    std::string out;
    BundleReader reader;
    ByteView left = as_bytes(bytes);
    while (!left.empty()) {
        auto part = reader.next(left);
        if (!part) {
            ADD_FAILURE() << describe(part.error());
            break;
        }
        if (!part.value()) continue;
        if (const auto* batch = std::get_if<BundleBatch>(&*part.value()))
            if (auto opened = open_batch(batch->batch.bytes, LeafCheck::compute))
                out += as_text(opened.value().raw);
    }
    return out;
}

void new_epoch(const Federation& net, std::vector<std::string> with,
               const std::vector<std::string>& all, int epoch) {
    with.insert(with.begin(), {"charter", "amend"});
    Ran drafted = net.safar("IOM", with);
    ASSERT_EQ(drafted.exit_code, 0) << drafted.err;
    std::ofstream(net.path("draft.toml")) << drafted.out;
    for (const char* steward : {"FIA", "IOM"})
        ASSERT_EQ(net.safar(steward, {"charter", "sign", net.path("draft.toml")}).exit_code, 0);
    ASSERT_EQ(net.safar("IOM", {"charter", "publish", net.path("draft.toml")}).exit_code, 0);
    for (const std::string& agency : all) {
        bool heard = false;
        for (int i = 0; i < 1500 && !heard; ++i) {
            heard = net.ask(agency, {"status"}).at("charter").at("epoch").as_int64() == epoch;
            if (!heard) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        ASSERT_TRUE(heard) << agency;
    }
}

// The planted words stand nowhere else: every node holds the charter's code lists, real places
// included.
TEST(Secrecy, AnObserverCountsWhatItNeverHolds) {
    const std::vector<std::string> all{"IOM", "FIA", "UKF", "NCHR"};
    Federation net(all,
                   {{"movement", {"movement"}, all, all},
                    {"protection", {"victim_case", "person"}, {"IOM", "FIA"}, {"IOM", "FIA"}}});
    net.start_all();
    const std::string before = "under the old banyan of Zarnigar",
                      text = "beneath the third bridge of Qarmazin";
    net.ask("IOM", {"record", "create", "victim_case", "location_of_recruitment=" + before});
    new_epoch(net, {"--grant", "UKF:protection:observe", "--grant", "NCHR:protection:relay"}, all,
              2);
    const std::string id(
        net.ask("IOM", {"record", "create", "victim_case", "location_of_recruitment=" + text})
            .at("id")
            .as_string());
    net.ask("FIA", {"record", "create", "victim_case", "location_of_recruitment=" + text + " too"});
    net.wait_equal(all, "protection");

    for (const char* agency : {"UKF", "NCHR"}) {
        const auto status = net.ask(agency, {"status"});
        for (const auto& one : status.at("compartments").as_array()) {
            if (one.at("name").as_string() != "protection") continue;
            EXPECT_EQ(one.at("right").as_string(),
                      agency == std::string("UKF") ? "observes" : "relays");
            EXPECT_EQ(one.at("events").as_int64(), 3);
            EXPECT_EQ(one.at("records").as_int64(), 0);
        }
        for (const std::vector<std::string>& command :
             {std::vector<std::string>{"digest", "--compartment", "protection", "--state"},
              {"find", "victim_case"},
              {"stats", "victim_case"}}) {
            Ran ran = net.safar(agency, command);
            EXPECT_EQ(ran.exit_code, 77) << agency << " " << command[0] << ran.out;
            EXPECT_NE(ran.err.find("protection"), std::string::npos) << ran.err;
        }
        Ran shown = net.safar(agency, {"record", "show", id});
        EXPECT_NE(shown.exit_code, 0);
        EXPECT_NE(shown.err.find("reads no record"), std::string::npos) << shown.err;
        EXPECT_EQ(net.safar(agency, {"verify", "--deep"}).exit_code, 0) << agency;
    }
    const std::string metrics = metrics_of(net.directory("UKF") + "/safar.sock");
    EXPECT_NE(metrics.find("safar_"), std::string::npos);
    EXPECT_EQ(metrics.find("bridge"), std::string::npos);
    ASSERT_EQ(net.safar("IOM", {"bundle", "make", "--for", "UKF", "-o", net.path("ukf.bundle")})
                  .exit_code,
              0);
    ASSERT_EQ(net.safar("IOM", {"bundle", "make", "--for", "NCHR", "-o", net.path("nchr.bundle")})
                  .exit_code,
              0);
    EXPECT_EQ(unpacked_bundle(net.path("ukf.bundle")).find("bridge"), std::string::npos);
    EXPECT_NE(unpacked_bundle(net.path("nchr.bundle")).find("bridge"), std::string::npos);
    EXPECT_EQ(net.safar("UKF", {"bundle", "apply", net.path("ukf.bundle")}).exit_code, 0);

    for (const std::string& agency : all) net.stop(agency);
    EXPECT_NE(unpacked(net.directory("IOM")).find(text), std::string::npos)
        << "the search finds nothing where it must";
    EXPECT_NE(unpacked(net.directory("NCHR")).find(text), std::string::npos)
        << "a relay holds the bytes";
    const std::string there =
        unpacked(net.directory("UKF")) + all_files(net.directory("UKF")) + net.log_of("UKF");
    for (const char* planted : {"bridge", "Qarmazin", "banyan", "Zarnigar"})
        EXPECT_EQ(there.find(planted), std::string::npos) << planted;

    // It may read from epoch 3 on, and gets all of it.
    net.start_all();
    new_epoch(net, {"--grant", "UKF:protection:read"}, all, 3);
    net.wait_equal({"IOM", "UKF"}, "protection");
    // The epoch is known before the log counts by it.
    EXPECT_TRUE(eventually([&] {
        return net.safar("UKF", {"record", "show", id}).exit_code == 0;
    }));
    EXPECT_EQ(net.digest("UKF", "protection", true), net.digest("IOM", "protection", true));
}

} // namespace
} // namespace safar::process
