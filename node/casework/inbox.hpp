// What waits for this agency: tasks of every workflow, and conflicts that it has a part in. Read
// from the records held here; nothing is stored.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

struct InboxItem {
    RecordView view;
    const WorkTask* task = nullptr; // of `view`'s schema; null: a conflict
    std::string field;              // of a conflict
    std::vector<std::string> for_whom; // agencies
    std::string due;                   // "2026-11-30"; "": none
    bool overdue = false;
    std::optional<ClaimedTime> since;
};
struct InboxQuery {
    Roles roles; // tasks for other roles are left out
    bool overdue_only = false;
    bool everybody = false; // tasks of all agencies, as far as they are held here
    OpenTo inside;          // records of other compartments are neither listed nor counted
    std::size_t limit = 500;
};
struct Inbox {
    std::vector<InboxItem> items; // overdue first, then by due date (none last), then by age
    std::size_t total = 0;        // before `limit`
    // By task title, or "conflict": how many wait and how many are overdue. Of everything, not of
    // `items`.
    struct Count {
        std::size_t waiting = 0, overdue = 0;
    };
    std::map<std::string, Count> caseload;
    bool truncated = false; // more records of a kind wait than were looked at
};

// Errors: those of reading. Cost: a column scan a kind, and about 10 us a record in a state that
// waits.
[[nodiscard]] Result<Inbox> read_inbox(Registry& registry, const InboxQuery& query);

} // namespace safar
