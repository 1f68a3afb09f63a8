#include "node/registry/event_reader.hpp"

#include "storage/event/merkle.hpp"

#include <algorithm>

namespace safar {
namespace {

struct Wanted {
    EventPlace place;
    std::uint32_t entry, slot;
};

Result<std::optional<HeldEvent>> held_event(const OpenBatch& batch, const std::string& agency,
                                            std::uint8_t index) {
    if (index >= batch.events.size())
        return failure(ErrorCode::storage_corrupt,
                       "the record index names event " + std::to_string(index) + " of a batch of " +
                           std::to_string(batch.events.size()) + "; rebuild derived state");
    const EventView& view = batch.events[index];
    if (view.form == EventForm::erased) return std::optional<HeldEvent>{};
    auto body = decode_body(view.clear);
    auto dots = decode_dots(view.dots);
    if (!body.has_value() || !dots.has_value()) return std::optional<HeldEvent>{};
    return std::optional<HeldEvent>{HeldEvent{batch.header.log, batch.header.first_sequence + index,
                                              leaf_hash(view), agency, std::move(dots.value()),
                                              std::move(body.value())}};
}

} // namespace

Result<std::vector<std::vector<HeldEvent>>>
read_events(const Log& log, std::span<const RecordEntry* const> entries) {
    std::vector<Wanted> wanted;
    std::vector<std::vector<std::optional<HeldEvent>>> found(entries.size());
    for (std::size_t e = 0; e < entries.size(); ++e) {
        found[e].resize(entries[e]->events.size());
        for (std::size_t s = 0; s < entries[e]->events.size(); ++s)
            wanted.push_back({entries[e]->events[s], static_cast<std::uint32_t>(e),
                              static_cast<std::uint32_t>(s)});
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const Wanted& a, const Wanted& b) { return a.place < b.place; });

    auto authority = log.authority();
    std::shared_ptr<const EncodedBatch> stored;
    OpenBatch open;
    std::string agency;
    const EventPlace* last = nullptr;
    for (const Wanted& one : wanted) {
        if (last == nullptr || last->log != one.place.log || last->batch != one.place.batch) {
            SAFAR_TRY(stored, log.read_batch(one.place.log, one.place.batch));
            SAFAR_TRY(open, open_batch(stored->bytes, LeafCheck::skip));
            const LogOwner* owner = authority->owner(open.header.log.id);
            agency = owner == nullptr ? "" : owner->agency;
        }
        last = &one.place;
        SAFAR_TRY(found[one.entry][one.slot], held_event(open, agency, one.place.index));
    }
    std::vector<std::vector<HeldEvent>> out(entries.size());
    for (std::size_t e = 0; e < entries.size(); ++e)
        for (auto& event : found[e])
            if (event) out[e].push_back(std::move(*event));
    return out;
}

} // namespace safar
