// Questions about the past: what was true at a date (as of), and what this node knew at a date (as
// known).
//
//   as of     events whose claimed time is not after it; an event that states no time always counts
//   as known  events that had come here by it (journal_marks.hpp); nothing before the first mark
//
// Both at once: of what was known then, what was true at that date. The events that are left out
// act on nothing, so a value that was set aside later is live again. Everything else is as today:
// the schema, the charter, and what counts under it. docs/past.md.
//
// Threads: any.
#pragma once

#include "node/registry/registry.hpp"

namespace safar {

struct Past {
    std::optional<ClaimedTime> as_of, as_known;
    [[nodiscard]] bool any() const { return as_of || as_known; }
};

// "2024-03-31": the end of that day; or a time. Errors: invalid_argument.
[[nodiscard]] Result<ClaimedTime> parse_past(std::string_view text);

class PastView {
public:
    // Errors: storage_*, and why nothing can be asked about what was known.
    [[nodiscard]] static Result<PastView> at(Node& node, const Past& past);

    // The mark that tells what was known; nullopt: not asked, or nothing was.
    [[nodiscard]] const std::optional<KnownThen>& known() const { return known_; }

    // As Registry has them, over fewer events. Errors also: not_found where no event of the record
    // is left.
    [[nodiscard]] Result<RecordView> show(const RecordId& id) const;
    [[nodiscard]] Result<HistoryView> history(const RecordId& id) const;
    // Filters name fields. Folds every record of the kind until `limit` match: about 10 us each.
    [[nodiscard]] Result<std::vector<RecordView>> find(const StatisticsQuery& query,
                                                       std::size_t limit, bool& truncated) const;

private:
    PastView(Node& node, const Past& past) : node_(&node), past_(past) {}
    [[nodiscard]] Result<HistoryView> read_history(const RecordId& id) const;
    [[nodiscard]] Result<std::vector<RecordView>>
    read_found(const StatisticsQuery& query, std::size_t limit, bool& truncated) const;
    void forget_places(std::vector<EventPlace>& places) const;
    void forget_events(std::vector<HeldEvent>& events) const;
    [[nodiscard]] Error nothing_then(const RecordId& id) const;
    [[nodiscard]] RecordView view(std::shared_ptr<const Schema> schema, const RecordId& id,
                                  const std::vector<HeldEvent>& events) const;

    Node* node_;
    Past past_;
    std::optional<KnownThen> known_;
};

} // namespace safar
