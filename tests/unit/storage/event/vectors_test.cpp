// The bytes that are signed can not change later: tests/vectors/v1/batch.txt holds them, one
// "name hex" a line. Vectors are only ever added. A new one is printed by the failing test.
#include "storage/crypto/sha256.hpp"
#include "storage/event/merkle.hpp"
#include "tests/unit/storage/event/fixture.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace safar {
namespace {

std::map<std::string, std::string> read_vectors() {
    std::ifstream in(std::string(SAFAR_SOURCE_DIR) + "/tests/vectors/v1/batch.txt");
    std::map<std::string, std::string> out;
    std::string name, hex;
    while (in >> name >> hex) out[name] = hex;
    return out;
}

TEST(Vectors, SignedBytesStayAsTheyAre) {
    auto expected = read_vectors();
    BuiltBatch built = fixture::batch(3);
    auto opened = open_batch(built.encoded.bytes, LeafCheck::compute).value();
    EventDraft replacing = fixture::draft(4);
    replacing.replaces = {Dot{built.header.log, 2, 1, fixture::id<decltype(Dot::leaf)>(6)}};
    Bytes replacing_bytes = encode_event(replacing, fixture::id<Salt>(5)).value();
    ByteReader in(replacing_bytes);
    EventView replacing_view = read_event(in).value();

    std::map<std::string, std::string> actual = {
        {"public_key", fixture::key().public_key().hex()},
        {"key_id", fixture::key().id().hex()},
        {"log_id", log_id(fixture::id<NetworkId>(1), fixture::id<NodeId>(2), "return").hex()},
        {"events", to_hex(built.raw)},
        {"leaf_0", built.leaves[0].hex()},
        {"leaf_2", built.leaves[2].hex()},
        {"root", built.header.root.hex()},
        {"header", to_hex(built.encoded.header())},
        {"header_hash", built.hash.hex()},
        {"signature", opened.signature.hex()},
        {"event_with_dot", to_hex(replacing_bytes)},
        {"leaf_with_dot", leaf_hash(replacing_view).hex()},
    };
    for (const auto& [name, hex] : actual) EXPECT_EQ(expected[name], hex) << name << ' ' << hex;
    for (const auto& [name, hex] : expected) EXPECT_TRUE(actual.contains(name)) << name;
}

} // namespace
} // namespace safar
