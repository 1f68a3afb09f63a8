// The latest statement of each log, and what contradicts what: an author that shows one history to
// one peer and another to the next is found as soon as a statement of it reaches the other side.
// Who signed is for the caller to check before hear(). Not thread-safe.
#pragma once

#include "storage/log/log.hpp"
#include "sync/wire/statement.hpp"

#include <map>
#include <optional>

namespace safar {

struct HeldStatement {
    wire::Statement statement;
    std::uint64_t heard = 0; // seconds since 1970 here
    bool compared = false;   // with the batch that is held at its place
};

// Why two signed words of one author do not fit together.
enum class SplitKind : std::uint8_t {
    two_hashes = 1, // two statements, one place, two batches
    went_back = 2,  // a later statement is of fewer batches
    other_held = 3, // the batch held here at that place is another one
};
struct SplitView {
    SplitKind kind = SplitKind::two_hashes;
    wire::Statement first;                 // by the author's time
    std::optional<wire::Statement> second; // absent for other_held
    Hash held;                             // of the batch held here; other_held only
    std::uint64_t found = 0;               // seconds since 1970 here
};
[[nodiscard]] std::string_view name(SplitKind kind);

class StatementBook {
public:
    // Of one log; a log has a new incarnation after each restore that no peer could confirm. The
    // latest are kept.
    static constexpr std::size_t incarnations_max = 64;

    // Exactly this one has been heard: it need not be verified again.
    [[nodiscard]] bool knows(const wire::Statement& statement) const;
    // True: peers should hear it too. `may_go_back`: the charter cut that log
    // (Authority::restricted).
    bool hear(const wire::Statement& statement, bool may_go_back, std::uint64_t now);
    // Compares with the batches held what has not been compared and is held meanwhile. True: a
    // split view was found.
    bool compare(const Log& log, std::uint64_t now);
    template <class Keep> void forget_unless(Keep keep) {
        std::erase_if(latest_, [&](const auto& one) { return !keep(one.first); });
        std::erase_if(splits_, [&](const auto& one) { return !keep(one.first); });
        std::erase_if(older_, [&](const auto& one) { return !keep(one.first); });
    }

    [[nodiscard]] const std::map<LogName, HeldStatement>& latest() const { return latest_; }
    // The first of each log.
    [[nodiscard]] const std::map<LogName, SplitView>& splits() const { return splits_; }

    [[nodiscard]] Bytes save() const;
    // Errors: malformed.
    [[nodiscard]] static Result<StatementBook> load(ByteView saved);

private:
    [[nodiscard]] bool contradicts(const wire::Statement& a, const wire::Statement& b,
                                   bool may_go_back, std::uint64_t now);
    [[nodiscard]] std::size_t incarnations(const LogId& log) const;
    [[nodiscard]] bool make_room(const wire::Statement& statement);

    std::map<LogName, HeldStatement> latest_;
    std::map<LogName, SplitView> splits_;
    std::map<LogName, wire::Statement> older_; // than the latest, as last heard; not kept
};

} // namespace safar
