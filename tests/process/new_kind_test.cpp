// A record kind of an agency's own, with a workflow, a code list and a dimension: three files of
// TOML, no code.
#include "tests/process/federation.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

const char* const hotline_call = R"(kind = "hotline_call"
tag = 900
title = "A call to the hotline"
time = "called_on"

[[field]]
tag = 1
name = "called_on"
type = "date"
required = true

[[field]]
tag = 2
name = "topic"
type = "code"
codes = "hotline_topic"
role = "dimension"

[[field]]
tag = 3
name = "status"
type = "code"
codes = "hotline_status"
rule = "status"
role = "dimension"
initial = "open"
steps = [["open", "answered"]]
order = ["open", "answered"]

[[field]]
tag = 4
name = "advice"
type = "text"

[workflow]
status = "status"

[[step]]
name = "answer"
from = ["open"]
to = "answered"
needs = ["advice"]

[[task]]
title = "Call back"
when = ["open"]
for = "author"
step = "answer"
)";

class OwnKind : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/safar-kind-XXXXXX";
        config = ::mkdtemp(name);
        fs::copy(SAFAR_SOURCE_DIR "/config", config,
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        std::ofstream(config + "/schema/hotline_call.toml") << hotline_call;
        std::ofstream(config + "/codes/hotline_topic.toml")
            << "name = \"hotline_topic\"\ntitle = \"Topics\"\nopen = false\ncodes = [[\"wages\", "
               "\"Unpaid wages\"], "
               "[\"papers\", \"Papers taken away\"]]\n";
        std::ofstream(config + "/codes/hotline_status.toml")
            << "name = \"hotline_status\"\ntitle = \"States\"\nopen = false\ncodes = [[\"open\", "
               "\"Open\"], "
               "[\"answered\", \"Answered\"]]\n";
        ::setenv("SAFAR_CONFIG", config.c_str(), 1);
    }
    void TearDown() override {
        ::unsetenv("SAFAR_CONFIG");
        fs::remove_all(config);
    }
    std::string config;
};

TEST_F(OwnKind, IsRecordedSteppedCountedAndReplicatedWithoutAnyCode) {
    Federation federation({"IOM", "FIA"}, {{"hotline", {"hotline_call"}, {"IOM", "FIA"}, {}}});
    federation.start_all();
    const std::string id(
        federation
            .ask("IOM", {"record", "create", "hotline_call", "called_on=2024-05-01", "topic=wages"})
            .at("id")
            .as_string());
    json::value inbox = federation.ask("IOM", {"inbox"});
    ASSERT_EQ(inbox.at("items").as_array().size(), 1u);
    EXPECT_EQ(inbox.at("items").as_array()[0].at("task"), "Call back");
    Ran bare = federation.safar("IOM", {"step", id, "answer"});
    EXPECT_NE(bare.exit_code, 0);
    EXPECT_THAT(bare.err, HasSubstr("needs: advice"));
    federation.ask("IOM", {"step", id, "answer", "advice=labour attaché"});
    EXPECT_TRUE(federation.ask("IOM", {"inbox"}).at("items").as_array().empty());
    federation.wait_equal({"IOM", "FIA"}, "hotline");
    json::value stats = federation.ask("FIA", {"stats", "hotline_call", "--by", "topic,status"});
    ASSERT_EQ(stats.at("rows").as_array().size(), 1u);
    EXPECT_EQ(json::serialize(stats.at("rows").as_array()[0].at("key")), R"(["wages","answered"])");
    EXPECT_EQ(federation.digest("IOM", "hotline", true), federation.digest("FIA", "hotline", true));
}

} // namespace
} // namespace safar::process
