#include "node/charter/charter.hpp"

#include "charter_fixture.hpp"
#include "node/charter/charter_limits.hpp"
#include "storage/crypto/sha256.hpp"

namespace safar {
namespace {

using namespace testing;

Error refusal(const std::string& text) {
    auto charter = parse_charter(text);
    if (charter) {
        ADD_FAILURE() << "was accepted";
        return failure(ErrorCode::busy, "accepted");
    }
    return charter.error();
}
bool has(const Error& error, std::string_view what) {
    return error.detail.find(what) != std::string::npos;
}

TEST(Charter, DraftedTextParsesToWhatWasDrafted) {
    Network network;
    Charter charter = value_of(parse_charter(network.text()));
    EXPECT_EQ(charter.network_name, "Migration registry of Testland");
    EXPECT_EQ(charter.epoch, 1u);
    EXPECT_EQ(charter.quorum, 2u);
    EXPECT_TRUE(charter.previous.is_zero());
    ASSERT_EQ(charter.agencies.size(), 4u);
    EXPECT_EQ(charter.agencies[0].title, "chair");
    EXPECT_EQ(charter.agencies[1].title, "coordinator");
    EXPECT_EQ(charter.agencies[2].title, "steward");
    EXPECT_EQ(charter.agencies[3].title, "observer");
    EXPECT_FALSE(charter.agencies[3].steward);
    EXPECT_EQ(charter.agency("MOFA")->name, "The MOFA");
    ASSERT_EQ(charter.nodes.size(), 4u);
    EXPECT_EQ(charter.node(network.fia.id())->address, "127.0.0.1:7403");
    EXPECT_EQ(charter.node_with_tls_key(network.ukf.tls.public_key())->agency, "UKF");
    EXPECT_EQ(charter.node_with_tls_key(network.ukf.signing.public_key()), nullptr);
    EXPECT_EQ(charter.compartment_of_kind("victim_case")->name, "protection");
    EXPECT_TRUE(charter.compartment("movement")->may_hold("UKF"));
    EXPECT_FALSE(charter.compartment("movement")->may_write("UKF"));
    EXPECT_TRUE(charter.compartment("movement")->may_hold("FIA"));
    ASSERT_EQ(charter.documents.size(), 2u);
    EXPECT_EQ(charter.documents[0].name, "schema/movement.toml");
    EXPECT_EQ(charter.documents[0].text, kind_document("movement", 1).text);
    EXPECT_NE(value_of(charter_schema(charter)).kind("movement"), nullptr);
    EXPECT_EQ(charter.identity, tagged_hash("charter", {as_bytes(charter.unsigned_text)}));
}

TEST(Charter, EqualDraftsGiveEqualText) { EXPECT_EQ(Network().text(), Network().text()); }

TEST(Charter, SigningLeavesTheIdentityAlone) {
    Network network;
    Charter before = value_of(parse_charter(network.text()));
    Charter after = value_of(parse_charter(network.signed_text()));
    EXPECT_EQ(before.identity, after.identity);
    EXPECT_EQ(after.signatures.size(), 2u);
    EXPECT_TRUE(check_quorum(after));
}

TEST(Charter, SigningTwiceChangesNothing) {
    Network network;
    std::string once = network.signed_text();
    EXPECT_EQ(value_of(sign_charter(once, "IOM", network.iom.signing)), once);
}

TEST(Charter, TooFewStewardsAreNamedWithWhoIsMissing) {
    Network network;
    Charter none = value_of(parse_charter(network.text()));
    ASSERT_FALSE(check_quorum(none));
    EXPECT_EQ(check_quorum(none).error().code, ErrorCode::not_permitted);
    Charter one =
        value_of(parse_charter(value_of(sign_charter(network.text(), "FIA", network.fia.signing))));
    Error error = check_quorum(one).error();
    EXPECT_EQ(error.code, ErrorCode::not_permitted);
    EXPECT_TRUE(has(error, "signed by FIA, 1 more needed of IOM, MOFA")) << error.detail;
}

TEST(Charter, TwoNodesOfOneStewardCountOnce) {
    Network network;
    Member second("IOM", 9, "127.0.0.1:7409");
    CharterDraft draft = network.draft();
    draft.enrolments.push_back(second.enrolment);
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "IOM", second.signing));
    Charter charter = value_of(parse_charter(text));
    EXPECT_EQ(charter.signatures.size(), 2u);
    ASSERT_FALSE(check_quorum(charter));
    EXPECT_EQ(check_quorum(charter).error().code, ErrorCode::not_permitted);
}

