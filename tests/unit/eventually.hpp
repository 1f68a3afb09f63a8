// Waiting for what another thread does.
#pragma once

#include <chrono>
#include <thread>

namespace safar::testing {

// Waits until `condition` holds; false after `patience`.
template <class Condition>
bool eventually(Condition condition,
                std::chrono::milliseconds patience = std::chrono::milliseconds(10'000)) {
    auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

} // namespace safar::testing
