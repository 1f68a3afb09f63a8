// Bundles as an auditor gets them: with charter, notices and batches, in one file or several.
#include "cli/bundle_verify.hpp"
#include "cli/files.hpp"
#include "storage/log/memory_log.hpp"
#include "sync/bundle/bundle_writer.hpp"
#include "tests/unit/cli/fake_node.hpp"
#include "tests/unit/node/charter/delegate_notices.hpp"
#include "tests/unit/node/charter/epochs_fixture.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <gmock/gmock.h>

namespace safar::cli {
namespace {
using namespace safar::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class BundleVerify : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    const NetworkId id{first.charter->identity.raw};
    SeededEntropy entropy{7};
    Author author{network.iom.id(), &network.iom.signing, &entropy};
    std::unique_ptr<Log> log = make_memory_log(author, held.authority());
    std::vector<Bytes> notices; // in the order in which they are written
    BundleMark mark;

    void append(int events) {
        AppendRequest request;
        request.compartment = "movement";
        for (int i = 0; i < events; ++i) {
            EventDraft draft;
            draft.body.kind = 1;
            draft.body.verb = "recorded";
            draft.body.assertions = {{1, Text{"journey " + std::to_string(i)}}};
            request.drafts.push_back(std::move(draft));
        }
        ASSERT_TRUE(log->append(std::span(&request, 1))[0].has_value());
    }
    static BundleWriter::Sink into(Bytes& out) {
        return [&out](ByteView piece) -> Result<> {
            out.insert(out.end(), piece.begin(), piece.end());
            return success();
        };
    }
    Bytes make(std::string_view gives_up = {}) {
        Bytes out;
        BundleWriter writer(into(out));
        wire::Hello hello;
        hello.network = id;
        hello.node = network.iom.id();
        hello.epoch = held.ruling().charter->epoch;
        hello.charter = held.state_hash();
        EXPECT_TRUE(writer.hello(hello));
        for (const HeldCharter& epoch : held.epochs())
            EXPECT_TRUE(writer.charter(epoch.charter->epoch, as_bytes(epoch.text)));
        for (const Bytes& notice : notices) EXPECT_TRUE(writer.notice(notice));
        const BundleMark after = mark;
        EXPECT_TRUE(writer.compartment(*log, "movement", /*bodies=*/true, after, mark));
        if (gives_up.empty())
            EXPECT_TRUE(writer.end());
        else
            writer.give_up(failure(ErrorCode::storage_failed, std::string(gives_up)));
        return out;
    }
    static BundleVerifier::Report verify(const std::vector<Bytes>& files,
                                         std::optional<NetworkId> network = {}) {
        BundleVerifier verifier(network);
        for (const Bytes& file : files) {
            for (ByteView rest = file; !rest.empty();) { // in pieces, as files come
                const ByteView piece = rest.first(std::min<std::size_t>(rest.size(), 1000));
                verifier.take(piece, "a.bundle");
                rest = rest.subspan(piece.size());
            }
            verifier.end_file("a.bundle");
        }
        return verifier.end();
    }
};

TEST_F(BundleVerify, NamesNetworkEpochAndFrontiers) {
    append(3);
    const auto report = verify({make()}, id);
    EXPECT_TRUE(report.good());
    EXPECT_EQ(report.network, id.hex());
    EXPECT_EQ(report.epoch, 1u);
    const auto& movement = report.audit.compartments.at("movement");
    EXPECT_EQ(movement.events, 3u);
    EXPECT_EQ(movement.digest, frontier_digest(log->frontier("movement")));
    EXPECT_THAT(report.text(), HasSubstr("verified: every batch"));
    EXPECT_TRUE(report.json().at("verified").as_bool());
}

TEST_F(BundleVerify, ALaterFileWithAnEpochAndMoreGoesOnFromTheFirst) {
    append(3);
    const Bytes one = make();
    ASSERT_TRUE(held.take_epoch(successor(*first.charter, [](Charter&) {})));
    ASSERT_TRUE(log->set_authority(held.authority()));
    append(2);
    const Bytes two = make();
    const auto report = verify({one, two});
    EXPECT_THAT(report.audit.problems, IsEmpty());
    EXPECT_EQ(report.epoch, 2u);
    EXPECT_EQ(report.audit.compartments.at("movement").events, 5u);
    EXPECT_THAT(verify({two}).audit.problems, ElementsAre(HasSubstr("batch 1 is next")));
}

TEST_F(BundleVerify, NoticesMayLieInAnyOrder) {
    append(1);
    const DelegateNotices of{network, first};
    const Notice given = of.delegation(), fork = of.fork();
    for (const auto& order : {std::vector{fork.bytes, given.bytes}, {given.bytes, fork.bytes}}) {
        notices = order;
        mark.clear();
        const auto report = verify({make()});
        EXPECT_THAT(report.audit.problems, IsEmpty());
        EXPECT_EQ(report.notices, 2u);
    }
    notices = {fork.bytes}; // what let the node write is not there
    mark.clear();
    EXPECT_THAT(verify({make()}).audit.problems,
                ElementsAre(HasSubstr("notice " + fork.hash.brief())));
}

TEST_F(BundleVerify, AnotherNetworkIsNamedAndNothingOfItTaken) {
    append(3);
    const Bytes file = make();
    NetworkId other = id;
    other.raw[0] ^= std::byte{1};
    const auto report = verify({file}, other);
    EXPECT_FALSE(report.good());
    EXPECT_THAT(report.audit.problems.at(0), HasSubstr("not of " + other.hex()));
    EXPECT_THAT(report.audit.compartments, IsEmpty());
    EXPECT_THAT(report.text(), Not(HasSubstr("verified: every")));
}

TEST_F(BundleVerify, WithoutItsCharterNothingIsProven) {
    append(3);
    Bytes out;
    BundleWriter writer(into(out));
    wire::Hello hello;
    hello.network = id;
    ASSERT_TRUE(writer.hello(hello));
    ASSERT_TRUE(writer.compartment(*log, "movement", true, {}, mark));
    ASSERT_TRUE(writer.end());
    EXPECT_THAT(verify({out}).audit.problems, ElementsAre(HasSubstr("no charter that holds")));
}

TEST_F(BundleVerify, WhatIsNoBundleOrNotWholeIsSaidOnce) {
    append(3);
    EXPECT_THAT(verify({copy(as_bytes("a letter"))}).audit.problems,
                ElementsAre(HasSubstr("this is no bundle"), HasSubstr("no charter")));
    Bytes cut = make();
    cut.resize(cut.size() - 3);
    EXPECT_THAT(verify({cut}).audit.problems, ElementsAre(HasSubstr("without the goodbye")));
    mark.clear();
    EXPECT_THAT(verify({make("its disk")}).audit.problems, ElementsAre(HasSubstr("its disk")));
}

class BundleMake : public BundleVerify {
protected:
    cli::TempDir temp;
    const std::string out = temp.path() + "/fia.bundle";
    std::string body;