TEST(Charter, OnlyStewardsWithTheirNodesKeysSign) {
    Network network;
    EXPECT_EQ(sign_charter(network.text(), "UKF", network.ukf.signing).error().code,
              ErrorCode::not_permitted);
    EXPECT_EQ(sign_charter(network.text(), "IOM", network.fia.signing).error().code,
              ErrorCode::not_permitted);
    EXPECT_EQ(sign_charter(network.text(), "IOM", network.iom.tls).error().code,
              ErrorCode::not_permitted);
}

TEST(Charter, EveryFlippedByteIsRefusedOrChangesTheIdentity) {
    Network network;
    const std::string text = network.signed_text();
    const Hash identity = value_of(parse_charter(text)).identity;
    for (std::size_t at = 0; at < text.size(); ++at)
        for (int bit : {0, 1, 5}) { // 5: upper and lower case
            std::string flipped = text;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
            auto charter = parse_charter(flipped);
            if (!charter || charter.value().identity != identity) continue;
            ASSERT_FALSE(check_quorum(charter.value()))
                << "byte " << at << " bit " << bit << " near " << text.substr(at, 20);
        }
}

TEST(Charter, AChangedTextNoLongerCarriesItsSignatures) {
    Network network;
    Charter changed =
        value_of(parse_charter(replaced(network.signed_text(), "127.0.0.1:7402", "10.9.9.9:7402")));
    EXPECT_EQ(check_quorum(changed).error().code, ErrorCode::bad_signature);
}

TEST(Charter, CutTextIsRefusedAtEveryLine) {
    const std::string text = Network().signed_text();
    const Hash identity = value_of(parse_charter(text)).identity;
    for (std::size_t at = text.find('\n'); at + 1 < text.size(); at = text.find('\n', at + 1)) {
        auto charter = parse_charter(text.substr(0, at + 1));
        if (!charter || charter.value().identity != identity) continue;
        EXPECT_FALSE(check_quorum(charter.value())) << "cut at " << at;
    }
    EXPECT_EQ(refusal(text.substr(0, text.size() - 1)).code, ErrorCode::malformed);
    EXPECT_EQ(refusal("").code, ErrorCode::malformed);
}

TEST(Charter, ASignatureTwiceIsRefused) {
    std::string text = Network().signed_text();
    std::size_t first = text.find("\n[[signature]]\n") + 1;
    std::size_t second = text.find("[[signature]]\n", first + 1);
    Error error = refusal(text + "\n" + text.substr(first, second - first - 1));
    EXPECT_TRUE(has(error, "signed already")) << error.detail;
}

TEST(Charter, NothingHidesBetweenTheSignatures) {
    std::string text = Network().signed_text();
    EXPECT_EQ(refusal(text + "# a remark\n").code, ErrorCode::non_canonical);
    EXPECT_TRUE(has(refusal(text + "\n[extra]\na = 1\n"), "not known"));
    EXPECT_TRUE(has(refusal(replaced(text, "\n[[signature]]", "\n [[signature]]")), "not known"));
}

TEST(Charter, UnknownKeyIsRefusedWithItsLine) {
    std::string text =
        replaced(Network().text(), "code = \"MOFA\"\n", "code = \"MOFA\"\ncolour = \"blue\"\n");
    auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<long>(text.find("colour")), '\n');
    Error error = refusal(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_TRUE(has(error, "line " + std::to_string(line) + ":")) << error.detail;
    EXPECT_TRUE(has(error, "colour")) << error.detail;
}

