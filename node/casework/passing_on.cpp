#include "node/casework/passing_on.hpp"

#include "node/registry/steady.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t subjects_max = 100'000; // whose terms are kept while one file is made
constexpr std::size_t namings_page = 1000;    // records that may name one, read at a time
constexpr std::size_t namings_max = 10'000;   // of them looked at for one
constexpr int depth_max = 4;                  // of references to the subject

bool guarded_field(const Field& field) {
    return field.sensitivity == Sensitivity::personal ||
           field.sensitivity == Sensitivity::sensitive;
}

const Kind* consent_kind(const Schema& schema) {
    for (const Kind& kind : schema.kinds)
        if (kind.casework.consent) return &kind;
    return nullptr;
}

const CodeList* list_of(const Schema& schema, const Kind& kind, const std::string& field) {
    return schema.code_list(kind.field(std::string_view(field))->codes);
}

// The list that names agencies: those whom people consent to, or those to whom nothing may go.
const CodeList* agencies_of(const Schema& schema) {
    if (const Kind* consent = consent_kind(schema))
        return list_of(schema, *consent, consent->casework.consent->recipients);
    for (const Kind& kind : schema.kinds)
        if (!kind.casework.never.empty()) return list_of(schema, kind, kind.casework.never);
    return nullptr;
}

} // namespace

Result<PassingOnQuestion> read_passing_on(const Schema& schema, const Charter& charter,
                                          std::string_view recipient, std::string_view purpose,
                                          std::string_view without_consent) {
    PassingOnQuestion out{std::string(recipient), std::string(purpose.substr(0, purpose.find(':'))),
                          std::string(without_consent)};
    const CodeList* agencies = agencies_of(schema);
    if (const auto* agency = agencies == nullptr ? nullptr : agencies->find(recipient))
        out.recipient = agency->code;
    SAFAR_TRY(check_recipient(charter, agencies, out.recipient));
    const Kind* consent = consent_kind(schema);
    if (consent == nullptr) return out; // then nobody can have consented
    const ConsentKind& terms = *consent->casework.consent;
    const CodeList* purposes = list_of(schema, *consent, terms.purposes);
    const CodeList::Entry* known = purposes->find(out.purpose);
    if (known == nullptr) {
        std::vector<std::string> codes;
        for (const auto& entry : purposes->entries)
            if (entry.code != ConsentKind::any) codes.push_back(entry.code);
        return failure(ErrorCode::invalid_argument,
                       "what goes to " + out.recipient +
                           " needs a purpose that people consent to (--purpose CODE, "
                           "or CODE: further words): " +
                           joined(codes));
    }
    out.purpose = known->code;
    return out;
}

Result<> PassingOn::subjects_of(const RecordId& id, int depth, Subjects& out) {
    auto view = registry_->show(id);
    if (!view.has_value() && view.error().code != ErrorCode::not_found &&
        view.error().code != ErrorCode::not_permitted)
        return std::move(view).error();
    if (view.has_value() && view.value().kind != nullptr)
        return subjects_of(*view.value().kind, view.value().folded, depth, out);
    out.more = true;
    return success();
}

Result<> PassingOn::subjects_of(const Kind& kind, const Folded& record, int depth, Subjects& out) {
    if (!kind.casework.guarded) return success();
    if (depth > depth_max) {
        out.more = true;
        return success();
    }
    const ProtectedKind& terms = *kind.casework.guarded;
    for (const std::string& name : terms.subjects) {
        if (name == ProtectedKind::self) {
            out.known.insert(record.id);
            continue;
        }
        const FoldedField* field = record.field(kind.field(std::string_view(name))->tag);
        if (field == nullptr) continue;
        for (const Said& said : field->live)
            if (const auto* to = std::get_if<Reference>(&said.value)) {
                SAFAR_TRY(subjects_of(to->record, depth + 1, out));
            }
    }
    if (terms.named_in.empty()) return success();
    return subjects_naming(terms, record.id, depth, out);
}

Result<> PassingOn::subjects_naming(const ProtectedKind& terms, const RecordId& record, int depth,
                                    Subjects& out) {
    RecordId after;
    for (std::size_t looked_at = 0;;) {
        SAFAR_TRY(auto mentions, registry_->node().derived().mentions(record, namings_page, after));
        for (const RecordId& by : mentions) {
            auto view = registry_->show(by);
            if (!view.has_value() && view.error().code == ErrorCode::not_found) continue; // gone
            SAFAR_TRY(const auto naming, std::move(view));
            if (naming.kind == nullptr) continue;
            for (const auto& [kind_name, name] : terms.named_in) {
                if (naming.kind->name != kind_name) continue;
                const FoldedField* field =
                    naming.folded.field(naming.kind->field(std::string_view(name))->tag);
                if (field == nullptr || std::ranges::none_of(field->live, [&](const Said& said) {
                        return said.value == Value(Reference{record});
                    }))
                    continue;
                SAFAR_TRY(subjects_of(*naming.kind, naming.folded, depth + 1, out));
            }
        }
        if (mentions.size() < namings_page) return success();
        after = mentions.back();
        looked_at += mentions.size();
        if (looked_at >= namings_max) break;
    }
    out.more = true;
    return success();
}

