// What of records may leave the agency for a stated recipient and purpose: exports and feeds that
// name one.
//
// A kind's [protected] section says whose consent is asked. A record goes if everybody whom it is
// about consents to something of it; of such a record go the fields whose group is consented, and
// those without a group that are neither personal nor sensitive. A record about nobody who is known
// here does not go, nor does one that is also about somebody who is not; where a reason stands in
// for consent, it goes without guarded fields. Where it is disputed whom a record is about, all are
// asked.
// Of a kind without the section go all fields but personal and sensitive ones.
// Nothing of whoever forbids the recipient ([never]) goes.
//
// Threads: one.
#pragma once

#include "node/casework/consent.hpp"

#include <map>
#include <set>

namespace safar {

struct PassingOnQuestion {
    std::string recipient, purpose; // codes
    // Goes on where consent is missing; listed in the access log by whoever asks. Never where it is
    // forbidden.
    std::string without_consent;
};

// The codes of a recipient and a purpose as people write them; a purpose may go on after ':' in
// free words. Errors: invalid_argument: the recipient is nobody in particular (check_recipient);
// naming the purposes.
[[nodiscard]] Result<PassingOnQuestion>
read_passing_on(const Schema& schema, const Charter& charter, std::string_view recipient,
                std::string_view purpose, std::string_view without_consent);

class PassingOn {
public:
    PassingOn(Registry& registry, PassingOnQuestion question)
        : registry_(&registry), question_(std::move(question)) {}

    struct Verdict {
        bool goes = true;
        bool whole = false;           // everything that may be shown
        std::set<std::string> groups; // else fields of these
        bool unguarded = false;       // and those without a group that are not guarded
    };
    // Counts what stays. Errors: those of reading.
    [[nodiscard]] Result<Verdict> judge(const Kind& kind, const Folded& record);
    [[nodiscard]] static bool goes(const Verdict& verdict, const Field& field);

    // Of everything judged.
    static constexpr std::size_t missing_max = 1000; // named; more are counted
    struct Account {
        std::uint64_t records = 0, fields = 0, overridden = 0; // left out; gone without consent
        std::vector<std::string> missing; // what was asked for and not found, ascending
        std::uint64_t missing_more = 0;
    };
    [[nodiscard]] Account account() const;
    [[nodiscard]] const PassingOnQuestion& question() const { return question_; }

private:
    struct Terms {
        bool forbidden = false;
        std::set<std::string> groups; // ConsentKind::any: all
    };
    struct Subjects {
        std::set<RecordId> known;
        bool more = false; // somebody of whom nothing is held here, or too much to look through
    };
    [[nodiscard]] Result<> subjects_of(const Kind& kind, const Folded& record, int depth,
                                       Subjects& out);
    [[nodiscard]] Result<> subjects_of(const RecordId& id, int depth, Subjects& out);
    [[nodiscard]] Result<> subjects_naming(const ProtectedKind& terms, const RecordId& record,
                                           int depth, Subjects& out);
    [[nodiscard]] Result<const Terms*> terms_of(const RecordId& subject);
    void miss(std::string what);
    void count_fields(const Verdict& verdict, const Kind& kind, const Folded& record);

    Registry* registry_;
    PassingOnQuestion question_;
    std::map<RecordId, Terms> known_; // at most subjects_max
    std::set<std::string> missing_;
    Account account_;
};

} // namespace safar
