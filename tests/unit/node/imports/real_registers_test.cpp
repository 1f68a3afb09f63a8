// Each profile on the register it was written for, against figures that the publishers give.
#include "import_support.hpp"

#include <set>

namespace safar {
namespace {

using namespace testing;

std::size_t distinct_ids(const Imported& in) {
    std::set<RecordId> ids;
    for (const ImportedRecord& each : in.records) ids.insert(each.body.record);
    return ids.size();
}

void expect_clean(const Imported& in) {
    EXPECT_FALSE(in.failed) << describe(in.error);
    EXPECT_EQ(in.progress.rejected, 0u);
    for (std::size_t i = 0; i < std::min<std::size_t>(in.rejects.size(), 5); ++i)
        ADD_FAILURE() << in.rejects[i].line << " " << in.rejects[i].column << ": "
                      << in.rejects[i].reason;
    EXPECT_EQ(distinct_ids(in), in.records.size());
}

TEST(RealRegisters, ReturnsOfPakistaniNationalsAreThePublishedOnes) {
    SAFAR_REAL_FILE(file, "uk-returns/returns.csv.gz");
    ImportRequest request = request_for(profile_text("uk-returns"), "returns.csv.gz");
    request.where = {{"Nationality", "Pakistan"}};
    auto in = import_all(request, text_source(read_all(file)));
    expect_clean(in);
    EXPECT_EQ(in.progress.rows, 240'074u);
    std::map<std::string, std::map<std::string, int>> table;
    for (const ImportedRecord& each : in.records) {
        EXPECT_EQ(shown(each.body, "nationality"), "PAK");
        ++table[shown(each.body, "date").substr(0, 4)][shown(each.body, "return_type_group")];
    }
    struct Year {
        const char* year;
        int enforced, refused, voluntary;
    };
    const Year published[] = {{"2012", 2235, 400, 3166}, {"2013", 2713, 410, 3298},
                              {"2014", 2407, 402, 3410}, {"2015", 1461, 301, 3737},
                              {"2016", 811, 308, 3129},  {"2019", 163, 534, 1132},
                              {"2020", 63, 420, 481},    {"2021", 26, 159, 385},
                              {"2022", 39, 143, 481},    {"2023", 61, 163, 534}};
    for (const Year& each : published) {
        EXPECT_EQ(table[each.year]["enforced"], each.enforced) << each.year;
        EXPECT_EQ(table[each.year]["refused_entry"], each.refused) << each.year;
        EXPECT_EQ(table[each.year]["voluntary"], each.voluntary) << each.year;
    }
}

TEST(RealRegisters, EveryReturnIsARecordOfItsOwn) {
    SAFAR_REAL_FILE(file, "uk-returns/returns.csv.gz");
    auto reader = ImportReader::open(request_for(profile_text("uk-returns"), "returns.csv.gz"),
                                     repository_schema(), text_source(read_all(file)));
    ASSERT_TRUE(reader) << describe(reader.error());
    std::vector<RecordId> ids;
    std::set<std::string> destinations, types;
    for (;;) {
        auto some = reader.value()->next(4096);
        ASSERT_TRUE(some);
        if (some.value().empty()) break;
        destinations.insert(shown(some.value()[0].body, "destination_group"));
        types.insert(shown(some.value()[0].body, "return_type"));
        for (const ImportedRecord& each : some.value()) ids.push_back(each.body.record);
    }
    EXPECT_EQ(ids.size(), 1'084'931u);
    EXPECT_EQ(reader.value()->progress().rejected, 0u);
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
    for (const std::string& each : destinations)
        EXPECT_TRUE(each == "home" || each == "eu" || each == "other") << each;
    for (const std::string& each : types) EXPECT_EQ(each.find(' '), std::string::npos) << each;
}

TEST(RealRegisters, ReferralsOfAQuarterAreThePublishedTotal) {
    const std::map<std::string, std::size_t> published{
        {"2022_q2", 3221}, {"2022_q3", 3617}, {"2022_q4", 3383}, {"2023_q1", 3703}};
    std::set<RecordId> ids;
    for (const auto& [quarter, total] : published) {
        SAFAR_REAL_FILE(file, "uk-nrm/nrm_referrals_" + quarter + ".csv.gz");
        auto in = import_real("uk-nrm", file);
        expect_clean(in);
        EXPECT_EQ(in.records.size(), total) << quarter;
        std::string shown_quarter = quarter.substr(0, 4) + "-Q" + quarter.substr(6);
        for (const ImportedRecord& each : in.records) {
            EXPECT_EQ(shown(each.body, "date"), shown_quarter);
            ids.insert(each.body.record);
        }
    }
    EXPECT_EQ(ids.size(), 3221u + 3617 + 3383 + 3703);
}

TEST(RealRegisters, DeadAndMissingOfEachYearAreThePublishedOnes) {
    SAFAR_REAL_FILE(file, "iom-missing-migrants/incidents_2014_2021.csv.gz");
    auto in = import_real("iom-missing-migrants", file);
    expect_clean(in);
    EXPECT_EQ(in.records.size(), 10'272u);
    std::map<std::string, std::int64_t> years, routes;
    std::map<std::string, int> types;
    for (const ImportedRecord& each : in.records) {
        years[shown(each.body, "date").substr(0, 4)] += number(each.body, "dead_and_missing");
        ++types[shown(each.body, "incident_type")];
        if (("|" + shown(each.body, "country_of_origin") + "|").find("|PAK|") != std::string::npos)
            routes[shown(each.body, "route")] += number(each.body, "dead_and_missing");
    }
    const std::map<std::string, std::int64_t> published{
        {"2014", 5321}, {"2015", 6749}, {"2016", 8078}, {"2017", 6290},
        {"2018", 5009}, {"2019", 5418}, {"2020", 4301}, {"2021", 6151}};
    EXPECT_EQ(years, published);
    EXPECT_EQ(types["split"], 167);
    EXPECT_EQ(types["cumulative"], 83);
    EXPECT_EQ(routes["iran_turkiye"], 75);
    EXPECT_EQ(routes["eastern_med"], 35);
    EXPECT_EQ(routes["central_med"], 248);
}

TEST(RealRegisters, ALaterEditionMeetsTheRecordsOfTheEarlierOne) {
    SAFAR_REAL_FILE(earlier, "iom-missing-migrants/2019-12-31_global.csv.gz");
    SAFAR_REAL_FILE(later, "iom-missing-migrants/2020-01-08_global.csv.gz");
    auto first = import_real("iom-missing-migrants-2019", earlier);
    auto second = import_real("iom-missing-migrants-2019", later);
    expect_clean(first);
    expect_clean(second);
    EXPECT_EQ(first.records.size(), 5'987u);
    EXPECT_EQ(second.records.size(), 6'249u);
    EXPECT_EQ(first.records[0].body.edition, "2019-12-31");
    EXPECT_EQ(second.records[0].body.edition, "2020-01-08");

    std::map<RecordId, const EventBody*> before;
    for (const ImportedRecord& each : first.records) before[each.body.record] = &each.body;
    std::uint16_t row_tag = repository_schema()->kind("incident")->field("published_row")->tag;
    const Kind& incident = *repository_schema()->kind("incident");
    int added = 0, edited = 0, corrected = 0, contradicted = 0;
    for (const ImportedRecord& each : second.records) {
        auto at = before.find(each.body.record);
        if (at == before.end()) {
            ++added;
            continue;
        }
        // Absence says nothing: only values that were not said before are written.
        int news = 0, substance = 0;
        for (const Assertion& said : each.body.assertions)
            if (std::ranges::find(at->second->assertions, said) == at->second->assertions.end()) {
                ++news;
                substance += said.field != row_tag ? 1 : 0;
                // Said by two agencies, this would be a conflict; a value beside none is not.
                bool other = std::ranges::find(at->second->assertions, said.field,
                                               &Assertion::field) != at->second->assertions.end();
                contradicted += other && incident.field(said.field)->rule == Rule::single ? 1 : 0;
            }
        edited += news > 0 ? 1 : 0;
        corrected += substance > 0 ? 1 : 0;
        before.erase(at);
    }
    EXPECT_EQ(added, 282);
    EXPECT_EQ(edited, 98);
    EXPECT_EQ(corrected, 94); // the rest: "1022" -> "1,022", and three causes "Unknown" -> ""
    EXPECT_EQ(contradicted, 45);
    EXPECT_EQ(before.size(), 20u);
}

TEST(RealRegisters, FlowsUseIsoCodesAndKeepEveryFigure) {
    SAFAR_REAL_FILE(file, "unhcr/flows.csv.gz");
    auto in = import_real("unhcr-flows", file);
    expect_clean(in);
    EXPECT_EQ(in.records.size(), 105'868u);
    std::map<std::string, std::int64_t> romania;
    for (const ImportedRecord& each : in.records)
        if (shown(each.body, "origin") == "PAK" && shown(each.body, "asylum") == "ROU")
            romania[shown(each.body, "year")] = number(each.body, "asylum_seekers");
    EXPECT_EQ(romania["2019"], 52);
    EXPECT_EQ(romania["2023"], 1232);
    EXPECT_EQ(romania["2025"], 20);
}

TEST(RealRegisters, RowsWithoutAKeyAreToldApartByOccurrence) {
    SAFAR_REAL_FILE(file, "ctdc/ctdc_vp_synthetic_condensed.csv.gz");
    auto in = import_real("ctdc-vp", file);
    expect_clean(in);
    EXPECT_EQ(in.records.size(), 21'195u);
    std::map<std::string, int> gender, labour;
    for (const ImportedRecord& each : in.records) {
        ++gender[shown(each.body, "perpetrator_gender")];
        ++labour[shown(each.body, "is_forced_labour")];
    }
    EXPECT_EQ(gender["Feminine|Masculine"], 2452);
    EXPECT_EQ(gender["Masculine"], 9820);
    EXPECT_EQ(labour["yes"], 12'248);
    EXPECT_EQ(labour[""], 8'947);
}

} // namespace
} // namespace safar
