// Whoever waits for derived state hears at once why it can not follow, and is served when it can.
#include "node/registry/derive_thread.hpp"

#include "tests/unit/eventually.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;
using namespace std::chrono_literals;
using safar::testing::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeriveThreadTest : public ::testing::Test {
protected:
    DeriveThreadTest() {
        for (std::uint32_t n = 0; n < 3; ++n) {
            const EventDraft draft = made_up(n);
            iom_.write(std::span(&draft, 1));
        }
        inner_ = network_.reader();
        Network::ingest(*inner_, iom_.batches);
        log_ = std::make_unique<ProxyLog>(*inner_);
        derived_ = Derived::open(*log_, make_schema()).value();
        thread_ = std::make_unique<DeriveThread>(*derived_, *log_, [this](const std::string& line) {
            std::lock_guard lock(mutex_);
            notes_.push_back(line);
        });
    }
    // One more batch, which the log holds and derived state is yet to take.
    void write(const EventDraft& draft) {
        iom_.write(std::span(&draft, 1));
        Network::ingest(*inner_, std::span(iom_.batches).last(1));
    }
    // Until it has tried so often again.
    [[nodiscard]] bool tried(std::uint64_t times) {
        const std::uint64_t reads = log_->journal_reads + times;
        return eventually([&] { return log_->journal_reads >= reads; });
    }
    [[nodiscard]] bool follows() {
        return eventually(
            [&] { return thread_->position() == inner_->last_position() && !thread_->hindered(); });
    }
    std::vector<std::string> notes() {
        std::lock_guard lock(mutex_);
        return notes_;
    }

    Network network_;
    AgencyLog& iom_ = network_.add("IOM", "return");
    std::unique_ptr<Log> inner_;
    std::unique_ptr<ProxyLog> log_;
    std::unique_ptr<Derived> derived_;
    std::mutex mutex_;
    std::vector<std::string> notes_;
    std::unique_ptr<DeriveThread> thread_; // ends first
};

TEST_F(DeriveThreadTest, AWaiterHearsWhatHindersItAndNotThatTimeRanOut) {
    log_->journal_broken = true;
    thread_->start();
    const auto waited = thread_->wait_for(3, 1min);
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error().code, ErrorCode::storage_corrupt);
    EXPECT_THAT(waited.error().detail, HasSubstr("hole"));
    ASSERT_TRUE(thread_->hindered().has_value());
    EXPECT_EQ(thread_->hindered()->detail, waited.error().detail);
}

TEST_F(DeriveThreadTest, TheOperatorIsToldOnceAndItIsTriedAgain) {
    log_->journal_broken = true;
    thread_->start();
    ASSERT_FALSE(thread_->wait_for(3, 1min).has_value());
    ASSERT_TRUE(tried(2));
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("does not follow the log")));

    log_->journal_broken = false;
    ASSERT_TRUE(follows());
    EXPECT_TRUE(thread_->wait_for(3, 0ms).has_value());
    EXPECT_EQ(derived_->records("return"), 3u);
}

TEST_F(DeriveThreadTest, ADamagedBatchOfTheLogLeavesTheOtherRecordsReadable) {
    thread_->start();
    ASSERT_TRUE(thread_->wait_for(3, 1min).has_value());
    log_->damaged_batch = 1;
    write(say(record(0), {{9, Code{"LKA"}}}));
    thread_->wake(4);
    const auto waited = thread_->wait_for(4, 1min);
    ASSERT_FALSE(waited.has_value());
    EXPECT_THAT(waited.error().detail, HasSubstr("batch 1 is damaged"));
    ASSERT_TRUE(tried(2));
    EXPECT_TRUE(thread_->wait_for(3, 0ms).has_value());
    EXPECT_EQ(derived_->records("return"), 3u);
    EXPECT_TRUE(derived_->record(record(1)).has_value());
    EXPECT_TRUE(derived_->record(record(2)).has_value());
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("does not follow the log")));

    log_->damaged_batch = 0;
    EXPECT_TRUE(follows());
}

TEST_F(DeriveThreadTest, DamageOfDerivedStateIsDerivedAgain) {
    write(say(record(0), {{9, Code{"LKA"}}})); // from here on its events lie in the index
    follow_all(*derived_);
    write(say(record(0), {{9, Code{"AFG"}}}));
    log_->store.unreadable = "r";
    thread_->start();
    thread_->wake(5);
    ASSERT_TRUE(follows());
    EXPECT_EQ(derived_->records("return"), 3u);
    EXPECT_EQ(derived_->entry(record(0)).value()->events.size(), 3u);
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("does not follow the log")));
}

TEST_F(DeriveThreadTest, WhileEverythingBeginsAgainReadersWaitForWhatWasThere) {
    for (std::uint32_t n = 3; n < 70; ++n) write(made_up(n)); // more than one step takes
    thread_->start();
    ASSERT_TRUE(thread_->wait_for(1, 1min).has_value()); // all that thread_ was made with
    thread_->wake(70);
    ASSERT_TRUE(thread_->wait_for(70, 1min).has_value());
    std::vector<ErrorCode> half;
    const auto rebuilt = thread_->run([&](Derived& derived) {
        return derived.rebuild([&](Position at, Position) {
            if (at == 70) return;
            for (Position wanted : {1, 70})
                if (auto waited = thread_->wait_for(wanted, 0ms); !waited.has_value())
                    half.push_back(waited.error().code);
        });
    });
    ASSERT_TRUE(rebuilt.has_value());
    EXPECT_THAT(half, ElementsAre(ErrorCode::timed_out, ErrorCode::timed_out));
    EXPECT_TRUE(thread_->wait_for(70, 1min).has_value());
}

TEST_F(DeriveThreadTest, AStepThatBeganBeforeItWasToLookAgainAnswersNobody) {
    std::optional<bool> served;
    log_->before_journal = [&] { // of the first step
        thread_->look_again();
        log_->before_journal = [&] { // the same step finds nothing more
            log_->before_journal = [&] { served = thread_->wait_for(1, 0ms).has_value(); };
        };
    };
    thread_->start();
    ASSERT_TRUE(follows());
    EXPECT_EQ(served, std::optional(false));
    EXPECT_TRUE(thread_->wait_for(3, 1min).has_value());
}

} // namespace
} // namespace safar
