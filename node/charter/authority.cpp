// What the charter's chain of epochs, its cuts and the suspensions allow. All answers are looked
// up: tables are made once for each state of the charter.
#include "node/charter/charter_state.hpp"
#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace safar {
namespace {

class CharterAuthority final : public Authority {
public:
    CharterAuthority(const Epochs& epochs, const std::vector<Suspension>& suspensions,
                     const std::set<Hash>& rivals, std::span<const HeldDelegation> delegations)
        : epochs_(epochs), ruling_(*epochs.back()), network_{epochs.front()->identity.raw},
          void_epoch_(last_void(epochs, rivals)) {
        for (const CharterAgency& agency : ruling_.agencies)
            rank_.emplace(agency.code, static_cast<int>(rank_.size()));
        for (const auto& epoch : epochs_) enter(*epoch);
        for (const CharterCut& cut : ruling_.cuts) {
            const LogId log = log_id(network_, cut.node, cut.compartment);
            limits_[log].push_back({cut.incarnation, cut.key, cut.batch});
        }
        for (const CharterAdmit& admit : ruling_.admits)
            admitted_[log_id(network_, admit.node, admit.compartment)].emplace(
                std::pair(admit.incarnation, admit.batch), admit.hash);
        for (const Suspension& suspension : suspensions) enter(suspension);
        for (const HeldDelegation& delegation : delegations)
            if (delegation.since > 0)
                delegated_[log_id(network_, delegation.what.node, delegation.what.compartment)]
                    .push_back(delegation);
        revise(suspensions, rivals, delegations);
    }

    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return ruling_.epoch; }
    const Hash& charter() const override { return ruling_.identity; }
    const Hash& revision() const override { return revision_; }

    const LogOwner* owner(const LogId& log) const override {
        auto found = logs_.find(log);
        return found == logs_.end() ? nullptr : &found->second;
    }
    const PublicKey* key(const KeyId& key) const override {
        auto found = keys_.find(key);
        return found == keys_.end() ? nullptr : &found->second.key;
    }

    bool was_permitted(const BatchHeader& header) const override {
        auto log = logs_.find(header.log.id);
        const Charter* then = at(header.epoch);
        if (log == logs_.end() || then == nullptr || then->identity != header.charter) return false;
        return may_sign(*then, log->second, header.key) ||
               delegated(*then, log->second, header, /*ended=*/false);
    }

    Standing standing(const BatchHeader& header) const override {
        auto log = logs_.find(header.log.id);
        auto key = keys_.find(header.key);
        if (log == logs_.end() || key == keys_.end()) return Standing::unknown;
        if (key->second.node != log->second.node) return Standing::quarantine;
        // An epoch to come may give what this one does not.
        if (header.epoch > ruling_.epoch) return Standing::waits;
        if (!was_permitted(header) || !still_delegated(log->second, header))
            return Standing::quarantine;
        if (const Hash* one = admitted({header.log, header.number}))
            if (header_hash(header.network, encode_header(header)) != *one)
                return Standing::quarantine;
        return header.number <= limit(log->second, header) ? Standing::counts
                                                           : Standing::quarantine;
    }

    bool binds(const BatchHeader& header) const override {
        if (!was_permitted(header)) return false;
        const LogOwner& owner = logs_.at(header.log.id);
        const CharterNode* now = ruling_.node(owner.node);
        if (now == nullptr || key_id(now->signing_key) == header.key) return true;
        return header.number <= lowest_cut(header).value_or(0);
    }

    std::uint64_t void_epoch() const override { return void_epoch_; }

    const Hash* admitted(const BatchPlace& place) const override {
        auto log = admitted_.find(place.log.id);
        if (log == admitted_.end()) return nullptr;
        auto found = log->second.find({place.log.incarnation, place.number});
        return found == log->second.end() ? nullptr : &found->second;
    }
    bool admitted_before(const BatchPlace& place) const override {
        auto log = admitted_.find(place.log.id);
        if (log == admitted_.end()) return false;
        auto found = log->second.lower_bound({place.log.incarnation, 0});
        return found != log->second.end() && found->first.first == place.log.incarnation &&
               found->first.second < place.number;
    }

