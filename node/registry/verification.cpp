// Is what is stored whole, and does what readers see follow from it?
#include "node/registry/registry.hpp"
#include "node/registry/state_check.hpp"

namespace safar {
namespace {

constexpr int tries_max = 3; // comparisons that peers or writers may disturb

std::string counted(std::uint64_t index, std::uint64_t batches, std::string_view what) {
    return std::to_string(index) + " " + std::string(what) + " in the index, " +
           std::to_string(batches) + " in the batches";
}

// "" if the compartment's derived state is what its batches say.
Result<std::string> compare(Node& node, const CharterCompartment& compartment,
                            const CheckedState& state) {
    const Derived& derived = node.derived();
    SAFAR_TRY(auto digest, derived.state_digest(compartment.name, {}));
    if (digest != state.digest)
        return "compartment " + compartment.name + ": state digest " + digest.brief() +
               " by the index, " + state.digest.brief() + " by the batches";
    auto schema = derived.schema();
    for (const std::string& name : compartment.kinds) {
        const Kind* kind = schema->kind(name);
        if (kind == nullptr) continue;
        auto found = state.records.find(kind->tag);
        const std::uint64_t there = found == state.records.end() ? 0 : found->second;
        if (std::uint64_t here = derived.records(name); here != there)
            return "kind " + name + ": " + counted(here, there, "records");
    }
    return std::string{};
}

struct Comparison {
    bool disturbed = false;
    std::string differs; // empty: the same
};

Result<Comparison> compare_once(Node& node, const Charter& charter) {
    SAFAR_TRY(node.deriver().wait_for(node.log().last_position(), std::chrono::minutes(30)));
    const Position before = node.log().last_position();
    Comparison out;
    std::uint64_t conflicts = 0;
    for (const CharterCompartment& compartment : charter.compartments) {
        if (!compartment.may_hold(node.agency())) continue;
        Frontier frontier = node.log().frontier(compartment.name);
        SAFAR_TRY(auto state,
                  check_state(node.log(), *node.derived().schema(), compartment.name, frontier));
        conflicts += state.conflicts;
        SAFAR_TRY(auto differs, compare(node, compartment, state));
        if (out.differs.empty()) out.differs = std::move(differs);
    }
    if (std::uint64_t here = node.derived().conflict_count();
        out.differs.empty() && here != conflicts)
        out.differs = counted(here, conflicts, "conflicts");
    out.disturbed = node.log().last_position() != before;
    return out;
}

} // namespace

Result<Verification> Registry::verify(bool deep) {
    Verification out;
    // The log first: where it is damaged, nothing else may be able to follow it.
    SAFAR_TRY(out.log, node_.log().verify(deep, {}));
    auto charter = node_.charter();
    for (int i = 0; i < tries_max; ++i) {
        auto compared = compare_once(node_, *charter);
        if (!compared.has_value() && compared.error().code == ErrorCode::busy) continue;
        if (!compared.has_value()) {
            out.derived = "could not be compared: " + describe(compared.error());
            return out;
        }
        if (compared.value().disturbed && !compared.value().differs.empty()) continue;
        out.derived = compared.value().differs.empty() ? "same" : compared.value().differs;
        out.compared = {
            "state digest of each compartment, from batches alone and through the index",
            "records of each kind, from batches alone and in the columns",
            "conflicts, from batches alone and in the list"};
        return out;
    }
    out.derived = "could not be compared: the log grew all the while; try again when it is quiet";
    return out;
}

Result<Rebuilt> Registry::rebuild() {
    SAFAR_TRY(node_.deriver().wait_for(node_.log().last_position(), std::chrono::minutes(30)));
    const auto start = std::chrono::steady_clock::now();
    auto charter = node_.charter();
    Rebuilt out;
    // On the derive thread, so that nothing is derived between the two digests but what rebuild()
    // takes.
    SAFAR_TRY(node_.deriver().run([&](Derived& derived) -> Result<> {
        std::vector<std::pair<const CharterCompartment*, std::optional<Hash>>> before;
        const Position from = derived.position();
        for (const CharterCompartment& compartment : charter->compartments) {
            if (!compartment.may_hold(node_.agency())) continue;
            auto digest = derived.state_digest(compartment.name, {}); // damaged state may have none
            before.emplace_back(&compartment, digest.has_value()
                                                  ? std::optional<Hash>(digest.value())
                                                  : std::nullopt);
        }
        SAFAR_TRY(derived.rebuild({}));
        out.position = derived.position();
        for (const auto& [compartment, digest] : before) {
            SAFAR_TRY(auto after, derived.state_digest(compartment->name, {}));
            // What arrived meanwhile may change a digest honestly.
            if (digest == after)
                out.same.push_back(compartment->name);
            else if (out.position == from)
                out.differs.push_back(compartment->name);
        }
        return success();
    }));
    out.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    return out;
}

} // namespace safar
