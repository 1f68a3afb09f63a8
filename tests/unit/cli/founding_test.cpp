// From keys to a charter in force, on files alone; and the demo's configuration.
#include "cli/charter_draft.hpp"
#include "cli/demo_process.hpp"
#include "cli/files.hpp"
#include "node/charter/compartments.hpp"
#include "node/charter/identity.hpp"
#include "storage/base/limits.hpp"
#include "tests/unit/cli/founding.hpp"

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace safar::cli {

using testing::HasSubstr;

TEST(Founding, ADraftSignedByTwoStewardsComesIntoForce) {
    const TempDir temp;
    const auto enrolments = enrol(temp, {"FIA", "IOM", "NCHR"});
    const Ran drafted = run_safar(draft({}, enrolments));
    ASSERT_EQ(drafted.code, 0) << drafted.err;
    const std::string file = temp.file("charter.toml", drafted.out);
    EXPECT_EQ(run_safar({"charter", "adopt", file}, temp.path() + "/NCHR").code,
              77); // nobody has signed
    EXPECT_EQ(run_safar({"charter", "sign", file}, temp.path() + "/NCHR").code, 77); // no steward
    EXPECT_EQ(run_safar({"charter", "sign", file}, temp.path() + "/FIA").code, 0);
    EXPECT_EQ(run_safar({"charter", "adopt", file}, temp.path() + "/NCHR").code, 77);
    const Ran second = run_safar({"charter", "sign", file, "--json"}, temp.path() + "/IOM");
    EXPECT_TRUE(boost::json::parse(second.out).at("in_force").as_bool()) << second.out;
    const Ran published = run_safar({"charter", "publish", file}, temp.path() + "/IOM");
    EXPECT_EQ(published.code, 0) << published.err;
    EXPECT_THAT(published.out, HasSubstr("NCHR"));
    EXPECT_EQ(run_safar({"charter", "adopt", file}, temp.path() + "/NCHR").code, 0);
    const Ran shown = run_safar({"charter", "show"}, temp.path() + "/NCHR");
    EXPECT_THAT(shown.out, HasSubstr("the quorum is met"));
    EXPECT_THAT(shown.out, HasSubstr("coordinator"));
}

TEST(Founding, CodeListsOfTheDraftAreWhole) {
    const TempDir temp;
    const Ran drafted = run_safar(draft({}, enrol(temp, {"FIA", "IOM"})));
    ASSERT_EQ(drafted.code, 0) << drafted.err;
    auto charter = parse_charter(drafted.out);
    ASSERT_TRUE(charter) << charter.error().detail;
    auto schema = charter_schema(charter.value());
    ASSERT_TRUE(schema);
    const CodeList* countries = schema.value().code_list("country");
    ASSERT_NE(countries, nullptr);
    ASSERT_NE(countries->find("Pakistan"), nullptr);
    EXPECT_EQ(countries->find("Pakistan")->code, "PAK");
    EXPECT_NE(schema.value().kind("victim_case"), nullptr);
}

TEST(Founding, AKindThatTheSchemaLacksIsRefusedByName) {
    const TempDir temp;
    const auto enrolments = enrol(temp, {"FIA", "IOM"});
    const std::string file = temp.file(
        "c.toml", "[[compartment]]\nname = \"x\"\nkinds = [\"retrun\"]\nwriters = [\"FIA\"]\n");
    const Ran ran = run_safar(draft({"--compartments", file}, enrolments));
    EXPECT_EQ(ran.code, 65);
    EXPECT_THAT(ran.err, HasSubstr("retrun"));
    EXPECT_THAT(ran.err, HasSubstr("return")); // what there is
}

TEST(Founding, ADamagedEnrolmentIsNamed) {
    const TempDir temp;
    auto enrolments = enrol(temp, {"FIA", "IOM"});
    enrolments.push_back(temp.file("NCHR.toml", "[enrolment]\nagency = \"NCHR\"\n"));
    const Ran ran = run_safar(draft({}, enrolments));
    EXPECT_NE(ran.code, 0);
    EXPECT_THAT(ran.err, HasSubstr("NCHR.toml"));
}

TEST(Founding, ANodeIsMadeOnce) {
    const TempDir temp;
    const std::string file = enrol(temp, {"FIA"}).front();
    EXPECT_EQ(run_safar({"node", "init", temp.path() + "/FIA", "--agency", "FIA", "--listen",
                         "127.0.0.1:7400"})
                  .code,
              1);
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Founding, EveryKindOfTheSchemaHasAUsualCompartmentAlsoOneThatWasAdded) {
    const TempDir temp;
    const std::string schema = temp.path() + "/schema";
    std::filesystem::copy(source_config + "/schema", schema);
    std::ofstream(schema + "/visit.toml") << "kind = \"visit\"\ntag = 9000\n[[field]]\ntag = 1\n"
                                             "name = \"date\"\ntype = \"date\"\n";
    const Ran ran = run_safar(draft({"--schema", schema}, enrol(temp, {"FIA", "IOM"})));
    ASSERT_EQ(ran.code, 0) << ran.err;
    auto charter = parse_charter(ran.out);
    ASSERT_TRUE(charter) << charter.error().detail;
    EXPECT_EQ(charter.value().compartment_of_kind("visit")->name, "other");
    EXPECT_EQ(charter.value().compartment_of_kind("referral")->name, "exchange");
    for (const auto& entry : std::filesystem::directory_iterator(schema))
        EXPECT_TRUE(charter.value().compartment_of_kind(entry.path().stem().string()))
            << entry.path();
    EXPECT_LT(ran.out.size(), limits::charter_bytes_max / 2) << "room to grow";
}

TEST(DemoConfig, ItsCompartmentsFitItsAgenciesAndTheSchema) {
    const TempDir temp;
    const Ran ran = run_safar(draft({"--compartments", source_config + "/demo/compartments.toml"},
                                    enrol(temp, {"FIA", "IOM", "UNODC", "MOPHRD", "NCHR"})));
    ASSERT_EQ(ran.code, 0) << ran.err;
    auto charter = parse_charter(ran.out);
    ASSERT_TRUE(charter);
    EXPECT_FALSE(charter.value().compartment("protection")->may_hold("MOPHRD"));
    EXPECT_TRUE(charter.value().compartment("return")->may_hold("NCHR"));
    EXPECT_FALSE(charter.value().compartment("return")->may_write("NCHR"));
}

TEST(DemoProcess, APidFileOfAnotherProcessIsNotObeyed) {
    const TempDir temp;
    // This process, with a start time that is not its own: a number that was used again.
    const std::string file = temp.file("x.pid", std::to_string(getpid()) + " 1\n");
    EXPECT_EQ(running_daemon(file), std::nullopt);
    EXPECT_FALSE(stop_daemon(file));
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(DemoProcess, WhatWasStartedIsFoundHeldAndStopped) {
    const TempDir temp;
    const std::string file = temp.path() + "/x.pid";
    ASSERT_TRUE(start_daemon("/usr/bin/sleep", "60", temp.path() + "/log", file));
    EXPECT_TRUE(running_daemon(file));
    EXPECT_TRUE(hold_daemon(file, true));
    EXPECT_TRUE(running_daemon(file));
    EXPECT_TRUE(stop_daemon(file));
    EXPECT_FALSE(running_daemon(file));
}

TEST(DemoProcess, WhatNobodyCouldStopIsNotLeftRunning) {
    const TempDir temp;
    EXPECT_FALSE(
        start_daemon("/usr/bin/sleep", "60", temp.path() + "/log", temp.path() + "/none/x.pid"));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child runs";
}

TEST(DemoProcess, WhatLivesWithItsCommandEndsWithItHoweverThatEnds) {
    const TempDir temp;
    const auto left_by = [&](const std::string& name, Lives lives) {
        const std::string file = temp.path() + "/" + name;
        const pid_t command = fork();
        if (command == 0) {
            (void)start_daemon("/usr/bin/sleep", "60", temp.path() + "/log", file, lives);
            kill(getpid(), SIGKILL);
        }
        waitpid(command, nullptr, 0);
        return file;
    };
    const std::string file = left_by("with", Lives::with_us);
    for (int i = 0; i < 500 && running_daemon(file); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_FALSE(running_daemon(file));
    EXPECT_TRUE(stop_daemon(left_by("on", Lives::on)));
}

} // namespace safar::cli
