// What the repository's own record kinds and code lists promise.
#include "import_support.hpp"

namespace safar {
namespace {

using namespace testing;

TEST(Catalogue, ImportsWriteNothingThatMustBeSealed) {
    for (const char* name : {"return", "incident", "population_flow"})
        for (const Field& field : repository_schema()->kind(std::string_view(name))->fields)
            if (field.role != Role::none) {
                EXPECT_NE(field.sensitivity, Sensitivity::personal) << field.name;
            }
}

TEST(Catalogue, CountriesAreKnownUnderTheNamesThatSourcesUse) {
    const CodeList* list = repository_schema()->code_list("country");
    ASSERT_TRUE(list);
    auto code = [&](std::string_view text) {
        return list->find(text) ? list->find(text)->code : "none";
    };
    EXPECT_EQ(code("Pakistan"), "PAK");
    EXPECT_EQ(code("pakistani"), "PAK");
    EXPECT_EQ(code("Turkey"), "TUR");
    EXPECT_EQ(code("Iran (Islamic Republic of)"), "IRN");
    EXPECT_EQ(code("Congo (Democratic Republic)"), "COD");
    EXPECT_EQ(code("Congolese (Drc)"), "COD");
    EXPECT_EQ(code("Dominican"), "DMA");
    EXPECT_EQ(code("Dominican Rep."), "DOM");
    EXPECT_EQ(code("Niger"), "NER");
    EXPECT_EQ(code("Nigerian"), "NGA");
    EXPECT_EQ(code("ARE"), "ARE"); // ISO: the Emirates, not UNHCR's Egypt
    EXPECT_EQ(code("Atlantis"), "none");
}

TEST(Catalogue, LabelsThatDriftAreOneCode) {
    auto schema = repository_schema();
    EXPECT_EQ(schema->code_list("return_destination_group")->find("Home Country"),
              schema->code_list("return_destination_group")->find("Home country"));
    const CodeList* types = schema->code_list("return_type");
    EXPECT_EQ(types->find("Non-detained Enforced removals"),
              types->find("Non-detained enforced removals"));
    EXPECT_EQ(types->find("Non-detained enforced removals")->code, "removal_other");
}

} // namespace
} // namespace safar
