// A small federation for the log's tests: nodes with fixed keys, a charter that a test can change,
// and authors that sign whatever a test wants them to, right or wrong.
#pragma once

#include "storage/crypto/sha256.hpp"
#include "storage/log/log.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>

namespace safar::fixture {

template <class Id> Id id(std::uint8_t fill) {
    Id out;
    out.raw.fill(std::byte{fill});
    return out;
}

inline const NetworkId network = id<NetworkId>(0xaa);
inline const std::vector<std::string> compartments = {"movement", "return"};

// One node: number n has the key of seed n.
struct Node {
    explicit Node(std::uint8_t n)
        : number(n),
          key(SigningKey::from_seed(Bytes(SigningKey::seed_bytes, std::byte{n})).value()),
          node(NodeId{key.id().raw}) {}
    [[nodiscard]] LogId log(std::string_view compartment = "return") const {
        return log_id(network, node, compartment);
    }
    // The same node after its key was replaced by that of another number.
    [[nodiscard]] Node with_key_of(std::uint8_t n) const {
        Node out(n);
        out.node = node;
        return out;
    }
    std::uint8_t number;
    SigningKey key;
    NodeId node;
};

// Knows every node it was given, in every compartment, unless a test says otherwise.
class TestAuthority final : public Authority {
public:
    TestAuthority(std::initializer_list<const Node*> nodes) {
        for (const Node* node : nodes) add(*node);
    }
    void add(const Node& node) {
        for (const std::string& compartment : compartments)
            owners[node.log(compartment)] = {node.node, "A" + std::to_string(node.number),
                                             compartment};
        keys[node.key.id()] = node.key.public_key();
    }

    const NetworkId& network() const override { return fixture::network; }
    std::uint64_t epoch() const override { return epoch_now; }
    const Hash& charter() const override { return identity; }
    const LogOwner* owner(const LogId& log) const override {
        auto found = owners.find(log);
        return found == owners.end() ? nullptr : &found->second;
    }
    const PublicKey* key(const KeyId& key) const override {
        auto found = keys.find(key);
        return found == keys.end() ? nullptr : &found->second;
    }
    Standing standing(const BatchHeader& header) const override {
        ++*asked;
        if (owner(header.log.id) == nullptr || key(header.key) == nullptr) return Standing::unknown;
        if (header.epoch > epoch_now) return Standing::waits;
        if (header.number > last_batch) return Standing::quarantine;
        if (auto cut = cuts.find(header.log); cut != cuts.end() && header.number > cut->second)
            return Standing::quarantine;
        if (const Hash* one = admitted({header.log, header.number}))
            if (header_hash(header.network, encode_header(header)) != *one)
                return Standing::quarantine;
        return suspended.contains(header.key) ? Standing::quarantine : Standing::counts;
    }
    bool was_permitted(const BatchHeader& header) const override {
        return owner(header.log.id) != nullptr && key(header.key) != nullptr &&
               header.epoch <= epoch_now && header.number <= last_batch;
    }
    bool binds(const BatchHeader& header) const override {
        return was_permitted(header) && !replaced.contains(header.key);
    }
    std::uint64_t void_epoch() const override { return epoch_void; }
    const Hash* admitted(const BatchPlace& place) const override {
        auto found = admits.find(place);
        return found == admits.end() ? nullptr : &found->second;
    }
    bool admitted_before(const BatchPlace& place) const override {
        auto found = admits.lower_bound({place.log, 0});
        return found != admits.end() && found->first < place && found->first.log == place.log;
    }
    bool restricted(const LogId& log) const override {
        if (std::any_of(admits.begin(), admits.end(),
                        [&](const auto& admit) { return admit.first.log.id == log; }))
            return true;
        return std::any_of(cuts.begin(), cuts.end(),
                           [&](const auto& cut) { return cut.first.id == log; });
    }
    // Over everything above that a test may change.
    const Hash& revision() const override {
        Bytes all;
        ByteWriter out(all);
        out.integer(epoch_now);
        out.integer(epoch_void);
        for (const KeyId& key : suspended) out.bytes(key.view());
        for (const KeyId& key : replaced) out.bytes(key.view());
        for (const auto& [log, batch] : cuts) {
            out.bytes(log.id.view());
            out.bytes(log.incarnation.view());
            out.integer(batch);
        }
        for (const auto& [place, hash] : admits) {
            out.bytes(place.log.incarnation.view());
            out.integer(place.number);
            out.bytes(hash.view());
        }
        for (const auto& each : carriers) out.bytes(each.view());
        for (const auto& each : observers) out.bytes(each.view());
        revision_ = tagged_hash("test-revision", {identity.view(), all});
        return revision_;
    }
    int rank(std::string_view) const override { return 0; }
    bool may_hold(const NodeId& node, std::string_view) const override {
        return !observers.contains(node);
    }
    bool may_observe(const NodeId&, std::string_view) const override { return true; }
    std::vector<NodeId> keepers(std::string_view, std::uint64_t since) const override {
        std::vector<NodeId> out = keeping;
        for (const auto& [node, last] : kept_until)
            if (last >= since) out.push_back(node);
        return out;
    }
    bool only_carries(const NodeId& node, std::string_view) const override {
        return observers.contains(node) || carriers.contains(node);
    }

