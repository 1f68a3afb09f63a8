#include "node/exports/iati_build.hpp"
#include "node/exports/iati_rules.hpp"

#include "node/charter/code_expansion.hpp"
#include "node/exports/iati_slots.hpp"
#include "node/registry/iso_time.hpp"
#include "tests/unit/node/registry/registry_fixture.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const std::string config = SAFAR_SOURCE_DIR "/config/";

// The catalogue as it is drafted into a charter: every kind of the fund that there is, and what
// they need.
HeldCharter fund_charter(const Network& network) {
    CharterDraft draft = network.draft();
    draft.documents.clear();
    std::vector<std::string> kinds;
    for (const auto& entry : std::filesystem::directory_iterator(config + "schema")) {
        const std::string name = entry.path().filename().string();
        draft.documents.push_back({"schema/" + name, slurp(entry.path().string())});
        kinds.push_back(entry.path().stem().string());
    }
    for (const auto& entry : std::filesystem::directory_iterator(config + "codes")) {
        const std::string name = "codes/" + entry.path().filename().string();
        auto text = expand_code_list(
            {name, slurp(entry.path().string())}, [](std::string_view file) -> Result<std::string> {
                return slurp("/usr/share/iso-codes/json/" + std::string(file));
            });
        draft.documents.push_back({name, value_of(std::move(text))});
    }
    std::sort(kinds.begin(), kinds.end());
    draft.compartments = {{"all", "Everything", kinds, {"IOM", "FIA"}, {}}};
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

using Fields = std::vector<FieldText>;

// A programme that breaks no rule: a budget of one year, two countries' worth of nothing, three
// transactions.
Fields good_programme() {
    return {{"iati_identifier", "XM-DAC-47066-MMPTF-PK-1"},
            {"title", "Strengthening the response to trafficking and smuggling"},
            {"description", "A joint programme of the Migration MPTF"},
            {"reporting_org", "XM-DAC-47066"},
            {"reporting_org_type", "40"},
            {"participating_orgs", "1 CA-5 Canada, IRCC"},
            {"participating_orgs", "4 XM-DAC-47066 IOM"},
            {"participating_orgs", "4 UNODC"},
            {"activity_status", "2"},
            {"start_planned", "2025-09-01"},
            {"start_actual", "2025-09-01"},
            {"end_planned", "2026-08-31"},
            {"recipient_country", "PAK"},
            {"sector", "15190"},
            {"sdg_target", "10.7"},
            {"sdg_target", "16.2"},
            {"gcm_objective", "9"},
            {"gcm_objective", "10"},
            {"gender_marker", "B"},
            {"human_rights_marker", "A"},
            {"collaboration_type", "2"},
            {"default_flow_type", "10"},
            {"default_finance_type", "110"},
            {"default_aid_type", "B031"},
            {"default_tied_status", "5"},
            {"budget", "1500000.00 USD"},
            {"budget_type", "1"}};
}

Fields with(Fields fields, const std::string& name, std::vector<std::string> values) {
    std::erase_if(fields, [&](const FieldText& one) { return one.field == name; });
    for (std::string& value : values) fields.push_back({name, std::move(value)});
    return fields;
}

class Iati : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = fund_charter(network);
    TestNode node{network.iom, charter};

    std::string create(const std::string& kind, Fields fields) {
        auto made = node.registry->create({kind, std::move(fields), "", 0, {}}, {"tester"});
        EXPECT_TRUE(made.has_value()) << kind << ": " << describe(made.error());
        return made.has_value() ? show_id(made.value().record) : "";
    }
    // Fields that creating does not ask about are written as an event, so that they can be missing.
    std::string programme(const Fields& fields) {
        const auto schema = node.derived->schema();
        const Kind* kind = schema->kind(std::string_view("programme"));
        EventDraft draft;
        draft.body.kind = kind->tag;
        draft.body.record.raw[0] = static_cast<std::byte>(++made_);
        draft.body.verb = "recorded";
        for (const FieldText& one : fields) {
            const Field* field = kind->field(std::string_view(one.field));
            EXPECT_NE(field, nullptr) << one.field;
            draft.body.assertions.push_back(
                {field->tag, value_of(parse_value(*schema, *field, one.value))});
        }
        const std::string id = show_id(draft.body.record);
        EXPECT_TRUE(node.node->append({"all", {draft}}).has_value());
        return id;
    }
    void money(const std::string& to) {
        create("contribution", {{"date", "2025-09-10"},
                                {"amount", "2000000.00 USD"},
                                {"transaction_type", "11"},
                                {"donor", "CA-5 Canada, IRCC"},
                                {"donor_type", "10"},
                                {"programme", to},
                                {"reference", "C-1"}});
        create("contribution", {{"date", "2025-10-01"},
                                {"amount", "1500000.00 USD"},
                                {"donor", "CA-5"},
                                {"programme", to}});
        create("disbursement", {{"date", "2025-11-01"},
                                {"amount", "700000.50 USD"},
                                {"receiver", "XM-DAC-41128 UNODC"},
                                {"programme", to},
                                {"sector", "15132"},
                                {"description", "first tranche"}});
    }
    std::string build(const std::string& map = slurp(config + "standards/iati.toml"),
                      std::vector<RecordId> programmes = {}) {
        IatiRequest request;
        request.programmes = std::move(programmes);
        request.now = value_of(parse_time("2026-03-01T09:30:00Z"));
        request.enter = [](std::string_view) -> Result<> { return success(); };
        request.ask_about = [](const Kind&, const StatisticsQuery&, std::string_view) -> Result<> {
            return success();
        };
        request.shows = [](const Field&, std::string_view) { return true; };
        return value_of(build_iati(
            *node.node, value_of(parse_iati_map(map, *node.derived->schema())), request));
    }
    static std::vector<std::string> rules(const std::string& xml) {
        std::vector<std::string> out;
        const auto today = static_cast<std::int32_t>(
            value_of(parse_time("2026-03-01T00:00:00Z")).microseconds / 86'400'000'000);
        for (const BrokenRule& one : value_of(check_iati(xml, today))) out.push_back(one.rule);
        return out;
    }
    int made_ = 0;
};

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
    return std::system(command.c_str()) == 0 ? "" : slurp(at / "said") + xml;
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

// --- programmes that break a rule ---

struct Broken {
    const char* rule;
    std::function<Fields(Fields)> programme;
    Fields contribution = {}; // one more
};

const std::vector<Broken>& broken_programmes() {
    const auto set = [](const char* name, std::vector<std::string> values) {
        return [=](Fields fields) { return with(std::move(fields), name, values); };
    };
    const auto same = [](Fields fields) { return fields; };
    static const std::vector<Broken> all{
        {"1.1.3", set("iati_identifier", {"XM-DAC-47066"})},
        {"1.1.21", set("iati_identifier", {"PK-1"})},
        {"1.3.13", set("iati_identifier", {"XM-DAC-47066-A/B"})},
        {"1.3.1", set("iati_identifier", {"XM-DAC-47066-A "})},
        {"1.14.13", set("reporting_org", {"XM&DAC"})},
        {"schema:reporting-org/@ref", set("reporting_org", {})},
        {"schema:reporting-org/@type", set("reporting_org_type", {})},
        {"4.3.1", set("title", {})},
        {"4.4.1", set("description", {})},
        {"schema:participating-org", set("participating_orgs", {})},
        {"codelist:OrganisationRole", set("participating_orgs", {"9 IOM"})},
        {"6.10.1", set("participating_orgs", {"4"})},
        {"schema:activity-status", set("activity_status", {})},
        {"6.11.1",
         [](Fields f) {
             return with(with(std::move(f), "start_planned", {}), "start_actual", {});
         }},
        {"11.1.2", set("end_planned", {"2024-08-31"})},
        {"11.1.3", set("end_actual", {"2025-01-31"})},
        {"11.1.4", set("start_actual", {"2026-04-01"})},
        {"11.1.5", set("end_actual", {"2026-12-31"})},
        {"3.7.1", set("recipient_country", {})},
        {"3.1.1", set("recipient_country", {"PAK", "AFG"})},
        {"3.1.2",
         [](Fields f) {
             return with(with(std::move(f), "recipient_country", {"PAK", "AFG"}),
                         "recipient_country_percentages", {"PAK 60", "AFG 60"});
         }},
        {"3.1.4", set("recipient_country_percentages", {"PAK 90"})},
        {"codelist:Country", set("recipient_country", {"Mixed"})},
        {"6.2.2", set("sector", {})},
        {"2.1.1", set("sector", {"15190", "15160"})},
        {"2.1.2",
         [](Fields f) {
             return with(with(std::move(f), "sector", {"15190", "15160"}), "sector_percentages",
                         {"15190 60", "15160 30"});
         }},
        {"2.1.4", set("sector_percentages", {"15190 50"})},
        {"6.14.1", set("policy_markers", {"1 1"})},
        {"codelist:Sector", set("sector", {"151"})},
        {"codelist:UNSDG-Targets", set("sdg_target", {"10"})},
        {"7.5.3", set("end_planned", {"2027-08-31"})},
        {"8.6.3", set("end_planned", {"2025-08-31"})},
        {"schema:period-end", set("end_planned", {})},
        {"11.2.1", same, {{"date", "2026-03-02"}, {"amount", "1 USD"}, {"donor", "CA-5"}}},
        {"1.10.13", same, {{"date", "2025-09-02"}, {"amount", "1 USD"}, {"donor", "CA-5&6"}}},
    };
    return all;
}

TEST_F(Iati, EachBrokenProgrammeIsRefusedByItsRule) {
    std::set<std::string> seen;
    for (const Broken& one : broken_programmes()) {
        TestNode fresh(network.iom, charter);
        std::swap(fresh.log, node.log);
        std::swap(fresh.derived, node.derived);
        std::swap(fresh.node, node.node);
        std::swap(fresh.registry, node.registry);
        made_ = 0;
        const std::string id = programme(one.programme(good_programme()));
        money(id);
        if (!one.contribution.empty())
            create("contribution", with(one.contribution, "programme", {id}));
        const std::string xml = build();
        std::vector<std::string> found = rules(xml);
        // A programme without a sector exports the one of its transactions, where some have none.
        if (std::string(one.rule) == "6.2.2")
            EXPECT_THAT(found, ::testing::Contains("6.7.2")) << xml;
        else
            EXPECT_THAT(found, ::testing::Contains(std::string(one.rule))) << one.rule << "\n"
                                                                           << xml;
        seen.insert(one.rule);
        std::swap(fresh.log, node.log);
        std::swap(fresh.derived, node.derived);
        std::swap(fresh.node, node.node);
        std::swap(fresh.registry, node.registry);
    }
    EXPECT_GE(seen.size(), 20u);
}

// What records cannot say wrongly, a map can: on the file itself.
TEST_F(Iati, RulesHoldForTheFileWhateverItWasMadeOf) {
    money(programme(good_programme()));
    const std::string good = build();
    const auto first = [&](std::string_view from, std::string_view to) {
        return replaced(good, from, to);
    };
    const std::string sector = R"(<sector code="15190" vocabulary="1" />)";
    const std::string country = R"(<recipient-country code="PK" />)";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"4.1.1", first(R"( xml:lang="en")", "")},
        {"7.8.1",
         replaced(first(R"( default-currency="USD")", ""), R"(<value currency="USD" )", "<value ")},
        {"codelist:Currency", first(R"(<value currency="USD")", R"(<value currency="usd")")},
        {"schema:value", first("1500000.00", "1,500,000")},
        {"schema:value/@value-date", first(R"( value-date="2025-09-01")", "")},
        {"11.1.1", first(R"(last-updated-datetime="2026)", R"(last-updated-datetime="2027)")},
        {"2.1.2",
         first(
             sector,
             R"(<sector code="15190" percentage="60" /><sector code="15160" percentage="30" />)")},
        {"2.1.4", first(sector, R"(<sector code="15190" percentage="60" />)")},
        {"2.2.1", first(sector, sector + R"(<sector code="x" vocabulary="99" />)")},
        {"102.1.1", first(sector, R"(<sector code="x" vocabulary="10" />)")},
        {"6.2.2", first(sector, "")},
        {"6.6.2", first("</transaction>", R"(<sector code="15160" /></transaction>)")},
        {"3.1.2",
         first(
             country,
             R"(<recipient-country code="PK" percentage="50" /><recipient-country code="AF" percentage="40" />)")},
        {"3.1.4", first(country, R"(<recipient-country code="PK" percentage="50" />)")},
        {"3.4.1", first(country, country + R"(<recipient-region code="679" />)")},
        {"3.6.2", first("</transaction>", R"(<recipient-country code="PK" /></transaction>)")},
        {"3.7.2", replaced(first(country, ""), "</transaction>",
                           R"(<recipient-country code="PK" /></transaction>)")},
        {"6.13.1",
         first(R"(<policy-marker vocabulary="99")",
               R"(<policy-marker vocabulary="99" code="y" /><policy-marker vocabulary="99")")},
        {"6.14.1", first("<collaboration-type",
                         R"(<policy-marker code="1" vocabulary="1" /><collaboration-type)")},
        {"codelist:TransactionType",
         first(R"(<transaction-type code="11" />)", R"(<transaction-type code="14" />)")},
        {"6.9.1", first(R"(ref="XM-DAC-47066" />
      <receiver-org)",
                        R"(/>
      <receiver-org)")},
    };
    for (const auto& [rule, xml] : cases) EXPECT_THAT(rules(xml), ::testing::Contains(rule)) << xml;

    const std::string result =
        R"(<result type="1"><title><narrative>r</narrative></title><indicator measure="1">
        <title><narrative>i</narrative></title><baseline year="2024" value="5" /><period><period-start iso-date="2025-01-01" />
        <period-end iso-date="2025-12-31" /><target value="10" /><actual value="7" /></period></indicator></result>)";
    const auto judged = [&](std::string_view from, std::string_view to) {
        return rules(first("</iati-activity>", replaced(result, from, to) + "</iati-activity>"));
    };
    EXPECT_THAT(judged("r", "r"), ::testing::IsEmpty());
    const std::vector<std::tuple<std::string, std::string, std::string>> results{
        {"codelist:ResultType", R"(type="1")", R"(type="4")"},
        {"codelist:IndicatorMeasure", R"(measure="1")", R"(measure="6")"},
        {"8.8.1", R"( value="5")", ""},
        {"8.8.2", R"(value="5")", R"(value="few")"},
        {"8.9.1", R"( value="10")", ""},
        {"8.10.2", R"(value="7")", R"(value="7 people")"},
        {"8.8.3", R"(measure="1")", R"(measure="5")"},
        {"8.6.1", R"(period-end iso-date="2025)", R"(period-end iso-date="2024)"}};
    for (const auto& [rule, from, to] : results)
        EXPECT_THAT(judged(from, to), ::testing::Contains(rule));
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
    const std::string once = build(slurp(config + "standards/iati.toml"), {record});
    EXPECT_EQ(build(slurp(config + "standards/iati.toml"), {record, record}), once);
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