    bool restricted(const LogId& log) const override {
        if (void_epoch_ > 0 || limits_.contains(log) || stopped_.contains(log) ||
            admitted_.contains(log) || delegated_.contains(log))
            return true;
        auto found = logs_.find(log);
        return found == logs_.end() || lost_.contains(log);
    }

    bool may_say(const BatchHeader& header, std::uint16_t kind) const override {
        if (!at_home(kind, header.log.id)) return false;
        auto all = delegated_.find(header.log.id);
        if (all == delegated_.end()) return true;
        const LogOwner& owner = logs_.at(header.log.id);
        const Charter* then = at(header.epoch);
        if (then == nullptr || may_sign(*then, owner, header.key)) return true;
        return std::any_of(all->second.begin(), all->second.end(), [&](const HeldDelegation& each) {
            return each.covers(header, /*ended=*/false) && lets(*then, owner, each) &&
                   std::find(each.kinds.begin(), each.kinds.end(), kind) != each.kinds.end();
        });
    }
    Hash said_under(const LogId& log) const override {
        std::call_once(homes_known_, [this] { find_homes(); });
        const auto all = delegated_.find(log);
        if (all == delegated_.end()) return homeless_;
        Bytes names;
        for (const HeldDelegation& each : all->second)
            names.insert(names.end(), each.name.raw.begin(), each.name.raw.end());
        if (!homeless_.is_zero())
            names.insert(names.end(), homeless_.raw.begin(), homeless_.raw.end());
        return tagged_hash("said-under", {names});
    }

    int rank(std::string_view agency) const override {
        auto found = rank_.find(agency);
        return found == rank_.end() ? static_cast<int>(rank_.size()) : found->second;
    }
    bool may_hold(const NodeId& node, std::string_view compartment) const override {
        const CharterNode* listed = ruling_.node(node);
        const CharterCompartment* named = ruling_.compartment(compartment);
        return listed != nullptr && named != nullptr && named->may_carry(listed->agency);
    }
    bool may_observe(const NodeId& node, std::string_view compartment) const override {
        const CharterNode* listed = ruling_.node(node);
        const CharterCompartment* named = ruling_.compartment(compartment);
        return listed != nullptr && named != nullptr && keeps(*named, *listed);
    }
    std::vector<NodeId> keepers(std::string_view compartment, std::uint64_t since) const override {
        std::set<NodeId> out;
        for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend(); ++epoch) {
            if (const CharterCompartment* named = (*epoch)->compartment(compartment))
                for (const CharterNode& node : (*epoch)->nodes)
                    if (keeps(*named, node)) out.insert(node.id);
            if ((*epoch)->epoch <= since) break; // in force when `since` began, or before it
        }
        return {out.begin(), out.end()};
    }
    bool only_carries(const NodeId& node, std::string_view compartment) const override {
        const CharterNode* listed = ruling_.node(node);
        const CharterCompartment* named = ruling_.compartment(compartment);
        return listed != nullptr && named != nullptr &&
               (named->relays_only(listed->agency) || named->observes(listed->agency));
    }