TEST(Charter, SyntaxErrorsNameTheirLineAlsoBelowTheSignatures) {
    std::string text = Network().signed_text();
    std::size_t at = text.rfind("value = ");
    auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n');
    Error error = refusal(text.substr(0, at) + "value = \n");
    EXPECT_EQ(error.code, ErrorCode::malformed);
    EXPECT_TRUE(has(error, "line " + std::to_string(line) + ":")) << error.detail;
}

TEST(Charter, WindowsLineEndsAreRefused) {
    EXPECT_TRUE(
        has(refusal(replaced(Network().text(), "epoch = 1\n", "epoch = 1\r\n")), "Windows"));
}

struct BadEdit {
    const char *from, *to, *says;
};

TEST(Charter, EveryBrokenRuleIsRefusedAndSaid) {
    const std::string text = Network().text();
    const BadEdit edits[] = {
        {"quorum = 2", "quorum = 1", "must be 2 to 3"},
        {"quorum = 2", "quorum = 4", "must be 2 to 3"},
        {"quorum = 2", "quorum = \"2\"", "whole number"},
        {"quorum = 2", "quorum = 2\nquorum = 2", "line"},
        {"epoch = 1", "epoch = 0", "allowed are 1"},
        {"epoch = 1", "epoch = 2", "previous"},
        {"code = \"MOFA\"", "code = \"IOM\"", "stands twice"},
        {"code = \"MOFA\"", "code = \"MO FA\"", "letters, digits"},
        {"title = \"observer\"", "title = \"king\"", "none of chair"},
        {"title = \"observer\"", "title = \"chair\"", "steward"},
        {"address = \"127.0.0.1:7402\"", "address = \"127.0.0.1\"", "host:port"},
        {"address = \"127.0.0.1:7402\"", "address = \"127.0.0.1:70000\"", "host:port"},
        {"address = \"127.0.0.1:7402\"", "address = \"a host:7402\"", "host:port"},
        {"writers = [\"IOM\", \"FIA\"]", "writers = [\"IOM\", \"XYZ\"]", "no agency"},
        {"writers = [\"IOM\", \"FIA\"]", "writers = [\"IOM\", \"IOM\"]", "stands twice"},
        {"writers = [\"IOM\", \"MOFA\"]", "writers = [\"UKF\"]", "no steward holds"},
        {"kinds = [\"victim_case\"]", "kinds = [\"movement\"]", "already"},
        {"kinds = [\"victim_case\"]", "kinds = [\"unheard_of\"]", "no schema document"},
        {"name = \"protection\"", "name = \"movement\"", "stands twice"},
        {"name = \"protection\"", "name = \"../etc\"", "a-z"},
        {"name = \"schema/movement.toml\"", "name = \"schema/../x.toml\"", "neither"},
        {"name = \"schema/movement.toml\"", "name = \"schema/movement.text\"", "neither"},
        {"name = \"schema/movement.toml\"", "name = \"scheme/movement.toml\"", "neither"},
        {"title = \"A kind\"", "title = \"Another\"", "another text"},
        {"steward = true", "steward = 1", "true or false"},
        {"[charter]\n", "[charter]\nnetwork = \"x\"\n", "line"},
        {"[charter]", "[chapter]", "is missing"},
    };
    for (const BadEdit& edit : edits) {
        Error error = refusal(replaced(text, edit.from, edit.to));
        EXPECT_TRUE(has(error, edit.says)) << edit.to << " -> " << describe(error);
        EXPECT_TRUE(has(error, "charter")) << describe(error);
    }
}

TEST(Charter, ForeignIdAndSharedKeysAreRefused) {
    Network network;
    std::string iom = network.iom.signing.public_key().hex();
    EXPECT_TRUE(has(refusal(replaced(network.text(), "signing_key = \"" + iom,
                                     "signing_key = \"" + seeded_key(77).public_key().hex())),
                    "not the hash"));
    EXPECT_TRUE(has(refusal(replaced(network.text(), network.mofa.tls.public_key().hex(),
                                     network.iom.tls.public_key().hex())),
                    "another node"));
    std::string upper = network.iom.tls.public_key().hex();
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_TRUE(has(refusal(replaced(network.text(), network.iom.tls.public_key().hex(), upper)),
                    "lower-case"));
}

