// Bundles between nodes: what one makes, another judges as if a peer had brought it.
#include "node/registry/bundle_apply.hpp"
#include "node/registry/bundle_make.hpp"
#include "registry_fixture.hpp"
#include "tests/unit/node/charter/delegate_notices.hpp"

namespace safar {
namespace {
using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NodeBundles : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode iom{network.iom, charter}, fia{network.fia, charter}, mofa{network.mofa, charter};

    static Result<Bytes> try_make(TestNode& from, const std::string& agency,
                                  bool since_last = false) {
        Bytes out;
        SAFAR_TRY(make_bundle(*from.node, agency, since_last, [&](ByteView piece) -> Result<> {
            out.insert(out.end(), piece.begin(), piece.end());
            return success();
        }));
        return out;
    }
    static Bytes make(TestNode& from, const std::string& agency, bool since_last = false) {
        return value_of(try_make(from, agency, since_last));
    }
    static Result<BundleReport> try_apply(TestNode& to, ByteView bundle, bool dry_run = false) {
        return apply_bundle(
            *to.registry,
            [bundle](std::span<std::byte> out) mutable -> Result<std::size_t> {
                const std::size_t count = std::min<std::size_t>({out.size(), bundle.size(), 1000});
                std::copy_n(bundle.begin(), count, out.begin());
                bundle = bundle.subspan(count);
                return count;
            },
            dry_run);
    }
    static BundleReport apply(TestNode& to, ByteView bundle, bool dry_run = false) {
        return value_of(try_apply(to, bundle, dry_run));
    }
    static Hash held(TestNode& node, const char* compartment = "movement") {
        return frontier_digest(node.log->frontier(compartment));
    }
    static void protect(TestNode& node, const std::string& note) {
        ASSERT_TRUE(node.registry->create({"victim_case", {{"note", note}}, "", 0, {}}, {"tester"})
                        .has_value());
    }
    // Texts of all bodies in a bundle, unpacked.
    static std::string texts(const Bytes& bundle) {
        std::string out;
        BundleReader reader;
        ByteView in = bundle;
        while (!in.empty()) {
            auto part = value_of(reader.next(in));
            if (!part) continue;
            if (const auto* batch = std::get_if<BundleBatch>(&*part))
                out += as_text(value_of(open_batch(batch->batch.bytes, LeafCheck::compute)).raw);
        }
        return out;
    }
};

TEST_F(NodeBundles, BothWaysMakeTwoNodesEqual) {
    iom.create({{"name", "Amina"}});
    fia.create({{"name", "Bilal"}});
    const Bytes there = make(iom, "FIA");
    const BundleReport report = apply(fia, there);
    EXPECT_TRUE(report.whole);
    EXPECT_EQ(report.agency, "IOM");
    EXPECT_EQ(report.batches_new, 1u);
    EXPECT_EQ(report.events_new, 1u);
    EXPECT_EQ(report.batches_refused, 0u);
    apply(iom, make(fia, "IOM"));
    EXPECT_EQ(held(iom), held(fia));
    const BundleReport again = apply(fia, there);
    EXPECT_EQ(again.batches_new, 0u);
    EXPECT_EQ(again.batches_held, 1u);
}

TEST_F(NodeBundles, ADryRunJudgesAndWritesNothing) {
    for (const char* name : {"Amina", "Bilal", "Chanda"}) iom.create({{"name", name}});
    const Bytes bundle = make(iom, "FIA");
    const Hash before = held(fia);
    const BundleReport dry = apply(fia, bundle, /*dry_run=*/true);
    EXPECT_EQ(held(fia), before);
    const BundleReport real = apply(fia, bundle);
    EXPECT_EQ(dry.batches_new, real.batches_new);
    EXPECT_EQ(dry.events_new, 3u);
    EXPECT_EQ(apply(fia, bundle, /*dry_run=*/true).batches_held, real.batches_new);
}

TEST_F(NodeBundles, WhatTheOtherMayNotHoldIsNotInIt) {
    protect(iom, "hidden in the convent");
    iom.create({{"name", "Amina"}});
    const std::string for_fia = texts(make(iom, "FIA")), for_mofa = texts(make(iom, "MOFA"));
    EXPECT_EQ(for_fia.find("convent"), std::string::npos);
    EXPECT_NE(for_fia.find("Amina"), std::string::npos);
    EXPECT_NE(for_mofa.find("convent"), std::string::npos);
}

TEST_F(NodeBundles, ABatchThatThisNodeMayNotHoldIsNeverStoredWhateverTheBundleSays) {
    protect(iom, "hidden in the convent");
    iom.create({{"name", "Amina"}});
    const Bytes meant_for_mofa = make(iom, "MOFA");
    for (bool dry_run : {true, false}) {
        const BundleReport report = apply(fia, meant_for_mofa, dry_run);
        ASSERT_EQ(report.refused.size(), 1u);
        EXPECT_EQ(report.refused[0].reason, ErrorCode::not_permitted);
        EXPECT_EQ(report.refused[0].compartment, "protection");
        EXPECT_EQ(report.batches_new, 1u); // the movement
    }
    EXPECT_TRUE(fia.log->frontier("protection").empty());

    // The same log, said to be of a compartment that FIA holds.
    std::vector<EncodedBatch> batches;
    const Frontier secret = iom.log->frontier("protection");
    Bytes lie;
    wire::Hello hello;
    hello.network = iom.node->authority()->network();
    wire::encode(hello, lie);
    wire::encode(wire::FrontierFull{"movement", secret}, lie);
    wire::encode_batch(value_of(iom.log->read_range(secret.at(0).log, 1, 1)).at(0)->bytes, lie);
    wire::encode(wire::Bye{}, lie);
    EXPECT_EQ(apply(fia, lie).refused.at(0).reason, ErrorCode::not_permitted);
    EXPECT_TRUE(fia.log->frontier("protection").empty());
    EXPECT_EQ(apply(mofa, lie).refused.at(0).reason,
              ErrorCode::malformed); // MOFA may hold it, but not so
}

TEST_F(NodeBundles, SinceLastHoldsWhatIsNewAndEarlyOnesWait) {
    iom.create({{"name", "Amina"}});
    const Bytes first = make(iom, "FIA", /*since_last=*/true); // the first one is whole
    iom.create({{"name", "Bilal"}});
    const Bytes second = make(iom, "FIA", true);
    const Bytes third = make(iom, "FIA", true); // nothing new
    EXPECT_NE(texts(first).find("Amina"), std::string::npos);
    EXPECT_EQ(texts(second).find("Amina"), std::string::npos);
    EXPECT_EQ(texts(third), "");
    EXPECT_NE(texts(make(iom, "UKF", true)).find("Amina"),
              std::string::npos); // a mark for each agency

    const BundleReport early = apply(fia, second);
    ASSERT_EQ(early.refused.size(), 1u);
    EXPECT_EQ(early.refused[0].reason, ErrorCode::gap);
    apply(fia, third);
    apply(fia, first);
    apply(fia, second);
    EXPECT_EQ(held(iom), held(fia));
}

TEST_F(NodeBundles, BatchesInAnyOrderInsideABundleAreTriedAgain) {
    for (const char* name : {"Amina", "Bilal", "Chanda"}) iom.create({{"name", name}});
    const Frontier frontier = iom.log->frontier("movement");
    auto batches = value_of(iom.log->read_range(frontier.at(0).log, 1, 1u << 20));
    Bytes backwards;
    wire::Hello hello;
    hello.network = iom.node->authority()->network();
    wire::encode(hello, backwards);
    wire::encode(wire::FrontierFull{"movement", frontier}, backwards);
    for (auto at = batches.rbegin(); at != batches.rend(); ++at)
        wire::encode_batch((*at)->bytes, backwards);
    const BundleReport report = apply(fia, backwards);
    EXPECT_EQ(report.batches_new, batches.size());
    EXPECT_EQ(report.batches_refused, 0u);
    EXPECT_FALSE(report.whole); // there is no goodbye
    EXPECT_EQ(held(iom), held(fia));
}

TEST_F(NodeBundles, ACutOneGivesWhatWasWholeAndADamagedOneSaysWhere) {
    for (const char* name : {"Amina", "Bilal"}) iom.create({{"name", name}});
    const Bytes bundle = make(iom, "FIA");
    const BundleReport cut = apply(fia, ByteView(bundle).first(bundle.size() - 20));
    EXPECT_FALSE(cut.whole);
    EXPECT_FALSE(cut.damage);
    EXPECT_EQ(cut.batches_new, 1u);
    EXPECT_THAT(cut.problem, HasSubstr("ends after"));
    Bytes more = bundle;
    more.push_back(std::byte{0});
    const BundleReport damaged = apply(fia, more);
    EXPECT_EQ(damaged.damage, ErrorCode::malformed);
    EXPECT_EQ(held(iom), held(fia));
    for (std::string_view junk : {"", "\x05", "not a bundle at all"}) {
        auto refused = try_apply(fia, as_bytes(junk));
        ASSERT_FALSE(refused) << junk;
        EXPECT_EQ(refused.error().code, ErrorCode::malformed);
    }
}

TEST_F(NodeBundles, OneOfAnotherNetworkIsRefusedAsAWhole) {
    CharterDraft draft = registry_draft(network);
    draft.network_name = "Another network";
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    TestNode stranger(network.iom,
                      {std::make_shared<const Charter>(value_of(parse_charter(text))), text});
    stranger.create({{"name", "Amina"}});
    auto refused = try_apply(fia, make(stranger, "FIA"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::wrong_network);
    EXPECT_TRUE(fia.log->frontier("movement").empty());
}

TEST_F(NodeBundles, NewConflictsAreNamed) {
    const RecordId id = iom.create({{"name", "Amina"}});
    apply(fia, make(iom, "FIA"));
    ASSERT_TRUE(fia.set(id, {{"name", "Aminah"}}).has_value());
    const BundleReport report = apply(iom, make(fia, "IOM"));
    EXPECT_EQ(report.conflicts_before, 0u);
    EXPECT_EQ(report.conflicts_after, 1u);
    ASSERT_EQ(report.conflicts_new.size(), 1u);
    EXPECT_EQ(report.conflicts_new[0].record, id);
    EXPECT_TRUE(apply(iom, make(fia, "IOM")).conflicts_new.empty());
}

TEST_F(NodeBundles, WhoIsSuspendedGetsTheCharterAndNoBatches) {
    iom.create({{"name", "Amina"}});
    Suspension stop;
    stop.network = iom.node->authority()->network();
    stop.epoch = charter.charter->identity;
    stop.agency = "UKF";
    stop.reason = "its key is said to be stolen";
    const std::string text = value_of(write_suspension(stop, "FIA", network.fia.signing));
    auto taken =
        iom.node->take_notice(value_of(parse_notice(make_suspension_notice(text, stop).bytes)));
    ASSERT_TRUE(taken.has_value()) << describe(taken.error());
    const Bytes for_ukf = make(iom, "UKF");
    EXPECT_EQ(texts(for_ukf), "");
    TestNode ukf(network.ukf, charter);
    const BundleReport report = apply(ukf, for_ukf);
    EXPECT_EQ(report.notices_new, 1u);
    EXPECT_TRUE(ukf.node->suspended(network.ukf.id()));
    // It takes no more batches, whoever brings them.
    const BundleReport more = apply(ukf, make(iom, "FIA"));
    EXPECT_EQ(more.refused.at(0).reason, ErrorCode::not_permitted);
}

TEST_F(NodeBundles, ANoticeMayRestOnOneThatComesLater) {
    const DelegateNotices of{network, charter};
    const Notice given = of.delegation(), fork = of.fork();
    wire::Hello hello;
    hello.network = iom.node->authority()->network();
    for (const bool dry_run : {true, false}) {
        Bytes bundle;
        wire::encode(hello, bundle);
        wire::encode(wire::NoticeFrame{fork.bytes}, bundle);
        wire::encode(wire::NoticeFrame{given.bytes}, bundle);
        const BundleReport report = apply(fia, bundle, dry_run);
        EXPECT_EQ(report.notices, 2u);
        EXPECT_EQ(report.notices_new, 2u);
        EXPECT_THAT(report.charter_refused, IsEmpty());
    }
    EXPECT_EQ(fia.log->forks().size(), 1u);

    Bytes alone; // what it rests on is not there
    wire::encode(hello, alone);
    wire::encode(wire::NoticeFrame{fork.bytes}, alone);
    const BundleReport report = apply(mofa, alone);
    EXPECT_EQ(report.notices_new, 0u);
    ASSERT_EQ(report.charter_refused.size(), 1u);
    EXPECT_THAT(report.charter_refused[0].detail, HasSubstr("notice " + fork.hash.brief()));
}

TEST_F(NodeBundles, NobodyKnowsAnAgencyThatIsNotListed) {
    auto made = try_make(iom, "NGO");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::not_found);
    EXPECT_THAT(made.error().detail, HasSubstr("UKF"));
}

TEST_F(NodeBundles, ABundleNeverConfirmsOwnHeads) {
    // A node that asks nobody but bundles must not take its old log up again: it can not know that
    // it was not set back. Here it has written nothing yet in this run, and the bundle names its
    // old log.
    iom.create({{"name", "Amina"}});
    apply(fia, make(iom, "FIA"));
    TestNode restored(network.iom, charter); // an empty store: the disk was lost
    apply(restored, make(fia, "IOM"));
    ASSERT_EQ(restored.log->frontier("movement").size(), 1u);
    protect(
        restored,
        "draws on the seeded entropy, so that the next incarnation is another than the old one");
    restored.create({{"name", "Bilal"}});
    EXPECT_EQ(restored.log->frontier("movement").size(), 2u);
}

} // namespace
} // namespace safar