    void SetUp() override {
        append(3);
        body = std::string(as_text(make()));
    }
    [[nodiscard]] bool part_is_left() const { return std::filesystem::exists(out + ".part"); }
    static Ran make_at(const FakeNode& node, const std::string& path) {
        return run_safar({"bundle", "make", "--for", "FIA", "--since-last", "-o", path},
                         node.directory());
    }
};

TEST_F(BundleMake, TheFileIsForItsOwnerAlone) {
    const FakeNode node(always(200, body));
    const Ran ran = make_at(node, out);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(read_file(out).value(), body);
    EXPECT_TRUE(is_private(out));
    EXPECT_FALSE(part_is_left());
}

TEST_F(BundleMake, ADirectoryInItsPlaceIsRefusedBeforeTheNodeIsAsked) {
    FakeNode node(always(200, body));
    std::filesystem::create_directory(out);
    const Ran ran = make_at(node, out);
    EXPECT_EQ(ran.code, 74);
    EXPECT_THAT(ran.err, HasSubstr("it is a directory"));
    EXPECT_TRUE(node.requests().empty());
    EXPECT_FALSE(part_is_left());
}

TEST_F(BundleMake, WhatFailsAfterTheNodeSentItSaysThatTheNextOneMustBeWhole) {
    FakeNode node([this](const FakeRequest&) {
        std::filesystem::create_directory(out); // no file can be renamed onto it
        return FakeAnswer{200, body};
    });
    const Ran ran = make_at(node, out);
    EXPECT_EQ(ran.code, 74);
    EXPECT_THAT(ran.err, HasSubstr("without --since-last"));
    EXPECT_FALSE(part_is_left());
}

TEST_F(BundleMake, OneThatItsMakerGaveUpLeavesNothingToApply) {
    mark.clear();
    const FakeNode node(always(200, std::string(as_text(make("its disk")))));
    const Ran ran = make_at(node, out);
    EXPECT_EQ(ran.code, 74);
    EXPECT_THAT(ran.err, HasSubstr("its disk"));
    EXPECT_THAT(ran.err, Not(HasSubstr("still be applied")));
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_FALSE(part_is_left());
}

TEST_F(BundleMake, ANetworkThatIsNoneChecksNothingAndIsWrongUsage) {
    const std::string file = temp.file("a.bundle", body);
    EXPECT_EQ(run_safar({"bundle", "verify", file}).code, 0);
    EXPECT_EQ(run_safar({"bundle", "verify", file, "--network", id.hex()}).code, 0);
    EXPECT_EQ(run_safar({"bundle", "verify", file, "--network", ""}).code, 2);
    EXPECT_EQ(run_safar({"access", "verify", temp.path(), "--key", ""}).code, 2);
    EXPECT_EQ(run_safar({"access", "verify", temp.path(), "--key", "5c0e81d2"}).code, 2);
    EXPECT_EQ(run_safar({"access", "verify", "--key", ""}).code, 2);
}

} // namespace
} // namespace safar::cli
