#include "storage/derive/event_source.hpp"

#include "storage/event/merkle.hpp"

#include <algorithm>

namespace safar {

std::optional<HeldEvent> held_event(const OpenBatch& batch, const LogInfo& log, std::size_t index) {
    const EventView& view = batch.events[index];
    auto dots = decode_dots(view.dots);
    if (!dots) return std::nullopt;
    HeldEvent out;
    out.log = log.name;
    out.sequence = batch.header.first_sequence + index;
    out.leaf = leaf_hash(view);
    out.agency = log.agency;
    out.replaces = std::move(dots).value();
    if (view.form == EventForm::erased) {
        out.body_absent = true;
        return out;
    }
    auto body = decode_body(view.clear);
    if (!body) return std::nullopt;
    out.body = std::move(body).value();
    return out;
}

Result<OpenBatchPtr> EventSource::batch(LogHandle log, std::uint64_t number) const {
    {
        std::lock_guard lock(mutex_);
        for (Kept& each : kept_)
            if (each.batch && each.log == log && each.number == number) {
                each.used = ++uses_;
                return each.batch;
            }
    }
    SAFAR_TRY(auto stored, log_.read_batch(log, number));
    SAFAR_TRY(auto opened, open_batch(stored->bytes, LeafCheck::skip));
    auto out = std::make_shared<const OpenBatch>(std::move(opened));
    offer(log, number, out);
    return out;
}

void EventSource::offer(LogHandle log, std::uint64_t number, OpenBatchPtr batch) const {
    std::lock_guard lock(mutex_);
    Kept& oldest = *std::ranges::min_element(kept_, {}, &Kept::used);
    oldest = {log, number, ++uses_, std::move(batch)};
}

void EventSource::forget() const {
    std::lock_guard lock(mutex_);
    kept_.fill({});
}

Result<std::vector<std::vector<HeldEvent>>>
EventSource::read(std::span<const std::vector<EventPlace>> lists) const {
    struct Wanted {
        EventPlace place;
        std::size_t list, at;
    };
    std::vector<Wanted> wanted;
    std::vector<std::vector<std::optional<HeldEvent>>> found(lists.size());
    for (std::size_t i = 0; i < lists.size(); ++i) {
        found[i].resize(lists[i].size());
        for (std::size_t at = 0; at < lists[i].size(); ++at)
            wanted.push_back({lists[i][at], i, at});
    }
    if (!std::ranges::is_sorted(wanted, {}, &Wanted::place))
        std::ranges::sort(wanted, {}, &Wanted::place);

    OpenBatchPtr open;
    std::shared_ptr<const LogInfo> info;
    const Wanted* before = nullptr;
    for (const Wanted& each : wanted) {
        if (before == nullptr || before->place.log != each.place.log ||
            before->place.batch != each.place.batch) {
            info = names_.of(each.place.log);
            auto got = batch(each.place.log, each.place.batch);
            if (!got && got.error().code != ErrorCode::not_found) return std::move(got).error();
            open = got ? got.value() : nullptr;
        }
        before = &each;
        if (open && info && each.place.index < open->events.size())
            found[each.list][each.at] = held_event(*open, *info, each.place.index);
    }
    std::vector<std::vector<HeldEvent>> out(lists.size());
    for (std::size_t i = 0; i < lists.size(); ++i) {
        out[i].reserve(found[i].size());
        for (auto& event : found[i])
            if (event) out[i].push_back(std::move(*event));
    }
    return out;
}

} // namespace safar
