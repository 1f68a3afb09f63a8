#include "node/casework/episode.hpp"

#include <algorithm>

namespace safar {

Result<RecordId> episode_id(Registry& registry, const Kind& kind, const RecordId& former) {
    SAFAR_TRY(const CharterCompartment* compartment,
              writable_compartment(registry.node(), *registry.node().charter(), kind.name));
    return derived_record_id("opened again", show_id(former), compartment->name, kind.name, 0);
}

Result<CreateCommand> plan_episode(Registry& registry, const WorkStep& step,
                                   const RecordView& former, std::vector<FieldText> given) {
    CreateCommand out;
    out.kind = former.kind->name;
    SAFAR_TRY(out.record, episode_id(registry, *former.kind, former.folded.id));
    if (registry.show(*out.record).has_value())
        return failure(ErrorCode::conflict, show_id(former.folded.id) +
                                                " was opened again already, as " +
                                                show_id(*out.record) + "; work on that one");
    const auto said = [&](const std::string& name) {
        return std::ranges::any_of(given, [&](const FieldText& one) { return one.field == name; });
    };
    std::vector<FieldText> carried{{step.again->former, show_id(former.folded.id)}};
    for (const std::string& name : step.again->carries) {
        if (said(name)) continue;
        for (std::string& value : values_of(former, name))
            carried.push_back({name, std::move(value)});
    }
    std::erase_if(given, [&](const FieldText& one) { return one.field == step.again->former; });
    out.fields = std::move(given);
    out.fields.insert(out.fields.end(), carried.begin(), carried.end());
    return out;
}

} // namespace safar
