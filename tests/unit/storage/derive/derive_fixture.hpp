// A small network of authors whose batches any log may take in any order, and a schema with every
// rule.
#pragma once

#include "storage/derive/derived.hpp"
#include "storage/log/memory_log.hpp"
#include "tests/unit/storage/record/schema_text.hpp"

#include <map>

namespace safar::derive_test {

inline const std::string return_kind = schema_text::return_fields + R"([[field]]
tag = 6
name = "opinion"
type = "code"
codes = "need"
rule = "each"
role = "dimension"
[[field]]
tag = 9
name = "country"
type = "code"
codes = "country"
role = "dimension"
[[field]]
tag = 10
name = "name"
type = "text"
class = "personal"
[[field]]
tag = 11
name = "escorted"
type = "flag"
role = "dimension"
[[field]]
tag = 12
name = "note"
type = "text"
)";
inline const std::string person_kind = schema_text::person_fields + R"([[field]]
tag = 2
name = "age"
type = "integer"
role = "dimension"
)";

inline std::shared_ptr<const Schema> make_schema(bool with_person = true) {
    std::vector<NamedText> kinds{{"return.toml", return_kind}};
    if (with_person) kinds.push_back({"person.toml", person_kind});
    std::vector<NamedText> codes = schema_text::codes;
    codes.push_back({"country.toml",
                     "name = \"country\"\nopen = true\ncodes = [[\"PAK\", \"Pakistan\"], "
                     "[\"AFG\", \"Afghanistan\"]]\n"});
    auto schema = parse_schema(kinds, codes);
    if (!schema) throw std::runtime_error(describe(schema.error()));
    return std::make_shared<const Schema>(std::move(schema).value());
}

template <class Id> Id filled(std::uint8_t fill) {
    Id out;
    out.raw.fill(std::byte{fill});
    return out;
}

inline RecordId record(std::uint32_t n) {
    RecordId out;
    for (int i = 0; i < 4; ++i) {
        // Spread, so that ids do not ascend with the log.
        out.raw[static_cast<std::size_t>(i)] = static_cast<std::byte>((n * 2654435761u) >> (8 * i));
        out.raw[static_cast<std::size_t>(12 + i)] = static_cast<std::byte>(n >> (8 * i));
    }
    return out;
}

class FakeAuthority final : public Authority {
public:
    NetworkId network_ = filled<NetworkId>(0x11);
    std::uint64_t epoch_ = 1;
    Hash charter_ = filled<Hash>(0x22);
    std::map<LogId, LogOwner> owners;
    std::map<KeyId, PublicKey> keys;
    std::map<std::string, int, std::less<>> ranks;

    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return epoch_; }
    const Hash& charter() const override { return charter_; }
    const LogOwner* owner(const LogId& log) const override {
        auto at = owners.find(log);
        return at == owners.end() ? nullptr : &at->second;
    }
    const PublicKey* key(const KeyId& key) const override {
        auto at = keys.find(key);
        return at == keys.end() ? nullptr : &at->second;
    }
    Standing standing(const BatchHeader&) const override { return Standing::counts; }
    int rank(std::string_view agency) const override {
        auto at = ranks.find(agency);
        return at == ranks.end() ? 9 : at->second;
    }
    bool may_hold(const NodeId&, std::string_view) const override { return true; }
    std::vector<NodeId> keepers(std::string_view, std::uint64_t) const override { return {}; }
};

// One agency's log in one compartment, as its author writes it.
struct AgencyLog {
    std::string agency, compartment;
    std::shared_ptr<SigningKey> key;
    BatchContext context;
    std::vector<EncodedBatch> batches;
    std::vector<std::vector<Hash>> leaves; // by batch
    SeededEntropy entropy{1};

