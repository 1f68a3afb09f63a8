#include "storage/log/compartment_index.hpp"

#include <algorithm>

namespace safar {

// Under another charter every log may count for something else: all have changed.
void CompartmentIndex::rebuild(const Books& books, const Authority& authority) {
    compartments_.clear();
    for (const auto& [name, handle] : books.handles) changed(name, authority);
}

void CompartmentIndex::changed(const LogName& log, const Authority& authority) {
    const LogOwner* owner = authority.owner(log.id);
    if (owner == nullptr) return;
    Compartment& compartment = compartments_[owner->compartment];
    auto [at, fresh] = compartment.logs.try_emplace(log);
    if (!fresh) compartment.order.erase(at->second);
    at->second = ++changes_;
    compartment.order.emplace_hint(compartment.order.end(), changes_, log);
}

const CompartmentIndex::Compartment& CompartmentIndex::find(std::string_view name) const {
    static const Compartment none;
    auto found = compartments_.find(name);
    return found == compartments_.end() ? none : found->second;
}

const CompartmentIndex::Logs& CompartmentIndex::logs(std::string_view compartment) const {
    return find(compartment).logs;
}

std::vector<LogName> CompartmentIndex::changed_since(std::string_view compartment,
                                                     std::uint64_t change) const {
    std::vector<LogName> out;
    const auto& order = find(compartment).order;
    for (auto at = order.upper_bound(change); at != order.end(); ++at) out.push_back(at->second);
    std::ranges::sort(out);
    return out;
}

} // namespace safar
