#include "node/registry/impact.hpp"

#include "storage/event/body_reader.hpp"

#include <algorithm>
#include <set>

namespace safar {
namespace {

constexpr std::size_t read_bytes = 4u << 20;
constexpr std::size_t examples_max = 20;

class Assessor {
public:
    Assessor(const Node& here, std::span<const Cut> cuts) : here_(here), cuts_(cuts) {}

    Result<> add(const std::string& compartment, const FrontierEntry& entry) {
        std::uint64_t last = 0;
        for (const Cut& cut : cuts_)
            if (cut.compartment == compartment && cut.incarnation == entry.log.incarnation)
                last = cut.batch;
        if (last >= entry.head.number) return success();
        LogImpact log{compartment, entry.log.incarnation, last + 1, entry.head.number, 0};
        for (std::uint64_t next = log.from; next <= log.to;) {
            SAFAR_TRY(auto batches, here_.log().read_range(entry.log, next, read_bytes));
            if (batches.empty()) break;
            for (const auto& batch : batches) {
                if (next++ > log.to) break;
                SAFAR_TRY(auto opened, open_batch(batch->bytes, LeafCheck::skip));
                for (const EventView& event : opened.events) take(compartment, event);
                log.events += opened.events.size();
            }
        }
        out_.batches += log.to - log.from + 1;
        out_.events += log.events;
        out_.logs.push_back(std::move(log));
        return success();
    }

    // Records of which more is held than what the cuts take change; the others vanish.
    Result<Impact> finish() {
        auto schema = here_.derived().schema();
        std::map<std::pair<std::string, std::string>, KindImpact> kinds;
        for (const auto& [record, taken] : taken_) {
            SAFAR_TRY(auto entry, here_.derived().entry(record));
            const Kind* kind = entry ? schema->kind(entry->kind) : nullptr;
            const std::string name = kind == nullptr ? "" : kind->name;
            KindImpact& impact = kinds[{taken.compartment, name}];
            impact.kind = name;
            impact.compartment = taken.compartment;
            ++(entry && entry->events.size() > taken.events ? impact.change : impact.vanish);
            if (impact.examples.size() < examples_max) impact.examples.push_back(record);
        }
        for (auto& [key, impact] : kinds) out_.kinds.push_back(std::move(impact));
        return std::move(out_);
    }

private:
    struct Taken {
        std::string compartment;
        std::size_t events = 0;
    };
    void take(const std::string& compartment, const EventView& event) {
        if (event.form == EventForm::erased || !read_body(event.clear, body_)) return;
        Taken& taken = taken_[body_.record];
        taken.compartment = compartment;
        ++taken.events;
    }

    const Node& here_;
    std::span<const Cut> cuts_;
    std::map<RecordId, Taken> taken_;
    BodyView body_;
    Impact out_;
};

} // namespace

Result<Impact> impact_of(const Node& here, const NodeId& node, std::span<const Cut> cuts) {
    auto state = here.charter_state();
    const bool known =
        std::any_of(state->epochs().begin(), state->epochs().end(),
                    [&](const HeldCharter& held) { return held.charter->node(node) != nullptr; });
    if (!known)
        return failure(ErrorCode::not_found,
                       "node " + node.hex() + " stands in no epoch of the charter");
    auto authority = here.authority();
    Assessor assessor(here, cuts);
    for (const CharterCompartment& compartment : here.charter()->compartments)
        for (const FrontierEntry& entry : here.log().frontier(compartment.name)) {
            const LogOwner* owner = authority->owner(entry.log.id);
            if (owner == nullptr || owner->node != node) continue;
            SAFAR_TRY(assessor.add(compartment.name, entry));
        }
    return assessor.finish();
}

} // namespace safar
