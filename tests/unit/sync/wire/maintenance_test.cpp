#include "sync/wire/maintenance.hpp"

#include <gtest/gtest.h>

namespace safar::wire {
namespace {

Bytes payload_of(const Maintenance& message) {
    Bytes out;
    encode(message, out);
    return Bytes(out.begin() + frame_head_bytes, out.end());
}

TEST(MaintenanceFrame, IsReadBackAndItsBytesAreFinal) {
    const Maintenance said{1'772'395'200, 1'772'402'400, "a new disk"};
    Bytes frame;
    encode(said, frame);
    EXPECT_EQ(to_hex(frame), "1b00000090"
                             "c09aa46900000000"
                             "e0b6a46900000000"
                             "61206e6577206469736b");
    EXPECT_EQ(decode_maintenance(payload_of(said)).value(), said);
    EXPECT_TRUE(decode_maintenance(payload_of({})).value().withdrawn());
}

TEST(MaintenanceFrame, WhatMakesNoSenseIsRefused) {
    EXPECT_EQ(decode_maintenance(Bytes(15)).error().code, ErrorCode::malformed);
    EXPECT_EQ(decode_maintenance(payload_of({20, 10, "x"})).error().code, ErrorCode::non_canonical);
    EXPECT_EQ(decode_maintenance(payload_of({10, 10, "x"})).error().code, ErrorCode::non_canonical);
    EXPECT_EQ(decode_maintenance(payload_of({0, 0, "x"})).error().code, ErrorCode::non_canonical);
    EXPECT_EQ(decode_maintenance(payload_of({1, 2 + maintenance_seconds_max, "x"})).error().code,
              ErrorCode::limit_exceeded);
    Bytes long_text = payload_of({1, 2, std::string(maintenance_why_bytes_max, 'x')});
    EXPECT_TRUE(decode_maintenance(long_text).has_value());
    long_text.push_back(std::byte{'x'});
    EXPECT_EQ(decode_maintenance(long_text).error().code, ErrorCode::limit_exceeded);
}

} // namespace
} // namespace safar::wire
