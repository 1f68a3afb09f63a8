#include "node/imports/profile.hpp"

#include "import_support.hpp"

namespace safar {
namespace {

using namespace testing;

const std::string head = "source = \"s\"\ntitle = \"t\"\nkind = \"return\"\nid = [\"Id\"]\n";
const std::string one_map = "[[map]]\nfield = \"nationality\"\ncolumn = \"N\"\n";

std::string why(const std::string& text) {
    auto profile = parse_profile("p.toml", text, *repository_schema());
    return profile ? "" : profile.error().detail;
}

TEST(Profile, EveryProfileOfTheRepositoryParses) {
    std::size_t count = 0;
    for (const NamedText& each : read_folder(repository() / "config" / "imports")) {
        EXPECT_EQ(why(each.text), "") << each.name;
        ++count;
    }
    EXPECT_GE(count, 6u);
}

TEST(Profile, ASmallOneParses) { EXPECT_EQ(why(head + one_map), ""); }

TEST(Profile, WhatIsWrongIsNamedWithFileLineAndKey) {
    struct Case {
        std::string text, expected;
    };
    const Case cases[] = {
        {"title = \"t\"\nkind = \"return\"\nid = [\"Id\"]\n" + one_map, "source"},
        {head + "colour = \"red\"\n" + one_map, "p.toml:5: colour"},
        {head, "nothing is mapped"},
        {"source = \"s\"\ntitle = \"t\"\nkind = \"journey\"\nid = [\"Id\"]\n" + one_map,
         "no kind \"journey\""},
        {head + "separator = \";;\"\n" + one_map, "separator"},
        {head + "file_name = '('\n" + one_map, "regular expression"},
        {head + "edition = \"{1}\"\n" + one_map, "file_name"},
        {head + "id_all_cells = true\n" + one_map, "id"},
        {head + "expand = \"N\"\n" + one_map, "id_repeats"},
        {head + "at = \"nationality\"\n" + one_map, "at"},
        {head + "at = \"when\"\n" + one_map, "at"},
        {head + "[[map]]\nfield = \"sex\"\ncolumn = \"S\"\n", "nationality"},
        {head + one_map + "[[map]]\nfield = \"shoe_size\"\ncolumn = \"S\"\n", "shoe_size"},
        {head + one_map + "[[map]]\nfield = \"sex\"\n", "needs one of"},
        {head + one_map + "[[map]]\nfield = \"sex\"\ncolumn = \"S\"\nsplit = [\";\"]\n",
         "holds one"},
        {head + one_map + "[[map]]\nfield = \"sex\"\ncolumn = \"S\"\nformats = [\"%Y\"]\n",
         "formats"},
        {head + one_map + "[[map]]\nfield = \"date\"\ncolumn = \"D\"\nformats = [\"%H\"]\n",
         "formats"},
        {head + one_map + "[[drop_if]]\ncolumn = \"S\"\n", "drop_if 1"},
        {head + "a = \n", "p.toml:5"},
    };
    for (const Case& each : cases)
        EXPECT_NE(why(each.text).find(each.expected), std::string::npos)
            << each.text << "\n-> " << why(each.text);
}

TEST(Profile, TemplatesTakeCapturesOfTheFileName) {
    EXPECT_EQ(fill_template("{1}-Q{2}", {"2022_q3", "2022", "3"}), "2022-Q3");
    EXPECT_EQ(fill_template("{2}", {"x"}), "");
    EXPECT_EQ(fill_template("plain", {}), "plain");
}

} // namespace
} // namespace safar
