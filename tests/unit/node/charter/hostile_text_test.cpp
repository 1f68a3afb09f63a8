// Text that a peer may send as a charter: refused before it costs anything.
#include "charter_fixture.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace testing;

TEST(HostileText, NestingOf100000LevelsIsMalformed) { // H22
    const std::size_t levels = 100'000;
    std::string tables;
    for (std::size_t i = 0; i < levels; ++i) tables += "{a=";
    std::string dotted = "[a";
    for (std::size_t i = 1; i < levels; ++i) dotted += ".a";
    for (const std::string& text :
         {"a = " + std::string(levels, '['), "a = " + tables, dotted + "]"}) {
        ASSERT_LE(text.size(), limits::charter_bytes_max);
        auto charter = parse_charter(text);
        ASSERT_FALSE(charter) << text.substr(0, 10);
        EXPECT_EQ(blame(charter.error().code), Blame::sender) << describe(charter.error());
        auto enrolment = parse_enrolment(text);
        ASSERT_FALSE(enrolment) << text.substr(0, 10);
    }
}

} // namespace
} // namespace safar
