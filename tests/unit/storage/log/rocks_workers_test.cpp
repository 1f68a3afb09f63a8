#include "storage/log/rocks_workers.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace safar {
namespace {

TEST(Workers, EveryPieceIsDoneExactlyOnceFromAnyThread) {
    Workers workers;
    auto hammer = [&] {
        for (int round = 0; round < 500; ++round) {
            std::vector<std::atomic<int>> done(37);
            workers.run(done.size(), [&](std::size_t i) { ++done[i]; });
            for (auto& count : done) ASSERT_EQ(count, 1);
        }
    };
    std::thread beside(hammer);
    hammer();
    beside.join();
}

} // namespace
} // namespace safar
