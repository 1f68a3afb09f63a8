// What may be called what in a charter, to the last letter.
#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

TEST(CharterText, CodesAndNamesAreOfTheirLettersUpToTheirLength) {
    const std::string longest(limits::code_bytes_max, 'a');
    for (const std::string& name : {std::string("a"), std::string("az-09_"), longest}) {
        EXPECT_TRUE(is_compartment_name(name)) << name;
        EXPECT_TRUE(is_agency_code(name)) << name;
    }
    EXPECT_TRUE(is_agency_code("UNODC-Z9"));
    for (const std::string& name : {std::string(), std::string("9a"), std::string("-a"),
                                    std::string("a b"), std::string("a/b"), longest + "a"}) {
        EXPECT_FALSE(is_compartment_name(name)) << name;
        EXPECT_FALSE(is_agency_code(name)) << name;
    }
    EXPECT_FALSE(is_compartment_name("aB"));
}

TEST(CharterText, ADocumentIsATomlFileOfOneOfTwoFolders) {
    for (const char* name : {"schema/a.toml", "codes/iso-3166_1.v9.toml"})
        EXPECT_TRUE(is_document_name(name)) << name;
    for (const char* name : {"schema/.toml", "schema/a.text", "scheme/a.toml", "a.toml",
                             "codes/../a.toml", "codes/a/b.toml", "schema/a b.toml", ""})
        EXPECT_FALSE(is_document_name(name)) << name;
}

TEST(CharterText, ADocumentHoldsNoControlCharacter) {
    EXPECT_TRUE(check_document_text("codes/a.toml", "a = \"b\"\n\tc = 1\n"));
    for (const char byte : {'\x01', '\x1f', '\x7f', '\r'}) {
        auto checked = check_document_text("codes/a.toml", std::string("a = ") + byte + "\n");
        ASSERT_FALSE(checked) << static_cast<int>(byte);
        EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
    }
}

} // namespace
} // namespace safar