    std::uint64_t epoch_now = 1, epoch_void = 0;
    Hash identity = id<Hash>(0xdd);
    std::map<LogId, LogOwner> owners;
    std::map<KeyId, PublicKey> keys;
    std::set<KeyId> suspended;
    std::set<KeyId> replaced; // and bind nobody
    std::shared_ptr<std::atomic<std::size_t>> asked =
        std::make_shared<std::atomic<std::size_t>>(0); // for a standing
    std::map<LogName, std::uint64_t> cuts;             // the last batch that counts
    std::uint64_t last_batch =
        ~std::uint64_t{0}; // that anybody may sign in a log, as by a delegation
    std::map<BatchPlace, Hash> admits;
    std::set<NodeId> observers, carriers;       // in every compartment
    std::vector<NodeId> keeping;                // likewise
    std::map<NodeId, std::uint64_t> kept_until; // the last epoch in which it did

private:
    mutable Hash revision_;
};

inline EventDraft draft(std::uint64_t n) {
    EventDraft out;
    out.body.kind = 3;
    out.body.record = id<RecordId>(static_cast<std::uint8_t>(n));
    out.body.verb = "recorded";
    out.body.source = "test-register";
    out.body.actor = "caseworker";
    out.body.at = {1'577'836'800'000'000 + static_cast<std::int64_t>(n)};
    out.body.assertions = {{1, Text{"record " + std::to_string(n)}},
                           {2, Integer{static_cast<std::int64_t>(n)}}};
    return out;
}

inline AppendRequest request(std::string compartment, std::size_t events, std::uint64_t first = 0) {
    AppendRequest out;
    out.compartment = std::move(compartment);
    for (std::size_t i = 0; i < events; ++i) out.drafts.push_back(draft(first + i));
    return out;
}

// Signs a chain of batches as another node would, or as it never should.
class Writer {
public:
    explicit Writer(const Node& node, std::uint8_t incarnation = 1,
                    std::string_view compartment = "return")
        : node_(&node), entropy_(1000u * node.number + incarnation) {
        next.network = network;
        next.log = {node.log(compartment), id<Incarnation>(incarnation)};
        next.epoch = 1;
        next.charter = id<Hash>(0xdd);
    }
    // The next batch of the chain.
    EncodedBatch write(std::size_t events = 3) {
        BuiltBatch built = build(events);
        next.number += 1;
        next.first_sequence = built.header.last_sequence() + 1;
        next.previous = built.hash;
        return std::move(built.encoded);
    }
    // A batch for the same place, without going on.
    EncodedBatch peek(std::size_t events = 3) { return std::move(build(events).encoded); }
    std::vector<EncodedBatch> write_many(std::size_t batches, std::size_t events = 3) {
        std::vector<EncodedBatch> out;
        for (std::size_t i = 0; i < batches; ++i) out.push_back(write(events));
        return out;
    }

    BatchContext next;

private:
    BuiltBatch build(std::size_t events) {
        std::vector<EventDraft> drafts;
        for (std::size_t i = 0; i < events; ++i) drafts.push_back(draft(salt_++));
        std::size_t taken = 0;
        return build_batch(next, node_->key, entropy_, drafts, taken).value();
    }
    const Node* node_;
    SeededEntropy entropy_;
    std::uint64_t salt_ = 0;
};

class TempDir {
public:
    TempDir() {
        std::string pattern = "/tmp/safar-log-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace safar::fixture