private:
    struct KnownKey {
        PublicKey key;
        NodeId node;
    };
    struct Limit {
        Incarnation incarnation;
        std::optional<KeyId> key; // absent: whoever signed
        std::uint64_t batch;
    };

    // Every node in every compartment of every epoch; what an earlier epoch gave and the ruling one
    // does not is lost.
    void enter(const Charter& epoch) {
        for (const CharterNode& node : epoch.nodes) {
            keys_.emplace(key_id(node.signing_key), KnownKey{node.signing_key, node.id});
            const CharterNode* now = ruling_.node(node.id);
            for (const CharterCompartment& compartment : epoch.compartments) {
                const LogId log = log_id(network_, node.id, compartment.name);
                logs_.emplace(log, LogOwner{node.id, node.agency, compartment.name});
                if (!compartment.may_write(node.agency)) continue;
                const CharterCompartment* there = ruling_.compartment(compartment.name);
                if (now == nullptr || there == nullptr || !there->may_write(now->agency) ||
                    now->signing_key != node.signing_key)
                    lost_.insert(log);
            }
        }
    }

    void enter(const Suspension& suspension) {
        for (const CharterNode& node : ruling_.nodes) {
            if (!suspension.stops(node)) continue;
            for (const CharterCompartment& compartment : ruling_.compartments) {
                if (!compartment.may_hold(suspension.by)) continue;
                const LogId log = log_id(network_, node.id, compartment.name);
                auto& named = stopped_[log].emplace_back();
                for (const CharterCut& cut : suspension.cuts)
                    if (cut.node == node.id && cut.compartment == compartment.name)
                        named.push_back({cut.incarnation, std::nullopt, cut.batch});
            }
        }
    }

    void revise(const std::vector<Suspension>& suspensions, const std::set<Hash>& rivals,
                std::span<const HeldDelegation> delegations) {
        if (suspensions.empty() && rivals.empty() && delegations.empty()) {
            revision_ = ruling_.identity;
            return;
        }
        Bytes parts;
        ByteWriter out(parts);
        for (const Suspension& suspension : suspensions) out.bytes(suspension.value.view());
        for (const Hash& rival : rivals) out.bytes(rival.view());
        for (const HeldDelegation& delegation : delegations) {
            out.bytes(delegation.name.view());
            out.bytes(delegation.end_name.view());
        }
        revision_ = tagged_hash("authority", {ruling_.identity.view(), parts});
    }

    // Rivals follow the ruling epoch; who settled them followed the one before them.
    static std::uint64_t last_void(const Epochs& epochs, const std::set<Hash>& rivals) {
        if (!rivals.empty()) return epochs.back()->epoch + 1;
        for (std::size_t at = epochs.size() - 1; at > 0; --at)
            if (epochs[at]->epoch > epochs[at - 1]->epoch + 1) return epochs[at]->epoch - 1;
        return 0;
    }

    const Charter* at(std::uint64_t number) const {
        for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend(); ++epoch)
            if ((*epoch)->epoch == number) return epoch->get();
        return nullptr;
    }

    // Is it a log of that kind's compartment, which a kind never leaves? Elsewhere whoever writes
    // in one compartment would speak in another, before readers of the one and unseen by holders of
    // the other. Of a kind that the charter does not place nothing is known.
    bool at_home(std::uint16_t kind, const LogId& log) const {
        std::call_once(homes_known_, [this] { find_homes(); });
        const auto home = homes_.find(kind);
        if (home == homes_.end()) return true;
        const auto owner = logs_.find(log);
        return owner != logs_.end() && owner->second.compartment == home->second;
    }
    void find_homes() const {
        const auto schema = charter_schema(ruling_);
        if (!schema) return;
        for (const CharterCompartment& compartment : ruling_.compartments)
            for (const std::string& name : compartment.kinds)
                if (const Kind* kind = schema.value().kind(std::string_view(name)))
                    homes_.emplace(kind->tag, compartment.name);
        // These may be said anywhere, until an epoch places them.
        Bytes tags;
        ByteWriter out(tags);
        for (const Kind& kind : schema.value().kinds)
            if (!homes_.contains(kind.tag)) out.integer(kind.tag);
        if (!tags.empty()) homeless_ = tagged_hash("kinds-without-compartment", {tags});
    }

    static bool keeps(const CharterCompartment& compartment, const CharterNode& node) {
        return compartment.may_carry(node.agency) || compartment.observes(node.agency);
    }

    static bool may_sign(const Charter& then, const LogOwner& owner, const KeyId& key) {
        const CharterNode* node = then.node(owner.node);
        const CharterCompartment* compartment = then.compartment(owner.compartment);
        return node != nullptr && compartment != nullptr && compartment->may_write(node->agency) &&
               key_id(node->signing_key) == key;
    }

    // In that epoch the node that a delegation names is still a reader, and who let it a writer.
    static bool lets(const Charter& then, const LogOwner& owner, const HeldDelegation& delegation) {
        const CharterCompartment* compartment = then.compartment(owner.compartment);
        return then.node(owner.node) != nullptr && compartment != nullptr &&
               compartment->may_hold(owner.agency) &&
               compartment->may_write(delegation.what.agency);
    }
    bool delegated(const Charter& then, const LogOwner& owner, const BatchHeader& header,
                   bool ended) const {
        auto all = delegated_.find(header.log.id);
        const CharterNode* node = then.node(owner.node);
        if (all == delegated_.end() || node == nullptr || key_id(node->signing_key) != header.key)
            return false;
        return std::any_of(all->second.begin(), all->second.end(), [&](const HeldDelegation& each) {
            return each.covers(header, ended) && lets(then, owner, each);
        });
    }
    // Of what was written under a delegation that has ended a cut of the ruling epoch may let more
    // count.
    bool still_delegated(const LogOwner& owner, const BatchHeader& header) const {
        const Charter& then = *at(header.epoch);
        if (may_sign(then, owner, header.key) || delegated(then, owner, header, /*ended=*/true))
            return true;
        auto cuts = limits_.find(header.log.id);
        return cuts != limits_.end() &&
               std::any_of(cuts->second.begin(), cuts->second.end(), [&](const Limit& cut) {
                   return cut.incarnation == header.log.incarnation && header.number <= cut.batch;
               });
    }
    // May it go on today? A delegate, as long as it is listed with that key and reads there; its
    // delegation has limits of its own.
    bool goes_on(const LogOwner& owner, const KeyId& key) const {
        if (may_sign(ruling_, owner, key)) return true;
        const CharterNode* node = ruling_.node(owner.node);
        const CharterCompartment* compartment = ruling_.compartment(owner.compartment);
        return node != nullptr && compartment != nullptr && compartment->may_hold(owner.agency) &&
               key_id(node->signing_key) == key &&
               delegated_.contains(log_id(network_, owner.node, owner.compartment));
    }

    // Of the cuts of that log and key.
    std::optional<std::uint64_t> lowest_cut(const BatchHeader& header) const {
        std::optional<std::uint64_t> out;
        auto cuts = limits_.find(header.log.id);
        if (cuts == limits_.end()) return out;
        for (const Limit& cut : cuts->second)
            if (cut.incarnation == header.log.incarnation && (!cut.key || *cut.key == header.key))
                out = std::min(out.value_or(UINT64_MAX), cut.batch);
        return out;
    }

    // The last batch of this log that counts if this key signed it.
    std::uint64_t limit(const LogOwner& owner, const BatchHeader& header) const {
        // Who may say it today may say it without end, unless a cut names the log.
        std::uint64_t out = goes_on(owner, header.key) ? UINT64_MAX : 0;
        const bool lost = out == 0;
        if (const auto lowest = lowest_cut(header)) out = lost ? *lowest : std::min(out, *lowest);
        if (auto stops = stopped_.find(header.log.id); stops != stopped_.end())
            for (const std::vector<Limit>& named : stops->second) {
                std::uint64_t stop = 0; // every log that the steward did not know
                for (const Limit& cut : named)
                    if (cut.incarnation == header.log.incarnation) stop = cut.batch;
                out = std::min(out, stop);
            }
        return out;
    }

    Epochs epochs_;
    const Charter& ruling_;    // the last of them
    NetworkId network_;        // identity of epoch 1
    std::uint64_t void_epoch_; // any log may have batches of it
    Hash revision_;
    std::unordered_map<KeyId, KnownKey> keys_;
    std::unordered_map<LogId, LogOwner> logs_;
    std::set<LogId> lost_;
    std::map<LogId, std::vector<Limit>> limits_;
    std::unordered_map<LogId, std::vector<HeldDelegation>> delegated_;
    std::map<LogId, std::map<std::pair<Incarnation, std::uint64_t>, Hash>> admitted_;
    std::map<LogId, std::vector<std::vector<Limit>>> stopped_; // for each suspension
    std::map<std::string, int, std::less<>> rank_;
    // Compartments of kinds; read when it is first asked what may be said, for few ask.
    mutable std::once_flag homes_known_;
    mutable std::unordered_map<std::uint16_t, std::string> homes_;
    mutable Hash homeless_; // kinds that have none; zero: each has one
};

} // namespace

std::shared_ptr<const Authority> make_authority(const Epochs& epochs,
                                                std::vector<Suspension> suspensions,
                                                const std::set<Hash>& rivals,
                                                std::span<const HeldDelegation> delegations) {
    SAFAR_ASSERT(!epochs.empty());
    return std::make_shared<CharterAuthority>(epochs, suspensions, rivals, delegations);
}

std::shared_ptr<const Authority> make_authority(std::shared_ptr<const Charter> charter) {
    return make_authority(Epochs{std::move(charter)}, {});
}

} // namespace safar
