#include "node/charter/code_expansion.hpp"

#include "storage/record/code_list_text.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using testing::HasSubstr;

constexpr std::string_view countries = R"({"3166-1": [
  {"alpha_2": "PK", "alpha_3": "PAK", "flag": "\ud83c\uddf5", "name": "Pakistan", "numeric": "586",
   "official_name": "Islamic Republic of Pakistan"},
  {"alpha_2": "BO", "alpha_3": "BOL", "name": "Bolivia, Plurinational State of",
   "common_name": "Bolivia", "official_name": "Plurinational State of Bolivia", "numeric": "068"}
]})";

Result<std::string> small_standard(std::string_view file) {
    if (file == "iso_3166-1.json") return std::string(countries);
    return failure(ErrorCode::not_found, std::string(file) + " is not installed");
}

Result<CodeList> expanded(std::string own, const StandardReader& reader = small_standard) {
    SAFAR_TRY(std::string text, expand_code_list({"codes/country.toml", std::move(own)}, reader));
    SAFAR_TRY(CodeListDocument document, read_code_list({"expanded", text}));
    EXPECT_TRUE(document.extends.empty());
    return finish_code_list(std::move(document), "expanded");
}

std::string refusal(std::string own, const StandardReader& reader = small_standard) {
    Result<CodeList> list = expanded(std::move(own), reader);
    return list ? "(accepted)" : describe(list.error());
}

const std::string head =
    "name = \"country\"\ntitle = \"Countries\"\nopen = true\nextends = \"iso_3166-1\"\n";

TEST(CodeExpansion, StandardComesInCodeOrderWithItsVariants) {
    Result<CodeList> list = expanded(head);
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_EQ(list.value().name, "country");
    EXPECT_EQ(list.value().title, "Countries");
    EXPECT_TRUE(list.value().open);
    ASSERT_EQ(list.value().entries.size(), 2u);
    EXPECT_EQ(list.value().entries[0].code, "BOL");
    for (const char* text : {"PAK", "pk", "Pakistan", "Islamic Republic of Pakistan"})
        EXPECT_EQ(list.value().find(text), &list.value().entries[1]) << text;
    EXPECT_EQ(list.value().find("Bolivia"), &list.value().entries[0]);
    EXPECT_EQ(list.value().find("586"), nullptr);
}

TEST(CodeExpansion, OwnEntriesAreAddedAndExtendTheStandard) {
    Result<CodeList> list = expanded(head + R"([[code]]
code = "PAK"
variants = ["Pakistani"]
[[code]]
code = "BOL"
label = "Bolivia"
[[code]]
code = "XKX"
label = "Kosovo \"quoted\" \\ here"
)");
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_EQ(list.value().find("Pakistani")->label, "Pakistan");
    EXPECT_EQ(list.value().label("BOL"), "Bolivia");
    EXPECT_EQ(list.value().find("Bolivia, Plurinational State of")->code, "BOL")
        << "stays as a variant";
    EXPECT_EQ(list.value().label("XKX"), "Kosovo \"quoted\" \\ here");
    EXPECT_EQ(list.value().entries.back().code, "XKX");
}

TEST(CodeExpansion, VariantThatAnOwnEntryUsesIsLeftToIt) {
    Result<CodeList> list = expanded(head + "[[code]]\ncode = \"BAO\"\nlabel = \"bo\"\n");
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_EQ(list.value().find("BO")->code, "BAO");
}

TEST(CodeExpansion, ListWithoutExtendsComesBackUnchanged) {
    std::string plain = "name = \"a\" # kept\ncodes = [[\"A\"]]\n";
    EXPECT_EQ(expand_code_list({"a.toml", plain}, small_standard).value(), plain);
}

TEST(CodeExpansion, WhatCannotBeExpandedSaysWhy) {
    EXPECT_THAT(refusal("name = \"a\"\nextends = \"iso_639\"\n"),
                HasSubstr("give iso_3166-1 or iso_4217"));
    EXPECT_THAT(refusal("name = \"a\"\nextends = \"iso_4217\"\n"),
                HasSubstr("iso_4217.json is not installed"));
    EXPECT_THAT(refusal(head, [](auto) { return Result<std::string>("{"); }),
                HasSubstr("not JSON"));
    EXPECT_THAT(refusal(head, [](auto) { return Result<std::string>("{\"3166-1\": 3}"); }),
                HasSubstr("no list"));
    EXPECT_THAT(refusal(head, [](auto) { return Result<std::string>("{\"3166-1\": [{}]}"); }),
                HasSubstr("alpha_3"));
    EXPECT_THAT(refusal(head + "[[code]]\ncode = \"XAA\"\nlabel = \"Pakistan\"\n"),
                HasSubstr("also names code"));
}

const std::filesystem::path standards = "/usr/share/iso-codes/json";

std::string content(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

Result<std::string> installed(std::string_view file) { return content(standards / file); }

TEST(CodeExpansion, InstalledStandardsExpandWithoutAmbiguity) {
    if (!std::filesystem::exists(standards)) GTEST_SKIP() << "package iso-codes is not installed";
    Result<CodeList> country = expanded(head, installed);
    ASSERT_TRUE(country) << describe(country.error());
    EXPECT_GT(country.value().entries.size(), 240u);
    EXPECT_EQ(country.value().find("Côte d'Ivoire")->code, "CIV");
    Result<CodeList> currency =
        expanded("name = \"currency\"\nextends = \"iso_4217\"\n", installed);
    ASSERT_TRUE(currency) << describe(currency.error());
    EXPECT_EQ(currency.value().find("pakistan rupee")->code, "PKR");
    EXPECT_EQ(currency.value().find("Leone"), nullptr) << "the standard has two";
    EXPECT_EQ(currency.value().find("Leone (SLE)")->code, "SLE");
}

std::vector<NamedText> documents(std::string_view folder) {
    std::vector<NamedText> out;
    for (const auto& file : std::filesystem::directory_iterator(
             std::filesystem::path(SAFAR_SOURCE_DIR) / "config" / folder))
        if (file.path().extension() == ".toml")
            out.push_back({std::string(folder) + "/" + file.path().filename().string(),
                           content(file.path())});
    return out;
}

TEST(CodeExpansion, EveryConfiguredListAndKindParses) {
    if (!std::filesystem::exists(standards)) GTEST_SKIP() << "package iso-codes is not installed";
    std::vector<NamedText> codes = documents("codes"), kinds = documents("schema");
    ASSERT_FALSE(codes.empty());
    for (NamedText& list : codes) {
        Result<std::string> whole = expand_code_list(list, installed);
        ASSERT_TRUE(whole) << describe(whole.error());
        list.text = std::move(whole.value());
    }
    Result<Schema> parsed = parse_schema(kinds, codes);
    ASSERT_TRUE(parsed) << describe(parsed.error());
    EXPECT_EQ(parsed.value().kinds.size(), kinds.size());
}

} // namespace
} // namespace safar
