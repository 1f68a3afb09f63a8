// Pairs of honest nodes that never reach each other: what one says the other gets through relays,
// readers and writers between them.
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {
namespace {

using Nodes = std::vector<const Core*>;

// Is every one of them reached from the first, over pairs that `meet`?
template <class Meet> bool one_piece(const Nodes& nodes, Meet meet) {
    if (nodes.empty()) return true;
    Nodes reached{nodes.front()};
    for (std::size_t i = 0; i < reached.size(); ++i)
        for (const Core* each : nodes)
            if (std::ranges::find(reached, each) == reached.end() && meet(*reached[i], *each))
                reached.push_back(each);
    return reached.size() == nodes.size();
}

} // namespace

// The charter reaches everybody, each compartment who carries it, and who observes meets one of
// them.
bool World::everybody_reached() const {
    const CharterState& state = cores_[0]->state();
    const auto lists = [](const Core& a, const Core& b) {
        return a.charter()->node(b.id) != nullptr;
    };
    const auto meet = [&](const Core& a, const Core& b) {
        return !network_->walled(a.index, b.index) && lists(a, b) && lists(b, a);
    };
    Nodes all;
    for (const auto& core : cores_)
        if (takes_part(*core)) all.push_back(core.get());
    if (!one_piece(all, meet)) return false;
    std::erase_if(all, [&](const Core* core) { return state.suspended(core->id); });
    for (const CharterCompartment& compartment : state.ruling().charter->compartments) {
        Nodes carriers;
        for (const Core* core : all)
            if (compartment.may_carry(core->agency)) carriers.push_back(core);
        if (!one_piece(carriers, meet)) return false;
        for (const Core* core : all) {
            const auto meets = [&](const Core* carrier) { return meet(*core, *carrier); };
            if (compartment.observes(core->agency) && std::ranges::none_of(carriers, meets))
                return false;
        }
    }
    return true;
}

void World::build_walls() {
    if (!swarm_.walls) return;
    Random random(seed_, "walls");
    for (std::size_t tries = 0; tries < 2 * swarm_.honest; ++tries) {
        const std::size_t a = random.below(swarm_.honest), b = random.below(swarm_.honest);
        if (a == b || network_->walled(a, b)) continue;
        network_->wall(a, b);
        if (everybody_reached())
            ++statistics_.walls;
        else
            network_->take_down(a, b);
    }
}

// An epoch may have taken away whom others needed between them.
void World::lift_walls_that_part() {
    if (!network_->has_walls() || everybody_reached()) return;
    say("walls are lifted");
    network_->lift_walls();
    network_->call_all();
    walls_lifted_ = time_.now;
}

} // namespace safar::sim