TEST(Charter, LowOrderAndNonCanonicalKeysAreRefused) {
    Network network;
    for (const char* bad : {"0100000000000000000000000000000000000000000000000000000000000000",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
        EXPECT_EQ(refusal(replaced(network.text(), network.mofa.tls.public_key().hex(), bad)).code,
                  ErrorCode::bad_key);
}

TEST(Charter, OversizedTextIsRefusedBeforeParsing) {
    std::string text = Network().text();
    text.insert(0, "#" + std::string(limits::charter_bytes_max, 'x') + "\n");
    EXPECT_EQ(refusal(text).code, ErrorCode::limit_exceeded);
}

TEST(Charter, DocumentsThatCouldNotStandUnchangedAreNotDrafted) {
    for (const char* bad : {"a'''b\n", "ends with '", "windows\r\n", "x\n[[signature]]\ny\n", ""}) {
        CharterDraft draft = Network().draft();
        draft.documents[0].text = bad;
        auto text = write_charter(draft);
        ASSERT_FALSE(text);
        EXPECT_TRUE(has(text.error(), "schema/victim_case.toml")) << describe(text.error());
    }
}

TEST(Charter, AStewardWithoutEnrolmentIsNotDrafted) {
    CharterDraft draft = Network().draft();
    draft.stewards.push_back("UNHCR");
    EXPECT_TRUE(has(write_charter(draft).error(), "UNHCR"));
}

TEST(Charter, NamesWithQuotesAndBackslashesSurvive) {
    CharterDraft draft = Network().draft();
    draft.network_name = "Say \"no\" \\ or \xd8\xb3\xd9\x81\xd8\xb1";
    EXPECT_EQ(value_of(parse_charter(value_of(write_charter(draft)))).network_name,
              draft.network_name);
}

TEST(Enrolment, ReadsBackWhatWasWritten) {
    Network network;
    Enrolment read = value_of(parse_enrolment(write_enrolment(network.iom.enrolment)));
    EXPECT_EQ(read.agency, "IOM");
    EXPECT_EQ(read.name, "The IOM");
    EXPECT_EQ(read.address, "127.0.0.1:7401");
    EXPECT_EQ(read.signing_key, network.iom.signing.public_key());
    EXPECT_EQ(read.tls_proof, network.iom.enrolment.tls_proof);
}

TEST(Enrolment, AnyEditBreaksTheProof) {
    std::string text = write_enrolment(Network().iom.enrolment);
    for (auto [from, to] : {std::pair{"agency = \"IOM\"", "agency = \"FIA\""},
                            {"name = \"The IOM\"", "name = \"Thy IOM\""},
                            {"127.0.0.1:7401", "127.0.0.9:7401"}})
        EXPECT_EQ(parse_enrolment(replaced(text, from, to)).error().code, ErrorCode::bad_signature)
            << to;
    Member other("IOM", 5);
    EXPECT_EQ(parse_enrolment(replaced(text, Network().iom.tls.public_key().hex(),
                                       other.tls.public_key().hex()))
                  .error()
                  .code,
              ErrorCode::bad_signature);
}

// Under a low-order key one constant signature (R the identity, S zero) verifies every message.
TEST(Enrolment, LowOrderKeyWithItsUniversalSignatureIsRefused) {
    Enrolment enrolment = Network().iom.enrolment;
    enrolment.tls_key =
        *PublicKey::parse_hex("0100000000000000000000000000000000000000000000000000000000000000");
    enrolment.tls_proof = Signature{};
    enrolment.tls_proof.raw[0] = std::byte{1};
    auto parsed = parse_enrolment(write_enrolment(enrolment));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::bad_key);
}

TEST(Enrolment, UnknownKeysAndOversizeAreRefused) {
    std::string text = write_enrolment(Network().iom.enrolment);
    EXPECT_TRUE(has(parse_enrolment(text + "extra = 1\n").error(), "extra"));
    EXPECT_EQ(parse_enrolment(text + "#" + std::string(9000, 'x')).error().code,
              ErrorCode::limit_exceeded);
}

} // namespace
} // namespace safar
