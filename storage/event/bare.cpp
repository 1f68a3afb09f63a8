#include "storage/event/bare.hpp"

#include "storage/event/merkle.hpp"
#include "storage/event/pack.hpp"

#include <algorithm>

namespace safar {

bool has_bodies(const OpenBatch& batch) {
    return std::none_of(batch.events.begin(), batch.events.end(), [](const EventView& event) {
        return event.form == EventForm::erased || event.form == EventForm::withheld;
    });
}

Result<Bytes> bare_batch(ByteView stored) {
    SAFAR_TRY(auto batch, open_batch(stored, LeafCheck::skip));
    Bytes raw;
    ByteWriter events(raw);
    for (const EventView& event : batch.events) {
        events.integer(static_cast<std::uint8_t>(EventForm::erased));
        events.sized(event.dots);
        events.bytes(inner_hash(event).view());
    }
    Bytes out = copy(stored.first(BatchHeader::encoded_bytes + Signature::size));
    ByteWriter(out).integer(static_cast<std::uint32_t>(raw.size()));
    pack(raw, out);
    return out;
}

} // namespace safar
