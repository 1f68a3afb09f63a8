#include "storage/derive/index.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

TEST(IndexEntry, CutAnywhereOrWithoutAnEventIsDamaged) {
    const IndexEntry entry{{3, 900}, {{1, 300, 7}, {2, 1, 255}}};
    const Bytes whole = encode_entry(entry);
    const auto read = decode_entry(whole);
    ASSERT_TRUE(read);
    EXPECT_EQ(read.value().conflicts, entry.conflicts);
    EXPECT_EQ(read.value().places, entry.places);
    const std::size_t one_event =
        encode_entry({{3, 900}, {{1, 300, 7}}}).size(); // a whole entry too
    for (std::size_t size = 0; size < whole.size(); ++size) {
        if (size == one_event) continue;
        auto cut = decode_entry(ByteView(whole).first(size));
        ASSERT_FALSE(cut) << size;
        EXPECT_EQ(cut.error().code, ErrorCode::storage_corrupt);
    }
    EXPECT_FALSE(decode_entry(encode_entry({{3}, {}})));
}

} // namespace
} // namespace safar
