// The profiles for exports after the Human Trafficking Case Data Standard, on small files as a
// service might write them.
#include "import_support.hpp"

#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

Imported imported(const std::string& profile, const std::string& csv) {
    Imported in =
        import_all(request_for(profile_text(profile), profile + ".csv"), text_source(csv));
    EXPECT_FALSE(in.failed) << describe(in.error);
    return in;
}

const std::string persons =
    "prs_Id,prs_Salutation,prs_FirstName,prs_SecondName,prs_Birthdate,prs_Gender,prs_Citizenship,"
    "prs_MobilePhone,prs_Email,prs_MailingLatitude,prs_MailingLongitude,prs_MailingCountry\n"
    "P1,Ms,Amina,Bibi,1994-01,Feminine,PAK;AFG,+92 300 1234567,amina@Example.org,31.52,74.35,PAK\n"
    "P2,,Muhammad,,,Masculine,PAK,,,,,\n";

TEST(HtcdsProfiles, PersonsAreReadWithTheirChecks) {
    const Imported in = imported("htcds-person", persons);
    ASSERT_EQ(in.records.size(), 2u);
    const EventBody& first = in.records[0].body;
    EXPECT_EQ(shown(first, "first_name"), "Amina");
    EXPECT_EQ(shown(first, "second_name"), "Bibi");
    EXPECT_EQ(shown(first, "birthdate"), "1994-01");
    EXPECT_EQ(shown(first, "gender"), "Feminine");
    EXPECT_EQ(shown(first, "citizenship"), "AFG|PAK");
    EXPECT_EQ(shown(first, "mobile_phone"), "+923001234567");
    EXPECT_EQ(shown(first, "email"), "amina@example.org");
    EXPECT_EQ(shown(first, "mailing_location"), "31.52, 74.35");
    EXPECT_EQ(shown(in.records[1].body, "birthdate"), "") << "an empty cell says nothing";
    EXPECT_EQ(shown(in.records[1].body, "mailing_location"), "");
}

TEST(HtcdsProfiles, ANumberThatIsNoneIsReportedByLineAndColumn) {
    std::string wrong = persons;
    wrong.replace(wrong.find("+92 300 1234567"), 15, "0300 1234567");
    const Imported in = imported("htcds-person", wrong);
    EXPECT_EQ(in.records.size(), 1u);
    ASSERT_EQ(in.rejects.size(), 1u);
    EXPECT_EQ(in.rejects[0].line, 2u);
    EXPECT_EQ(in.rejects[0].column, "prs_MobilePhone");
    EXPECT_THAT(in.rejects[0].reason, HasSubstr("has no country"));
}

TEST(HtcdsProfiles, CasesFindTheirPersonAndKeepEachList) {
    const Imported in = imported(
        "htcds-victim-case",
        "cas_Id,prs_Id,vic_TraffickingStatus,vic_TraffickingStatusDecisionMakingOrg,"
        "vic_MethodsOfControl,vic_TypeOfExploitation,vic_ForcedLabourIndustry,cas_Status,cas_"
        "CaseOwner,"
        "con_Consent\n"
        "C1,P1,PossibleVictimOfTrafficking,Police,DebtBondage;WithholdsDocuments,ForcedLabour,"
        "F_Construction,Active,S. Iqbal,1\n"
        "C2,P2,NotAVictimOfTrafficking,NGO,,,,Closed,,0\n"
        "C3,,,,,,,Open,,\n");
    ASSERT_EQ(in.records.size(), 2u);
    const EventBody& first = in.records[0].body;
    const Imported people = imported("htcds-person", persons);
    EXPECT_EQ(shown(first, "person"), show_id(people.records[0].body.record));
    EXPECT_EQ(shown(first, "trafficking_status"), "PossibleVictimOfTrafficking");
    EXPECT_EQ(shown(first, "methods_of_control"), "DebtBondage|WithholdsDocuments");
    EXPECT_EQ(shown(first, "forced_labour_industry"),
              repository_schema()->code_list("isic_section")->find("F_Construction")->code);
    EXPECT_EQ(shown(first, "consent"), "agency");
    EXPECT_EQ(shown(in.records[1].body, "consent"), "closed");
    EXPECT_EQ(shown(in.records[1].body, "status"), "Closed");
    ASSERT_EQ(in.rejects.size(), 1u) << "a status that the standard does not have";
    EXPECT_EQ(in.rejects[0].column, "cas_Status");
}

TEST(HtcdsProfiles, EventsAndOrganisations) {
    const Imported events =
        imported("htcds-historic-event",
                 "hte_Id,cas_Id,hte_Type,hte_Date,hte_Country,hte_City,hte_Description\n"
                 "E1,C1,Recruitment,2022,PAK,Gujrat,\"Promised work\nin a hotel\"\n"
                 "E2,C1,Exploitation,2022-05,ROU,Arad,\n");
    ASSERT_EQ(events.records.size(), 2u);
    EXPECT_EQ(shown(events.records[0].body, "date"), "2022");
    EXPECT_EQ(shown(events.records[0].body, "type"), "Recruitment");
    EXPECT_EQ(shown(events.records[1].body, "country"), "ROU");
    EXPECT_EQ(shown(events.records[0].body, "victim_case"),
              shown(events.records[1].body, "victim_case"));
    const Imported places = imported(
        "htcds-organisation", "org_Id,org_Name,org_Type,org_Phone,org_ShippingCountry\n"
                              "O1,Dar ul Aman,LocalGovernmentOrganisation,+92511234567,PAK\n");
    ASSERT_EQ(places.records.size(), 1u);
    EXPECT_EQ(shown(places.records[0].body, "name"), "Dar ul Aman");
    EXPECT_EQ(shown(places.records[0].body, "phone"), "+92511234567");
}

TEST(HtcdsProfiles, AFileWithoutANeededColumnIsRefusedAndOneWithoutAnOptionalOneIsNot) {
    const Imported without = import_all(request_for(profile_text("htcds-organisation"), "o.csv"),
                                        text_source("org_Id,org_Type\nO1,NGO\n"));
    EXPECT_TRUE(without.failed);
    EXPECT_THAT(without.error.detail, HasSubstr("has no column org_Name"));
    EXPECT_EQ(imported("htcds-organisation", "org_Id,org_Name\nO1,Shelter\n").records.size(), 1u);
}

TEST(HtcdsProfiles, OptionalStandsOnlyWhereAColumnIsNamed) {
    const std::string profile =
        "source = \"x\"\ntitle = \"x\"\nkind = \"organisation\"\nid = [\"a\"]\n"
        "[[map]]\nfield = \"name\"\nvalue = \"x\"\noptional = true\n";
    const Imported in = import_all(request_for(profile, "o.csv"), text_source("a\n1\n"));
    EXPECT_TRUE(in.failed);
    EXPECT_THAT(in.error.detail, HasSubstr("optional"));
}

} // namespace
} // namespace safar
