// Whoever waits for derived state hears at once why it can not follow, and is served when it can.
#include "node/registry/derive_thread.hpp"

#include "tests/unit/storage/derive/derive_fixture.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;
using namespace std::chrono_literals;
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
    const std::uint64_t reads = log_->journal_reads;
    while (log_->journal_reads < reads + 4) std::this_thread::sleep_for(20ms);
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("does not follow the log"),
                                     HasSubstr("derived again from the log")));

    log_->journal_broken = false;
    while (thread_->position() < 3) std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(thread_->wait_for(3, 0ms).has_value());
    while (thread_->hindered()) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(derived_->records("return"), 3u);
}

} // namespace
} // namespace safar
