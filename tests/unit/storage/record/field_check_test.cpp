#include "tests/unit/storage/record/record_fixture.hpp"

#include "storage/record/field_check.hpp"

namespace safar::record_test {
namespace {

using testing::HasSubstr;

// The text as kept, or the refusal.
std::string checked(std::string_view check, std::string_view text) {
    Result<std::string> out = checked_text(check, text);
    if (!out) return out.error().detail;
    EXPECT_EQ(checked_text(check, out.value()).value(), out.value())
        << "not its own canonical form";
    return out.value();
}

TEST(FieldCheck, CnicIsKeptInOneForm) {
    EXPECT_EQ(checked("cnic", "35202-1234567-1"), "35202-1234567-1");
    EXPECT_EQ(checked("cnic", "3520212345671"), "35202-1234567-1");
    EXPECT_EQ(checked("cnic", "35202 1234567 1"), "35202-1234567-1");
    EXPECT_EQ(checked("cnic", "۳۵۲۰۲-۱۲۳۴۵۶۷-۱"), "35202-1234567-1") << "digits of Urdu";
    EXPECT_EQ(checked("cnic", "٣٥٢٠٢١٢٣٤٥٦٧١"), "35202-1234567-1") << "digits of Arabic";
}

TEST(FieldCheck, CnicSaysWhatIsWrong) {
    EXPECT_THAT(checked("cnic", "35202-1234567"), HasSubstr("has 12 digits; a CNIC has 13"));
    EXPECT_THAT(checked("cnic", "35202-1234567-12"), HasSubstr("has 14 digits"));
    EXPECT_THAT(checked("cnic", "05202-1234567-1"), HasSubstr("begins with 0"));
    EXPECT_THAT(checked("cnic", "95202-1234567-1"), HasSubstr("begins with 9"));
    EXPECT_THAT(checked("cnic", "3520X-1234567-1"), HasSubstr("has \"X\" at place 5"));
    EXPECT_THAT(checked("cnic", ""), HasSubstr("has 0 digits"));
}

TEST(FieldCheck, PhoneIsKeptAsE164) {
    EXPECT_EQ(checked("phone", "+923001234567"), "+923001234567");
    EXPECT_EQ(checked("phone", "+92 300-123.45 67"), "+923001234567");
    EXPECT_EQ(checked("phone", "0092 (300) 1234567"), "+923001234567");
    EXPECT_EQ(checked("phone", "923001234567"), "+923001234567");
    EXPECT_EQ(checked("phone", "+۹۲۳۰۰۱۲۳۴۵۶۷"), "+923001234567");
    EXPECT_EQ(checked("phone", "+123456789012345"), "+123456789012345");
}

TEST(FieldCheck, PhoneSaysWhatIsWrong) {
    EXPECT_THAT(checked("phone", "0300 1234567"), HasSubstr("has no country"));
    EXPECT_THAT(checked("phone", "+0300 1234567"), HasSubstr("no country does"));
    EXPECT_THAT(checked("phone", "+92"), HasSubstr("has 2 digits"));
    EXPECT_THAT(checked("phone", "+1234567890123456"), HasSubstr("has 16 digits"));
    EXPECT_THAT(checked("phone", "+92 300 CALLME"), HasSubstr("has \"C\" at place 9"));
    EXPECT_THAT(checked("phone", "+92+300"), HasSubstr("has \"+\" at place 4"));
}

TEST(FieldCheck, EmailHasOneAddress) {
    EXPECT_EQ(checked("email", "Amina.Bibi+case@Example.ORG"), "Amina.Bibi+case@example.org");
    EXPECT_EQ(checked("email", "a@b.pk"), "a@b.pk");
    for (const char* text : {"amina", "@example.org", "a b@example.org", "a@example", "a@.org",
                             "a@b..org", "a@-b.org", "a@b-.org", ".a@b.org", "a.@b.org",
                             "a..b@c.org", "a@b.org, c@d.org", "a@b@c.org", "<a@b.org>"})
        EXPECT_FALSE(checked_text("email", text)) << text;
    EXPECT_FALSE(checked_text("email", "a@example.org.")) << "an empty part at the end";
    EXPECT_FALSE(checked_text("email", std::string(65, 'a') + "@example.org"));
    EXPECT_TRUE(checked_text("email", std::string(64, 'a') + "@example.org"));
    EXPECT_THAT(checked("email", "amina"), HasSubstr("has no @"));
}

// A kind with one checked field, with the group list that groups are looked up in.
const NamedText groups{"codes/field_group.toml",
                       "name = \"field_group\"\ncodes = [[\"identity\", \"Identity\"]]\n"};
std::string kind_with(const std::string& keys) {
    return "kind = \"k\"\ntag = 1\n[[field]]\ntag = 1\nname = \"a\"\n" + keys;
}
std::string outcome(const std::string& keys, std::vector<NamedText> codes = {groups}) {
    const NamedText kind{"k.toml", kind_with(keys)};
    Result<Schema> parsed = parse_schema(std::span(&kind, 1), codes);
    return parsed ? "(accepted)" : parsed.error().detail;
}

TEST(FieldCheck, StandsInTheSchemaAndIsAppliedWhereTextIsRead) {
    const NamedText kind{"k.toml",
                         kind_with("type = \"text\"\ncheck = \"cnic\"\ngroup = \"identity\"\n")};
    Schema schema = std::move(parse_schema(std::span(&kind, 1), std::span(&groups, 1)).value());
    const Field& field = schema.kinds[0].fields[0];
    EXPECT_EQ(field.check, "cnic");
    EXPECT_EQ(field.group, "identity");
    EXPECT_EQ(parse_value(schema, field, "3520212345671").value(), Value(Text{"35202-1234567-1"}));
    EXPECT_EQ(parse_value(schema, field, "1234").error().detail,
              "field a: \"1234\" has 4 digits; a CNIC has 13: 12345-1234567-1");
}

TEST(FieldCheck, WhatASchemaGetsWrongIsRefused) {
    EXPECT_EQ(outcome("type = \"text\"\n"), "(accepted)");
    EXPECT_THAT(outcome("type = \"text\"\ncheck = \"iban\"\n"),
                HasSubstr("check: \"iban\" is none of cnic, email, mrz, phone"));
    EXPECT_THAT(outcome("type = \"date\"\ncheck = \"cnic\"\n"), HasSubstr("only a field of type"));
    EXPECT_THAT(outcome("type = \"text\"\ngroup = \"shoes\"\n"),
                HasSubstr("\"shoes\" is not a code of list \"field_group\""));
    EXPECT_THAT(outcome("type = \"text\"\ngroup = \"Identity\"\n"), HasSubstr("is not a code"))
        << "the code itself, not its label";
    EXPECT_THAT(outcome("type = \"text\"\ngroup = \"identity\"\n", {}),
                HasSubstr("no code list \"field_group\""));
}

} // namespace
} // namespace safar::record_test
