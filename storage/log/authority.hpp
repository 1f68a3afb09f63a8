// Who may write what: storage and sync ask through this interface; node/charter answers it. Every
// answer is a pure function of the charter epochs held, so all nodes that hold the same epochs
// agree.
#pragma once

#include "storage/event/batch.hpp"

#include <optional>
#include <vector>

namespace safar {

struct LogOwner {
    NodeId node;
    std::string agency;      // code, e.g. "IOM"
    std::string compartment; // name, e.g. "return"
};

enum class Standing {
    counts,     // held, in frontier and state
    waits,      // names an epoch not held yet: offered again after the charter
    quarantine, // the key or node is known and may not (yet) say this: kept apart within a quota
    unknown,    // no epoch knows the log or key: refused, may be offered again
};

// Safe from any thread; an instance is immutable (a new epoch makes a new instance).
class Authority {
public:
    virtual ~Authority() = default;
    [[nodiscard]] virtual const NetworkId& network() const = 0;
    [[nodiscard]] virtual std::uint64_t epoch() const = 0;
    [[nodiscard]] virtual const Hash& charter() const = 0; // identity of that epoch
    [[nodiscard]] virtual const LogOwner* owner(const LogId& log) const = 0; // null: unknown
    [[nodiscard]] virtual const PublicKey* key(const KeyId& key) const = 0;  // null: unknown
    [[nodiscard]] virtual Standing standing(const BatchHeader& header) const = 0;
    // Could its key speak here in the epoch that the header names, whatever has been cut since?
    [[nodiscard]] virtual bool was_permitted(const BatchHeader& header) const {
        return standing(header) == Standing::counts;
    }
    // Does what its key signed there bind the author of the log, so that another header at its
    // place makes a fork? Not where the key has been replaced since and no cut lets it count:
    // whoever stole it would close any log of its former owner.
    [[nodiscard]] virtual bool binds(const BatchHeader& header) const {
        return was_permitted(header);
    }
    // May something keep batches of this log from counting that counted before (a cut, a retired
    // key, a suspension)? False: what was held counts.
    [[nodiscard]] virtual bool restricted(const LogId&) const { return false; }
    // The last epoch that was put aside for a rival of it; zero: none was. Batches that name one
    // may be held anywhere and count nowhere.
    [[nodiscard]] virtual std::uint64_t void_epoch() const { return 0; }
    // The hash of the batch that counts at a place where its author signed two: an epoch decided
    // it. Null: no epoch did, and nothing counts from there on.
    [[nodiscard]] virtual const Hash* admitted(const BatchPlace&) const { return nullptr; }
    // Did an epoch do so at an earlier place of that log?
    [[nodiscard]] virtual bool admitted_before(const BatchPlace&) const { return false; }
    // Was an event of this kind its author's to say there, by compartment and delegation? False: it
    // stays in its batch, is relayed and has no effect on state.
    [[nodiscard]] virtual bool may_say(const BatchHeader&, std::uint16_t) const { return true; }
    // Changes with what may_say answers for that log; zero where everything may be said.
    [[nodiscard]] virtual Hash said_under(const LogId&) const { return {}; }
    // Changes with every answer above: a new epoch, a suspension.
    [[nodiscard]] virtual const Hash& revision() const { return charter(); }
    // Lower is preferred where concurrent values must be ordered for display.
    [[nodiscard]] virtual int rank(std::string_view agency) const = 0;
    // May this node hold bodies of that compartment?
    [[nodiscard]] virtual bool may_hold(const NodeId& node, std::string_view compartment) const = 0;
    // Or at least headers, hashes and counts? True for who may hold bodies.
    [[nodiscard]] virtual bool may_observe(const NodeId& node, std::string_view compartment) const {
        return may_hold(node, compartment);
    }
    // All nodes that may keep batches of that compartment, with or without bodies, or might in some
    // epoch from `since` on.
    [[nodiscard]] virtual std::vector<NodeId> keepers(std::string_view compartment,
                                                      std::uint64_t since) const = 0;
    // Does the charter let this node carry or count batches there without reading them? Such
    // batches have no effect on its state.
    [[nodiscard]] virtual bool only_carries(const NodeId&, std::string_view) const { return false; }
};

} // namespace safar
