// A node without a shell: a charter that allows what each member lists, a real log in memory, and
// what the session asks of it.
#pragma once

#include "storage/crypto/sha256.hpp"
#include "storage/log/memory_log.hpp"
#include "sync/session/session.hpp"
#include "sync/wire/message.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

namespace safar::testing {

using namespace std::chrono_literals;

inline SigningKey make_key(std::string_view name) {
    return SigningKey::from_seed(tagged_hash("test key", {as_bytes(name)}).view()).value();
}

// Everybody writes and holds the compartments that it lists; nothing else is allowed or refused.
class FakeAuthority final : public Authority {
public:
    struct Member {
        std::string agency;
        NodeId node;
        PublicKey key;
        std::vector<std::string> compartments; // ascending
        bool observes = false;                 // headers only
    };
    explicit FakeAuthority(std::vector<Member> members, std::uint64_t epoch = 1)
        : members_(std::move(members)), epoch_(epoch) {
        network_.raw.fill(std::byte{0x5a});
        charter_.raw.fill(static_cast<std::byte>(epoch));
        for (const Member& member : members_) {
            by_node_[member.node] = &member;
            keys_[key_id(member.key)] = member.key;
            for (const std::string& name : member.compartments)
                owners_[log_id(network_, member.node, name)] = {member.node, member.agency, name};
        }
    }
    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return epoch_; }
    const Hash& charter() const override { return charter_; }
    const LogOwner* owner(const LogId& log) const override {
        auto found = owners_.find(log);
        return found == owners_.end() ? nullptr : &found->second;
    }
    const PublicKey* key(const KeyId& key) const override {
        auto found = keys_.find(key);
        return found == keys_.end() ? nullptr : &found->second;
    }
    Standing standing(const BatchHeader& header) const override {
        if (header.number > last_batch) return Standing::quarantine;
        return header.epoch <= epoch_ ? Standing::counts : Standing::waits;
    }
    bool restricted(const LogId&) const override { return last_batch != ~std::uint64_t{0}; }
    int rank(std::string_view) const override { return 0; }
    bool may_hold(const NodeId& node, std::string_view compartment) const override {
        return may_observe(node, compartment) && !only_carries(node, compartment);
    }
    bool only_carries(const NodeId& node, std::string_view) const override {
        auto found = by_node_.find(node);
        return found != by_node_.end() && found->second->observes;
    }
    bool may_observe(const NodeId& node, std::string_view compartment) const override {
        auto found = by_node_.find(node);
        return found != by_node_.end() &&
               std::ranges::binary_search(found->second->compartments, compartment);
    }
    std::vector<NodeId> keepers(std::string_view compartment, std::uint64_t) const override {
        std::vector<NodeId> out;
        for (const Member& member : members_)
            if (may_observe(member.node, compartment)) out.push_back(member.node);
        return out;
    }
    std::vector<std::string> shared(const NodeId& a, const NodeId& b) const {
        std::vector<std::string> out;
        if (auto found = by_node_.find(a); found != by_node_.end())
            for (const std::string& name : found->second->compartments)
                if (may_observe(b, name)) out.push_back(name);
        return out;
    }

    std::uint64_t last_batch = ~std::uint64_t{0}; // that counts in any log: a cut

private:
    const std::vector<Member> members_;
    std::map<NodeId, const Member*> by_node_;
    std::uint64_t epoch_;
    NetworkId network_;
    Hash charter_;
    std::map<LogId, LogOwner> owners_;
    std::map<KeyId, PublicKey> keys_;
};

class TestNode final : public SessionView {
public:
    TestNode(std::string node_name, const SigningKey& key, const NodeId& node_id,
             std::shared_ptr<const FakeAuthority> charter, std::uint64_t seed)
        : name(std::move(node_name)), id(node_id), entropy(seed), authority_(std::move(charter)),
          log_(make_memory_log(Author{id, &key, &entropy}, authority_)) {}

