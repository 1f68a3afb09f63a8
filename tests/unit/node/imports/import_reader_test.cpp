// The reader on small files written here: what becomes of rows, and what a bad row costs.
#include "import_support.hpp"

namespace safar {
namespace {

using namespace testing;

constexpr const char* small_returns = R"(
source = "register"
title = "A register"
kind = "return"
at = "date"
id = ["Id"]
[[map]]
field = "nationality"
column = "Nationality"
[[map]]
field = "date"
column = "Date"
formats = ["%Y-%m-%d", "%B %d, %Y"]
[[map]]
field = "sex"
column = "Sex"
)";

TEST(ImportReader, ARowBecomesOneRecord) {
    auto in =
        import_text(small_returns, "Id,Date,Nationality,Sex\n7,2019-12-31,Pakistani,female\n");
    ASSERT_EQ(in.records.size(), 1u);
    const EventBody& body = in.records[0].body;
    EXPECT_EQ(in.records[0].line, 2u);
    EXPECT_EQ(body.source, "register");
    EXPECT_EQ(body.verb, "recorded");
    EXPECT_EQ(body.record, derived_record_id("register", "7", "return", "return", 0));
    EXPECT_EQ(shown(body, "nationality"), "PAK");
    EXPECT_EQ(shown(body, "sex"), "F");
    EXPECT_EQ(shown(body, "date"), "2019-12-31");
    EXPECT_EQ(body.at.microseconds, 18261LL * 86'400'000'000);
    EXPECT_TRUE(std::ranges::is_sorted(body.assertions));
}

TEST(ImportReader, EmptyCellsSayNothing) {
    auto in = import_text(small_returns, "Id,Date,Nationality,Sex\n7, ,Pakistan,\n");
    ASSERT_EQ(in.records.size(), 1u);
    EXPECT_EQ(in.records[0].body.assertions.size(), 1u);
    EXPECT_EQ(in.records[0].body.at.microseconds, 0);
}

TEST(ImportReader, OpenListsKeepWhatTheyDoNotKnowAndClosedOnesReject) {
    auto in = import_text(small_returns,
                          "Id,Date,Nationality,Sex\n1,,Atlantis,Male\n2,,Pakistan,perhaps\n");
    ASSERT_EQ(in.records.size(), 1u);
    EXPECT_EQ(shown(in.records[0].body, "nationality"), "Atlantis");
    ASSERT_EQ(in.rejects.size(), 1u);
    EXPECT_EQ(in.rejects[0].line, 3u);
    EXPECT_EQ(in.rejects[0].column, "Sex");
    EXPECT_NE(in.rejects[0].reason.find("perhaps"), std::string::npos);
    EXPECT_EQ(in.rejects[0].row, "2,,Pakistan,perhaps");
}

TEST(ImportReader, BadRowsAreRejectedWithLineAndColumnAndTheRestGoesOn) {
    auto in = import_text(small_returns, "\xef\xbb\xbfId,Date,Nationality,Sex\r\n"
                                         "1,2019-12-31,Pakistan,Male\r\n"
                                         "2,2019-02-30,Pakistan,Male\r\n"
                                         "3,2019-12-31,Pakistan\r\n"
                                         "4,2019-12-31,\"Pak\nistan\",Male\r\n"
                                         ",2019-12-31,Pakistan,Male\r\n"
                                         "6,2019-12-31,Pak\"istan,Male\r\n"
                                         "7,2019-12-31,,Male\r\n"
                                         "1,2019-12-31,Pakistan,Male\r\n"
                                         "9,\"December 31, 2019\",Pakistan,Male\r\n"
                                         "10,2019-12-31,\"Pakistan,Male\r\n");
    EXPECT_FALSE(in.failed);
    EXPECT_EQ(in.records.size(), 3u); // 1, 4 (an open list keeps the odd label) and 9
    std::vector<std::pair<std::uint64_t, std::string>> places;
    for (const ImportReject& each : in.rejects) places.emplace_back(each.line, each.column);
    std::vector<std::pair<std::uint64_t, std::string>> expected{
        {3, "Date"},        {4, ""},  {7, "Id"},          {8, "Nationality"},
        {9, "Nationality"}, {10, ""}, {12, "Nationality"}};
    EXPECT_EQ(places, expected);
    EXPECT_EQ(in.progress.rows, 10u);
    EXPECT_EQ(in.progress.rejected, 7u);
    EXPECT_EQ(in.progress.records, 3u);
    for (const ImportReject& each : in.rejects) EXPECT_FALSE(each.reason.empty());
}

TEST(ImportReader, TheRowOfARejectIsShortAndCanBeShown) {
    std::string wide = "1,2019-02-30,\"" + std::string(9000, 'x') + "\",Male\n";
    auto in = import_text(small_returns,
                          "Id,Date,Nationality,Sex\n" + wide + "2,2019-02-30,\xff\x01,Male\n");
    ASSERT_EQ(in.rejects.size(), 2u);
    EXPECT_EQ(in.rejects[0].row.size(), 4096u);
    EXPECT_EQ(in.rejects[1].row, "2,2019-02-30,??,Male");
}

TEST(ImportReader, TextThatIsNotUtf8IsRejected) {
    auto in = import_text(small_returns, "Id,Date,Nationality,Sex\n1,,C\xf4te,Male\n");
    ASSERT_EQ(in.rejects.size(), 1u);
    EXPECT_EQ(in.rejects[0].column, "Nationality");
    auto windows = import_text("encoding = \"windows-1252\"\n" + std::string(small_returns),
                               "Id,Date,Nationality,Sex\n1,,C\xf4te d'Ivoire,Male\n");
    ASSERT_EQ(windows.records.size(), 1u);
    EXPECT_EQ(shown(windows.records[0].body, "nationality"), "CIV");
}

TEST(ImportReader, MissingColumnsAreAllNamed) {
    auto in = import_text(small_returns, "Id,Nationality\n1,Pakistan\n");
    ASSERT_TRUE(in.failed);
    EXPECT_EQ(in.error.code, ErrorCode::invalid_argument);
    EXPECT_NE(in.error.detail.find("Date"), std::string::npos);
    EXPECT_NE(in.error.detail.find("Sex"), std::string::npos);
    EXPECT_TRUE(import_text(small_returns, "").failed);
}

TEST(ImportReader, FiltersOfTheRequestKeepRowsWithThatCell) {
    ImportRequest request = request_for(small_returns, "f.csv");
    request.where = {{"Nationality", "Pakistan"}, {"Sex", "Male"}};
    std::string text =
        "Id,Date,Nationality,Sex\n1,,Pakistan,Male\n2,,Pakistan,Female\n3,,India,Male\n";
    auto in = import_all(request, text_source(text));
    ASSERT_EQ(in.records.size(), 1u);
    EXPECT_EQ(in.progress.skipped, 2u);
    request.where = {{"Nation", "Pakistan"}};
    EXPECT_TRUE(import_all(request, text_source(text)).failed);
}

TEST(ImportReader, AKindWithoutCompartmentIsRefused) {
    ImportRequest request = request_for(small_returns, "f.csv");
    request.compartment_of = [](std::string_view) { return std::nullopt; };
    auto in = import_all(request, text_source("Id,Date,Nationality,Sex\n"));
    EXPECT_TRUE(in.failed);
}

constexpr const char* counted = R"(
source = "register"
title = "A register"
kind = "return"
expand = "N"
id = ["Nationality", "Sex"]
id_repeats = true
id_ignore_case = true
[[keep_if]]
column = "N"
above = 0
[[drop_if]]
equals = ["Total"]
[[drop_if]]
column = "Sex"
contains = ["all "]
ignore_case = true
[[map]]
field = "nationality"
column = "Nationality"
[[map]]
field = "sex"
column = "Sex"
)";

TEST(ImportReader, ARowThatCountsBecomesThatManyRecords) {
    auto in = import_text(
        counted, "Nationality,Sex,N\nPakistan,Male,3\nIndia,Male,0\nIndia,Female,\"1,002\"\n");
    ASSERT_EQ(in.records.size(), 1005u);
    std::map<RecordId, int> ids;
    for (const ImportedRecord& record : in.records) ++ids[record.body.record];
    EXPECT_EQ(ids.size(), 1005u);
    EXPECT_EQ(in.records[2].body.assertions, in.records[0].body.assertions);
    EXPECT_EQ(in.records[2].line, 2u);
    EXPECT_EQ(in.progress.skipped, 1u);
}

TEST(ImportReader, OccurrencesGoOnWhereAKeyRepeats) {
    std::string key = "pakistan\x1fmale";
    auto in =
        import_text(counted, "Nationality,Sex,N\nPakistan,Male,2\nIndia,Male,1\nPAKISTAN,male,2\n");
    ASSERT_EQ(in.records.size(), 5u);
    std::vector<RecordId> ids;
    for (std::size_t i : {0u, 1u, 3u, 4u}) ids.push_back(in.records[i].body.record);
    for (std::uint32_t i = 0; i < 4; ++i)
        EXPECT_EQ(ids[i], derived_record_id("register", key, "return", "return", i)) << i;
}

TEST(ImportReader, TotalsAreDropped) {
    auto in = import_text(
        counted, "Nationality,Sex,N\nTotal,Male,5\nPakistan,ALL sexes,5\nPakistan,Male,1\n");
    EXPECT_EQ(in.records.size(), 1u);
    EXPECT_EQ(in.progress.skipped, 2u);
    EXPECT_EQ(in.progress.rejected, 0u);
}

TEST(ImportReader, ACountThatIsNoCountIsRejected) {
    std::string no_filter = counted;
    no_filter.erase(no_filter.find("[[keep_if]]"),
                    std::string("[[keep_if]]\ncolumn = \"N\"\nabove = 0\n").size());
    auto in = import_text(
        no_filter,
        "Nationality,Sex,N\nPakistan,Male,-1\nPakistan,Male,many\nPakistan,Male,2000000\n");
    ASSERT_EQ(in.rejects.size(), 3u);
    for (const ImportReject& each : in.rejects) EXPECT_EQ(each.column, "N");
}

TEST(ImportReader, AnswersDoNotDependOnHowManyAreAskedForAtOnce) {
    std::string text = "Nationality,Sex,N\nPakistan,Male,7\nIndia,Female,5\n";
    auto one = import_all(request_for(counted, "f.csv"), text_source(text, 1), /*step=*/1);
    auto all = import_all(request_for(counted, "f.csv"), text_source(text), /*step=*/1000);
    ASSERT_EQ(one.records.size(), all.records.size());
    for (std::size_t i = 0; i < one.records.size(); ++i)
        EXPECT_EQ(one.records[i].body, all.records[i].body);
}

TEST(ImportReader, NoRejectIsLostHoweverManyThereAre) {
    std::string text = "Id,Date,Nationality,Sex\n";
    std::size_t rows = ImportReader::rejects_held_max + 500;
    for (std::size_t i = 0; i < rows; ++i) text += "x\n";
    auto in = import_text(small_returns, text);
    EXPECT_EQ(in.rejects.size(), rows);
    EXPECT_EQ(in.progress.rejected, rows);
}

constexpr const char* incidents = R"(
source = "register"
title = "A register"
kind = "incident"
at = "date"
quality_column = "Quality"
file_name = '(\d{4}-\d{2}-\d{2})'
edition = "{1}"
id = ["Id"]
[[map]]
field = "date"
column = "Day"
[[map]]
field = "date"
columns = ["Year", "Month"]
formats = ["%Y %B", "%Y"]
[[map]]
field = "cause_of_death"
column = "Cause"
split = [","]
unless_followed_by = " "
[[map]]
field = "dead"
column = "Dead"
[[map]]
field = "position"
column = "Where"
[[map]]
field = "location"
column = "Place"
[[map]]
field = "published_row"
digest = true
)";

