#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace safar::cli {

TEST(ExitCode, EveryErrorHasOneAndNoneIsSuccess) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::stopping); ++i)
        EXPECT_NE(exit_for(static_cast<ErrorCode>(i)), Exit::ok) << name(static_cast<ErrorCode>(i));
}

TEST(ExitCode, FollowsWhatTheManualSays) {
    EXPECT_EQ(exit_for(ErrorCode::not_found), Exit::no);
    EXPECT_EQ(exit_for(ErrorCode::invalid_argument), Exit::bad_data);
    EXPECT_EQ(exit_for(ErrorCode::unreachable), Exit::unreachable);
    EXPECT_EQ(exit_for(ErrorCode::epoch_unknown), Exit::no); // asked of nobody: not 69
    EXPECT_EQ(exit_for(ErrorCode::gap), Exit::no);
    EXPECT_EQ(exit_for(ErrorCode::storage_full), Exit::storage);
    EXPECT_EQ(exit_for(ErrorCode::not_permitted), Exit::not_permitted);
    EXPECT_EQ(exit_for(ErrorCode::unsupported_version), Exit::bad_config);
    EXPECT_EQ(static_cast<int>(Exit::rejects), 3);
}

TEST(ExitCode, NamesOfTheApiAreFoundAgain) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::stopping); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        EXPECT_EQ(error_code_named(name(code)), code);
    }
    EXPECT_EQ(error_code_named("of a later version"), std::nullopt);
}

TEST(Assignment, SplitsAtTheFirstEqualsSign) {
    const auto pair = assignment("--where", "a=b=c");
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair.value().first, "a");
    EXPECT_EQ(pair.value().second, "b=c");
    EXPECT_TRUE(assignment("field", "a="));
    EXPECT_EQ(assignment("field", "=b").error().exit, Exit::usage);
    EXPECT_EQ(assignment("field", "ab").error().exit, Exit::usage);
}

TEST(Target, PercentEncodesWhatIsNotPlain) {
    EXPECT_EQ(target_of("/v1/x"), "/v1/x");
    EXPECT_EQ(target_of("/v1/x", {{"where", "a=b c&d"}, {"n", "ü"}}),
              "/v1/x?where=a%3Db%20c%26d&n=%C3%BC");
}

TEST(RecordArgument, RefusesWhatIsNoId) {
    EXPECT_TRUE(record_argument("00000000000000000000000000"));
    EXPECT_EQ(record_argument("../../etc/passwd").error().exit, Exit::usage);
}

} // namespace safar::cli
