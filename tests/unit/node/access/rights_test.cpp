#include "node/access/rights.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace safar {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view letters = "poes";

User user_with(UserRole role) {
    User out;
    out.login = "amina";
    out.roles.set(static_cast<std::size_t>(role));
    return out;
}

// By action: one cell a role, as tests/vectors/access/rights.tsv has them.
std::map<std::string, std::vector<std::string>> expected_table() {
    std::map<std::string, std::vector<std::string>> out;
    std::ifstream file(SAFAR_SOURCE_DIR "/tests/vectors/access/rights.tsv");
    EXPECT_TRUE(file.is_open());
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream cells(line);
        std::string action, cell;
        std::getline(cells, action, '\t');
        while (std::getline(cells, cell, '\t')) out[action].push_back(cell);
    }
    return out;
}

TEST(Rights, EveryCellIsAsTheTableForPeopleSays) {
    auto expected = expected_table();
    std::size_t cells = 0;
    for (std::size_t a = 0; a < action_count; ++a) {
        const auto action = static_cast<UserAction>(a);
        ASSERT_TRUE(expected.contains(std::string(name(action)))) << "no row for " << name(action);
        const auto& row = expected.at(std::string(name(action)));
        ASSERT_EQ(row.size(), user_role_count) << name(action);
        for (std::size_t r = 0; r < user_role_count; ++r)
            for (std::size_t c = 0; c < letters.size(); ++c, ++cells) {
                const auto role = static_cast<UserRole>(r);
                const auto field_class = static_cast<Sensitivity>(c);
                const Decision decision = authorise(user_with(role), action, field_class);
                EXPECT_EQ(decision.allowed, row[r].find(letters[c]) != std::string::npos)
                    << name(role) << ": " << name(action) << " of " << name(field_class);
                EXPECT_EQ(decision.reason.empty(), decision.allowed);
            }
        expected.erase(std::string(name(action)));
    }
    EXPECT_EQ(cells, action_count * user_role_count * 4);
    for (const auto& [action, row] : expected)
        ADD_FAILURE() << "rights.tsv has an unknown action: " << action;
}

TEST(Rights, WithoutARoleNothingIsAllowed) {
    User nobody;
    nobody.login = "x";
    for (std::size_t a = 0; a < action_count; ++a)
        EXPECT_FALSE(authorise(nobody, static_cast<UserAction>(a), Sensitivity::public_).allowed);
}

TEST(Rights, RolesAddUp) {
    User both = user_with(UserRole::analyst);
    both.roles.set(static_cast<std::size_t>(UserRole::auditor));
    EXPECT_TRUE(authorise(both, UserAction::statistics, Sensitivity::operational).allowed);
    EXPECT_TRUE(authorise(both, UserAction::access_read, Sensitivity::public_).allowed);
    EXPECT_FALSE(authorise(both, UserAction::record_show, Sensitivity::personal).allowed);
}

TEST(Rights, ACompartmentThatIsNotTheUsersIsRefused) {
    User user = user_with(UserRole::protection_officer);
    user.compartments = {"movement"};
    EXPECT_TRUE(
        authorise(user, UserAction::record_show, Sensitivity::sensitive, "movement").allowed);
    EXPECT_FALSE(
        authorise(user, UserAction::record_show, Sensitivity::public_, "protection").allowed);
    EXPECT_FALSE(authorise(user, UserAction::record_show, Sensitivity::public_, "").allowed)
        << "in no compartment";
    EXPECT_TRUE(authorise(user, UserAction::status, Sensitivity::public_).allowed)
        << "concerns no record";
}

TEST(Rights, AUserMayBeNarrowedBelowTheRole) {
    User user = user_with(UserRole::protection_officer);
    user.up_to = Sensitivity::operational;
    EXPECT_TRUE(authorise(user, UserAction::record_show, Sensitivity::operational).allowed);
    EXPECT_FALSE(authorise(user, UserAction::record_show, Sensitivity::personal).allowed);
}

TEST(Rights, ARefusalSaysWhichRoleWouldDoAndWhatTheUserHas) {
    EXPECT_EQ(
        authorise(user_with(UserRole::analyst), UserAction::record_show, Sensitivity::personal)
            .reason,
        "record show of personal fields: needs role caseworker, supervisor or protection_officer; "
        "amina has analyst");
    EXPECT_EQ(
        authorise(user_with(UserRole::analyst), UserAction::rebuild, Sensitivity::public_).reason,
        "rebuild: needs role operator; amina has analyst");
}

} // namespace
} // namespace safar
