#include "storage/derive/log_names.hpp"

#include "storage/record/schema.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t native_bytes = 8;

LogInfo ask(const Authority& authority, const LogName& name) {
    LogInfo info{name, {}, {}, {}};
    if (const LogOwner* owner = authority.owner(name.id)) {
        info.agency = owner->agency;
        info.compartment = owner->compartment;
    }
    RecordId first = native_record_id(name, 0);
    std::copy_n(first.raw.begin(), native_bytes, info.native.raw.begin());
    return info;
}

} // namespace

std::shared_ptr<const LogInfo> LogNames::of(LogHandle handle) const {
    std::shared_ptr<const Authority> authority = log_.authority();
    std::lock_guard lock(mutex_);
    if (authority != authority_) {
        known_.clear();
        authority_ = authority;
    }
    if (auto at = known_.find(handle); at != known_.end()) return at->second;
    std::optional<LogName> name = log_.name_of(handle);
    if (!name || !authority) return nullptr;
    return known_.emplace(handle, std::make_shared<LogInfo>(ask(*authority, *name))).first->second;
}

void keep_home(const LogNames& names, const RecordId& id, std::vector<EventPlace>& places) {
    // Nearly always all events lie in one log, or in logs of one compartment.
    if (std::ranges::all_of(places,
                            [&](const EventPlace& p) { return p.log == places.front().log; }))
        return;
    struct Seen {
        LogHandle log;
        std::shared_ptr<const LogInfo> info;
    };
    std::vector<Seen> seen;
    for (const EventPlace& place : places)
        if (std::ranges::find(seen, place.log, &Seen::log) == seen.end())
            seen.push_back({place.log, names.of(place.log)});
    const std::string* home = nullptr;
    for (const Seen& each : seen)
        if (each.info &&
            std::equal(each.info->native.raw.begin(), each.info->native.raw.end(), id.raw.begin()))
            home = &each.info->compartment;
    if (home == nullptr)
        for (const Seen& each : seen)
            if (each.info && (home == nullptr || each.info->compartment < *home))
                home = &each.info->compartment;
    if (home == nullptr) return;
    std::erase_if(places, [&](const EventPlace& place) {
        auto at = std::ranges::find(seen, place.log, &Seen::log);
        return !at->info || at->info->compartment != *home;
    });
}

} // namespace safar
