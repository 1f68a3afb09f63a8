// A fork's proof as a file: what it shows alone, and every way in which it shows nothing.
#include "node/charter/evidence_file.hpp"

#include "epochs_fixture.hpp"
#include "storage/event/batch.hpp"

#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class EvidenceFiles : public ::testing::Test, protected Epochs3 {
protected:
    const NetworkId id{first.charter->identity.raw};
    const Epochs epochs{first.charter};

    [[nodiscard]] OpenBatch batch(const Member& by, std::string_view compartment,
                                  std::string_view what) const {
        BatchContext place;
        place.network = id;
        place.log.id = log_id(id, by.id(), compartment);
        place.epoch = 1;
        place.charter = first.charter->identity;
        SeededEntropy entropy(what.size());
        EventDraft draft;
        draft.body.kind = 1;
        draft.body.record = entropy.draw<RecordId>();
        draft.body.verb = "recorded";
        draft.body.actor = "test";
        draft.body.assertions = {{1, Text{std::string(what)}}};
        std::size_t taken = 0;
        auto built = value_of(build_batch(place, by.signing, entropy, std::span(&draft, 1), taken));
        return value_of(open_batch(built.encoded.bytes, LeafCheck::compute));
    }
    [[nodiscard]] static ForkEvidence fork_of(const OpenBatch& a, const OpenBatch& b) {
        return make_evidence({a.header.log, a.header.number}, encode_header(a.header), a.signature,
                             encode_header(b.header), b.signature);
    }
    [[nodiscard]] ForkEvidence fork() const {
        return fork_of(batch(network.fia, "movement", "here"),
                       batch(network.fia, "movement", "there too"));
    }
    [[nodiscard]] std::string text() const {
        return write_evidence_file(value_of(make_evidence_file(fork(), epochs)));
    }

    static void refused(const std::string& text, ErrorCode code, std::string_view why) {
        auto read = verify_evidence_file(text);
        ASSERT_FALSE(read.has_value()) << why;
        EXPECT_EQ(read.error().code, code) << describe(read.error());
        EXPECT_THAT(read.error().detail, HasSubstr(std::string(why)));
    }
    // Everything between the quotes after `key = `.
    static std::string with(std::string text, const std::string& key, const std::string& value) {
        const std::size_t at = text.find(key + " = \"") + key.size() + 4;
        return text.replace(at, text.find('"', at) - at, value);
    }
};

TEST_F(EvidenceFiles, VerifyByThemselvesAndNameWhoSignedWhatTwice) {
    const EvidenceFile read = value_of(verify_evidence_file(text()));
    EXPECT_EQ(read.agency, "FIA");
    EXPECT_EQ(read.compartment, "movement");
    EXPECT_EQ(read.node, network.fia.id());
    EXPECT_EQ(read.key_a, network.fia.signing.public_key());
    EXPECT_EQ(read.key_b, read.key_a);
    EXPECT_EQ(read.fork.place.number, 1u);
    EXPECT_EQ(encode_evidence(read.fork), encode_evidence(fork()));
    EXPECT_EQ(write_evidence_file(read), text());
}

TEST_F(EvidenceFiles, AreMadeOnlyOfLogsAndKeysThatTheCharterKnows) {
    const Member stranger("FIA", 77);
    const ForkEvidence by_stranger =
        fork_of(batch(stranger, "movement", "here"), batch(stranger, "movement", "there too"));
    EXPECT_EQ(make_evidence_file(by_stranger, epochs).error().code, ErrorCode::not_found);
    const ForkEvidence elsewhere =
        fork_of(batch(network.fia, "nowhere", "here"), batch(network.fia, "nowhere", "there too"));
    EXPECT_EQ(make_evidence_file(elsewhere, epochs).error().code, ErrorCode::not_found);
    ForkEvidence one_side = fork();
    one_side.header_b = one_side.header_a;
    EXPECT_FALSE(make_evidence_file(one_side, epochs).has_value());
}

TEST_F(EvidenceFiles, AreRefusedWithLineOrKeyWhereTheyAreNotWhatTheyShouldBe) {
    const std::string good = text();
    refused("[evidence", ErrorCode::malformed, "line 1");
    refused("a = 1\n", ErrorCode::invalid_argument, "evidence");
    refused(good + "more = 1\n", ErrorCode::invalid_argument, "more");
    refused(good + std::string(16u << 10, '#'), ErrorCode::limit_exceeded, "larger");
    refused(with(good, "header_a", "00"), ErrorCode::malformed, "header_a");
    refused(with(good, "header_b", std::string(2 * BatchHeader::encoded_bytes, 'x')),
            ErrorCode::malformed, "header_b");
    refused(with(good, "key_a", "12"), ErrorCode::invalid_argument, "key_a");
    refused(replaced(good, "batch = 1", "batch = 0"), ErrorCode::invalid_argument, "batch");
    refused(with(good, "header_a", std::string(2 * BatchHeader::encoded_bytes, '0')),
            ErrorCode::malformed, "header");
}

TEST_F(EvidenceFiles, ShowNothingWithAnotherKeySignatureLogOrPlace) {
    const std::string good = text();
    const auto key = network.iom.signing.public_key().hex();
    refused(with(good, "key_a", key), ErrorCode::bad_signature, "signature a");
    refused(with(good, "key_b", key), ErrorCode::bad_signature, "signature b");
    refused(with(good, "key_a", std::string(64, '0')), ErrorCode::bad_key, "small order");
    const EvidenceFile read = value_of(verify_evidence_file(good));
    refused(with(good, "signature_a", read.fork.signature_b.hex()), ErrorCode::bad_signature,
            "signature a");
    EXPECT_FALSE(verify_evidence_file(with(good, "compartment", "protection")).has_value());
    EXPECT_FALSE(verify_evidence_file(with(good, "node", network.iom.id().hex())).has_value());
    EXPECT_FALSE(verify_evidence_file(with(good, "incarnation", std::string(32, '1'))).has_value());
    EXPECT_FALSE(verify_evidence_file(replaced(good, "batch = 1", "batch = 2")).has_value());
    EXPECT_FALSE(
        verify_evidence_file(with(good, "header_b", to_hex(read.fork.header_a))).has_value());
}

} // namespace
} // namespace safar
