// What an import has to say of a record that is known already. Pure.
//
// A row is compared with what this agency last said of the record *from the same source*:
//   - the row's edition is older than the last one said of the record: nothing;
//   - a field reads as it did last time: nothing;
//   - a field's values were said before in an edition that is not older than the row's (or, where
//     there are no editions, ever): nothing - the row is an old acquaintance, not a correction;
//   - else the field's new values are asserted, replacing the agency's own live dots of that field;
//     of `set` and `ledger` fields only the elements that came and went.
// A field that the row leaves empty says nothing.
#pragma once

#include "storage/event/batch.hpp"
#include "storage/record/fold.hpp"

namespace safar {

struct RowDiff {
    std::vector<Assertion> assertions; // ascending by field, then value
    std::vector<Dot> replaces;         // strictly ascending
    [[nodiscard]] bool empty() const { return assertions.empty() && replaces.empty(); }
};

// `events`: all events held of the record, each own log's in the order in which it said them.
[[nodiscard]] RowDiff diff_row(const Kind& kind, std::string_view agency, const EventBody& row,
                               std::span<const HeldEvent> events);

} // namespace safar
