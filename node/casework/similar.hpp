// Records that may describe what somebody is about to record: looked for before a record is
// created.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

struct SimilarRecord {
    RecordView view;
    double likeness = 0; // sum over the fields that agree; 1 and more: most likely the same
    std::vector<std::string> matched; // these fields
};

constexpr double similar_enough = 0.5;

// Compares with records of the kind by the fields that its document lists under [similar]: numbers
// and codes by equality, names by how they sound (a name in one field may stand in another of the
// record), dates by the day, the first of January hardly. Most likely first, at most `limit`. A
// kind without the section has none. Errors: invalid_argument (no such kind); not_permitted
// (nothing of it is held here); those of reading. Cost: a key for each record that has one of the
// words (similar_words, asked of derived state); folding those that share enough of them, at most
// `similar_compared_max`.
[[nodiscard]] Result<std::vector<SimilarRecord>> find_similar(Registry& registry,
                                                              const std::string& kind,
                                                              const std::vector<FieldText>& fields,
                                                              std::size_t limit);

constexpr std::size_t similar_compared_max = 2000;

// By which records are looked up: the words of a name as they sound, a number without what people
// put between its digits, a day that is no estimate. For Derived::open.
[[nodiscard]] std::vector<std::string> similar_words(const Field& field, std::string_view shown);

} // namespace safar
