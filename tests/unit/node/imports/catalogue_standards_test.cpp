// Homes for the fields of HTCDS 2.0, and labels for what exists.
#include "catalogue_support.hpp"

#include "storage/record/strict_table.hpp"

#include <gmock/gmock.h>
#include <set>

namespace safar {
namespace {

using namespace testing;
using ::testing::UnorderedElementsAre;

// --- standards

TEST(Htcds, EveryFieldNamedHasAHomeInTheCatalogue) {
    std::set<std::string> named;
    for (const auto& row : rows_of(repository() / "config/standards/htcds.tsv")) {
        ASSERT_GE(row.size(), 2u) << row[0];
        EXPECT_TRUE(field_of(row[1])) << row[0] << ": no field " << row[1];
        EXPECT_TRUE(named.insert(row[0]).second) << row[0] << " stands twice";
    }
    EXPECT_GE(named.size(), 80u);
}

TEST(Htcds, EveryFieldOfTheStandardIsNamed) {
    const auto file = real_data() / "standards" / "HTCDS_fields_2.0.tsv";
    if (!std::filesystem::exists(file))
        GTEST_SKIP() << "no " << file << "; SAFAR_DATA names the folder of real files";
    std::map<std::string, std::string> homes;
    for (const auto& row : rows_of(repository() / "config/standards/htcds.tsv"))
        homes[row[0]] = row[1];
    std::size_t core = 0, all = 0;
    for (const auto& row : rows_of(file)) {
        if (row.size() < 5 || row[3].empty() || row[3] == "Field Name Prefix" || row[3] == "N/A")
            continue;
        const std::string name = row[3] + row[4];
        EXPECT_TRUE(homes.contains(name)) << name << " (" << row[2] << ") has no home";
        ++all;
        if (row[2] == "Core") ++core;
    }
    EXPECT_EQ(all, homes.size());
    EXPECT_EQ(core, 40u);
}

// --- labels

const toml::table* section(const toml::table& in, std::string_view name) {
    const toml::node* node = in.get(name);
    EXPECT_TRUE(node && node->is_table()) << name;
    return node ? node->as_table() : nullptr;
}

// Arabic script, and nothing that could turn a line of a terminal around.
void expect_urdu(std::string_view key, const toml::node& node) {
    const std::string text = node.value_or(std::string());
    bool arabic = false;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        arabic = arabic || (lead >= 0xd8 && lead <= 0xdb);
        const std::string_view three = std::string_view(text).substr(i, 3);
        EXPECT_TRUE(three != "\xe2\x80\x8f" && three != "\xe2\x80\x8e" && three != "\xe2\x80\xae" &&
                    three != "\xe2\x80\xab")
            << key << " holds a control of direction";
    }
    EXPECT_TRUE(arabic) << key << ": " << text;
}

TEST(Labels, EveryUrduLabelNamesSomethingOfTheCatalogue) {
    const NamedText text{"ur.toml", read_all(repository() / "config/labels/ur.toml")};
    Result<toml::table> parsed = parse_toml(text);
    ASSERT_TRUE(parsed) << describe(parsed.error());
    const toml::table& labels = parsed.value();
    for (auto&& [key, node] : *section(labels, "kinds")) {
        EXPECT_TRUE(schema().kind(key.str())) << key.str();
        expect_urdu(key.str(), node);
    }
    auto any_kind = [](const auto& test) { return std::ranges::any_of(schema().kinds, test); };
    for (auto&& [key, node] : *section(labels, "fields")) {
        EXPECT_TRUE(any_kind([&](const Kind& kind) { return kind.field(key.str()) != nullptr; }))
            << "no kind has a field " << key.str();
        expect_urdu(key.str(), node);
    }
    for (auto&& [key, node] : *section(labels, "steps")) {
        EXPECT_TRUE(any_kind([&](const Kind& k) { return k.casework.step(key.str()) != nullptr; }))
            << "no kind has a step " << key.str();
        expect_urdu(key.str(), node);
    }
    for (auto&& [name, node] : *section(labels, "kind")) {
        const Kind* kind = schema().kind(name.str());
        ASSERT_TRUE(kind) << name.str();
        for (auto&& [key, label] : *node.as_table()) {
            EXPECT_TRUE(kind->field(key.str())) << name.str() << "." << key.str();
            expect_urdu(key.str(), label);
        }
    }
    for (auto&& [name, label] : *section(labels, "lists")) {
        EXPECT_TRUE(schema().code_list(name.str())) << name.str();
        expect_urdu(name.str(), label);
    }
}

TEST(Labels, EveryKindHasAnUrduLabelAndEveryClosedListThatIsBegunIsWhole) {
    const NamedText text{"ur.toml", read_all(repository() / "config/labels/ur.toml")};
    Result<toml::table> parsed = parse_toml(text);
    ASSERT_TRUE(parsed);
    const toml::table& kinds = *section(parsed.value(), "kinds");
    for (const Kind& kind : schema().kinds) EXPECT_TRUE(kinds.contains(kind.name)) << kind.name;
    for (auto&& [name, node] : *section(parsed.value(), "codes")) {
        const CodeList* list = schema().code_list(name.str());
        ASSERT_TRUE(list) << name.str();
        for (auto&& [code, label] : *node.as_table()) {
            const CodeList::Entry* entry = list->find(code.str());
            EXPECT_TRUE(entry && entry->code == code.str()) << name.str() << ": " << code.str();
            expect_urdu(code.str(), label);
        }
        if (list->open) continue;
        for (const CodeList::Entry& entry : list->entries)
            EXPECT_TRUE(node.as_table()->contains(entry.code)) << name.str() << ": " << entry.code;
    }
}

// The codes of a list are the standard's value names.
TEST(Htcds, OurListsHaveTheStandardsValues) {
    for (const auto& [list, value] : std::map<std::string, std::vector<std::string>>{
             {"trafficking_status",
              {"PossibleVictimOfTrafficking", "ActualVictimOfTrafficking",
               "NotAVictimOfTrafficking"}},
             {"trafficking_stage", {"Recruitment", "Transit", "Exploitation"}},
             {"organisation_type",
              {"NGO", "LawEnforcement", "HealthServiceOrganisation",
               "CentralGovernmentOrganisation", "LocalGovernmentOrganisation", "ImmigrationService",
               "LegalService", "CorporateBusiness", "SchoolOrCollege"}},
             {"case_status", {"Active", "FollowUp", "Closed", "ClosedReferred"}}})
        for (const std::string& code : value) {
            const CodeList::Entry* entry = schema().code_list(list)->find(code);
            EXPECT_TRUE(entry && entry->code == code) << list << ": " << code;
        }
}

} // namespace
} // namespace safar
