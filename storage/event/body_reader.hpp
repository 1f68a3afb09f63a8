// The clear part read in place: no allocation a field, views into the encoded bytes. What derives a
// million events reads this; everything else takes decode_body().
#pragma once

#include "storage/event/event.hpp"

namespace safar {

// One assertion; only the members of its type are set.
struct AssertionView {
    std::uint16_t field = 0;
    std::uint8_t type = 0; // index of the alternative in Value
    Date::Precision precision = Date::Precision::day;
    std::int64_t number = 0; // integer, days, minor units, flag (0 or 1)
    std::string_view text;   // text, code, currency
    std::int32_t latitude_e7 = 0, longitude_e7 = 0;
    ByteView record; // reference: RecordId::size bytes
};

// An EventBody as views; they live as long as the bytes read.
struct BodyView {
    std::uint16_t kind = 0;
    RecordId record;
    std::string_view verb, source, edition, basis, actor;
    std::uint8_t quality = 0;
    ClaimedTime at;
    std::vector<AssertionView> assertions;
};

// True, and `out` filled, exactly when decode_body(clear) succeeds. `out` may be reused: its memory
// is kept. Cost: about 0.1 us for ten assertions.
[[nodiscard]] bool read_body(ByteView clear, BodyView& out);

// The value's content as a view; lives as long as `value`.
[[nodiscard]] AssertionView view_of(std::uint16_t field, const Value& value);
[[nodiscard]] Value value_of(const AssertionView& view);

} // namespace safar