    // Signs the drafts as one batch.
    const BuiltBatch& write(std::span<const EventDraft> drafts) {
        std::size_t taken = 0;
        last = build_batch(context, *key, entropy, drafts, taken).value();
        if (taken != drafts.size()) throw std::runtime_error("more drafts than one batch takes");
        adopt();
        return last;
    }
    // Takes `last`, perhaps built otherwise, as the log's next batch.
    void adopt() {
        context.previous = last.hash;
        context.number += 1;
        context.first_sequence += last.header.event_count;
        batches.push_back(last.encoded);
        leaves.push_back(last.leaves);
    }
    [[nodiscard]] Dot dot(std::size_t batch, std::size_t event, std::uint16_t field_index) const {
        Dot out;
        auto opened = open_batch(batches[batch].bytes, LeafCheck::compute).value();
        out.log = context.log;
        out.sequence = opened.header.first_sequence + event;
        out.field_index = field_index;
        std::copy_n(opened.leaves[event].raw.begin(), out.leaf.raw.size(), out.leaf.raw.begin());
        return out;
    }
    BuiltBatch last;
};

class Network {
public:
    std::shared_ptr<FakeAuthority> authority = std::make_shared<FakeAuthority>();

    AgencyLog& add(const std::string& agency, const std::string& compartment, int rank = 5) {
        auto seed_byte = static_cast<std::byte>(logs_.size() + 1);
        auto log = std::make_unique<AgencyLog>();
        log->agency = agency;
        log->compartment = compartment;
        Bytes seed(SigningKey::seed_bytes, seed_byte);
        log->key = std::make_shared<SigningKey>(SigningKey::from_seed(seed).value());
        NodeId node;
        node.raw.fill(seed_byte);
        log->context.network = authority->network_;
        log->context.log = {log_id(authority->network_, node, compartment), filled<Incarnation>(7)};
        log->context.epoch = 1;
        log->context.charter = authority->charter_;
        authority->owners[log->context.log.id] = {node, agency, compartment};
        authority->keys[log->key->id()] = log->key->public_key();
        authority->ranks[agency] = rank;
        logs_.push_back(std::move(log));
        return *logs_.back();
    }
    // A log of a reader that holds nothing yet.
    std::unique_ptr<Log> reader() {
        Author author{filled<NodeId>(0xee), &reader_key_, &entropy_};
        return make_memory_log(author, authority);
    }
    static Position ingest(Log& log, std::span<const EncodedBatch> batches) {
        for (const IngestOutcome& each : log.ingest(batches))
            if (!each.result) throw std::runtime_error(describe(each.result.error()));
        return log.last_position();
    }

private:
    std::vector<std::unique_ptr<AgencyLog>> logs_;
    SigningKey reader_key_ =
        SigningKey::from_seed(Bytes(SigningKey::seed_bytes, std::byte{0xee})).value();
    SeededEntropy entropy_{99};
};

inline EventDraft say(RecordId id, std::vector<Assertion> assertions, std::uint16_t kind = 3) {
    EventDraft out;
    out.body.kind = kind;
    out.body.record = id;
    out.body.verb = "recorded";
    out.body.source = "register";
    out.body.actor = "import";
    out.body.at = {1'700'000'000'000'000};
    out.body.assertions = std::move(assertions);
    return out;
}

// The n-th made-up return: ten fields.
inline EventDraft made_up(std::uint32_t n) {
    const char* countries[] = {"PAK", "AFG", "IND", "BGD", "IRN", "TUR", "GRC"};
    const char* states[] = {"draft", "sent", "draft"};
    return say(record(n),
               {{1, Code{n % 3 == 0 ? "VOL" : "ENF"}},
                {2, Date{static_cast<std::int32_t>(15000 + n % 4000), Date::Precision::day}},
                {3, Code{states[n % 3]}},
                {4, Code{n % 2 == 0 ? "food" : "shelter"}},
                {5, Code{n % 5 == 0 ? "restricted" : "open"}},
                {6, Code{"food"}},
                {8, Integer{n % 9}},
                {9, Code{countries[n % 7]}},
                {10, Text{"Person " + std::to_string(n)}},
                {11, Flag{n % 4 == 0}}});
}

inline void follow_all(Derived& derived) {
    for (;;) {
        auto taken = derived.follow(1000);
        if (!taken) throw std::runtime_error(describe(taken.error()));
        if (taken.value() == 0) return;
    }
}

} // namespace safar::derive_test
