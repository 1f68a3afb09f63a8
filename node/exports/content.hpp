// Content digests: what records say, in a measure that two networks can share.
//
// The state digest covers the dots, and so the logs, signatures and keys, of the network that made
// the events; no other network can have it. These cover ids, kinds, field names and values as text,
// in any order:
//   content  what is read of each field
//   said     which agency says which live value; of a status, who says the state that is read
#pragma once

#include "storage/crypto/sha256.hpp"
#include "storage/record/fold.hpp"

namespace safar {

class ContentDigest {
public:
    // `fields`: those that take part.
    void add(const Kind& kind, std::span<const Field* const> fields, const Folded& record);
    [[nodiscard]] std::uint64_t records() const { return content_.size(); }
    // Memory until then: 64 bytes a record.
    [[nodiscard]] Hash content() { return over(content_, "content"); }
    [[nodiscard]] Hash said() { return over(said_, "content said"); }

private:
    [[nodiscard]] static Hash over(std::vector<Hash>& records, std::string_view purpose);
    std::vector<Hash> content_, said_;
};

// The texts of a reading, as a file shows them: of a field that each agency has its own value of,
// every different one once.
[[nodiscard]] std::vector<std::string> reading_texts(const Field& field, const FoldedField& folded);
// Does the field hold several values?
[[nodiscard]] inline bool holds_many(const Field& field) {
    return field.rule == Rule::set || field.rule == Rule::each || field.rule == Rule::ledger;
}

} // namespace safar
