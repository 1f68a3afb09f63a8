#include "tests/unit/node/exports/iati_fixture.hpp"

#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Iati, AGoodProgrammeBreaksNoRuleAndSaysWhatItsRecordsSay) {
    money(programme(good_programme()));
    const std::string xml = build();
    EXPECT_THAT(rules(xml), ::testing::IsEmpty()) << xml;
    for (const char* part :
         {R"(<iati-activities version="2.03" generated-datetime="2026-03-01T09:30:00Z">)",
          R"(<iati-identifier>XM-DAC-47066-MMPTF-PK-1</iati-identifier>)",
          R"(<reporting-org ref="XM-DAC-47066" type="40">)", R"(<participating-org role="4">)",
          R"(<narrative>UNODC</narrative>)", R"(<activity-date iso-date="2025-09-01" type="2" />)",
          R"(<recipient-country code="PK" />)", R"(<sector code="15190" vocabulary="1" />)",
          R"(code="10.7" vocabulary="3")", R"(code="9" vocabulary="99")",
          R"(<narrative>Counter smuggling</narrative>)",
          R"(<narrative>Human Rights Marker: A: main objective</narrative>)",
          R"(<budget type="1">)", R"(<period-end iso-date="2026-08-31" />)",
          R"(<transaction ref="C-1">)",
          R"(<value currency="USD" value-date="2025-11-01">700000.50</value>)",
          R"(<provider-org provider-activity-id="XM-DAC-47066-MMPTF-PK-1" ref="XM-DAC-47066" />)",
          R"(default-currency="USD")"})
        EXPECT_THAT(xml, HasSubstr(part));
    EXPECT_THAT(xml, Not(HasSubstr("15132"))) << "a sector at the activity and at a transaction";
    EXPECT_EQ(xml, build()) << "the same records are another file";
}

// What xmllint says of files against the published schema; nullopt: one of the two is not here.
std::optional<std::string> judged_by_schema(const std::string& xml) {
    const char* data = std::getenv("SAFAR_DATA");
    const std::string folder =
        (data == nullptr ? std::string(SAFAR_SOURCE_DIR "/../shared/data") : std::string(data)) +
        "/iati";
    if (!std::filesystem::exists(folder + "/iati-activities-schema.xsd") ||
        std::system("command -v xmllint >/dev/null") != 0)
        return std::nullopt;
    TempDir at;
    // The stub stands in for the namespace of xml:lang, so that nothing is fetched.
    for (const char* file : {"iati-activities-schema.xsd", "iati-common.xsd"})
        std::filesystem::copy_file(folder + "/" + file, at / file);
    std::filesystem::copy_file(folder + "/xml-namespace-stub.xsd", at / "xml.xsd");
    std::ofstream(at / "fund.xml") << xml;
    const std::string command = "xmllint --nonet --noout --schema " +
                                (at / "iati-activities-schema.xsd") + " " + (at / "fund.xml") +
                                " 2> " + (at / "said");
    return std::system(command.c_str()) == 0 ? "" : file_text(at / "said") + xml;
}
const char* const no_schema =
    "needs xmllint (libxml2-utils) and the published schema in $SAFAR_DATA/iati";

TEST_F(Iati, TheFileIsValidAgainstThePublishedSchema) {
    money(programme(good_programme()));
    auto said = judged_by_schema(build());
    if (!said) GTEST_SKIP() << no_schema;
    EXPECT_EQ(*said, "");
    EXPECT_NE(*judged_by_schema(replaced(build(), "<activity-status", "<nonsense")), "")
        << "the schema is not looked at";
}

