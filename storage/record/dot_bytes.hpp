// A dot's 74 bytes as hashed by the fold: log, incarnation, sequence, field index, half a leaf.
#pragma once

#include "storage/event/event.hpp"

namespace safar {

inline void write_dot(ByteWriter& out, const Dot& dot) {
    out.bytes(dot.log.id.view());
    out.bytes(dot.log.incarnation.view());
    out.integer(dot.sequence);
    out.integer(dot.field_index);
    out.bytes(dot.leaf.view());
}

[[nodiscard]] inline Bytes dot_bytes(const Dot& dot) {
    Bytes out;
    out.reserve(74);
    ByteWriter writer(out);
    write_dot(writer, dot);
    return out;
}

} // namespace safar
