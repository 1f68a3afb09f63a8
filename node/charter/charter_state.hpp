// The charter as one node holds it: the epochs in force, rivals that were seen, and notices. A
// value: learning something makes a new one. Two nodes that learnt the same, in any order, hold
// equal states.
#pragma once

#include "node/charter/notice.hpp"

#include <map>
#include <set>

namespace safar {

// An epoch as held: its meaning and the text that peers get, signatures included.
struct HeldCharter {
    std::shared_ptr<const Charter> charter;
    std::string text;
};

class CharterState {
public:
    static constexpr std::size_t notices_max = 4096; // beyond it no more delegations
    // Delegations of one agency, and ends of them: the earliest are kept.
    static constexpr std::size_t delegations_max = 64;
    // Suspensions by one steward in one epoch: those with the lowest names are kept.
    static constexpr std::size_t suspensions_max = 64;
    // Incarnations of one log whose forks are kept: the lowest.
    static constexpr std::size_t forked_incarnations_max = 16;

    // `first`: epoch 1, parsed and with its quorum.
    [[nodiscard]] static Result<CharterState> begin(HeldCharter first);

    enum class News { nothing, noted, epoch }; // epoch: another one rules now
    // A later epoch's text. A second valid successor of an epoch that has one already is a rival:
    // the last common epoch rules until a successor settles both. Errors: those of parse_charter
    // and check_succession; epoch_unknown: it follows one that is not held.
    [[nodiscard]] Result<News> take_epoch(std::string_view text);
    // Errors: those of check_notice (epoch_unknown: offer it again with the epoch); busy: it is
    // beyond one of the bounds above.
    [[nodiscard]] Result<News> take_notice(const Notice& notice);

    [[nodiscard]] const HeldCharter& ruling() const { return epochs_.back(); }
    [[nodiscard]] const std::vector<HeldCharter>& epochs() const { return epochs_; } // ascending
    [[nodiscard]] const HeldCharter* epoch(std::uint64_t number) const;
    [[nodiscard]] bool frozen() const { return !rivals_.empty(); }
    [[nodiscard]] const std::set<Hash>& rivals() const { return rivals_; }
    // By hash. Forks: of each log the lowest, see ForkSet.
    [[nodiscard]] const std::map<Hash, Notice>& notices() const { return notices_; }
    // Those that stop somebody in the ruling epoch.
    [[nodiscard]] std::vector<Suspension> suspensions() const;

    // All of them, whether they still give something or not.
    [[nodiscard]] std::vector<HeldDelegation> delegations() const;
    // May that node write such records there today because somebody lets it? Says nothing of batch
    // numbers.
    [[nodiscard]] bool lets(const NodeId& node, const CharterCompartment& compartment,
                            std::string_view kind) const;

    // What peers are told of and may ask for, ascending by name: the notices, and the epochs after
    // the first as the rivals that they may turn out to be. By numbers alone two successors of one
    // number never meet.
    [[nodiscard]] std::vector<Hash> offers() const;
    [[nodiscard]] std::optional<Bytes> offer(const Hash& name) const;

    // What hellos compare: the ruling epoch's identity, or with notices H("charter-state",
    // identity, hashes).
    [[nodiscard]] const Hash& state_hash() const { return state_hash_; }
    [[nodiscard]] std::shared_ptr<const Authority> authority() const;
    [[nodiscard]] bool suspended(const NodeId& node) const;

private:
    explicit CharterState(HeldCharter first) {
        epochs_.push_back(std::move(first));
        rehash();
    }
    [[nodiscard]] Epochs chain() const;
    [[nodiscard]] Result<News> learn_epoch(std::string_view text);
    [[nodiscard]] Result<News> learn_notice(const Notice& notice);
    [[nodiscard]] Result<News> learnt(Result<News> news); // what was learnt changes the hash
    void rehash();
    // Takes out what follows the first `kept` epochs. What stood on it alone goes with it, as if it
    // had come when those were void already.
    void shorten(std::size_t kept);
    [[nodiscard]] Result<News> take_rival(std::string_view text, Charter rival, std::size_t kept);
    [[nodiscard]] Result<News> note(Notice notice);
    [[nodiscard]] Result<News> note_suspension(const Notice& notice);
    [[nodiscard]] Result<News> note_fork(const Notice& notice);
    [[nodiscard]] std::map<Incarnation, std::vector<Hash>> forks_of(const LogId& log) const;
    [[nodiscard]] Result<> check_room(const LogName& forked) const;
    [[nodiscard]] Result<News> keep_fork(const Notice& notice);
    [[nodiscard]] Result<News> note_delegation(const Notice& notice);
    [[nodiscard]] Result<News> note_end(const Notice& notice);
    [[nodiscard]] std::uint64_t number_of(const Hash& identity) const; // 0: not of the chain

    std::vector<HeldCharter>
        epochs_;            // the chain that rules; numbers may skip one where rivals were settled
    std::set<Hash> rivals_; // successors of the ruling epoch, at least two, none in force
    std::uint64_t rivals_number_ = 0; // their epoch number
    std::map<Hash, Notice> notices_;
    std::map<Hash, std::uint64_t> epoch_names_; // as notices; numbers of epochs
    Hash state_hash_;
};

// The answers that follow from a chain of epochs and the suspensions under its last one.
// `rivals`: identities of epochs that are not in force and whose batches do not count.
[[nodiscard]] std::shared_ptr<const Authority>
make_authority(const Epochs& epochs, std::vector<Suspension> suspensions,
               const std::set<Hash>& rivals = {}, std::span<const HeldDelegation> delegations = {});
// Of epoch 1 alone.
[[nodiscard]] std::shared_ptr<const Authority>
make_authority(std::shared_ptr<const Charter> charter);

} // namespace safar
