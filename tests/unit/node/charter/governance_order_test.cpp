// A node is admitted, another suspended, removed with a cut, and a part of what it wrote admitted later:
// the same frontier, state and verdicts at each step, in whatever order a node hears of it.
#include "epochs_fixture.hpp"
#include "storage/derive/derived.hpp"
#include "storage/log/memory_log.hpp"

#include <random>

namespace safar {
namespace {

using namespace testing;

constexpr const char* compartment = "movement";

// One thing that a node may hear.
struct Heard {
    std::string epoch;              // a signed charter
    std::optional<Notice> notice;
    std::optional<EncodedBatch> batch;
};

// A node that only listens.
class Listener {
public:
    explicit Listener(const Epochs3& network)
        : key_(seeded_key(77)), state_(network.state()),
          log_(make_memory_log(Author{network.network.iom.id(), &key_, &entropy_}, state_.authority())),
          derived_(value_of(Derived::open(*log_, schema()))) {}

    // Peers offer again what came too early: rounds until nothing is news.
    void hear(const std::vector<const Heard*>& all) {
        for (bool news = true; news;) {
            news = false;
            for (const Heard* one : all) news = hear(*one) || news;
        }
    }
    bool hear(const Heard& one) {
        if (one.batch) {
            auto outcome = log_->ingest({&*one.batch, 1});
            return outcome[0].fresh;
        }
        auto taken = one.notice ? state_.take_notice(*one.notice) : state_.take_epoch(one.epoch);
        if (!taken || taken.value() == CharterState::News::nothing) return false;
        EXPECT_TRUE(log_->set_authority(state_.authority()));
        derived_->set_schema(schema());
        return true;
    }
    // Everything that must not depend on the order.
    std::string verdict() {
        for (;;)
            if (value_of(derived_->follow(1000)) == 0) break;
        std::string out = state_.state_hash().hex() + " " + frontier_digest(log_->frontier(compartment)).hex() + " " +
                          value_of(derived_->state_digest(compartment, {})).hex();
        for (const FrontierEntry& entry : log_->frontier(compartment))
            out += " " + entry.log.id.brief() + ":" + std::to_string(entry.head.number);
        return out;
    }
    [[nodiscard]] const CharterState& state() const { return state_; }
    [[nodiscard]] std::shared_ptr<const Authority> authority() const { return state_.authority(); }

private:
    [[nodiscard]] std::shared_ptr<const Schema> schema() const {
        return std::make_shared<const Schema>(value_of(charter_schema(*state_.ruling().charter)));
    }
    SigningKey key_;
    SeededEntropy entropy_{78};
    CharterState state_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<Derived> derived_;
};

// An author that writes one batch at a time.
class Writing {
public:
    Writing(const Member& member, std::shared_ptr<const Authority> authority)
        : key_(seeded_key(2 * member.seed)), entropy_(member.seed + 500),
          log_(make_memory_log(Author{member.id(), &key_, &entropy_}, std::move(authority))) {}
    void under(std::shared_ptr<const Authority> authority) { ASSERT_TRUE(log_->set_authority(std::move(authority))); }
    Heard write() {
        AppendRequest request{compartment, std::vector<EventDraft>(1)};
        EventDraft& draft = request.drafts[0];
        draft.body.kind = 1;
        draft.body.record = entropy_.draw<RecordId>();
        draft.body.verb = "recorded";
        draft.body.actor = "test";
        draft.body.assertions = {{1, Text{"crossing " + std::to_string(++written_)}}};
        auto appended = log_->append({&request, 1});
        EXPECT_TRUE(appended[0]) << describe(appended[0].error());
        name = appended[0].value().log;
        auto batches = value_of(log_->read_range(name, log_->head(name)->number, 1));
        return {"", std::nullopt, *batches.at(0)};
    }
    LogName name;

private:
    SigningKey key_;
    SeededEntropy entropy_;
    std::unique_ptr<Log> log_;
    int written_ = 0;
};

class GovernanceOrder : public ::testing::Test, protected Epochs3 {
protected:
    void everybody_agrees(const std::vector<Heard>& known, std::string_view step) {
        std::vector<const Heard*> order;
        for (const Heard& one : known) order.push_back(&one);
        Listener in_order(*this);
        in_order.hear(order);
        const std::string verdict = in_order.verdict();
        std::mt19937 random(20200108);
        for (int round = 0; round < 20; ++round) {
            std::shuffle(order.begin(), order.end(), random);
            Listener node(*this);
            node.hear(order);
            ASSERT_EQ(node.verdict(), verdict) << step << ", order " << round;
        }
        verdicts.push_back(verdict);
    }
    std::vector<std::string> verdicts;
};

TEST_F(GovernanceOrder, IsForgottenAtEveryStep) {
    const Member punjab("PUNJAB", 5);
    std::vector<Heard> known;
    Listener guide(*this); // hears in order: whose authority the authors write under
    auto add = [&](Heard one) {
        guide.hear(one);
        known.push_back(std::move(one));
    };
    auto epoch = [&](const Edit& edit) {
        add({successor(*guide.state().ruling().charter, edit, {"IOM", "MOFA"}), std::nullopt, std::nullopt});
    };
    Writing iom(network.iom, guide.authority()), fia(network.fia, guide.authority());
    add(iom.write());
    add(fia.write());

    epoch([&](Charter& c) {
        c.agencies.push_back({"PUNJAB", "The PUNJAB", "member", false});
        c.nodes.push_back(enrolled_node(punjab.enrolment));
        c.compartments[0].writers.push_back("PUNJAB");
    });
    Writing newcomer(punjab, guide.authority());
    fia.under(guide.authority());
    for (int i = 0; i < 3; ++i) add(fia.write()); // batches 2 to 4
    add(newcomer.write());
    everybody_agrees(known, "admitted");

    Suspension stop;
    stop.network = NetworkId{first.charter->identity.raw};
    stop.epoch = guide.state().ruling().charter->identity;
    stop.agency = "FIA";
    stop.reason = "a laptop was stolen";
    stop.cuts = {{network.fia.id(), compartment, fia.name.incarnation, 2, std::nullopt, ""}};
    const std::string text = value_of(write_suspension(stop, "MOFA", network.mofa.signing));
    add({"", value_of(parse_notice(make_suspension_notice(text, stop).bytes)), std::nullopt});
    everybody_agrees(known, "suspended");

    epoch([&](Charter& c) {
        remove_agency(c, "FIA");
        c.quorum = 2;
        c.cuts = stop.cuts;
    });
    newcomer.under(guide.authority());
    add(newcomer.write());
    everybody_agrees(known, "removed");

    epoch([&](Charter& c) { c.cuts[0].batch = 3; });
    everybody_agrees(known, "half admitted");
    EXPECT_EQ(std::set<std::string>(verdicts.begin(), verdicts.end()).size(), 4u);
}

} // namespace
} // namespace safar
