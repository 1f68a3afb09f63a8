// How people work on a kind of record, as its TOML document declares it: who may take which step,
// what then waits for whom, which consent a step needs. The engine knows no kind, step or task by
// name.
//
// None of it decides what a record says: steps, permissions and consent are asked for at the node
// where somebody acts, never by the fold (design.md section 5). docs/format-schema.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace safar {

// Names fields of its kind; "" where the kind has no such field.
struct Workflow {
    std::string status; // rule status
    std::string owner;  // code field: the agency that has the record; "": whoever recorded it first
    std::string number; // text field that is filled at creation with a number that never collides
    std::string subject; // reference: whose journey the record belongs to
    std::string title;   // shown in lists
};

// Permission that a step needs: a live record of the kind that declares [consent], for this
// subject, recipient, purpose and these groups of fields.
struct ConsentGate {
    std::string purpose;                    // a code
    std::string subject, recipient, groups; // fields of the record; `groups` may be ""
    // Text field that takes the reason where somebody who may goes on without consent; "": nobody
    // may.
    std::string override_field;
};

struct WorkStep {
    std::string name; // "accept": the verb of its event is "<kind>.accept"
    std::string title;
    std::vector<std::string> from; // states
    std::string to;
    // Who may: "author" (recorded it first), "owner", or a field that names agencies; "": every
    // writer.
    std::string by;
    std::vector<std::string> roles; // of the person at the node; none: whoever may write records
    std::vector<std::string> needs; // fields given with the step, or live already
    // Field and value: "@field" that field's value, "@agency" this node's, "@today" the date, else
    // as written.
    std::vector<std::pair<std::string, std::string>> sets;
    struct Due {
        std::string field;
        std::int64_t days = 0;
    };
    std::optional<Due> due;
    std::optional<ConsentGate> consent;
    // Gives other records from one agency to another, in the same commit: those that fields of this
    // record name and that either of the two owns.
    struct Gift {
        std::vector<std::string> records; // reference fields, to kinds with an owner
        std::string from, to;             // fields that name an agency
        std::vector<std::pair<std::string, std::string>>
            only; // fields that must read so; else nothing is given
        // Where nothing is given, what `to` has is said anew: it may be given elsewhere at the same
        // time.
        bool holds = false;
    };
    std::optional<Gift> gives;
    // Leads to no state: begins a new record of the kind that goes on where this one ended.
    struct Episode {
        std::string former; // reference field of the new record: the one that it continues
        std::vector<std::string> carries; // fields whose values it begins with
    };
    std::optional<Episode> again;
};

// What waits for an agency while a record is in some states.
struct WorkTask {
    std::string title;
    std::vector<std::string> when; // states
    std::string for_whom;          // "author", "owner", or a field that names agencies
    std::string due;               // date field, or ""
    std::string step;              // that ends it, or ""
    std::vector<std::string> roles;
    std::string unless; // field of rule each: not for an agency that has said something there
    bool overdue_only = false;
};

// Records of this kind are permissions.
struct ConsentKind {
    std::string subject, purposes, recipients, groups, until; // fields
    std::vector<std::string> given;                           // states that permit
    static constexpr std::string_view any = "any"; // a recipient, purpose or group: all of them
};

// Records of this kind are copies of fields that were disclosed, each with where it came from.
struct DisclosureKind {
    std::string of; // reference: with which record (a referral) it went
    std::string
        record; // text: id of the record that it was copied from, which the reader may not hold
    std::string kind, field, value; // text: what was copied, as it is written
    std::string said_by, said_at,
        dot; // text, date, text: whose value it is, since when, which assertion
};

// Nothing of such a record goes to a stated recipient without the consent of those whom it is
// about.
struct ProtectedKind {
    static constexpr std::string_view self = "self"; // the record is the subject
    std::vector<std::string> subjects; // reference fields that lead to the subject, or `self`
    struct Naming {
        std::string kind, field;
    };
    std::vector<Naming>
        named_in; // records of that kind whose field refers here lead to the subject
};

// Records of this kind say that two records describe the same or different things.
struct LinkKind {
    std::string a, b, verdict; // fields; the verdict is "same" or "different"
};

struct Casework {
    std::optional<Workflow> workflow;
    std::optional<WorkStep>
        create; // what creating a record asks for: a step to the initial state from none
    std::vector<WorkStep> steps;
    std::vector<WorkTask> tasks;
    std::optional<ConsentKind> consent;
    std::optional<LinkKind> link;
    std::optional<DisclosureKind> disclosure;
    std::optional<ProtectedKind> guarded;
    std::vector<std::string>
        similar;       // fields by which a record that may be there already is looked for
    std::string never; // field that names agencies to whom nothing of this record may go; "": none

    [[nodiscard]] const WorkStep* step(std::string_view name) const {
        for (const WorkStep& each : steps)
            if (each.name == name) return &each;
        return nullptr;
    }
};

} // namespace safar
