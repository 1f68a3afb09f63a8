#include "node/charter/charter.hpp"

#include <unordered_map>

namespace safar {
namespace {

// All answers are looked up: tables are made once for each set of epochs.
class CharterAuthority final : public Authority {
public:
    explicit CharterAuthority(std::shared_ptr<const Charter> charter)
        : charter_(std::move(charter)), network_{charter_->identity.raw} {
        epochs_.emplace(charter_->epoch, charter_->identity);
        for (const CharterAgency& agency : charter_->agencies)
            rank_.emplace(agency.code, static_cast<int>(rank_.size()));
        for (const CharterNode& node : charter_->nodes) {
            keys_.emplace(key_id(node.signing_key), KnownKey{node.signing_key, node.id});
            for (const CharterCompartment& compartment : charter_->compartments)
                logs_.emplace(log_id(network_, node.id, compartment.name),
                              KnownLog{{node.id, node.agency, compartment.name},
                                       compartment.may_write(node.agency)});
        }
    }

    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return charter_->epoch; }
    const Hash& charter() const override { return charter_->identity; }

    const LogOwner* owner(const LogId& log) const override {
        auto found = logs_.find(log);
        return found == logs_.end() ? nullptr : &found->second.owner;
    }
    const PublicKey* key(const KeyId& key) const override {
        auto found = keys_.find(key);
        return found == keys_.end() ? nullptr : &found->second.key;
    }

    Standing standing(const BatchHeader& header) const override {
        auto log = logs_.find(header.log.id);
        auto key = keys_.find(header.key);
        if (log == logs_.end() || key == keys_.end()) return Standing::unknown;
        if (key->second.node != log->second.owner.node) return Standing::quarantine;
        // An epoch to come may give what this one does not.
        if (header.epoch > charter_->epoch) return Standing::waits;
        auto epoch = epochs_.find(header.epoch);
        if (epoch == epochs_.end() || epoch->second != header.charter) return Standing::quarantine;
        return log->second.may_write ? Standing::counts : Standing::quarantine;
    }

    int rank(std::string_view agency) const override {
        auto found = rank_.find(agency);
        return found == rank_.end() ? static_cast<int>(rank_.size()) : found->second;
    }
    bool may_hold(const NodeId& node, std::string_view compartment) const override {
        const CharterNode* listed = charter_->node(node);
        const CharterCompartment* named = charter_->compartment(compartment);
        return listed != nullptr && named != nullptr && named->may_hold(listed->agency);
    }

private:
    struct KnownKey {
        PublicKey key;
        NodeId node;
    };
    struct KnownLog {
        LogOwner owner;
        bool may_write = false;
    };
    std::shared_ptr<const Charter> charter_; // the latest
    NetworkId network_;                      // identity of epoch 1
    std::map<std::uint64_t, Hash> epochs_;
    std::unordered_map<KeyId, KnownKey> keys_;
    std::unordered_map<LogId, KnownLog> logs_; // every node in every compartment
    std::map<std::string, int, std::less<>> rank_;
};

} // namespace

std::shared_ptr<const Authority> make_authority(std::shared_ptr<const Charter> charter) {
    // Successors need cuts for what they take away; until they are written, epoch 1 rules alone.
    SAFAR_ASSERT(charter != nullptr && charter->epoch == 1);
    return std::make_shared<CharterAuthority>(std::move(charter));
}

} // namespace safar
