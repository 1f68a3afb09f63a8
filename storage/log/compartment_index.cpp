#include "storage/log/compartment_index.hpp"

namespace safar {

void CompartmentIndex::rebuild(const Books& books, const Authority& authority) {
    compartments_.clear();
    rebuilt_ = ++changes_;
    for (const auto& [name, handle] : books.handles) changed(name.id, authority);
}

void CompartmentIndex::changed(const LogId& log, const Authority& authority) {
    const LogOwner* owner = authority.owner(log);
    if (owner == nullptr) return;
    Compartment& compartment = compartments_[owner->compartment];
    compartment.logs.insert(log);
    compartment.changes = ++changes_;
}

const std::set<LogId>& CompartmentIndex::logs(std::string_view compartment) const {
    static const std::set<LogId> none;
    auto found = compartments_.find(compartment);
    return found == compartments_.end() ? none : found->second.logs;
}

std::uint64_t CompartmentIndex::changes(std::string_view compartment) const {
    auto found = compartments_.find(compartment);
    return found == compartments_.end() ? rebuilt_ : found->second.changes;
}

} // namespace safar
