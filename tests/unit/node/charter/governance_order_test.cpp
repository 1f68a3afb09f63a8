// A node is admitted, another suspended, removed with a cut, and a part of what it wrote admitted
// later: the same frontier, state and verdicts at each step, in whatever order a node hears of it.
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
    std::string epoch; // a signed charter
    std::optional<Notice> notice;
    std::optional<EncodedBatch> batch;
};

// A node that only listens.
class Listener {
public:
    explicit Listener(const Epochs3& network)
        : key_(seeded_key(77)), state_(network.state()),
          log_(make_memory_log(Author{network.network.iom.id(), &key_, &entropy_},
                               state_.authority())),
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
        if (const auto* fork =
                one.notice ? std::get_if<ForkEvidence>(&one.notice->what) : nullptr) {
            EXPECT_TRUE(log_->note_fork(*fork));
        }
        return true;
    }
    // Everything that must not depend on the order.
    std::string verdict() {
        for (;;)
            if (value_of(derived_->follow(1000)) == 0) break;
        std::string out = state_.state_hash().hex() + " " +
                          frontier_digest(log_->frontier(compartment)).hex() + " " +
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
    void under(std::shared_ptr<const Authority> authority) {
        ASSERT_TRUE(log_->set_authority(std::move(authority)));
    }
    Heard write(std::string_view what = "crossing", std::uint16_t kind = 1) {
        AppendRequest request{compartment, std::vector<EventDraft>(1)};
        EventDraft& draft = request.drafts[0];
        draft.body.kind = kind;
        draft.body.record = entropy_.draw<RecordId>();
        draft.body.verb = "recorded";
        draft.body.actor = "test";
        draft.body.assertions = {{1, Text{std::string(what) + " " + std::to_string(++written_)}}};
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
        add({successor(*guide.state().ruling().charter, edit, {"IOM", "MOFA"}), std::nullopt,
             std::nullopt});
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

// FIA lets UKF write movements up to batch 3, then ends it after batch 2; among them an event of
// another kind.
TEST_F(GovernanceOrder, IsForgottenWhereAPartnerWritesUnderADelegation) {
    std::vector<Heard> known;
    Listener guide(*this);
    auto add = [&](Heard one) {
        guide.hear(one);
        known.push_back(std::move(one));
    };
    Writing fia(network.fia, guide.authority());
    add(fia.write());
    Delegation what;
    what.network = NetworkId{first.charter->identity.raw};
    what.epoch = first.charter->identity;
    what.agency = "FIA";
    what.node = network.ukf.id();
    what.compartment = compartment;
    what.kinds = {"movement"};
    what.until_batch = 3;
    std::string text = value_of(write_delegation(what, network.fia.signing));
    const Notice given = make_delegation_notice(text, value_of(parse_delegation(text)));
    add({"", given, std::nullopt});
    Writing ukf(network.ukf, guide.authority());
    std::vector<Heard> of_ukf{ukf.write(), ukf.write("case", /*kind=*/2), ukf.write()};
    what.until_batch = 9; // what it would take to write a fourth; nobody else hears of it
    text = value_of(write_delegation(what, network.fia.signing));
    CharterState larger = guide.state();
    ASSERT_TRUE(larger.take_notice(make_delegation_notice(text, value_of(parse_delegation(text)))));
    ukf.under(larger.authority());
    of_ukf.push_back(ukf.write());

    add(of_ukf[0]);
    everybody_agrees(known, "delegated");
    const std::string one_written = verdicts.back();
    add(of_ukf[1]);
    everybody_agrees(known, "another kind");
    EXPECT_TRUE(verdicts.back().ends_with(":2") || verdicts.back().find(":2 ") != std::string::npos)
        << "it is kept";
    const auto state_of = [](const std::string& verdict) { return verdict.substr(2 * 65, 64); };
    EXPECT_EQ(state_of(verdicts.back()), state_of(one_written)) << "and has no effect";
    for (const Heard& one : {of_ukf[2], of_ukf[3]}) add(one);
    everybody_agrees(known, "beyond the limit");
    const LogName log = ukf.name;

    DelegationEnd end;
    end.network = what.network;
    end.epoch = what.epoch;
    end.agency = "FIA";
    end.delegation = given.hash;
    end.cuts = {{network.ukf.id(), compartment, log.incarnation, 2, std::nullopt, ""}};
    text = value_of(write_delegation_end(end, network.fia.signing));
    add({"", make_delegation_end_notice(text, value_of(parse_delegation_end(text))), std::nullopt});
    everybody_agrees(known, "ended");
    EXPECT_EQ(state_of(verdicts.back()), state_of(one_written));
    EXPECT_EQ(std::set<std::string>(verdicts.begin(), verdicts.end()).size(), 4u);
}

// One key ran twice: the same log, and after its first batch two that go their own ways.
TEST_F(GovernanceOrder, IsForgottenWhereAnEpochAdmitsOneBranchOfAForkAndThenTheOther) {
    std::vector<Heard> known;
    Listener guide(*this);
    Writing fia(network.fia, guide.authority()), copy(network.fia, guide.authority());
    auto add = [&](Heard one) {
        guide.hear(one);
        known.push_back(std::move(one));
    };
    add(fia.write());
    copy.write(); // the very same batch
    for (int i = 0; i < 3; ++i) add(fia.write("here"));
    std::vector<Heard> there;
    for (int i = 0; i < 2; ++i) there.push_back(copy.write("there"));
    known.insert(known.end(), there.begin(), there.end());
    ASSERT_EQ(fia.name, copy.name);
    auto signature = [](const EncodedBatch& batch) {
        Signature out;
        std::memcpy(out.raw.data(), batch.bytes.data() + BatchHeader::encoded_bytes,
                    Signature::size);
        return out;
    };
    for (std::size_t i : {0u, 1u}) { // the second shows the branches and not where they part
        const EncodedBatch &a = *known[1 + i].batch, &b = *there[i].batch;
        add({"",
             make_fork_notice(make_evidence({fia.name, 2 + i}, a.header(), signature(a), b.header(),
                                            signature(b))),
             std::nullopt});
    }
    everybody_agrees(known, "forked");

    auto admit = [&](const EncodedBatch& batch) {
        const CharterAdmit one{network.fia.id(),
                               compartment,
                               fia.name.incarnation,
                               2,
                               header_hash(NetworkId{first.charter->identity.raw}, batch.header()),
                               "checked on paper"};
        add({successor(*guide.state().ruling().charter, [&](Charter& c) { c.admits = {one}; },
                       {"IOM", "MOFA"}),
             std::nullopt, std::nullopt});
    };
    admit(*known[1].batch);
    everybody_agrees(known, "one branch admitted");
    EXPECT_TRUE(verdicts.back().ends_with(":4")) << verdicts.back();
    admit(*there[0].batch);
    everybody_agrees(known, "the other branch admitted");
    EXPECT_TRUE(verdicts.back().ends_with(":3")) << verdicts.back();
    EXPECT_EQ(std::set<std::string>(verdicts.begin(), verdicts.end()).size(), 3u);
}

// FIA forks its log under an epoch that has a rival: with the epoch the fork is void, and its log
// is open again.
TEST_F(GovernanceOrder, IsForgottenWhereARivalMakesTheEpochVoidUnderWhichALogForked) {
    std::vector<Heard> known;
    Listener guide(*this);
    auto add = [&](Heard one) {
        guide.hear(one);
        known.push_back(std::move(one));
    };
    Writing fia(network.fia, guide.authority()), copy(network.fia, guide.authority()),
        third(network.fia, guide.authority());
    add(fia.write());
    copy.write(); // the very same batch
    third.write();
    const auto named = [&](const std::string& name) {
        return Heard{
            successor(*first.charter, [&](Charter& c) { c.network_name = name; }, {"IOM", "MOFA"}),
            std::nullopt, std::nullopt};
    };
    add(fia.write("here"));
    add(named("one"));
    copy.under(guide.authority());
    const Heard there = copy.write("there");
    known.push_back(there);
    const EncodedBatch a = *known[1].batch, b = *there.batch;
    const auto signature = [](const EncodedBatch& batch) {
        Signature out;
        std::memcpy(out.raw.data(), batch.bytes.data() + BatchHeader::encoded_bytes,
                    Signature::size);
        return out;
    };
    const auto fork_of = [&](const EncodedBatch& one, const EncodedBatch& other) {
        return Heard{"",
                     make_fork_notice(make_evidence({fia.name, 2}, one.header(), signature(one),
                                                    other.header(), signature(other))),
                     std::nullopt};
    };
    add(fork_of(a, b));
    everybody_agrees(known, "forked");
    EXPECT_TRUE(verdicts.back().ends_with(":1")) << verdicts.back();
    known.push_back(named("other"));
    everybody_agrees(known, "void");
    EXPECT_TRUE(verdicts.back().ends_with(":2")) << verdicts.back();
    // And again, at the same place, under an epoch that stands.
    const Heard elsewhere = third.write("elsewhere");
    known.push_back(fork_of(a, *elsewhere.batch));
    everybody_agrees(known, "forked again");
    EXPECT_TRUE(verdicts.back().ends_with(":1")) << verdicts.back();
    known.push_back(elsewhere);
    everybody_agrees(known, "and the other branch is there");
    EXPECT_TRUE(verdicts.back().ends_with(":1")) << verdicts.back();
}

} // namespace
} // namespace safar
