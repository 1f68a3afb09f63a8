// An auditor with the network's name and a bundle: what was taken out, changed or moved shows.
#include "storage/event/bare.hpp"
#include "storage/event/merkle.hpp"
#include "sync/bundle/bundle_audit.hpp"
#include "sync/bundle/bundle_writer.hpp"
#include "tests/unit/sync/bundle/frames.hpp"
#include "tests/unit/sync/session/harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <zstd.h>

namespace safar {
namespace {
using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BundleAudits : public ::testing::Test {
protected:
    Federation net{{Federation::MemberSpec{"IOM", {"protection", "return"}},
                    Federation::MemberSpec{"FIA", {"return"}}}};

    Bytes write(const std::vector<std::string>& compartments, const BundleMark& after,
                BundleMark& contained, bool bodies = true) {
        Bytes out;
        BundleWriter writer([&](ByteView piece) -> Result<> {
            out.insert(out.end(), piece.begin(), piece.end());
            return success();
        });
        wire::Hello hello;
        hello.network = net.authority->network();
        hello.node = net["IOM"].id;
        hello.epoch = 1;
        EXPECT_TRUE(writer.hello(hello).has_value());
        for (const std::string& name : compartments)
            EXPECT_TRUE(
                writer.compartment(net["IOM"].log(), name, bodies, after, contained).has_value());
        EXPECT_TRUE(writer.end().has_value());
        return out;
    }
    Bytes write(const std::vector<std::string>& compartments = {"protection", "return"}) {
        BundleMark contained;
        return write(compartments, {}, contained);
    }

    // As whoever verifies reads them, one after the other.
    BundleAudit::Report audit(const std::vector<Bytes>& bundles) {
        BundleAudit audit;
        for (const Bytes& bundle : bundles) {
            BundleReader reader;
            ByteView in = bundle;
            while (!in.empty()) {
                auto part = reader.next(in);
                if (!part) {
                    audit.complain(describe(part.error()));
                    break;
                }
                if (!part.value()) continue;
                if (std::holds_alternative<wire::Hello>(*part.value())) audit.begin();
                if (const auto* frontier = std::get_if<BundleFrontier>(&*part.value()))
                    audit.state(*frontier, *net.authority, {});
                if (const auto* batch = std::get_if<BundleBatch>(&*part.value()))
                    audit.batch(*batch, *net.authority);
            }
            if (!reader.whole()) audit.complain("not whole");
        }
        return audit.end();
    }
    Hash held(const char* compartment) {
        return frontier_digest(net["IOM"].log().frontier(compartment));
    }

    static constexpr auto batch_type = static_cast<std::byte>(wire::FrameType::batch);
};

TEST_F(BundleAudits, WhatIsWholeHoldsAndHasTheDigestsOfTheNode) {
    net["IOM"].append("return", 5);
    net["IOM"].append("protection", 2);
    const auto report = audit({write()});
    EXPECT_THAT(report.problems, IsEmpty());
    ASSERT_EQ(report.compartments.size(), 2u);
    EXPECT_EQ(report.compartments.at("return").logs, 1u);
    EXPECT_EQ(report.compartments.at("return").batches, 5u);
    EXPECT_EQ(report.compartments.at("return").events, 5u);
    EXPECT_EQ(report.compartments.at("return").digest, held("return"));
    EXPECT_EQ(report.compartments.at("protection").digest, held("protection"));
}

TEST_F(BundleAudits, WithoutBodiesTheHashesHoldAllTheSame) {
    net["IOM"].append("return", 5);
    BundleMark contained;
    const auto report = audit({write({"return"}, {}, contained, /*bodies=*/false)});
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(report.compartments.at("return").bare, 5u);
    EXPECT_EQ(report.compartments.at("return").digest, held("return"));
}

TEST_F(BundleAudits, ALaterBundleGoesOnWhereTheEarlierOneEnded) {
    net["IOM"].append("return", 3);
    BundleMark first, second;
    const Bytes one = write({"return"}, {}, first);
    net["IOM"].append("return", 4);
    const Bytes two = write({"return"}, first, second);
    const auto both = audit({one, two});
    EXPECT_THAT(both.problems, IsEmpty());
    EXPECT_EQ(both.compartments.at("return").batches, 7u);
    EXPECT_EQ(both.compartments.at("return").digest, held("return"));
    EXPECT_THAT(audit({one, write({"return"})}).problems, IsEmpty()) << "they may overlap";
    EXPECT_THAT(audit({two}).problems, ElementsAre(HasSubstr("batch 1 is next")));
}

TEST_F(BundleAudits, OneWhoseMakerStatesMoreThanItBringsIsNotWhole) {
    net["IOM"].append("return", 5);
    auto parts = frames(write({"return"}));
    parts.erase(parts.end() - 2); // the last batch, before the goodbye
    EXPECT_THAT(audit({joined(parts)}).problems, ElementsAre(HasSubstr("batches 5 to 5")));
}

TEST_F(BundleAudits, AnEndThatWasTakenOutWithItsStatementShowsInTheDigestAlone) {
    net["IOM"].append("return", 4);
    const Bytes before = write({"return"});
    net["IOM"].append("return", 1);
    const auto report = audit({before});
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_NE(report.compartments.at("return").digest, held("return"));
}

TEST_F(BundleAudits, ALogIsToldOfOnceHoweverMuchOfItDoesNotHold) {
    net["IOM"].append("return", 6);
    net["IOM"].append("protection", 6);
    auto parts = frames(write());
    for (Bytes& part : parts)
        if (part[4] == batch_type) part[300] ^= std::byte{1}; // the signature
    const auto report = audit({joined(parts)});
    EXPECT_THAT(report.problems,
                ElementsAre(HasSubstr("bad_signature"), HasSubstr("bad_signature")));
    EXPECT_EQ(report.problems_all, 2u);
    EXPECT_EQ(report.compartments.at("return").batches, 0u);
    EXPECT_NE(report.compartments.at("return").digest, held("return"));
}

TEST_F(BundleAudits, MoreProblemsThanFitAreCounted) {
    BundleAudit audit;
    for (int i = 0; i < 250; ++i) audit.complain("no");
    const auto report = audit.end();
    EXPECT_EQ(report.problems.size(), BundleAudit::problems_max);
    EXPECT_EQ(report.problems_all, 250u);
}

TEST_F(BundleAudits, ALogThatALaterBundleStatesNoMoreHasFallenToNothing) {
    net["IOM"].append("return", 3);
    const Bytes before = write({"return"});
    auto after = frames(before);
    std::erase_if(after, [](const Bytes& part) { return part[4] == batch_type; });
    after[1] = frame(wire::FrontierFull{"return", {}});
    const auto report = audit({before, joined(after)});
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(report.compartments.at("return").logs, 0u);
    EXPECT_EQ(report.compartments.at("return").digest, frontier_digest({}));
}

TEST_F(BundleAudits, AFrontierStatesNothingThatTheCharterDoesNotKnow) {
    net["IOM"].append("return", 3);
    auto parts = frames(write({"return"}));
    Frontier stated = net["IOM"].log().frontier("return");
    stated[0].head.forked = true;
    parts[1] = frame(wire::FrontierFull{"return", stated});
    EXPECT_THAT(audit({joined(parts)}).problems, ElementsAre(HasSubstr("no notice proves it")));
    stated[0].head.forked = false;
    stated.push_back(stated[0]);
    stated[1].log.id.raw.fill(std::byte{0xff});
    parts[1] = frame(wire::FrontierFull{"return", stated});
    EXPECT_THAT(audit({joined(parts)}).problems, ElementsAre(HasSubstr("has no such log")));
    parts = frames(write({"return"}));
    parts.insert(parts.end() - 1,
                 frame(wire::FrontierFull{"zz", net["IOM"].log().frontier("return")}));
    EXPECT_THAT(audit({joined(parts)}).problems, ElementsAre(HasSubstr("is stated in zz")));
}

TEST_F(BundleAudits, ABodyThatWasTakenOutIsMissed) {
    net["IOM"].append("return", 3);
    auto parts = frames(write({"return"}));
    const std::size_t last = parts.size() - 2;
    const Bytes stored = copy(ByteView(parts[last]).subspan(wire::length_bytes + 1));
    parts[last].clear();
    wire::encode_batch(bare_batch(stored).value(), parts[last]);
    EXPECT_THAT(audit({joined(parts)}).problems, ElementsAre(HasSubstr("with and without bodies")));
}

// --- whatever one changes, takes out or moves ---

// A batch taken apart, to be put together otherwise.
struct Loose {
    BatchHeader header;
    Bytes signature;
    std::vector<Bytes> events;
    explicit Loose(ByteView stored) {
        const OpenBatch open = open_batch(stored, LeafCheck::compute).value();
        header = open.header;
        signature = copy(open.signature.view());
        ByteReader in(open.raw);
        while (!in.at_end()) {
            const std::size_t from = open.raw.size() - in.remaining();
            static_cast<void>(read_event(in).value());
            events.push_back(
                copy(ByteView(open.raw).subspan(from, open.raw.size() - in.remaining() - from)));
        }
    }
    // What a forger can: a header that fits its events. Only the signature is beyond it.
    void fit_header() {
        std::vector<Hash> leaves;
        for (const Bytes& event : events) {
            ByteReader in(event);
            auto view = read_event(in);
            if (!view) return;
            leaves.push_back(leaf_hash(view.value()));
        }
        header.event_count = static_cast<std::uint32_t>(events.size());
        header.root = merkle_root(leaves);
    }
    void sign(const SigningKey& key) {
        header.key = key_id(key.public_key());
        signature = copy(sign_header(key, header.network, encode_header(header)).view());
    }
    [[nodiscard]] Bytes frame() const {
        Bytes stored = encode_header(header), raw;
        for (const Bytes& event : events) raw.insert(raw.end(), event.begin(), event.end());
        ByteWriter out(stored);
        out.bytes(signature);
        out.integer(static_cast<std::uint32_t>(raw.size()));
        Bytes packed(ZSTD_compressBound(raw.size()));
        packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
        out.bytes(packed);
        Bytes framed;
        wire::encode_batch(stored, framed);
        return framed;
    }
};

Loose loose_of(ByteView frame) { return Loose(frame.subspan(wire::length_bytes + 1)); }

TEST_F(BundleAudits, EachEventThatIsTakenOutChangedOrMovedIsFound) {
    const char* set = std::getenv("SAFAR_FORGED");
    const int wanted = set != nullptr ? std::atoi(set) : 200;
    const auto append = [&](const char* agency, const char* compartment, int batches) {
        for (int i = 0; i < batches; ++i) {
            AppendRequest request;
            request.compartment = compartment;
            for (int n = 0; n < 1 + i % 5; ++n) {
                EventDraft draft;
                draft.body.kind = 1;
                draft.body.verb = "recorded";
                draft.body.assertions = {{1, Text{"journey " + std::to_string(100 * i + n)}}};
                request.drafts.push_back(std::move(draft));
            }
            EXPECT_TRUE(net[agency].writable().append(std::span(&request, 1))[0].has_value());
        }
    };
    append("IOM", "return", 12);
    append("IOM", "protection", 6);
    append("FIA", "return", 6);
    net.connect("IOM", "FIA");
    net.run(std::chrono::seconds(5));
    ASSERT_TRUE(net.all_equal("return"));

    const auto whole = frames(write());
    ASSERT_THAT(audit({joined(whole)}).problems, IsEmpty());
    std::vector<std::size_t> batches; // their frames
    for (std::size_t i = 0; i < whole.size(); ++i)
        if (whole[i][4] == batch_type) batches.push_back(i);
    ASSERT_EQ(batches.size(), 24u);

    std::mt19937 random(20260929);
    const auto below = [&](std::size_t n) { return random() % n; };
    std::map<std::string, int> played;
    for (int forged = 0; forged < wanted;) {
        auto parts = whole;
        const std::size_t at = batches[below(batches.size())];
        Loose loose = loose_of(whole[at]);
        const bool fitting = below(2) == 0; // the header as well
        std::string what;
        const char* signer = nullptr;
        switch (below(8)) {
        case 0:
            what = "an event taken out";
            if (loose.events.size() < 2) continue;
            loose.events.erase(loose.events.begin() +
                               static_cast<std::ptrdiff_t>(below(loose.events.size())));
            break;
        case 1: {
            what = "an event changed";
            Bytes& event = loose.events[below(loose.events.size())];
            event[below(event.size())] ^= static_cast<std::byte>(1u << below(8));
            break;
        }
        case 2:
            what = "two events exchanged";
            if (loose.events.size() < 2) continue;
            std::swap(loose.events[0], loose.events[1 + below(loose.events.size() - 1)]);
            break;
        case 3:
            what = "an event said twice";
            loose.events.push_back(loose.events[below(loose.events.size())]);
            break;
        case 4:
            what = "a batch taken out";
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at));
            break;
        case 5: {
            what = "two batches exchanged";
            const std::size_t other = batches[below(batches.size())];
            const bool one_log = loose_of(whole[other]).header.log == loose.header.log;
            if (other == at || !one_log) continue; // logs may come in any order
            std::swap(parts[at], parts[other]);
            break;
        }
        case 6: { // the hashes stay: neither root nor signature can tell
            what = "an event's body taken out";
            if (loose.events.size() < 2) continue;
            const Bytes bare =
                bare_batch(ByteView(whole[at]).subspan(wire::length_bytes + 1)).value();
            const std::size_t one = below(loose.events.size());
            loose.events[one] = Loose(bare).events[one];
            break;
        }
        default:
            what = "a batch signed by another";
            if (fitting) std::reverse(loose.events.begin(), loose.events.end());
            signer = net.authority->owner(loose.header.log.id)->agency == "IOM" ? "FIA" : "IOM";
        }
        if (parts.size() == whole.size() && parts[at] == whole[at]) {
            if (fitting) loose.fit_header();
            if (signer != nullptr) loose.sign(net.key(signer));
            parts[at] = loose.frame();
        }
        EXPECT_THAT(audit({joined(parts)}).problems, ::testing::Not(IsEmpty()))
            << what << ", " << forged;
        ++played[what];
        ++forged;
    }
    EXPECT_EQ(played.size(), 8u);
}

TEST_F(BundleAudits, AChangedBitChangesNothingThatIsSaidOrIsFound) {
    net["IOM"].append("return", 8);
    const Bytes whole = write({"return"});
    const Hash digest = held("return");
    std::mt19937 random(2);
    int found = 0;
    for (int i = 0; i < 500; ++i) {
        Bytes changed = whole;
        changed[random() % changed.size()] ^= static_cast<std::byte>(1u << random() % 8);
        const auto report = audit({changed});
        // Free are what else the hello says and how a batch is packed.
        if (report.problems.empty())
            EXPECT_EQ(report.compartments.at("return").digest, digest);
        else
            ++found;
    }
    EXPECT_GT(found, 400);
}

} // namespace
} // namespace safar
