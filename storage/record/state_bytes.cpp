#include "storage/record/dot_bytes.hpp"
#include "storage/record/fold.hpp"

#include <algorithm>

namespace safar {

// id 16 | kind u16 | u32 fields, each: tag u16 | u32 live, ascending by dot: dot 74, value |
//                                       u32 reading: values in the order of the rule
// A field that was withdrawn altogether stands with no live value: it differs from one never said.
Bytes state_bytes(const Folded& record) {
    Bytes out;
    out.reserve(64 + record.fields.size() * 160);
    ByteWriter writer(out);
    writer.bytes(record.id.view());
    writer.integer(record.kind);
    writer.integer(static_cast<std::uint32_t>(record.fields.size()));
    std::vector<const Said*> live;
    for (const FoldedField& field : record.fields) {
        live.clear();
        for (const Said& said : field.live) live.push_back(&said);
        std::ranges::sort(live, {}, [](const Said* said) -> const Dot& { return said->dot; });
        writer.integer(field.field);
        writer.integer(static_cast<std::uint32_t>(live.size()));
        for (const Said* said : live) {
            write_dot(writer, said->dot);
            append_value(out, said->value);
        }
        writer.integer(static_cast<std::uint32_t>(field.reading.size()));
        for (const Value& value : field.reading) append_value(out, value);
    }
    return out;
}

} // namespace safar
