#include "tests/unit/storage/record/record_fixture.hpp"

namespace safar::record_test {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The message with which a schema is refused; "(accepted)" otherwise.
std::string refusal(std::vector<NamedText> kinds, std::vector<NamedText> codes = code_texts) {
    Result<Schema> parsed = parse_schema(kinds, codes);
    if (parsed) return "(accepted)";
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    return parsed.error().detail;
}

std::string refusal_of_return(std::string_view from, std::string_view to) {
    return refusal(
        {{"return.toml", replaced(return_kind, from, to)}, {"person.toml", person_kind}});
}

std::string refusal_of_codes(std::string text) {
    return refusal({}, {{"codes.toml", std::move(text)}});
}

using testing::HasSubstr;
using testing::StartsWith;

TEST(ParseSchema, ReadsEveryKeyOfAKind) {
    Schema parsed = schema();
    const Kind* kind = parsed.kind("return");
    ASSERT_NE(kind, nullptr);
    EXPECT_EQ(kind, parsed.kind(std::uint16_t{3}));
    EXPECT_EQ(kind->title, "A person's return");
    EXPECT_EQ(kind->time_field, "date");
    ASSERT_EQ(kind->fields.size(), 11u);
    const Field& type = *kind->field("return_type");
    EXPECT_EQ(type.tag, 1);
    EXPECT_EQ(type.title, "return_type") << "the name stands in for a title left out";
    EXPECT_EQ(type.type, FieldType::code);
    EXPECT_EQ(type.codes, "return_type");
    EXPECT_EQ(type.role, Role::dimension);
    EXPECT_EQ(type.rule, Rule::single);
    EXPECT_EQ(type.sensitivity, Sensitivity::operational);
    EXPECT_TRUE(type.required);
    EXPECT_EQ(kind->field("date")->title, "Date of return");
    EXPECT_FALSE(kind->field("date")->required);
    EXPECT_EQ(kind->field("status")->lattice.steps.size(), 4u);
    EXPECT_EQ(kind->field("status")->lattice.initial, "draft");
    EXPECT_EQ(kind->field("sharing")->strictness,
              (std::vector<std::string>{"open", "network", "restricted"}));
    EXPECT_EQ(kind->field("place")->sensitivity, Sensitivity::personal);
    EXPECT_EQ(kind->field("person")->to_kind, "person");
    EXPECT_EQ(kind->field("nothing"), nullptr);
    EXPECT_EQ(kind->field(std::uint16_t{99}), nullptr);
    EXPECT_EQ(parsed.kind("nothing"), nullptr);
}

TEST(ParseSchema, KindsAndFieldsStandAscendingByTagWhateverTheOrderOfFiles) {
    std::vector<NamedText> kinds{{"person.toml", person_kind}, {"return.toml", return_kind}};
    Schema parsed = std::move(parse_schema(kinds, code_texts).value());
    EXPECT_EQ(parsed.kinds[0].name, "return");
    EXPECT_EQ(parsed.kinds[1].name, "person");
}

TEST(ParseSchema, ErrorNamesFileLineAndKey) {
    EXPECT_THAT(refusal_of_return("type = \"date\"", "type = \"day\""),
                StartsWith("return.toml:16: field 2, type: \"day\" is none of text, integer"));
}

TEST(ParseSchema, TextThatIsNotTomlIsRefusedWithLineAndColumn) {
    EXPECT_THAT(refusal({{"broken.toml", "kind = \"a\"\ntag = = 2\n"}}),
                StartsWith("broken.toml:2:"));
}

TEST(ParseSchema, UnknownKeyIsRefusedAndTheKnownOnesAreNamed) {
    EXPECT_THAT(refusal_of_return("title = \"Date", "titel = \"Date"),
                AllOf(HasSubstr("titel: unknown key"), HasSubstr("required")));
    EXPECT_THAT(refusal_of_return("time = \"date\"", "times = \"date\""),
                HasSubstr("return.toml:4: times"));
    EXPECT_THAT(refusal_of_return("name = \"place\"\n", "name = \"place\"\nto = \"person\"\n"),
                HasSubstr("to: unknown key"));
}

TEST(ParseSchema, MissingKeyIsRefused) {
    EXPECT_THAT(refusal_of_return("tag = 3\n", ""), HasSubstr("tag: is missing"));
    EXPECT_THAT(refusal_of_return("name = \"needs\"\n", ""),
                HasSubstr("field 4, name: is missing"));
    EXPECT_THAT(refusal_of_return("codes = \"need\"\n", ""), HasSubstr("codes: is missing"));
    EXPECT_THAT(refusal_of_return("to = \"person\"\n", ""), HasSubstr("to: is missing"));
    EXPECT_THAT(refusal_of_return("initial = \"draft\"\n", ""), HasSubstr("initial: is missing"));
}

TEST(ParseSchema, WrongTypeOfAKeyIsRefused) {
    EXPECT_THAT(refusal_of_return("tag = 3", "tag = \"3\""),
                HasSubstr("tag: must be a whole number"));
    EXPECT_THAT(refusal_of_return("tag = 3", "tag = 65536"), HasSubstr("from 1 to 65535"));
    EXPECT_THAT(refusal_of_return("tag = 3", "tag = 0"), HasSubstr("from 1 to 65535"));
    EXPECT_THAT(refusal_of_return("required = true", "required = \"yes\""),
                HasSubstr("must be true or false"));
    EXPECT_THAT(refusal_of_return("name = \"needs\"", "name = 4"),
                HasSubstr("must be text in quotes"));
    EXPECT_THAT(refusal_of_return("name = \"needs\"", "name = \"Needs\""),
                HasSubstr("must be 1 to 64 of a-z"));
}

TEST(ParseSchema, TagsAndNamesAreUnique) {
    EXPECT_THAT(refusal_of_return("tag = 2\n", "tag = 1\n"),
                HasSubstr("field 2, tag: 1 is used twice"));
    EXPECT_THAT(refusal_of_return("name = \"date\"", "name = \"return_type\""),
                HasSubstr("used twice"));
    EXPECT_THAT(refusal({{"a.toml", person_kind}, {"b.toml", person_kind}}),
                HasSubstr("b.toml:1: kind"));
    EXPECT_THAT(
        refusal({{"a.toml", person_kind}, {"b.toml", replaced(person_kind, "person", "human")}}),
        HasSubstr("b.toml:2: tag: 7 is the tag of kind \"person\""));
}

TEST(ParseSchema, UnknownCodeListOrKindIsRefused) {
    EXPECT_THAT(refusal_of_return("codes = \"need\"", "codes = \"needs\""),
                HasSubstr("no code list \"needs\""));
    EXPECT_THAT(refusal({{"return.toml", return_kind}}),
                StartsWith("return.toml:63: field 9, to: no kind \"person\""));
}

TEST(ParseSchema, PersonalFieldIsNeitherDimensionNorMeasure) {
    EXPECT_THAT(
        refusal_of_return("class = \"personal\"", "class = \"personal\"\nrole = \"dimension\""),
        HasSubstr("neither dimension nor measure"));
    EXPECT_THAT(
        refusal_of_return("name = \"persons\"", "name = \"persons\"\nclass = \"sensitive\""),
        HasSubstr("neither dimension nor measure"));
}

TEST(ParseSchema, TimeFieldIsAnOpenDate) {
    EXPECT_THAT(refusal_of_return("time = \"date\"", "time = \"place\""),
                HasSubstr("is no date field"));
    EXPECT_THAT(refusal_of_return("type = \"date\"\nrole = \"dimension\"",
                                  "type = \"date\"\nclass = \"personal\""),
                HasSubstr("does not go into statistics"));
}

TEST(ParseSchema, RulesNeedFittingTypes) {
    EXPECT_THAT(refusal_of_return("rule = \"each\"", "rule = \"ledger\""),
                HasSubstr("ledger needs"));
    EXPECT_THAT(refusal_of_return("rule = \"each\"", "rule = \"status\""),
                HasSubstr("need type = \"code\""));
    EXPECT_THAT(refusal_of_return("type = \"money\"\nrule = \"ledger\"", "type = \"point\""),
                HasSubstr("a measure needs"));
}

TEST(ParseSchema, StrictnessPlacesEveryCodeOfItsList) {
    EXPECT_THAT(refusal_of_return("\"network\", \"restricted\"]", "\"restricted\"]"),
                HasSubstr("\"network\" of list \"sharing\" is missing"));
    EXPECT_THAT(refusal_of_return("\"network\", \"restricted\"]",
                                  "\"network\", \"network\", \"restricted\"]"),
                HasSubstr("stands twice"));
    EXPECT_THAT(refusal_of_return("[\"open\", \"network\"", "[\"opened\", \"network\""),
                HasSubstr("\"opened\" is not a code"));
}

TEST(ParseSchema, CyclicLatticeIsRefused) {
    EXPECT_THAT(refusal_of_return("[\"accepted\", \"done\"]",
                                  "[\"accepted\", \"done\"], [\"done\", \"sent\"]"),
                AllOf(HasSubstr("field 3, steps"), HasSubstr("back to itself")));
    EXPECT_THAT(refusal_of_return("[\"accepted\", \"done\"]",
                                  "[\"accepted\", \"done\"], [\"done\", \"done\"]"),
                HasSubstr("back to itself"));
}

TEST(ParseSchema, LatticeStatesAreReachableAndOrdered) {
    EXPECT_THAT(refusal_of_return(", [\"accepted\", \"done\"]", ""), HasSubstr("none leads from"));
    EXPECT_THAT(refusal_of_return("\"revoked\", \"done\"]", "\"done\"]"),
                HasSubstr("missing from order"));
    EXPECT_THAT(refusal_of_return("[\"sent\", \"revoked\"]", "[\"sent\", \"accepted\"]"),
                HasSubstr("twice"));
    EXPECT_THAT(refusal_of_return("[\"draft\", \"sent\"]", "[\"draft\"]"),
                HasSubstr("each step is"));
}

TEST(ParseSchema, DimensionDoesNotHideATimeBucket) {
    EXPECT_THAT(refusal_of_return("name = \"return_type\"", "name = \"quarter\""),
                HasSubstr("rename it"));
}

TEST(ParseSchema, KindWithoutFieldsIsRefused) {
    EXPECT_THAT(refusal({{"a.toml", "kind = \"a\"\ntag = 1\n"}}), HasSubstr("without fields"));
}

TEST(CodeList, FindsCodeLabelAndVariantExactlyThenIgnoringCase) {
    Schema parsed = schema();
    const CodeList& list = *parsed.code_list("return_type");
    for (const char* text :
         {"VOL", "vol", "Voluntary return", "voluntary RETURN", "Assisted return"})
        EXPECT_EQ(list.find(text), &list.entries[0]) << text;
    EXPECT_EQ(list.find("VOLU"), nullptr);
    EXPECT_EQ(list.find(""), nullptr);
    EXPECT_EQ(list.find(std::string(5000, 'x')), nullptr);
    EXPECT_EQ(list.label("ENF"), "Enforced return");
    EXPECT_EQ(list.label("enf"), "enf") << "a label belongs to the code, not to a way to write it";
    EXPECT_EQ(list.label("Voluntary"), "Voluntary");
    EXPECT_EQ(parsed.code_list("status")->label("sent"), "sent");
}

TEST(CodeList, CopiedSchemaFindsItsOwnEntries) {
    Schema copied = schema();
    {
        Schema parsed = schema();
        copied = parsed;
    }
    const CodeList& list = *copied.code_list("return_type");
    EXPECT_EQ(list.find("Voluntary"), &list.entries[0]);
}

TEST(CodeList, TextThatNamesTwoCodesIsRefused) {
    EXPECT_THAT(refusal_of_codes("name = \"a\"\ncodes = [[\"A\", \"Same\"],\n[\"B\", \"same\"]]\n"),
                StartsWith("codes.toml:3: code \"B\": \"same\" also names code \"A\""));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\ncodes = [[\"A\"], [\"A\", \"b\"]]\n"),
                HasSubstr("stands twice"));
}

TEST(CodeList, ExtendsIsRefusedWithWhatToDo) {
    EXPECT_THAT(refusal_of_codes("name = \"a\"\nextends = \"iso_4217\"\n"),
                HasSubstr("before drafting"));
}

TEST(CodeList, BrokenListsAreRefused) {
    EXPECT_THAT(refusal_of_codes("name = \"a\"\n"), HasSubstr("closed list without codes"));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\ncodes = [\"A\"]\n"), HasSubstr("list of lists"));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\ncodes = [[]]\n"), HasSubstr("empty row"));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\n[[code]]\nlabel = \"x\"\n"),
                HasSubstr("code: is missing"));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\n[[code]]\ncode = \"x\"\nlable = \"x\"\n"),
                HasSubstr("lable"));
    EXPECT_THAT(refusal_of_codes("name = \"a\"\ncodes = [[\"a\\u0007\"]]\n"),
                HasSubstr("control character"));
    EXPECT_THAT(refusal({}, {code_texts[0], code_texts[0]}), HasSubstr("a second list"));
}

} // namespace
} // namespace safar::record_test
