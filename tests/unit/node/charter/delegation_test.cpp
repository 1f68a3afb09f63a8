// What a delegation lets a partner's node write, and where it ends.
#include "epochs_fixture.hpp"

namespace safar {
namespace {

using namespace testing;

class DelegationRules : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    const NetworkId id{first.charter->identity.raw};

    Delegation fia_lets_ukf() const {
        Delegation out;
        out.network = id;
        out.epoch = first.charter->identity;
        out.agency = "FIA";
        out.node = network.ukf.id();
        out.compartment = "movement";
        out.kinds = {"movement"};
        out.until_epoch = 2;
        out.until_batch = 5;
        return out;
    }
    Notice signed_notice(const Delegation& what, const Member& by) const {
        const std::string text = value_of(write_delegation(what, by.signing));
        return make_delegation_notice(text, value_of(parse_delegation(text)));
    }
    Notice end_of(const Hash& delegation, const Member& by,
                  std::vector<CharterCut> cuts = {}) const {
        DelegationEnd end;
        end.network = id;
        end.epoch = first.charter->identity;
        end.agency = by.agency;
        end.delegation = delegation;
        end.cuts = std::move(cuts);
        const std::string text = value_of(write_delegation_end(end, by.signing));
        return make_delegation_end_notice(text, value_of(parse_delegation_end(text)));
    }
    BatchHeader header(std::uint64_t number, std::uint64_t epoch = 1) const {
        BatchHeader out;
        out.network = id;
        out.log.id = log_id(id, network.ukf.id(), "movement");
        out.number = out.first_sequence = number;
        out.event_count = 1;
        out.epoch = epoch;
        out.charter = held.epoch(epoch) == nullptr ? Hash{} : held.epoch(epoch)->charter->identity;
        out.key = network.ukf.signing.id();
        return out;
    }
    Standing standing(std::uint64_t number, std::uint64_t epoch = 1) const {
        return held.authority()->standing(header(number, epoch));
    }
    void next_epoch(const Edit& edit = [](Charter&) {}) {
        ASSERT_TRUE(held.take_epoch(successor(*held.ruling().charter, edit)));
    }
    void refused(const Notice& notice, ErrorCode code, std::string_view why) {
        auto taken = held.take_notice(notice);
        ASSERT_FALSE(taken) << why;
        EXPECT_EQ(taken.error().code, code) << describe(taken.error());
        EXPECT_NE(taken.error().detail.find(why), std::string::npos) << describe(taken.error());
    }
};

TEST_F(DelegationRules, LetsAReaderWriteWhatItNamesUpToItsLimits) {
    EXPECT_EQ(standing(1), Standing::quarantine);
    const Hash before = held.authority()->revision();
    EXPECT_EQ(value_of(held.take_notice(signed_notice(fia_lets_ukf(), network.fia))),
              CharterState::News::epoch);
    EXPECT_NE(held.authority()->revision(), before);
    EXPECT_EQ(standing(1), Standing::counts);
    EXPECT_EQ(standing(5), Standing::counts);
    EXPECT_EQ(standing(6), Standing::quarantine);
    EXPECT_TRUE(held.authority()->restricted(header(1).log.id));
    EXPECT_TRUE(held.authority()->may_say(header(1), 1));
    EXPECT_FALSE(held.authority()->may_say(header(1), 2));
    EXPECT_TRUE(
        held.lets(network.ukf.id(), *held.ruling().charter->compartment("movement"), "movement"));

    next_epoch();
    EXPECT_EQ(standing(1, 1), Standing::counts);
    EXPECT_EQ(standing(1, 2), Standing::counts);
    next_epoch();
    EXPECT_EQ(standing(1, 3), Standing::quarantine) << "it ended with epoch 2";
    EXPECT_EQ(standing(1, 2), Standing::counts) << "what was written before stays";
    EXPECT_FALSE(
        held.lets(network.ukf.id(), *held.ruling().charter->compartment("movement"), "movement"));
}

TEST_F(DelegationRules, WhoLetItOrReadsNoLongerLetsNothingMoreCount) {
    ASSERT_TRUE(held.take_notice(signed_notice(fia_lets_ukf(), network.fia)));
    next_epoch([](Charter& c) { // FIA may only read from now on
        std::erase(c.compartments[0].writers, "FIA");
        c.compartments[0].readers.push_back("FIA");
    });
    EXPECT_EQ(standing(1, 1), Standing::counts);
    EXPECT_EQ(standing(2, 2), Standing::quarantine);
    next_epoch([this](Charter& c) { // UKF reads no longer; what counts of its log is named
        std::erase(c.compartments[0].readers, "UKF");
        c.cuts = {{network.ukf.id(), "movement", Incarnation{}, 1, std::nullopt, ""}};
    });
    EXPECT_EQ(standing(1, 1), Standing::counts);
    EXPECT_EQ(standing(2, 1), Standing::quarantine);
}

TEST_F(DelegationRules, AnEndNamesWhatStillCountsWhicheverIsHeardFirst) {
    const Notice one = signed_notice(fia_lets_ukf(), network.fia);
    const Notice end = end_of(one.hash, network.fia,
                              {{network.ukf.id(), "movement", Incarnation{}, 2, std::nullopt, ""}});
    const Notice not_its_own = end_of(one.hash, network.mofa);
    CharterState other = state();
    for (const Notice* each : {&not_its_own, &one, &end}) EXPECT_TRUE(held.take_notice(*each));
    for (const Notice* each : {&end, &one, &not_its_own}) EXPECT_TRUE(other.take_notice(*each));
    EXPECT_EQ(held.state_hash(), other.state_hash());
    for (std::uint64_t number : {1u, 2u, 3u})
        EXPECT_EQ(other.authority()->standing(header(number)),
                  number <= 2 ? Standing::counts : Standing::quarantine);
    EXPECT_EQ(standing(2), Standing::counts);
    EXPECT_EQ(standing(3), Standing::quarantine);
    EXPECT_FALSE(
        held.lets(network.ukf.id(), *held.ruling().charter->compartment("movement"), "movement"));
    // An epoch may let more count.
    next_epoch([this](Charter& c) {
        c.cuts = {{network.ukf.id(), "movement", Incarnation{}, 3, std::nullopt, ""}};
    });
    EXPECT_EQ(standing(3, 1), Standing::counts);
    EXPECT_EQ(standing(4, 1), Standing::quarantine);
}

TEST_F(DelegationRules, OnlyAWriterLetsAReaderAndOnlyInWhatIsThere) {
    Delegation what = fia_lets_ukf();
    what.agency = "MOFA"; // reads only
    refused(signed_notice(what, network.mofa), ErrorCode::not_permitted, "does not write");
    what = fia_lets_ukf();
    refused(signed_notice(what, network.iom), ErrorCode::not_permitted, "the key is none of FIA");
    what.node = network.iom.id();
    refused(signed_notice(what, network.fia), ErrorCode::not_permitted, "by the charter");
    what = fia_lets_ukf();
    what.kinds = {"victim_case"};
    refused(signed_notice(what, network.fia), ErrorCode::not_permitted, "none of 'movement'");
    what = fia_lets_ukf();
    what.agency = "IOM";
    what.compartment = "protection";
    what.kinds = {"victim_case"};
    refused(signed_notice(what, network.iom), ErrorCode::not_permitted, "does not read");
    what = fia_lets_ukf();
    what.epoch.raw[0] ^= std::byte{1};
    refused(signed_notice(what, network.fia), ErrorCode::epoch_unknown, "not held");
    what = fia_lets_ukf();
    what.until_epoch = what.until_batch = 0;
    EXPECT_FALSE(write_delegation(what, network.fia.signing));
    Notice forged = signed_notice(fia_lets_ukf(), network.fia);
    std::string text = replaced(std::string(as_text(ByteView(forged.bytes).subspan(1))),
                                "until_batch = 5", "until_batch = 9");
    refused(make_delegation_notice(text, value_of(parse_delegation(text))),
            ErrorCode::bad_signature, "FIA");
    EXPECT_FALSE(parse_delegation(text + " ")) << "one spelling";
    for (const char* kinds :
         {"[]", R"(["movement", "movement"])", R"(["victim_case", "movement"])"}) {
        auto parsed = parse_delegation(replaced(text, R"(["movement"])", kinds));
        ASSERT_FALSE(parsed) << kinds;
        EXPECT_NE(parsed.error().detail.find("at least one kind, ascending"), std::string::npos)
            << describe(parsed.error());
    }
    EXPECT_TRUE(held.notices().empty());
}

TEST_F(DelegationRules, OfTwoEndsOfOneDelegationThatWithTheLowerNameIsKept) {
    const Notice one = signed_notice(fia_lets_ukf(), network.fia);
    const auto end_at = [&](std::uint64_t batch) {
        return end_of(one.hash, network.fia,
                      {{network.ukf.id(), "movement", Incarnation{}, batch, std::nullopt, ""}});
    };
    const Notice ends[] = {end_at(2), end_at(3)};
    CharterState other = state();
    for (const Notice* each : {&one, &ends[0], &ends[1]}) EXPECT_TRUE(held.take_notice(*each));
    for (const Notice* each : {&one, &ends[1], &ends[0]}) EXPECT_TRUE(other.take_notice(*each));
    EXPECT_EQ(held.notices().size(), 2u);
    EXPECT_TRUE(held.notices().contains(std::min(ends[0].hash, ends[1].hash)));
    EXPECT_EQ(held.state_hash(), other.state_hash());
}

TEST_F(DelegationRules, AnAgencyCannotFillTheSetAndTheVerdictDoesNotDependOnTheOrder) {
    std::vector<Notice> many;
    for (std::uint64_t batch = 1; batch <= CharterState::delegations_max + 6; ++batch) {
        Delegation what = fia_lets_ukf();
        what.until_batch = batch;
        many.push_back(signed_notice(what, network.fia));
    }
    CharterState other = state();
    for (const Notice& each : many) EXPECT_TRUE(held.take_notice(each));
    std::reverse(many.begin(), many.end());
    for (const Notice& each : many) EXPECT_TRUE(other.take_notice(each));
    EXPECT_EQ(held.notices().size(), CharterState::delegations_max);
    EXPECT_EQ(held.state_hash(), other.state_hash());
}

TEST_F(DelegationRules, AForkOfADelegatesLogIsAProofOnceTheDelegationIsKnown) {
    auto signed_header = [&](std::uint32_t events) {
        BatchHeader out = header(1);
        out.event_count = events;
        const Bytes bytes = encode_header(out);
        return std::pair(bytes, sign_header(network.ukf.signing, id, bytes));
    };
    auto [a, signature_a] = signed_header(1);
    auto [b, signature_b] = signed_header(2);
    const Notice fork =
        make_fork_notice(make_evidence({header(1).log, 1}, a, signature_a, b, signature_b));
    refused(fork, ErrorCode::epoch_unknown, "unless a delegation lets it");
    ASSERT_TRUE(held.take_notice(signed_notice(fia_lets_ukf(), network.fia)));
    EXPECT_TRUE(held.take_notice(fork));
}

} // namespace
} // namespace safar
