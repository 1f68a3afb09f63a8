#include "storage/event/value.hpp"

namespace safar {
namespace {

void write(ByteWriter& out, const Text& value) { out.sized(as_bytes(value.text)); }
void write(ByteWriter& out, const Integer& value) { out.integer(value.number); }
void write(ByteWriter& out, const Code& value) { out.sized(as_bytes(value.code)); }
void write(ByteWriter& out, const Date& value) {
    out.integer(value.days);
    out.integer(static_cast<std::uint8_t>(value.precision));
}
void write(ByteWriter& out, const Money& value) {
    out.integer(value.minor_units);
    out.sized(as_bytes(value.currency));
}
void write(ByteWriter& out, const Point& value) {
    out.integer(value.latitude_e7);
    out.integer(value.longitude_e7);
}
void write(ByteWriter& out, const Flag& value) {
    out.integer(static_cast<std::uint8_t>(value.yes));
}
void write(ByteWriter& out, const Reference& value) { out.bytes(value.record.view()); }

} // namespace

void append_value(Bytes& out, const Value& value) {
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint8_t>(value.index() + 1));
    std::visit([&](const auto& held) { write(writer, held); }, value);
}

} // namespace safar
