#include "node/exports/feed.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/derive/event_source.hpp"

#include <algorithm>
#include <charconv>

namespace safar {
namespace {

constexpr std::size_t check_bytes = 8;
constexpr std::size_t journal_at_a_time = 16; // batches of up to 64 KiB packed

Result<std::string> check_of(const Node& node, const FeedCursor& cursor) {
    SAFAR_TRY(auto run, node.marks().run_of(cursor.position));
    Bytes place;
    ByteWriter writer(place);
    writer.integer(cursor.position);
    writer.integer(cursor.index);
    const Hash hash = tagged_hash("feed cursor", {node.id().view(), run.view(), place});
    return to_hex(hash.view().first(check_bytes));
}

template <class Number> bool take_number(std::string_view& text, Number& out) {
    const char* end = text.data() + text.size();
    auto [at, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc() || at == text.data() || at == end || *at != '.') return false;
    text.remove_prefix(static_cast<std::size_t>(at - text.data()) + 1);
    return true;
}

Hash standing_of(const Node& node) {
    Hasher hasher("feed standing");
    const Hash revision = node.authority()->revision(), counted = node.log().counted_under();
    hasher.add(revision.view());
    if (counted != revision) hasher.add(counted.view()); // heads are still to follow
    for (const ForkEvidence& fork : node.log().forks()) {
        hasher.add(fork.header_a);
        hasher.add(fork.header_b);
    }
    return hasher.finish();
}

LogInfo info_of(const Authority& authority, const LogName& name) {
    LogInfo out;
    out.name = name;
    if (const LogOwner* owner = authority.owner(name.id)) {
        out.agency = owner->agency;
        out.compartment = owner->compartment;
    }
    return out;
}

// One batch; moves `cursor` over what was visited. True: enough.
Result<bool> visit_batch(const Authority& authority, const JournalEntry& entry, FeedCursor& cursor,
                         std::size_t& wanted, const FeedVisit& visit) {
    const std::uint32_t first = entry.position == cursor.position ? cursor.index : 0;
    if (!entry.counts) {
        SAFAR_TRY(auto header, decode_header(entry.batch->header()));
        cursor = {entry.position, header.event_count};
        return false;
    }
    SAFAR_TRY(auto batch, open_batch(entry.batch->bytes, LeafCheck::skip));
    const LogInfo info = info_of(authority, entry.name);
    for (std::uint32_t i = first; i < batch.events.size(); ++i) {
        if (wanted == 0) return true;
        cursor = {entry.position, i + 1};
        auto held = held_event(batch, info, i);
        if (!held || held->body_absent) continue;
        // What was not its author's to say has no effect on records either.
        if (!authority.may_say(batch.header, held->body.kind)) continue;
        FeedEvent event{cursor, info.compartment, std::move(*held)};
        if (visit(event)) --wanted;
    }
    cursor = {entry.position, static_cast<std::uint32_t>(batch.events.size())};
    return false;
}

Position readable_until(Node& node) {
    return std::min(node.log().last_position(), node.deriver().position());
}

} // namespace

Result<std::string> show_cursor(const Node& node, const FeedCursor& cursor) {
    SAFAR_TRY(auto check, check_of(node, cursor));
    return std::to_string(cursor.position) + "." + std::to_string(cursor.index) + "." + check;
}

Result<FeedCursor> parse_cursor(const Node& node, std::string_view text) {
    FeedCursor cursor;
    const Position last = node.log().last_position();
    if (text.empty()) return cursor;
    if (text == "now") return FeedCursor{last, limits::batch_events_max};
    const std::string shown(text.substr(0, 60));
    std::string_view rest = text;
    if (!take_number(rest, cursor.position) || !take_number(rest, cursor.index) ||
        rest.size() != 2 * check_bytes || cursor.index > limits::batch_events_max)
        return failure(ErrorCode::invalid_argument,
                       "'" + shown +
                           "' is no cursor of a feed; give one as it stood "
                           "in a line of it, \"now\", or none to read from the beginning");
    SAFAR_TRY(auto check, check_of(node, cursor));
    if (rest != check || cursor.position > last)
        return failure(ErrorCode::conflict,
                       "cursor '" + shown +
                           "' is not of this node's journal: it is of another node, or of this one "
                           "before it was restored from a backup. Read again without a cursor; the "
                           "leaf in each line's "
                           "'event' tells what you have already");
    return cursor;
}

Result<FeedPart> read_feed(Node& node, FeedCursor from, std::size_t events_max,
                           std::size_t batches_max, const FeedVisit& visit) {
    FeedPart out{from, false, standing_of(node)};
    const Position until = readable_until(node);
    const auto authority = node.authority();
    std::size_t wanted = events_max, batches = 0;
    // The batch that the cursor is in is looked at again: it may have been left in the middle.
    for (Position next = std::max<Position>(from.position, 1);
         next <= until && batches < batches_max;) {
        SAFAR_TRY(auto entries, node.log().read_journal(next - 1, journal_at_a_time));
        if (entries.empty()) break;
        for (const JournalEntry& entry : entries) {
            if (entry.position > until) return out;
            SAFAR_TRY(auto enough, visit_batch(*authority, entry, out.cursor, wanted, visit));
            if (enough) {
                out.more = true;
                return out;
            }
            next = entry.position + 1;
            ++batches;
        }
    }
    out.more = out.cursor.position < until;
    return out;
}

Result<bool> await_feed(Node& node, const FeedCursor& from, std::chrono::milliseconds patience) {
    auto reached = node.deriver().wait_for(from.position + 1, patience);
    if (reached.has_value()) return true;
    if (reached.error().code == ErrorCode::timed_out) return false;
    return reached.error();
}

} // namespace safar