    const Log& log() const override { return *log_; }
    std::shared_ptr<const Authority> authority() const override { return authority_; }
    std::vector<std::string> shared_compartments(const NodeId& peer) const override {
        return authority_->shared(id, peer);
    }
    std::optional<Bytes> charter_document(std::uint64_t epoch) const override {
        auto found = charters.find(epoch);
        return found == charters.end() ? std::nullopt : std::optional(found->second);
    }
    Hash erasures_digest() const override { return {}; }
    Hash charter_digest() const override {
        Bytes all;
        for (const auto& [hash, notice] : noticed)
            all.insert(all.end(), hash.raw.begin(), hash.raw.end());
        return all.empty() ? authority_->charter()
                           : tagged_hash("charter-state", {authority_->charter().view(), all});
    }
    std::vector<Hash> notices() const override {
        std::vector<Hash> out;
        for (const auto& [hash, notice] : noticed) out.push_back(hash);
        return out;
    }
    std::optional<Bytes> notice(const Hash& hash) const override {
        auto found = noticed.find(hash);
        return found == noticed.end() ? std::nullopt : std::optional(found->second);
    }
    // Any text is a notice here; one that begins with "lie" is not true.
    void note(std::string_view text) {
        noticed.emplace(tagged_hash("notice", {as_bytes(text)}), copy(as_bytes(text)));
        changed();
    }

    Log& writable() { return *log_; }
    // Sessions go by it, and the disk has not let the log do so yet.
    void claim(std::shared_ptr<const FakeAuthority> authority) {
        authority_ = std::move(authority);
    }
    void use(std::shared_ptr<const FakeAuthority> charter) {
        authority_ = charter;
        SAFAR_ASSERT(log_->set_authority(charter).has_value());
    }
    // Batches of one event each, so that a test can count them. `bytes`: of text in each.
    void append(const std::string& compartment, std::size_t batches, std::size_t bytes = 20) {
        for (std::size_t i = 0; i < batches; ++i) {
            AppendRequest request;
            request.compartment = compartment;
            std::string text(bytes, ' '); // does not pack, so that sizes mean something
            std::uint64_t state = ++counter_ * 0x9e3779b97f4a7c15u;
            for (char& c : text) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                c = static_cast<char>('!' + (state >> 33) % 90);
            }
            for (std::size_t at = 0; at < text.size() || at == 0; at += limits::text_bytes_max) {
                EventDraft draft;
                draft.body.kind = 1;
                draft.body.verb = "recorded";
                draft.body.assertions = {{1, Text{text.substr(at, limits::text_bytes_max)}}};
                request.drafts.push_back(std::move(draft));
            }
            auto appended = log_->append(std::span(&request, 1));
            SAFAR_ASSERT(appended.size() == 1 && appended[0].has_value());
        }
        changed();
    }
    std::size_t batches(const std::string& compartment) const {
        std::size_t sum = 0;
        for (const FrontierEntry& entry : log_->frontier(compartment)) sum += entry.head.number;
        return sum;
    }
    Hash digest(const std::string& compartment) const {
        return frontier_digest(log_->frontier(compartment));
    }

    std::string name;
    NodeId id;
    SeededEntropy entropy;
    RangePlan plan;
    NodeTime ingest_time{1ms};
    std::map<BatchPlace, unsigned> received; // how often each batch came over any wire
    std::map<std::uint64_t, Bytes> charters;
    std::vector<Frontier> confirmed; // of each ConfirmHeads
    std::vector<Bytes> adopted;      // charters
    std::map<Hash, Bytes> noticed;
    std::function<void()> changed = [] {};
    // What the disk answers instead of ingesting, while set.
    std::function<std::optional<Error>(const EncodedBatch&)> refuse;

private:
    std::shared_ptr<const FakeAuthority> authority_;
    std::unique_ptr<Log> log_;
    std::uint64_t counter_ = 0;
};

} // namespace safar::testing
