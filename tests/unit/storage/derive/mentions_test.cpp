// Which records have a reference to a record.
#include "tests/unit/storage/derive/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace safar {
namespace {

using namespace derive_test;

constexpr std::uint16_t reference_field = 40; // unknown to the schema: what a newer one may bring

std::vector<RecordId> sorted(std::vector<RecordId> ids) {
    std::ranges::sort(ids);
    return ids;
}

TEST(Derived, RecordsThatMentionARecordAreFoundInPages) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(std::vector{
        made_up(9), say(record(1), {{9, Code{"PAK"}}, {reference_field, Reference{record(9)}}}),
        say(record(2), {{reference_field, Reference{record(9)}}}),
        say(record(2), {{reference_field, Reference{record(9)}}, {9, Code{"AFG"}}}),
        say(record(3), {{reference_field, Reference{record(8)}}}), made_up(4)});
    Reader reader(network);
    reader.take(iom.batches);
    const std::vector<RecordId> both = sorted({record(1), record(2)});
    EXPECT_EQ(reader.derived->mentions(record(9), 10).value(), both);
    EXPECT_EQ(reader.derived->mentions(record(8), 10).value(), std::vector{record(3)});
    EXPECT_TRUE(reader.derived->mentions(record(1), 10).value().empty());
    EXPECT_EQ(reader.derived->mentions(record(9), 1).value(), std::vector{both[0]});
    EXPECT_EQ(reader.derived->mentions(record(9), 10, both[0]).value(), std::vector{both[1]});
    ASSERT_TRUE(reader.derived->rebuild({}));
    EXPECT_EQ(reader.derived->mentions(record(9), 10).value(), both);
}

} // namespace
} // namespace safar
