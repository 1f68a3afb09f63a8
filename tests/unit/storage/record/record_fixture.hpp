// A small schema and helpers that the tests of records share.
#pragma once

#include "storage/crypto/sha256.hpp"
#include "storage/record/fold.hpp"
#include "tests/unit/storage/record/schema_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::record_test {

inline const std::string return_kind = schema_text::return_fields + R"([[field]]
tag = 6
name = "opinion"
type = "text"
rule = "each"
[[field]]
tag = 9
name = "person"
type = "reference"
to = "person"
[[field]]
tag = 10
name = "place"
type = "point"
class = "personal"
[[field]]
tag = 11
name = "escorted"
type = "flag"
)";
inline const std::string person_kind = schema_text::person_fields;
inline const std::vector<NamedText> code_texts = schema_text::codes;

inline Schema schema() {
    std::vector<NamedText> kinds{{"schema/return.toml", return_kind},
                                 {"schema/person.toml", person_kind}};
    Result<Schema> parsed = parse_schema(kinds, code_texts);
    EXPECT_TRUE(parsed) << (parsed ? "" : describe(parsed.error()));
    return parsed ? std::move(parsed.value()) : Schema{};
}

// Ranks: IOM before UNHCR before everybody else, who are equal.
class FixedAuthority final : public Authority {
public:
    [[nodiscard]] const NetworkId& network() const override { return network_; }
    [[nodiscard]] std::uint64_t epoch() const override { return 1; }
    [[nodiscard]] const Hash& charter() const override { return charter_; }
    [[nodiscard]] const LogOwner* owner(const LogId&) const override { return nullptr; }
    [[nodiscard]] const PublicKey* key(const KeyId&) const override { return nullptr; }
    [[nodiscard]] Standing standing(const BatchHeader&) const override { return Standing::counts; }
    [[nodiscard]] int rank(std::string_view agency) const override {
        return agency == "IOM" ? 0 : agency == "UNHCR" ? 1 : 2;
    }
    [[nodiscard]] bool may_hold(const NodeId&, std::string_view) const override { return true; }
    [[nodiscard]] std::vector<NodeId> keepers(std::string_view, std::uint64_t) const override {
        return {};
    }

private:
    NetworkId network_;
    Hash charter_;
};

inline LogName log_of(std::string_view agency) {
    LogName log;
    log.id = *LogId::from(tagged_hash("test-log", {as_bytes(agency)}).view());
    log.incarnation.raw[0] = std::byte{1};
    return log;
}

inline RecordId record_id(std::uint8_t number) {
    RecordId id;
    id.raw[15] = std::byte{number};
    return id;
}

// An event of record 1, kind "return"; the leaf is made of its log and sequence.
inline HeldEvent event(std::string agency, std::uint64_t sequence,
                       std::vector<Assertion> assertions, std::vector<Dot> replaces = {}) {
    HeldEvent out;
    out.log = log_of(agency);
    out.sequence = sequence;
    out.leaf = tagged_hash("test-leaf", {out.log.id.view(), as_bytes(std::to_string(sequence))});
    out.agency = std::move(agency);
    out.replaces = std::move(replaces);
    out.body.kind = 3;
    out.body.record = record_id(1);
    out.body.verb = "recorded";
    out.body.assertions = std::move(assertions);
    return out;
}

inline Dot dot(const HeldEvent& event, std::uint16_t index = 0) {
    Dot out{event.log, event.sequence, index, {}};
    std::memcpy(out.leaf.raw.data(), event.leaf.raw.data(), out.leaf.raw.size());
    return out;
}

inline Assertion code(std::uint16_t field, std::string value) {
    return {field, Code{std::move(value)}};
}
inline Assertion text(std::uint16_t field, std::string value) {
    return {field, Text{std::move(value)}};
}
inline Assertion number(std::uint16_t field, std::int64_t value) { return {field, Integer{value}}; }
inline Assertion usd(std::uint16_t field, std::int64_t cents) {
    return {field, Money{cents, "USD"}};
}

// "VOL|ENF" of a field's reading.
inline std::string reading(const Folded& record, std::uint16_t field) {
    const FoldedField* found = record.field(field);
    if (!found) return "(never said)";
    std::string out;
    for (const Value& value : found->reading) out += (out.empty() ? "" : "|") + show_value(value);
    return out;
}

} // namespace safar::record_test