// Budgets by period, postings of every kind, an indicator counted once: what a running fund has.
TEST_F(Iati, AFundOfSeveralYearsGoesOutWithItsBudgetsPostingsAndResults) {
    const std::string id =
        programme(with(with(with(good_programme(), "end_planned", {"2027-08-31"}),
                            "recipient_country", {"PAK", "AFG"}),
                       "recipient_country_percentages", {"PAK 90", "AFG 10"}));
    const auto on = [&](Fields fields) {
        fields.push_back({"programme", id});
        return fields;
    };
    create("budget", on({{"period_start", "2025-09-01"},
                         {"period_end", "2026-08-31"},
                         {"amount", "700000 USD"},
                         {"type", "1"}}));
    create("budget", on({{"period_start", "2026-09-01"},
                         {"period_end", "2027-08-31"},
                         {"amount", "800000 USD"},
                         {"type", "1"}}));
    create(
        "commitment",
        on({{"date", "2025-10-01"}, {"amount", "90000 USD"}, {"receiver", "Ansar Burney Trust"}}));
    create("transfer",
           on({{"date", "2025-10-05"}, {"amount", "500000 USD"}, {"receiver_agency", "UNODC"}}));
    create("expenditure",
           on({{"date", "2026-01-05"}, {"amount", "1234.5 USD"}, {"spent_by", "IOM"}}));
    create("refund", on({{"date", "2026-02-01"},
                         {"amount", "5000 USD"},
                         {"returned_to", "XM-DAC-47066 IOM"},
                         {"returned_by", "UNODC"}}));
    create("indicator", on({{"period_start", "2025-09-01"},
                            {"period_end", "2026-08-31"},
                            {"title", "Officers trained"},
                            {"measure", "1"},
                            {"baseline_year", "2024"},
                            {"baseline", "0"},
                            {"target", "100"},
                            {"actual", "40"},
                            {"counted_events", "e1"},
                            {"counted_events", "e2"},
                            {"counted_events", "e3"}}));
    const std::string xml = build();
    EXPECT_THAT(rules(xml), ::testing::IsEmpty()) << xml;
    for (const char* part :
         {R"(<recipient-country code="AF" percentage="10" />)",
          R"(<period-end iso-date="2027-08-31" />)",
          R"(<value currency="USD" value-date="2026-09-01">800000.00</value>)",
          R"(<transaction-type code="4" />)",
          R"(<value currency="USD" value-date="2026-02-01">-5000.00</value>)",
          "<narrative>Ansar Burney Trust</narrative>", R"(<baseline year="2024" value="0" />)",
          R"(<target value="100" />)", R"(<actual value="3" />)"})
        EXPECT_THAT(xml, HasSubstr(part));
    EXPECT_THAT(xml, Not(HasSubstr("1500000"))) << "the whole amount beside budgets by period";
    EXPECT_THAT(rules(replaced(xml, R"(percentage="10")", R"(percentage="20")")),
                ::testing::ElementsAre("3.1.2"));
    auto said = judged_by_schema(xml);
    if (!said) GTEST_SKIP() << no_schema;
    EXPECT_EQ(*said, "");
}

TEST_F(Iati, NoTwoActivitiesHaveOneIdentifier) {
    const std::string id = programme(good_programme());
    money(id);
    const RecordId record = *parse_id(id);
    const std::string once = build(file_text(config_folder + "standards/iati.toml"), {record});
    EXPECT_EQ(build(file_text(config_folder + "standards/iati.toml"), {record, record}), once);
    EXPECT_THAT(rules(once), ::testing::IsEmpty());
    programme(good_programme()); // another record of the same activity
    EXPECT_THAT(rules(build()), ::testing::ElementsAre("unique:iati-identifier"));
}

// A peer's event may hold any text; registries read XML 1.0.
TEST_F(Iati, WhatXmlDoesNotHaveIsNotInTheFile) {
    const auto schema = node.derived->schema();
    Fields fields = with(good_programme(), "title", {});
    const std::string id = programme(fields);
    EventDraft draft;
    const Kind* kind = schema->kind(std::string_view("programme"));
    draft.body.kind = kind->tag;
    draft.body.record = *parse_id(id);
    draft.body.verb = "updated";
    draft.body.assertions = {{kind->field(std::string_view("title"))->tag,
                              Text{"a\x01"
                                   "b\xef\xbf\xbe\xef\xbf\xbf\xe9\tc & &#1;"}}};
    ASSERT_TRUE(node.node->append({"all", {draft}}).has_value());
    const std::string xml = build();
    const std::string mark = "\xef\xbf\xbd";
    EXPECT_THAT(xml, HasSubstr("<narrative>a" + mark + "b" + mark + mark + mark +
                               "\tc &amp; &amp;#1;</narrative>"));
    EXPECT_THAT(xml, Not(HasSubstr("&#")));
    EXPECT_THAT(rules(xml), ::testing::IsEmpty());
}

TEST_F(Iati, AMapThatNamesWhatIsNotThereIsRefused) {
    const auto refusal = [&](const std::string& map) {
        auto read = parse_iati_map(map, *node.derived->schema());
        return read.has_value() ? std::string("taken") : describe(read.error());
    };
    EXPECT_THAT(refusal("x = 1"), HasSubstr("is none of: activity"));
    EXPECT_THAT(refusal("[activity]\nkind = \"ship\""), HasSubstr("no record kind"));
    EXPECT_THAT(refusal("[activity]\nkind = \"programme\"\ntitle = \"name\""),
                HasSubstr("activity.title: kind programme has no field"));
    EXPECT_THAT(refusal("[activity]\nkind = \"programme\"\ncolour = \"title\""),
                HasSubstr("is none of: identifier"));
    EXPECT_THAT(
        refusal("[activity]\nkind = \"programme\"\n[[transaction]]\nkind = \"contribution\""),
        HasSubstr("'of'"));
    EXPECT_EQ(refusal("[activity]\nkind = \"programme\"\n[[budget]]\nkind = \"not_yet\"\nof = "
                      "\"x\"\nvalue = \"y\""),
              "taken");
}

TEST(Organisation, AreReadAsPeopleWriteThem) {
    EXPECT_EQ(read_organisation("XM-DAC-47066 IOM").ref, "XM-DAC-47066");
    EXPECT_EQ(read_organisation("XM-DAC-47066 IOM").name, "IOM");
    EXPECT_EQ(read_organisation("IOM Pakistan").name, "IOM Pakistan");
    EXPECT_EQ(read_organisation("GB-GOV-1").ref, "GB-GOV-1");
}

} // namespace
} // namespace safar
