// Frontiers: what we have told the peer, what it has told us, and how changes travel.
//
// Of each shared compartment either both sides know that they hold the same (equal digests), or
// each has said its full frontier once; from then on only heads that changed are said. Batches of
// our own logs are pushed as soon as they are durable, where the peer holds everything before them;
// those of others are announced, so that a third node does not get each batch from everybody.
#pragma once

#include "sync/session/context.hpp"

#include <map>
#include <set>

namespace safar {

class Frontiers {
public:
    // Announcements wait this long for company.
    static constexpr std::chrono::milliseconds tell_delay{20};
    // Pushed batches that the peer has not confirmed: beyond this it is only told, and asks.
    static constexpr std::size_t pushed_bytes_max = 1u << 20;
    static constexpr std::uint64_t pushed_batches_max = 64; // of one log in one call
    // Heads of one peer that are kept, over all compartments (8 MiB of memory): what it states
    // beyond them is not asked for.
    static constexpr std::size_t entries_max = 65'536;
    // Logs whose gap is watched; each costs a look at its head when the log grows.
    static constexpr std::size_t watched_max = 1024;
    // Logs of our own that we do not hold, and that the peer states all the same.
    static constexpr std::size_t own_passed_max = 1024;

    explicit Frontiers(SessionContext& context) : context_(context) {}

    // Looks at what is held now in every shared compartment: the snapshot that our digests stand
    // for.
    [[nodiscard]] std::vector<wire::CompartmentDigest> open();
    // Both sides hold what the snapshot says.
    void all_equal();

    void on_summary(const wire::Summary& summary);
    // Names the logs whose head the peer has stated anew in `changed`.
    void on_full(wire::FrontierFull full, std::vector<LogName>& changed);
    void on_delta(wire::FrontierDelta delta, std::vector<LogName>& changed);
    void on_ask(const wire::FrontierAsk& ask);
    // A batch states that the peer holds it. False: nothing new.
    bool on_batch(std::string_view compartment, const LogName& log, const Head& head);

    // The log grew, or its heads fell: pushes at once, and notes that there is something to tell.
    void grew();
    // Everything up to `number` was sent to the peer on its own asking.
    void served(const LogName& log, std::uint64_t number);
    void on_tick();
    // What was asked for in this call, and what the peer lacks of what it stated in it.
    void flush();
    [[nodiscard]] NodeTime next_deadline() const { return tell_at_; }

    // Of these less was said than before, for less counts here: what is lacking the peer may have.
    [[nodiscard]] std::vector<LogName> take_fallen() { return std::exchange(fallen_, {}); }

    [[nodiscard]] const Head* theirs(const LogName& log) const;
    // Batches that the peer has and we do not, and the reverse.
    void count_behind(std::uint64_t& here, std::uint64_t& there) const;
    // What the peer has stated and we do not hold, since when. Of watched logs.
    void list_behind(SessionStatus& status) const;

private:
    struct Compartment {
        std::map<LogName, Head> said, theirs;
        Hash said_base, theirs_base;
        Hash digest;                 // of the snapshot
        std::uint64_t looked_to = 0; // the log's mark when it was last compared with `said`
        std::set<LogName> unsaid;    // what is held differs from `said`
        bool told = false;           // the peer knows `said`
        bool known = false;          // we know `theirs`
        bool full_due = false;
        bool full_asked = false;
    };
    struct Behind {
        std::uint64_t theirs = 0, ours = 0;
        NodeTime since{0};
    };
    void watch(const LogName& log, std::uint64_t theirs);
    void look_at_watched();
    // The whole frontier as it is held now, for `said` to become.
    [[nodiscard]] Frontier look_anew(const std::string& name, Compartment& compartment) const;
    void look(const std::string& name, Compartment& compartment) const;
    void say(Compartment& compartment, const LogName& log, const Head& head);
    void fell(const Compartment& compartment, const LogName& log);
    void say_full(const std::string& name, Compartment& compartment);
    void say_changes(const std::string& name, Compartment& compartment);
    void push(Compartment& compartment);
    [[nodiscard]] bool push_log(Compartment& compartment, const FrontierEntry& entry);
    void confirmed(const LogName& log, const Head& head);
    // `complete`: the peer's whole frontier of a compartment, not only what changed.
    void confirm_own(const Frontier& held_by_peer, bool complete);
    void both_know(Compartment& compartment, Frontier& own);
    void state(Compartment& compartment, const Frontier& entries, std::vector<LogName>& changed);

    SessionContext& context_;
    std::map<std::string, Compartment, std::less<>> compartments_;
    // Own logs: the peer holds or is being sent all up to here.
    std::map<LogName, std::uint64_t> sent_to_;
    std::map<BatchPlace, std::size_t> pushed_; // not yet confirmed, with their bytes
    std::size_t pushed_bytes_ = 0;
    std::size_t entries_ = 0;
    std::map<LogName, Behind> behind_;
    std::vector<LogName> fallen_;
    std::map<LogName, std::uint64_t> own_unconfirmed_; // own logs of the snapshot, with their heads
    std::map<LogName, Head> own_passed_; // what the log has been told of the peer's heads of them
    NodeTime tell_at_ = never;
    bool grew_due_ = false; // once a call, however many frames say what the peer holds
};

} // namespace safar
