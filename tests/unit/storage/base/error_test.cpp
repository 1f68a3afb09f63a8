#include "storage/base/error.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

namespace safar {
namespace {

std::string text_of_tests() {
    std::string out;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(SAFAR_SOURCE_DIR "/tests")) {
        const std::filesystem::path& path = entry.path();
        if (path.filename() == "error_test.cpp") continue;
        if (path.extension() != ".cpp" && path.extension() != ".hpp") continue;
        std::ifstream in(path);
        out.append(std::istreambuf_iterator<char>(in), {});
    }
    return out;
}

TEST(ErrorCodes, EachIsExpectedByATestAndHasANameOfItsOwn) {
    const std::string tests = text_of_tests();
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(ErrorCode::stopping); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        EXPECT_TRUE(names.insert(name(code)).second) << name(code);
        // Why one of two connections goes: the other side hears a bye and no code.
        if (code == ErrorCode::duplicate) continue;
        EXPECT_NE(tests.find("ErrorCode::" + std::string(name(code))), std::string::npos)
            << "no test expects " << name(code);
    }
}

} // namespace
} // namespace safar
