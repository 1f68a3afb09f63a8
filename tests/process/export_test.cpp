// Files out of one network and into another, by the command line.
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;
namespace json = boost::json;

std::string make_odd_returns(const std::string& path, int rows) {
    std::ofstream out(path);
    out << "\"Date\",\"Year\",\"Quarter\",\"Nationality\",\"Region\",\"Return type "
           "group\",\"Return type\","
           "\"Age\",\"Sex\",\"Return destination group\",\"Number of returns\"\n";
    for (int i = 0; i < rows; ++i)
        out << "2023-03-31,2023,1,\"" << (i % 2 == 0 ? "Pakistan" : "=Country;" + std::to_string(i))
            << "\",\"Asia South\",\"Voluntary return\",\"Other verified returns\",\"18 to "
               "29\",\"Male\",\"Home country\",7\n";
    return path;
}

std::string digest(const Federation& net, const std::string& kind) {
    return json::serialize(net.ask("IOM", {"export", kind, "--format", "digest"}));
}

TEST(Export, AnEmptyNetworkReadsBackTheSame) {
    Federation from({"IOM"});
    from.start_all();
    ASSERT_EQ(
        from.safar("IOM", {"import", "uk-returns", make_odd_returns(from.path("returns.csv"), 600)})
            .exit_code,
        0);
    ASSERT_EQ(from.safar("IOM", {"record", "create", "return", "nationality=Pakistan",
                                 "case_note=-1 \\ a;b"})
                  .exit_code,
              0);
    const std::string before = digest(from, "return");
    EXPECT_THAT(before, HasSubstr("\"records\":4201"));

    const std::string csv = from.path("out.csv"), jsonl = from.path("out.jsonl");
    ASSERT_EQ(from.safar("IOM", {"export", "return", "--hxl", "--output", csv}).exit_code, 0);
    ASSERT_EQ(
        from.safar("IOM", {"export", "return", "--format", "jsonl", "--output", jsonl}).exit_code,
        0);
    EXPECT_FALSE(fs::exists(csv + ".part"));
    const std::string text = slurp(csv);
    EXPECT_THAT(text, HasSubstr("\n#meta+id,#meta+type,#country+nationality+code+v_iso3,"));
    EXPECT_THAT(text, HasSubstr("\"'=Country;1\""));
    EXPECT_THAT(text, HasSubstr("'-1 \\\\ a\\;b"));
    Ran part = from.safar("IOM", {"export", "return", "--where", "nationality=Pakistan"});
    EXPECT_EQ(std::count(part.out.begin(), part.out.end(), '\n'), 1 + 2101);

    for (const std::string& file : {csv, jsonl}) {
        Federation to({"IOM"});
        to.start_all();
        Ran dry = to.safar("IOM", {"import", "--exported", file, "--dry-run"});
        EXPECT_EQ(dry.exit_code, 0) << dry.err;
        EXPECT_EQ(
            to.ask("IOM", {"export", "return", "--format", "digest"}).at("records").as_int64(), 0);
        Ran ran = to.safar("IOM", {"import", "--exported", file});
        ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
        EXPECT_EQ(digest(to, "return"), before) << file;
    }
}

std::vector<std::string> programme(const std::string& end) {
    return {"record",
            "create",
            "programme",
            "--new",
            "iati_identifier=XM-DAC-47066-PK-1",
            "title=Response",
            "description=A programme",
            "reporting_org=XM-DAC-47066",
            "reporting_org_type=40",
            "participating_orgs=4 XM-DAC-47066 IOM",
            "owner=IOM",
            "start_actual=2025-01-01",
            "end_planned=" + end,
            "recipient_country=PAK",
            "sector=15190",
            "gcm_objective=9",
            "budget=1000000 USD",
            "budget_type=1"};
}

TEST(Export, AProgrammeGoesOutAsIatiOrWithTheRuleThatItBreaks) {
    Federation net({"IOM"},
                   {{"programme", {"programme", "contribution", "disbursement"}, {"IOM"}, {}}});
    net.start_all();
    const std::string good(net.ask("IOM", programme("2025-12-31")).at("id").as_string());
    const std::string bad(net.ask("IOM", programme("2027-12-31")).at("id").as_string());
    for (const std::string& id : {good, bad}) net.ask("IOM", {"step", id, "start"});
    const std::string money(
        net.ask("IOM", {"record", "create", "contribution", "date=2025-02-01", "amount=500000 USD",
                        "donor=CA-5 Canada", "programme=" + good})
            .at("id")
            .as_string());
    Ran early = net.safar("IOM", {"export", "iati", "--programme", good});
    EXPECT_THAT(early.out, ::testing::Not(HasSubstr("<transaction"))) << "nobody has approved it";
    net.ask("IOM", {"step", money, "approve"});
    Ran ran = net.safar("IOM", {"export", "iati", "--programme", good});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, ::testing::AllOf(HasSubstr("<recipient-country code=\"PK\" />"),
                                          HasSubstr("Counter smuggling"),
                                          HasSubstr("<transaction-type code=\"1\" />")));
    Ran refused =
        net.safar("IOM", {"export", "iati", "--programme", bad, "--output", net.path("bad.xml")});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.err, HasSubstr("rule 7.5.3"));
    EXPECT_FALSE(fs::exists(net.path("bad.xml")));
    Ran check = net.safar("IOM", {"export", "iati", "--check"});
    EXPECT_EQ(check.exit_code, 1);
    EXPECT_THAT(check.out, HasSubstr("7.5.3"));
}

TEST(Past, WhatAnAgencyKnewIsNotWhatWasTrue) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    const std::string id(
        net.ask("FIA", {"record", "create", "return", "nationality=Pakistan", "--at", "2020-01-01"})
            .at("id")
            .as_string());
    net.wait_equal({"IOM", "FIA"}, "return");
    EXPECT_EQ(net.safar("IOM", {"record", "show", id, "--as-of", "2020-01-01"}).exit_code, 0);
    Ran then = net.safar("IOM", {"record", "show", id, "--as-of", "2019-12-31"});
    EXPECT_NE(then.exit_code, 0);
    EXPECT_THAT(then.err, HasSubstr("had happened by 2019-12-31"));
    Ran known = net.safar("IOM", {"record", "show", id, "--as-known", "2020-01-01"});
    EXPECT_NE(known.exit_code, 0);
    EXPECT_THAT(known.err, HasSubstr("was known here by"));
    Ran shown = net.safar("IOM", {"record", "show", id, "--as-known", "2999-01-01"});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("as known on 2999-01-01"));
    EXPECT_EQ(net.safar("IOM", {"find", "return", "--as-of", "2019-12-31"}).exit_code, 1);
    net.kill("IOM");
    net.start("IOM");
    EXPECT_EQ(net.safar("IOM", {"find", "return", "--as-known", "2999-01-01"}).exit_code, 0);
}

} // namespace
} // namespace safar::process
