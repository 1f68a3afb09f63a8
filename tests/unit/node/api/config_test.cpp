#include "node/api/config.hpp"

#include "tests/unit/node/charter/charter_fixture.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr const char* good = "listen = \"0.0.0.0:7400\"\nagency = \"IOM\"\nname = \"The IOM\"\n";

TEST(Config, KeysThatAreAbsentHaveDefaults) {
    NodeConfig config = value_of(parse_config("safard.toml", good));
    EXPECT_EQ(config.listen, "0.0.0.0:7400");
    EXPECT_EQ(config.agency, "IOM");
    EXPECT_EQ(config.log_level, "info");
    EXPECT_EQ(config.reserve_mib, 256u);
    EXPECT_EQ(config.linger.count(), 2);
}

TEST(Config, WhatNodeInitWritesIsRead) {
    TempDir dir;
    SeededEntropy entropy(7);
    value_of(create_node(dir / "node", "IOM", "The \"IOM\"", "[::1]:7400", entropy));
    NodeConfig config = value_of(load_config(dir / "node"));
    EXPECT_EQ(config.name, "The \"IOM\"");
    EXPECT_EQ(config.listen, "[::1]:7400");
}

TEST(Config, TheExampleIsAccepted) {
    std::ifstream in(std::string(SAFAR_SOURCE_DIR) + "/config/node.example.toml");
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_TRUE(parse_config("node.example.toml", text.str()).has_value());
}

TEST(Config, ErrorsNameFileLineKeyAndWhatIsAllowed) {
    struct Case {
        std::string line, key, says;
    };
    for (const Case& one : {
             Case{"reserve_mib = 3", "reserve_mib", "64"},
             Case{"reserve_mib = 99999999", "reserve_mib", "1048576"},
             Case{"linger_ms = 21", "linger_ms", "20"},
             Case{"linger_ms = \"2\"", "linger_ms", "number"},
             Case{"linger_ms = -1", "linger_ms", "0"},
             Case{"log_level = \"loud\"", "log_level", "trace, debug, info, warn, error"},
             Case{"log_level = 3", "log_level", "text"},
             Case{"colour = \"red\"", "colour", ""},
             Case{"agency = \"IOM\"", "agency", ""}, // a second time
             Case{"linger_ms = ", "", ""},
         }) {
        auto result = parse_config("/srv/x/safard.toml", std::string(good) + one.line + "\n");
        ASSERT_FALSE(result.has_value()) << one.line;
        const std::string& detail = result.error().detail;
        EXPECT_THAT(detail, HasSubstr("/srv/x/safard.toml")) << one.line;
        EXPECT_THAT(detail, HasSubstr("4")) << one.line;
        EXPECT_THAT(detail, HasSubstr(one.key)) << one.line;
        EXPECT_THAT(detail, HasSubstr(one.says)) << one.line;
    }
}

TEST(Config, MissingKeysAndBadAddressesAreRefused) {
    auto missing = parse_config("safard.toml", "agency = \"IOM\"\n");
    ASSERT_FALSE(missing.has_value());
    EXPECT_THAT(missing.error().detail, HasSubstr("listen"));
    for (const char* listen :
         {"7400", ":7400", "host", "host:", "host:70000", "::1:7400", "host:port"}) {
        auto result = parse_config("safard.toml",
                                   "listen = \"" + std::string(listen) + "\"\nagency = \"IOM\"\n");
        ASSERT_FALSE(result.has_value()) << listen;
        EXPECT_THAT(result.error().detail, HasSubstr("host:port")) << listen;
    }
}

TEST(Config, ADirectoryWithoutANodeSaysHowToMakeOne) {
    TempDir dir;
    auto result = load_config(dir.path());
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::not_found);
    EXPECT_THAT(result.error().detail, HasSubstr("safar node init"));
}

TEST(Config, PeopleElsewhereHaveAPortOfTheirOwn) {
    EXPECT_EQ(value_of(parse_config("safard.toml", good)).api_listen, "");
    const std::string text = good;
    EXPECT_EQ(value_of(parse_config("safard.toml", text + "[api]\nlisten = \"10.0.0.1:7500\"\n"))
                  .api_listen,
              "10.0.0.1:7500");
    for (const char* wrong :
         {"[api]\nlisten = \"7500\"\n", "[api]\nlisten = \"0.0.0.0:7400\"\n", "[api]\n",
          "[api]\nlisten = \"10.0.0.1:7500\"\nopen = true\n", "api = 1\n"})
        EXPECT_FALSE(parse_config("safard.toml", text + wrong).has_value()) << wrong;
}

} // namespace
} // namespace safar
