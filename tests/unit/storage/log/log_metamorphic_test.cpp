// The same random operations on both adapters give the same answers. A failure prints its seed.
#include "log_contract.hpp"

#include <random>

namespace safar {
namespace {

// A transcript of everything a caller can see.
std::string text(const Result<>& result) {
    return result ? "ok" : std::string(name(result.error().code));
}

std::string state(const Log& log) {
    std::string out = "at " + std::to_string(log.last_position());
    for (const std::string& compartment : compartments) {
        Frontier frontier = log.frontier(compartment);
        out += " " + frontier_digest(frontier).brief();
        for (const auto& entry : frontier)
            out += " " + std::to_string(entry.head.number) + (entry.head.forked ? "!" : "");
    }
    for (const auto& entry : log.quarantined()) out += " q" + entry.hash.brief();
    for (const auto& fork : log.forks()) out += " f" + std::to_string(fork.place.number);
    auto entries = log.read_journal(log.last_position() > 4 ? log.last_position() - 4 : 0, 8);
    if (!entries) return out + " journal " + std::string(name(entries.error().code));
    for (const auto& entry : entries.value())
        out += " " + std::to_string(entry.log) + ":" + std::to_string(entry.number) +
               (entry.counts ? "" : "-");
    return out;
}

class Play {
public:
    Play(std::uint64_t seed, std::unique_ptr<LogHost> host)
        : random_(seed), entropy_(seed), host_(std::move(host)) {
        for (std::uint8_t incarnation : {1, 2}) {
            writers_.emplace_back(other_, incarnation);
            writers_.emplace_back(third_, incarnation, "movement");
        }
        offered_.resize(writers_.size());
        open();
    }
    std::string step() {
        std::string did;
        switch (pick(12)) {
        case 0: did = reopen(); break;
        case 1: did = confirm(); break;
        case 2: did = suspend_or_admit(); break;
        case 3: did = fork(); break;
        case 4:
        case 5:
        case 6: did = append(); break;
        default: did = offer(); break;
        }
        return did + " | " + state(*log_);
    }
    std::vector<std::string> problems() { return log_->verify(true, {}).value().problems; }

private:
    std::size_t pick(std::size_t below) { return random_() % below; }

    void open() {
        std::vector<std::string> notes;
        log_.reset();
        auto opened = host_->open({us_.node, &us_.key, &entropy_}, charter_, notes);
        SAFAR_ASSERT(opened.has_value());
        log_ = std::move(opened).value();
        notes_ = notes.size();
    }
    std::string reopen() {
        if (pick(3) == 0) {
            log_.reset();
            host_->lose_witness();
        }
        open();
        return "reopen " + std::to_string(notes_);
    }
    std::string confirm() {
        Frontier frontier = log_->frontier(compartments[pick(2)]);
        if (!frontier.empty() && pick(2) == 0)
            frontier[pick(frontier.size())].head.number += pick(3) - 1;
        log_->confirm_own_heads(other_.node, frontier);
        return "confirm";
    }
    std::string suspend_or_admit() {
        auto next = std::make_shared<TestAuthority>(*charter_);
        const KeyId key = (pick(2) == 0 ? other_ : third_).key.id();
        if (next->suspended.erase(key) == 0) next->suspended.insert(key);
        charter_ = next;
        EXPECT_TRUE(log_->set_authority(next));
        return "charter";
    }
    std::string append() {
        std::vector<AppendRequest> requests;
        for (std::size_t i = 0, n = 1 + pick(3); i < n; ++i)
            requests.push_back(
                request(compartments[pick(2)], pick(8) == 0 ? 300 : pick(4), random_() % 1000));
        std::string out = "append";
        for (auto& answer : log_->append(requests)) {
            if (answer)
                out += " " + std::to_string(answer.value().first_sequence) + "@" +
                       std::to_string(answer.value().position) + "/" +
                       answer.value().log.incarnation.brief();
            else
                out += " " + std::string(name(answer.error().code));
        }
        return out;
    }
    std::string offer_all(const std::vector<EncodedBatch>& group) {
        std::string out = "offer";
        for (auto& outcome : log_->ingest(group))
            out += " " + text(outcome.result) + (outcome.fresh ? "+" : "") +
                   std::to_string(outcome.position);
        return out;
    }
    std::string offer() {
        std::vector<EncodedBatch> group;
        for (std::size_t i = 0, n = 1 + pick(6); i < n; ++i) {
            std::size_t w = pick(writers_.size());
            if (offered_[w].empty() || pick(3) != 0)
                offered_[w].push_back(writers_[w].write(1 + pick(5)));
            std::size_t back = pick(std::min<std::size_t>(offered_[w].size(), 3));
            group.push_back(offered_[w][offered_[w].size() - 1 - back]);
            if (pick(15) == 0) group.back().bytes[pick(group.back().bytes.size())] ^= std::byte{4};
        }
        return offer_all(group);
    }
    std::string fork() {
        if (pick(4) != 0) return "no fork";
        std::size_t w = pick(writers_.size());
        Writer branch = writers_[w];
        offered_[w].push_back(writers_[w].write());
        return offer_all({offered_[w].back(), branch.write(7)});
    }

