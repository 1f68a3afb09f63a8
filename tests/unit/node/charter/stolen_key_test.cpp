// A key that was stolen, and replaced by an epoch that says how far it counts.
#include "epochs_fixture.hpp"
#include "storage/log/evidence.hpp"

namespace safar {
namespace {

using namespace testing;

class StolenKey : public ::testing::Test, protected Epochs3 {
protected:
    const Charter& one = *first.charter;
    const SigningKey& stolen = network.fia.signing;
    const SigningKey fresh = seeded_key(77);
    const NetworkId id{one.identity.raw};
    CharterState held = state();
    const Member* owner = &network.fia;
    std::string compartment = "movement";

    static Incarnation incarnation(std::uint8_t number) {
        Incarnation out;
        out.raw.fill(std::byte{number});
        return out;
    }
    // FIA's key is replaced; what the old one signed counts up to batch 5 of incarnation 1.
    void replace_it() {
        const std::string text =
            successor(one,
                      [&](Charter& charter) {
                          for (CharterNode& node : charter.nodes)
                              if (node.agency == "FIA") node.signing_key = fresh.public_key();
                          charter.cuts.push_back({network.fia.id(), "movement", incarnation(1), 5,
                                                  stolen.id(), "a laptop was stolen"});
                      },
                      {"IOM", "FIA"});
        ASSERT_TRUE(held.take_epoch(text));
    }
    [[nodiscard]] BatchHeader header(std::uint8_t log, std::uint64_t number, const SigningKey& key,
                                     std::uint32_t events) const {
        const Charter& charter = &key == &stolen ? one : *held.ruling().charter;
        BatchHeader out;
        out.network = id;
        out.log = {log_id(id, owner->id(), compartment), incarnation(log)};
        out.number = out.first_sequence = number;
        if (number > 1) out.previous.raw.fill(std::byte{9});
        out.event_count = events;
        out.epoch = charter.epoch;
        out.charter = charter.identity;
        out.key = key.id();
        return out;
    }
    // Two headers at one place, by those two keys. `apart`: they follow different batches.
    [[nodiscard]] ForkEvidence proof(std::uint8_t log, std::uint64_t number, const SigningKey& a,
                                     const SigningKey& b, bool apart = false) const {
        BatchHeader other = header(log, number, b, 2);
        if (apart) other.previous.raw.fill(std::byte{8});
        const Bytes one_header = encode_header(header(log, number, a, 1)),
                    other_header = encode_header(other);
        return make_evidence({header(log, number, a, 1).log, number}, one_header,
                             sign_header(a, id, one_header), other_header,
                             sign_header(b, id, other_header));
    }
};

TEST_F(StolenKey, ClosesNoLogOfItsFormerOwnerBeyondWhatTheCutLetsCount) {
    const ForkEvidence beyond = proof(1, 6, stolen, stolen);
    EXPECT_TRUE(closes(beyond, *held.authority())); // while it was the key of the node
    replace_it();
    const auto authority = held.authority();
    EXPECT_FALSE(closes(beyond, *authority));
    EXPECT_FALSE(closes(proof(1, 6, stolen, fresh), *authority));
    EXPECT_FALSE(closes(proof(2, 1, stolen, fresh), *authority)) << "a log begun with the new key";
    EXPECT_TRUE(closes(proof(1, 5, stolen, stolen), *authority));
    EXPECT_TRUE(closes(proof(1, 5, stolen, fresh), *authority));
    EXPECT_TRUE(closes(proof(2, 1, fresh, fresh), *authority));
}

// What is held is the same at all nodes, whenever each heard of the epoch.
TEST_F(StolenKey, AProofByItIsKeptAllTheSame) {
    replace_it();
    const Notice notice = make_fork_notice(proof(2, 1, stolen, fresh));
    ASSERT_TRUE(held.take_notice(notice));
    EXPECT_EQ(held.notices().size(), 1u);
}

// Of one place one proof is kept, and what ends the log is not kept out by what does not.
TEST_F(StolenKey, AProofThatEndsALogComesBeforeOneThatDoesNot) {
    replace_it();
    for (std::uint8_t log = 2; log < 18; ++log) {
        const bool apart = log >= 10; // so that the one that ends it does not show where it forked
        const std::uint64_t number = apart ? 2 : 1;
        const ForkEvidence with_stolen = proof(log, number, stolen, fresh),
                           ends = proof(log, number, fresh, fresh, apart);
        for (const auto& [first_heard, second] :
             {std::pair{with_stolen, ends}, std::pair{ends, with_stolen}}) {
            ForkSet known;
            std::vector<ForkEvidence> gone;
            const auto rules = held.authority();
            static_cast<void>(known.add(first_heard, gone, rules.get()));
            static_cast<void>(known.add(second, gone, rules.get()));
            EXPECT_EQ(known.all().at(ends.place), ends) << int{log};
        }
        const Notice with_old = make_fork_notice(with_stolen), with_new = make_fork_notice(ends);
        CharterState one_order = held, other_order = held;
        for (const Notice* notice : {&with_old, &with_new})
            ASSERT_TRUE(one_order.take_notice(*notice));
        for (const Notice* notice : {&with_new, &with_old})
            ASSERT_TRUE(other_order.take_notice(*notice));
        EXPECT_EQ(one_order.state_hash(), other_order.state_hash()) << int{log};
        ASSERT_EQ(one_order.notices().size(), 1u);
        EXPECT_EQ(one_order.notices().begin()->first, with_new.hash) << int{log};
    }
}

// Nobody has taken its place: what it signed in two ways is still its author's.
TEST_F(StolenKey, OfANodeThatWasRemovedStillBinds) {
    owner = &network.mofa;
    compartment = "protection";
    const ForkEvidence fork = proof(1, 3, owner->signing, owner->signing);
    ASSERT_TRUE(
        held.take_epoch(successor(one, [](Charter& charter) { remove_agency(charter, "MOFA"); })));
    EXPECT_TRUE(closes(fork, *held.authority()));
}

} // namespace
} // namespace safar
