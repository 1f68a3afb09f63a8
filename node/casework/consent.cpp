#include "node/casework/consent.hpp"

#include "node/registry/steady.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t consents_max = 10'000; // looked at for one subject

bool lists(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}
bool covers(const std::vector<std::string>& words, std::string_view word) {
    return lists(words, word) || lists(words, ConsentKind::any);
}

// Is it a consent of the subject that permits today?
bool permits_today(const RecordView& view, const RecordId& subject) {
    if (view.kind == nullptr || !view.kind->casework.consent) return false;
    const ConsentKind& terms = *view.kind->casework.consent;
    if (!lists(values_of(view, terms.subject), show_id(subject))) return false;
    if (said_in(view, terms.subject)->conflict) return false;
    if (!lists(terms.given, state_of(view))) return false;
    const FoldedField* until = said_in(view, terms.until);
    return until == nullptr || std::ranges::none_of(until->live, [](const Said& said) {
               const auto* date = std::get_if<Date>(&said.value);
               return date != nullptr && is_past(*date);
           });
}

// Agencies that stated a state that permits; who recorded it, where none was ever stated.
std::vector<std::string> givers_of(const RecordView& view) {
    const FoldedField* status = said_in(view, view.kind->casework.workflow->status);
    std::vector<std::string> out;
    if (status != nullptr)
        for (const auto* list : {&status->live, &status->replaced})
            for (const Said& said : *list)
                if (lists(view.kind->casework.consent->given, show_value(said.value)))
                    out.push_back(said.agency);
    return out.empty() ? party(view, "author") : out;
}

// What the givers say; where they leave it to whoever recorded the consent, what that agency says.
std::vector<std::string> permitted(const RecordView& view, const std::string& field) {
    const FoldedField* folded = said_in(view, field);
    std::vector<std::string> out;
    if (folded == nullptr) return out;
    for (const auto& agencies : {givers_of(view), party(view, "author")}) {
        for (const Said& said : folded->live)
            if (lists(agencies, said.agency)) out.push_back(show_value(said.value));
        if (!out.empty()) break;
    }
    return out;
}

} // namespace

bool Permission::covers(std::string_view purpose, std::string_view recipient) const {
    return safar::covers(purposes, purpose) && safar::covers(recipients, recipient);
}
bool Permission::covers_group(std::string_view group) const { return safar::covers(groups, group); }

Result<std::vector<Permission>> permissions_of(Registry& registry, const RecordId& subject) {
    SAFAR_TRY(auto mentions, steady(registry.node(), [&] {
                  return registry.node().derived().mentions(subject, consents_max);
              }));
    std::vector<Permission> out;
    for (const RecordId& id : mentions) {
        SAFAR_TRY(auto view, registry.show(id));
        if (!permits_today(view, subject)) continue;
        const ConsentKind& terms = *view.kind->casework.consent;
        out.push_back({id, permitted(view, terms.purposes), permitted(view, terms.recipients),
                       permitted(view, terms.groups)});
    }
    return out;
}

Result<ConsentAnswer> find_consent(Registry& registry, const ConsentQuestion& question) {
    SAFAR_TRY(auto permissions, permissions_of(registry, question.subject));
    ConsentAnswer out;
    std::vector<std::pair<std::string, std::string>> wanted; // recipient, group
    for (const std::string& recipient : question.recipients) {
        if (question.groups.empty()) wanted.emplace_back(recipient, "");
        for (const std::string& group : question.groups) wanted.emplace_back(recipient, group);
    }
    for (const Permission& each : permissions) {
        auto covered = std::erase_if(wanted, [&](const auto& one) {
            return each.covers(question.purpose, one.first) &&
                   (one.second.empty() || each.covers_group(one.second));
        });
        if (covered > 0) out.basis.push_back(each.consent);
    }
    for (const auto& [recipient, group] : wanted)
        out.missing.push_back(group.empty() ? recipient : "group '" + group + "' to " + recipient);
    return out;
}

Result<> check_recipient(const Charter& charter, const CodeList* agencies,
                         const std::string& recipient) {
    if (recipient == ConsentKind::any)
        return failure(ErrorCode::invalid_argument,
                       "recipient 'any' is nobody in particular; name one agency");
    const auto is_it = [&](const auto& each) { return each.code == recipient; };
    if (std::ranges::any_of(charter.agencies, is_it)) return success();
    if (agencies != nullptr && std::ranges::any_of(agencies->entries, is_it)) return success();
    return failure(ErrorCode::invalid_argument,
                   "no agency '" + recipient +
                       "' in the charter, and none in the list of agencies; write its code as "
                       "there");
}

Result<> check_never(Registry& registry, const RecordId& subject,
                     const std::vector<std::string>& recipients) {
    auto view = registry.show(subject);
    if (!view.has_value())
        return view.error().code == ErrorCode::not_found ? Result<>(success())
                                                         : Result<>(std::move(view).error());
    const Kind* kind = view.value().kind;
    if (kind == nullptr || kind->casework.never.empty()) return success();
    auto forbidden = values_of(view.value(), kind->casework.never);
    for (const std::string& recipient : recipients)
        if (covers(forbidden, recipient))
            return failure(ErrorCode::not_permitted,
                           "nothing of " + show_id(subject) + " may go to " + recipient +
                               " (field '" + kind->casework.never +
                               "'); no consent and no reason changes that");
    return success();
}

Result<> pass_gate(Registry& registry, const ConsentGate& gate, const RecordView& view,
                   std::span<const FieldText> given, const Worker& worker,
                   const std::string& reason, std::vector<FieldText>& decided) {
    auto subjects = values_of(view, gate.subject, given);
    ConsentQuestion question{{},
                             gate.purpose,
                             values_of(view, gate.recipient, given),
                             gate.groups.empty() ? std::vector<std::string>()
                                                 : values_of(view, gate.groups, given)};
    if (subjects.empty() || question.recipients.empty())
        return failure(ErrorCode::invalid_argument,
                       "consent is asked for field '" +
                           (subjects.empty() ? gate.subject : gate.recipient) +
                           "', which is empty; give it");
    const CodeList* agencies =
        view.schema->code_list(view.kind->field(std::string_view(gate.recipient))->codes);
    for (const std::string& recipient : question.recipients) {
        SAFAR_TRY(check_recipient(*registry.node().charter(), agencies, recipient));
    }
    for (const std::string& subject : subjects) {
        auto id = parse_id(subject);
        if (!id)
            return failure(ErrorCode::invalid_argument,
                           "field '" + gate.subject + "' is no record id");
        SAFAR_TRY(check_never(registry, *id, question.recipients));
        question.subject = *id;
        SAFAR_TRY(auto answer, find_consent(registry, question));
        if (answer.missing.empty()) continue;
        std::string what = "no consent of " + subject + " for purpose '" + gate.purpose +
                           "' covers: " + joined(answer.missing);
        if (reason.empty())
            return failure(
                ErrorCode::not_permitted,
                what + (gate.override_field.empty()
                            ? "; record one"
                            : "; record one, or give a reason to go on without (without_consent)"));
        if (gate.override_field.empty())
            return failure(ErrorCode::not_permitted, what + "; here no reason can stand in for it");
        if (!has_role({"supervisor", "protection_officer"}, worker.roles))
            return failure(ErrorCode::not_permitted,
                           what + "; going on without needs role supervisor or protection_officer");
        if (std::none_of(decided.begin(), decided.end(),
                         [&](const auto& f) { return f.field == gate.override_field; }))
            decided.push_back({gate.override_field, reason});
    }
    return success();
}

} // namespace safar