    std::mt19937_64 random_;
    Node us_{1}, other_{2}, third_{3};
    std::shared_ptr<TestAuthority> charter_ =
        std::make_shared<TestAuthority>(std::initializer_list<const Node*>{&us_, &other_, &third_});
    SeededEntropy entropy_;
    std::unique_ptr<LogHost> host_;
    std::vector<Writer> writers_;
    std::vector<std::vector<EncodedBatch>> offered_;
    std::unique_ptr<Log> log_;
    std::size_t notes_ = 0;
};

TEST(LogMetamorphic, RandomOperationsGiveEqualAnswersOnBothAdapters) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        Play memory(seed, std::make_unique<MemoryHost>());
        Play rocks(seed, std::make_unique<RocksHost>());
        for (int step = 0; step < 120; ++step) {
            const std::string expected = memory.step(), actual = rocks.step();
            ASSERT_EQ(actual, expected) << "seed " << seed << ", step " << step;
        }
        EXPECT_TRUE(memory.problems().empty()) << "seed " << seed << ": " << memory.problems()[0];
        EXPECT_TRUE(rocks.problems().empty()) << "seed " << seed << ": " << rocks.problems()[0];
    }
}

// The memory twin can refuse where a test wants it: what a failed write leaves behind.
TEST(LogMetamorphic, AfterAWriteOfUnknownFateTheLogLooksAndGoesOnInANewIncarnation) {
    Node us{1};
    auto charter = std::make_shared<TestAuthority>(std::initializer_list<const Node*>{&us});
    SeededEntropy entropy(1);
    MemoryHost host;
    std::vector<std::string> notes;
    auto log = host.open({us.node, &us.key, &entropy}, charter, notes).value();
    std::vector<AppendRequest> requests{request("return", 1)};
    LogName first = log->append(requests)[0].value().log;

    host.disk->refuse_commits = failure(ErrorCode::storage_failed, "EIO");
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::storage_failed);
    host.disk->refuse_commits.reset();
    EXPECT_NE(log->append(requests)[0].value().log, first);
    EXPECT_EQ(log->head(first)->number, 1u);
    EXPECT_EQ(log->last_position(), 2u);

    host.disk->refuse_commits = failure(ErrorCode::storage_full, "full");
    LogName second = log->frontier("return").back().log == first
                         ? log->frontier("return").front().log
                         : log->frontier("return").back().log;
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::storage_full);
    host.disk->refuse_commits.reset();
    EXPECT_EQ(log->append(requests)[0].value().log,
              second); // nothing was written, so nothing is in doubt

    host.disk->refuse_commits = failure(ErrorCode::storage_corrupt, "damaged");
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::storage_corrupt);
    host.disk->refuse_commits.reset();
    EXPECT_EQ(log->append(requests)[0].error().code,
              ErrorCode::storage_corrupt); // until an operator acts
}

} // namespace
} // namespace safar
