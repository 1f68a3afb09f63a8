// A read in several steps, of one state.
#pragma once

#include "node/registry/node.hpp"

namespace safar {

// Waits as every read does, then reads; again where derived state began again in between, as some
// of what was read may be of the half that was derived by then. Errors: those of waiting and of
// `read`; busy, where it begins again all the time.
template <class Read>
[[nodiscard]] auto steady(Node& node, const Read& read,
                          std::chrono::milliseconds at_most = std::chrono::minutes(2))
    -> decltype(read()) {
    constexpr int tries_max = 5;
    for (int i = 0; i < tries_max; ++i) {
        const std::uint64_t generation = node.derived().generation();
        SAFAR_TRY(node.await_own_writes(at_most));
        auto out = read();
        if (node.derived().generation() == generation) return out;
    }
    return failure(ErrorCode::busy,
                   "derived state began again each time it was read: ask again later");
}

} // namespace safar
