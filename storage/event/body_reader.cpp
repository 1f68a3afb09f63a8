#include "storage/event/body_reader.hpp"

#include "storage/base/limits.hpp"

#include <bit>
#include <cstring>

namespace safar {
namespace {

enum : std::uint8_t { text, integer, code, date, money, point, flag, reference };
static_assert(std::variant_size_v<Value> == reference + 1u);

// Reads little-endian numbers with one bounds check each; the strict archive's rules, in its order.
class Cursor {
public:
    explicit Cursor(ByteView in) : at_(in.data()), end_(in.data() + in.size()) {}

    template <class Integer> [[nodiscard]] bool number(Integer& out) {
        static_assert(std::endian::native == std::endian::little);
        if (remaining() < sizeof out) return false;
        std::memcpy(&out, at_, sizeof out);
        at_ += sizeof out;
        return true;
    }
    [[nodiscard]] bool bytes(std::size_t size, ByteView& out) {
        if (remaining() < size) return false;
        out = {at_, size};
        at_ += size;
        return true;
    }
    [[nodiscard]] bool string(std::string_view& out) {
        std::uint32_t size = 0;
        ByteView view;
        if (!number(size) || size > limits::text_bytes_max || !bytes(size, view)) return false;
        out = as_text(view);
        return true;
    }
    [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

private:
    const std::byte* at_;
    const std::byte* end_;
};

bool read_value(Cursor& in, AssertionView& out) {
    std::uint8_t small = 0;
    switch (out.type) {
    case text:
    case code: return in.string(out.text);
    case integer: return in.number(out.number);
    case date: {
        std::int32_t days = 0;
        if (!in.number(days) || !in.number(small) || small > 3) return false;
        out.number = days;
        out.precision = static_cast<Date::Precision>(small);
        return true;
    }
    case money: return in.number(out.number) && in.string(out.text);
    case point: return in.number(out.latitude_e7) && in.number(out.longitude_e7);
    case flag:
        if (!in.number(small) || small > 1) return false;
        out.number = small;
        return true;
    case reference: return in.bytes(RecordId::size, out.record);
    default: return false;
    }
}

} // namespace

bool read_body(ByteView clear, BodyView& out) {
    Cursor in(clear);
    std::uint8_t version = 0;
    ByteView record;
    std::uint32_t count = 0;
    if (!in.number(version) || version != EventBody::version_now || !in.number(out.kind) ||
        !in.bytes(RecordId::size, record) || !in.string(out.verb) || !in.string(out.source) ||
        !in.string(out.edition) || !in.string(out.basis) || !in.string(out.actor) ||
        !in.number(out.quality) || !in.number(out.at.microseconds) || !in.number(count))
        return false;
    if (count > limits::event_assertions_max || count > in.remaining() || out.quality > 5)
        return false;
    std::memcpy(out.record.raw.data(), record.data(), RecordId::size);
    out.assertions.resize(count);
    for (AssertionView& each : out.assertions) {
        each = {};
        if (!in.number(each.field) || !in.number(each.type) || each.type == 0) return false;
        --each.type; // on the wire tags start at 1
        if (!read_value(in, each)) return false;
    }
    return in.remaining() == 0;
}

AssertionView view_of(std::uint16_t field, const Value& value) {
    AssertionView out;
    out.field = field;
    out.type = static_cast<std::uint8_t>(value.index());
    switch (out.type) {
    case text: out.text = std::get<Text>(value).text; break;
    case integer: out.number = std::get<Integer>(value).number; break;
    case code: out.text = std::get<Code>(value).code; break;
    case date:
        out.number = std::get<Date>(value).days;
        out.precision = std::get<Date>(value).precision;
        break;
    case money:
        out.number = std::get<Money>(value).minor_units;
        out.text = std::get<Money>(value).currency;
        break;
    case point:
        out.latitude_e7 = std::get<Point>(value).latitude_e7;
        out.longitude_e7 = std::get<Point>(value).longitude_e7;
        break;
    case flag: out.number = std::get<Flag>(value).yes ? 1 : 0; break;
    default: out.record = std::get<Reference>(value).record.view();
    }
    return out;
}

Value value_of(const AssertionView& view) {
    switch (view.type) {
    case text: return Text{std::string(view.text)};
    case integer: return Integer{view.number};
    case code: return Code{std::string(view.text)};
    case date: return Date{static_cast<std::int32_t>(view.number), view.precision};
    case money: return Money{view.number, std::string(view.text)};
    case point: return Point{view.latitude_e7, view.longitude_e7};
    case flag: return Flag{view.number != 0};
    default: return Reference{RecordId::from(view.record).value_or(RecordId{})};
    }
}

} // namespace safar
