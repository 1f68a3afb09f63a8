#include "node/casework/worker.hpp"

#include "storage/record/last_day.hpp"

#include <algorithm>
#include <chrono>

namespace safar {

std::vector<std::string> values_of(const RecordView& view, std::string_view name,
                                   std::span<const FieldText> given) {
    std::vector<std::string> out;
    for (const FieldText& one : given)
        if (one.field == name) out.push_back(one.value);
    if (!out.empty()) return out;
    const FoldedField* folded = said_in(view, name);
    if (folded == nullptr) return out;
    for (const Value& value : folded->reading) out.push_back(show_value(value));
    return out;
}

Result<std::vector<FieldText>> as_written(const Schema& schema, const Kind& kind,
                                          std::span<const FieldText> given) {
    std::vector<FieldText> out(given.begin(), given.end());
    for (FieldText& one : out) {
        const Field* field = kind.field(std::string_view(one.field));
        if (field == nullptr || one.value.empty()) continue; // whoever writes it says what is wrong
        SAFAR_TRY(auto value, parse_value(schema, *field, one.value));
        one.value = show_value(value);
    }
    return out;
}

namespace {

// Who recorded it; of several (imports of one register) the earliest, of equal times the lowest
// dot, so that every node names the same. Other events do not count: their claimed time may be any.
std::string author_of(const Folded& record) {
    const Said* first = nullptr;
    auto order = [](const Said& said) {
        return std::tuple(said.verb != "recorded", said.at, said.dot);
    };
    for (const FoldedField& field : record.fields)
        for (const auto* list : {&field.live, &field.replaced})
            for (const Said& said : *list)
                if (first == nullptr || order(said) < order(*first)) first = &said;
    return first == nullptr ? std::string() : first->agency;
}

} // namespace

std::vector<std::string> party(const RecordView& view, std::string_view who) {
    if (who == "author") return {author_of(view.folded)};
    if (who != "owner") return values_of(view, who);
    const Workflow& flow = *view.kind->casework.workflow;
    auto owners = flow.owner.empty() ? std::vector<std::string>() : values_of(view, flow.owner);
    return owners.empty() ? std::vector<std::string>{author_of(view.folded)} : owners;
}

std::vector<std::string> awaited(const Charter& charter, const RecordView& view,
                                 const WorkTask& task) {
    auto out = party(view, task.for_whom);
    if (std::ranges::find(out, ConsentKind::any) == out.end()) return out;
    std::erase(out, ConsentKind::any);
    const auto* compartment = charter.compartment(view.compartment);
    for (const CharterAgency& agency : charter.agencies)
        if (compartment != nullptr && compartment->may_hold(agency.code) &&
            std::ranges::find(out, agency.code) == out.end())
            out.push_back(agency.code);
    return out;
}

std::string state_of(const RecordView& view) {
    const std::string& name = view.kind->casework.workflow->status;
    auto said = values_of(view, name);
    return said.empty() ? view.kind->field(std::string_view(name))->lattice.initial : said.front();
}

std::optional<ClaimedTime> in_state_since(const RecordView& view) {
    const Field* field = view.kind->field(std::string_view(view.kind->casework.workflow->status));
    const FoldedField* folded = view.folded.field(field->tag);
    std::optional<ClaimedTime> out;
    if (folded == nullptr || folded->reading.empty()) return out;
    for (const auto* list : {&folded->live, &folded->replaced})
        for (const Said& said : *list)
            if (said.value == folded->reading.front() && (!out || said.at < *out)) out = said.at;
    return out;
}

std::string day_of(ClaimedTime at, std::int64_t days_later) {
    auto days =
        std::chrono::floor<std::chrono::days>(std::chrono::microseconds(at.microseconds)).count() +
        days_later;
    return show_value(Value(Date{static_cast<std::int32_t>(days), Date::Precision::day}));
}

std::string today(std::int64_t days_from_now) {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return day_of({std::chrono::duration_cast<std::chrono::microseconds>(now).count()},
                  days_from_now);
}

bool is_past(const Date& date) {
    const auto now = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    return last_day(date) < now.time_since_epoch().count();
}

std::string day_after(const std::optional<ClaimedTime>& at, std::int64_t days) {
    return at ? day_of(*at, days) : today(days);
}

bool has_role(const std::vector<std::string>& wanted, Roles roles) {
    return wanted.empty() ||
           std::any_of(wanted.begin(), wanted.end(), [&](const std::string& each) {
               auto role = user_role_named(each);
               return role && roles[static_cast<std::size_t>(*role)];
           });
}

} // namespace safar
