// Programmes, and files, that break a rule of IATI: each is named.
#include "tests/unit/node/exports/iati_fixture.hpp"

#include <functional>
#include <gmock/gmock.h>
#include <set>

namespace safar {
namespace {

using namespace testing;

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

} // namespace
} // namespace safar