TEST(ImportReader, ListsPointsFallBackDatesAndQualityAreRead) {
    auto in = import_text(incidents,
                          "Id,Day,Year,Month,Cause,Dead,Where,Place,Quality\n"
                          "1,,2014,January,\"Drowning,Harsh environmental conditions / lack of "
                          "adequate shelter, food, "
                          "water\",\"1,022\",\"35.5, -1.25\",\"two\r\nlines\",4.0\n",
                          "x/2020-01-08_global.csv");
    ASSERT_EQ(in.records.size(), 1u)
        << (in.rejects.empty() ? in.error.detail : in.rejects[0].reason);
    const EventBody& body = in.records[0].body;
    EXPECT_EQ(shown(body, "date"), "2014-01");
    EXPECT_EQ(shown(body, "cause_of_death"), "drowning|environment");
    EXPECT_EQ(number(body, "dead"), 1022);
    EXPECT_EQ(shown(body, "position"), "35.5, -1.25");
    EXPECT_EQ(shown(body, "location"), "two\nlines");
    EXPECT_EQ(shown(body, "published_row").size(), 32u);
    EXPECT_EQ(body.quality, 4);
    EXPECT_EQ(body.edition, "2020-01-08");
}

TEST(ImportReader, ANameWithoutEditionGivesNone) {
    auto in = import_text(incidents,
                          "Id,Day,Year,Month,Cause,Dead,Where,Place,Quality\n1,2014-01-02,,,,,,,\n",
                          "f.csv");
    ASSERT_EQ(in.records.size(), 1u);
    EXPECT_EQ(in.records[0].body.edition, "");
    EXPECT_EQ(in.records[0].body.quality, 0);
}

