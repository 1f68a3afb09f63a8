// The feed: what this node came to hold, event by event in the order of its journal, from any
// cursor on.
//
// A cursor says how far a reader has read: so many events of the batch at a position, and
// everything before it. It carries a check over the node and the run in which that position came
// (journal_marks.hpp), so that a journal that was set back and went on differently does not take it
// for its own. docs/feed.md.
//
// Threads: any.
#pragma once

#include "node/registry/node.hpp"

namespace safar {

struct FeedCursor {
    Position position = 0;
    std::uint32_t index = 0; // events read of the batch at `position`
    friend bool operator==(const FeedCursor&, const FeedCursor&) = default;
};

struct FeedEvent {
    FeedCursor cursor;       // after it
    std::string compartment; // "" where no epoch held names the log's owner
    HeldEvent event;
};

struct FeedPart {
    FeedCursor cursor; // to go on from
    bool more = false; // there is more already
    // Changes where what counts may have changed, also of what was read before: a charter, a fork.
    Hash standing;
};

// Takes an event; false: it was left out (and does not count against `events_max`).
using FeedVisit = std::function<bool(FeedEvent& event)>;

// "1042.17.9f3ac2d18b04e6aa".
[[nodiscard]] Result<std::string> show_cursor(const Node& node, const FeedCursor& cursor);
// "": the beginning. "now": the end of what is held. Errors: invalid_argument (no cursor); conflict
// (of another node's journal, or of this node's before it was restored: what to do); storage_*.
[[nodiscard]] Result<FeedCursor> parse_cursor(const Node& node, std::string_view text);

// Events after `from` that count, until `events_max` were taken or `batches_max` batches were read.
// Only what derived state has taken, so that whoever reads a record next finds it. Errors:
// storage_*.
[[nodiscard]] Result<FeedPart> read_feed(Node& node, FeedCursor from, std::size_t events_max,
                                         std::size_t batches_max, const FeedVisit& visit);
// Until there is something after `from`, at most `patience`. Errors: stopping.
[[nodiscard]] Result<bool> await_feed(Node& node, const FeedCursor& from,
                                      std::chrono::milliseconds patience);

} // namespace safar
