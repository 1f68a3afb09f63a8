// A body of a compartment never reaches a node that may not hold it: not its store, its log lines
// or its answers.
#include "tests/process/federation.hpp"

#include "node/charter/identity.hpp"
#include "storage/log/rocks_log.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace safar::process
