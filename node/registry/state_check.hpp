// The state digests, worked out from batches alone: no index, no columns, nothing that derived
// state keeps. If both ways agree, what readers see follows from what was signed.
#pragma once

#include "storage/derive/derived.hpp"

#include <map>

namespace safar {

struct CheckedState {
    Hash digest;                                    // as Derived::state_digest states it
    std::map<std::uint16_t, std::uint64_t> records; // by kind
    std::uint64_t conflicts = 0;                    // fields where agencies disagree
};

// Over the batches of `frontier`, which are the logs of `compartment`. Reads them two times, and
// once more for each 32,768 records of several events. Memory: 16 bytes an event, 32 bytes a
// record.
[[nodiscard]] Result<CheckedState> check_state(const Log& log, const Schema& schema,
                                               std::string_view compartment,
                                               const Frontier& frontier);

} // namespace safar
