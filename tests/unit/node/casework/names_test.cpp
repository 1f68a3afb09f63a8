// Names across scripts and spellings.
#include "node/casework/names.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

TEST(Names, OneNameInManySpellingsHasOneKey) {
    const std::vector<std::vector<std::string>> groups{
        {"Muhammad", "Mohammed", "Mohammad", "Muhammed", "Mohamed", "Muhamad", "Mohummad",
         "Mouhamed", "محمد"},
        {"Ahmed", "Ahmad", "Achmed", "احمد"},
        {"Hussein", "Hussain", "Husain", "Hossein", "حسین"},
        {"Yusuf", "Yousaf", "Yousef", "یوسف"},
        {"Khalid", "Khaled", "خالد"},
        {"Abdullah", "Abdallah"},
        {"Abdul Rahman", "Abdurrahman", "Abdulrahman", "Abdul Rehman"},
        {"Shams al Din", "Shamsuddin", "Shams ud Din"},
        {"Bilal", "بلال"},
        {"Qasim", "Kasim", "قاسم"},
        {"Fatima", "Fatimah", "فاطمہ"},
    };
    for (const auto& group : groups)
        for (const std::string& name : group)
            EXPECT_EQ(name_keys(name), name_keys(group[0]))
                << name << " and " << group[0] << " (" << latin_of(name) << ")";
}

TEST(Names, OtherNamesHaveOtherKeys) {
    for (const auto& [a, b] : {std::pair{"Ahmed", "Hamid"},
                               {"Bilal", "Jalal"},
                               {"Khalid", "Walid"},
                               {"Sana", "Saima"},
                               {"Usman", "Imran"},
                               {"Shams", "Hassan"}})
        EXPECT_NE(name_keys(a), name_keys(b)) << a << " and " << b;
}

TEST(Names, LikenessNeedsMoreThanOneCommonWord) {
    EXPECT_DOUBLE_EQ(name_likeness("Muhammad Bilal", "بلال محمد"), 1);
    EXPECT_DOUBLE_EQ(name_likeness("Bilal Ahmed", "Bilal Ahmad Khan"), 1);
    EXPECT_DOUBLE_EQ(name_likeness("Muhammad Bilal", "Muhammad Iqbal"), 0.5);
    EXPECT_DOUBLE_EQ(name_likeness("Muhammad", "Muhammad Iqbal"), 0.5);
    EXPECT_DOUBLE_EQ(name_likeness("Syed Bilal", "Haji Bilal"), 1);
    EXPECT_EQ(name_likeness("", "Bilal"), 0);
    EXPECT_EQ(name_likeness("...", "Bilal"), 0);
    EXPECT_FALSE(name_keys("Malik").empty());
}

TEST(Names, AnyBytesAreTaken) {
    EXPECT_NO_THROW(static_cast<void>(name_keys("\xff\xfe\xc3")));
    EXPECT_NO_THROW(static_cast<void>(name_keys(std::string(10000, 'x'))));
}

} // namespace
} // namespace safar
