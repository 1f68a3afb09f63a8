#include "node/casework/gift.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

bool applies(const WorkStep::Gift& gift, const RecordView& view, std::span<const FieldText> said) {
    return std::ranges::all_of(gift.only, [&](const auto& each) {
        return has_word(values_of(view, each.first, said), each.second);
    });
}

Result<RecordView> held(Registry& registry, const std::string& field, const std::string& text) {
    auto id = parse_id(text);
    if (!id) return failure(ErrorCode::invalid_argument, "field '" + field + "' is no record id");
    auto view = registry.show(*id);
    if (view.has_value() || view.error().code != ErrorCode::not_found) return view;
    return failure(ErrorCode::conflict, "record " + text + " (field '" + field +
                                            "') changes hands with this step and "
                                            "has not come here yet; take the step when it has");
}

// Did a step of the case's kind give the record to its owner, and had `to` it before?
bool was_given(const Kind& of_case, const RecordView& record, const std::string& to) {
    const FoldedField* owner = said_in(record, record.kind->casework.workflow->owner);
    if (owner == nullptr) return false;
    const auto by_step = [&](const Said& said) {
        return said.value == owner->reading.front() &&
               std::ranges::any_of(of_case.casework.steps, [&](const WorkStep& step) {
                   return step.gives && said.verb == of_case.name + "." + step.name;
               });
    };
    const auto had = [&](const Said& said) { return show_value(said.value) == to; };
    return !owner->reading.empty() && std::ranges::any_of(owner->live, by_step) &&
           (std::ranges::any_of(owner->replaced, had) || has_word(party(record, "author"), to));
}

// Values of the case's field as `said`, or as those agencies themselves say there.
std::vector<std::string> named_by(const std::vector<std::string>& agencies, const RecordView& view,
                                  const std::string& name, std::span<const FieldText> said) {
    std::vector<std::string> out;
    for (const FieldText& one : said)
        if (one.field == name) out.push_back(one.value);
    const FoldedField* folded = said_in(view, name);
    if (!out.empty() || folded == nullptr) return out;
    for (const Said& one : folded->live)
        if (has_word(agencies, one.agency)) out.push_back(show_value(one.value));
    return out;
}

// Every record that the gift's fields name, with who would have it. `must`: each has to be held
// here.
Result<std::vector<std::pair<RecordView, GivenRecord>>>
given_records(Registry& registry, const WorkStep::Gift& gift, const RecordView& view,
              std::span<const FieldText> said, bool must) {
    std::vector<std::pair<RecordView, GivenRecord>> out;
    auto from = values_of(view, gift.from, said);
    const auto to = values_of(view, gift.to, said);
    const bool takes_back = gift.holds, keeps = gift.from == gift.to;
    // Who gives has said so itself.
    if (!takes_back && !keeps)
        std::erase_if(from, [&](const std::string& agency) {
            return !has_word(named_by({agency}, view, gift.from, said), agency);
        });
    if (to.empty())
        return failure(ErrorCode::invalid_argument,
                       "field '" + gift.to + "' says who gets the case, and is empty");
    for (const std::string& field : gift.records)
        for (const std::string& text : takes_back || keeps ? values_of(view, field, said)
                                                           : named_by(from, view, field, said)) {
            auto known = held(registry, field, text);
            if (!known && !must) continue;
            SAFAR_TRY(auto record, std::move(known));
            if (record.kind == nullptr || !record.kind->casework.workflow) continue;
            const std::string owner = joined(party(record, "owner"));
            const bool moves =
                owner == to.front() || (has_word(from, owner) &&
                                        (!takes_back || was_given(*view.kind, record, to.front())));
            GivenRecord one{record.folded.id, field, owner, moves ? to.front() : std::string()};
            out.emplace_back(std::move(record), std::move(one));
        }
    return out;
}

} // namespace

Result<GiftPlan> plan_gift(Registry& registry, const WorkStep& step, const RecordView& view,
                           const WorkCommand& work) {
    GiftPlan out;
    if (!step.gives) return out;
    const bool gives = applies(*step.gives, view, work.decided);
    if (!gives && !step.gives->holds) return out;
    SAFAR_TRY(auto records,
              given_records(registry, *step.gives, view, work.decided, /*must=*/gives));
    const auto may_write = [&](const RecordView& record) {
        return writable_compartment(registry.node(), *registry.node().charter(), record.kind->name);
    };
    for (auto& [record, one] : records) {
        if (!gives && (one.to != one.owner || !may_write(record))) continue;
        if (!one.to.empty()) {
            SAFAR_TRY(may_write(record));
            const std::string& owner = record.kind->casework.workflow->owner;
            out.commands.push_back(
                {one.record, work.verb, {}, {{owner, one.to}}, work.why, work.at, {owner}});
        }
        out.records.push_back(std::move(one));
    }
    return out;
}

Result<> check_can_be_given(Registry& registry, const WorkStep& step, const RecordView& view,
                            std::span<const FieldText> said) {
    if (step.gives) return success();
    for (const WorkStep& next : view.kind->casework.steps) {
        if (!next.gives || next.by == step.by || !has_word(next.from, step.to) ||
            !applies(*next.gives, view, said))
            continue;
        SAFAR_TRY(auto records, given_records(registry, *next.gives, view, said, /*must=*/true));
        std::vector<std::string> others;
        for (const auto& [record, one] : records) {
            if (one.to.empty() || one.to == one.owner)
                others.push_back(record.kind->name + " " + show_id(one.record) + " is " +
                                 one.owner + "'s");
            else {
                SAFAR_TRY(
                    writable_compartment(*registry.node().charter(), record.kind->name, one.to));
            }
        }
        if (others.size() == records.size())
            return failure(ErrorCode::not_permitted, "nothing would change hands: " +
                                                         joined(others, "no field names a case") +
                                                         "; only its owner hands a case over");
    }
    return success();
}

} // namespace safar