Result<const PassingOn::Terms*> PassingOn::terms_of(const RecordId& subject) {
    if (auto known = known_.find(subject); known != known_.end()) return &known->second;
    Terms terms;
    if (auto never = check_never(*registry_, subject, {question_.recipient}); !never) {
        if (never.error().code != ErrorCode::not_permitted) return std::move(never).error();
        terms.forbidden = true;
    }
    SAFAR_TRY(auto permissions, permissions_of(*registry_, subject));
    for (const Permission& each : permissions)
        if (each.covers(question_.purpose, question_.recipient))
            terms.groups.insert(each.groups.begin(), each.groups.end());
    if (known_.size() >= subjects_max) known_.clear();
    return &known_.emplace(subject, std::move(terms)).first->second;
}

void PassingOn::miss(std::string what) {
    if (missing_.contains(what)) return;
    if (missing_.size() < missing_max)
        missing_.insert(std::move(what));
    else
        ++account_.missing_more;
}

bool PassingOn::goes(const Verdict& verdict, const Field& field) {
    if (!verdict.goes) return false;
    if (verdict.whole) return true;
    if (field.group.empty() || verdict.unguarded) return !guarded_field(field);
    return verdict.groups.contains(field.group) ||
           verdict.groups.contains(std::string(ConsentKind::any));
}

void PassingOn::count_fields(const Verdict& verdict, const Kind& kind, const Folded& record) {
    for (const FoldedField& folded : record.fields)
        if (const Field* field = kind.field(folded.field);
            field && !folded.reading.empty() && !goes(verdict, *field))
            ++account_.fields;
}

Result<PassingOn::Verdict> PassingOn::judge(const Kind& kind, const Folded& record) {
    Verdict out;
    if (question_.recipient == registry_->node().agency()) {
        out.whole = true; // its own file
        return out;
    }
    if (!kind.casework.guarded) {
        out.unguarded = true;
        count_fields(out, kind, record);
        return out;
    }
    SAFAR_TRY(const auto found, steady(registry_->node(), [&]() -> Result<Subjects> {
                  Subjects named;
                  SAFAR_TRY(subjects_of(kind, record, 0, named));
                  return named;
              }));
    const std::set<RecordId>& subjects = found.known;
    const bool all_known = !subjects.empty() && !found.more;
    const std::string about = " for purpose '" + question_.purpose + "' to " + question_.recipient;
    bool first = true, consented = all_known;
    const bool reason = !question_.without_consent.empty();
    bool lacking = !all_known;
    const auto lacks = [&](std::string what) {
        lacking = true;
        miss(std::move(what));
    };
    for (const RecordId& subject : subjects) {
        SAFAR_TRY(const Terms* terms, terms_of(subject));
        if (terms->forbidden) {
            miss("nothing of " + show_id(subject) + " may go to " + question_.recipient);
            ++account_.records;
            out.goes = false;
            return out;
        }
        if (terms->groups.empty()) lacks("consent of " + show_id(subject) + about);
        consented = consented && !terms->groups.empty();
        if (first)
            out.groups = terms->groups;
        else if (!terms->groups.contains(std::string(ConsentKind::any))) {
            if (out.groups.contains(std::string(ConsentKind::any))) out.groups = terms->groups;
            std::erase_if(out.groups,
                          [&](const auto& group) { return !terms->groups.contains(group); });
        }
        first = false;
        for (const FoldedField& folded : record.fields) {
            const Field* field = kind.field(folded.field);
            if (terms->groups.empty() || field == nullptr || field->group.empty() ||
                folded.reading.empty())
                continue;
            if (terms->groups.contains(field->group) ||
                terms->groups.contains(std::string(ConsentKind::any)))
                continue;
            lacks("consent of " + show_id(subject) + about + ": group '" + field->group + "'");
        }
    }
    if (!all_known) {
        miss((subjects.empty() ? "consent: nobody is known here whom "
                               : "consent: not everybody is known here whom ") +
             kind.name + " " + show_id(record.id) + " is about");
        out.unguarded = reason; // whoever is not known may have forbidden it
    }
    if (reason) {
        out.whole = all_known;
        if (lacking) ++account_.overridden;
    } else if (!consented) {
        ++account_.records;
        out.goes = false;
        return out;
    }
    count_fields(out, kind, record);
    return out;
}

PassingOn::Account PassingOn::account() const {
    Account out = account_;
    out.missing.assign(missing_.begin(), missing_.end());
    return out;
}

} // namespace safar