TEST(ImportReader, ANeededNameIsAskedFor) {
    auto in = import_text("file_name_needed = true\n" + std::string(incidents), "Id\n", "f.csv");
    ASSERT_TRUE(in.failed);
    EXPECT_NE(in.error.detail.find("f.csv"), std::string::npos);
}

TEST(ImportReader, MoneyFlagsConstantsAndReferencesAreRead) {
    const char* profile = R"(
source = "fund"
title = "Fund"
kind = "contribution"
id = ["Ref"]
[[map]]
field = "date"
column = "Date"
[[map]]
field = "amount"
column = "Amount"
currency = "USD"
[[map]]
field = "donor"
column = "Donor"
[[map]]
field = "programme"
column = "Programme"
source = "fund"
[[map]]
field = "transaction_type"
value = "Incoming Funds"
[[map]]
field = "currency"
value = "USD"
)";
    auto in = import_text(
        profile, "Ref,Date,Amount,Donor,Programme\nA1,2024-05-01,\"1,234.50\",Canada,XM-1\n");
    ASSERT_EQ(in.records.size(), 1u)
        << (in.rejects.empty() ? in.error.detail : in.rejects[0].reason);
    const EventBody& body = in.records[0].body;
    EXPECT_EQ(shown(body, "amount"), "1234.50 USD");
    EXPECT_EQ(shown(body, "transaction_type"), "1");
    EXPECT_EQ(shown(body, "programme"),
              show_id(derived_record_id("fund", "XM-1", "programme", "programme", 0)));
}

TEST(ImportReader, ErrorsOfTheSourceEndTheImport) {
    auto failing = [](std::span<std::byte>) -> Result<std::size_t> {
        return failure(ErrorCode::unreachable, "the connection closed");
    };
    EXPECT_TRUE(import_all(request_for(small_returns, "f.csv"), failing).failed);
}

} // namespace
} // namespace safar
