#include "node/charter/identity.hpp"

#include "charter_fixture.hpp"
#include "node/charter/charter_state.hpp"
#include "node/charter/key_files.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <sys/stat.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}
void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
unsigned mode(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777;
}

class IdentityFiles : public ::testing::Test {
protected:
    TempDir temp;
    std::string dir = temp / "node";
    SeededEntropy entropy{42};
    Enrolment create() {
        return value_of(create_node(dir, "IOM", "Organization \"X\"", "127.0.0.1:7400", entropy));
    }
};

TEST_F(IdentityFiles, CreatedNodeLoadsWithTheKeysItEnrolled) {
    Enrolment enrolment = create();
    Identity identity = value_of(load_identity(dir));
    EXPECT_EQ(identity.agency, "IOM");
    EXPECT_EQ(identity.signing.public_key(), enrolment.signing_key);
    EXPECT_EQ(identity.tls.public_key(), enrolment.tls_key);
    EXPECT_EQ(identity.id, node_id(enrolment.signing_key));
    EXPECT_TRUE(parse_enrolment(write_enrolment(enrolment)));
}

TEST_F(IdentityFiles, OnlyTheOwnerMayReadThem) {
    create();
    for (const char* name : {"/keys/signing.key", "/keys/tls.key", "/safard.toml"})
        EXPECT_EQ(mode(dir + name), 0600u) << name;
    EXPECT_EQ(mode(dir), 0700u);
    EXPECT_EQ(mode(dir + "/keys"), 0700u);
    ::chmod((dir + "/keys/tls.key").c_str(), 0644);
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::not_permitted);
}

TEST_F(IdentityFiles, ASecondNodeInTheSameDirectoryIsAConflict) {
    create();
    std::string key = read(dir + "/keys/signing.key");
    EXPECT_EQ(create_node(dir, "IOM", "X", "127.0.0.1:1", entropy).error().code,
              ErrorCode::conflict);
    EXPECT_EQ(read(dir + "/keys/signing.key"), key);
    write(temp / "other", "");
    EXPECT_EQ(create_node(temp.path(), "IOM", "X", "127.0.0.1:1", entropy).error().code,
              ErrorCode::conflict);
}

TEST_F(IdentityFiles, UnusableArgumentsCreateNothing) {
    EXPECT_EQ(create_node(dir, "I OM", "X", "127.0.0.1:1", entropy).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(create_node(dir, "IOM", "X", "127.0.0.1", entropy).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(create_node(dir, "IOM", "", "127.0.0.1:1", entropy).error().code,
              ErrorCode::invalid_argument);
    EXPECT_FALSE(std::filesystem::exists(dir));
}

TEST_F(IdentityFiles, NoNodeIsNotFoundAndSaysWhatToDo) {
    auto identity = load_identity(dir);
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().code, ErrorCode::not_found);
    EXPECT_NE(identity.error().detail.find("safar node init"), std::string::npos);
}

TEST_F(IdentityFiles, EveryFlippedByteOfAKeyFileIsFound) {
    create();
    std::string path = dir + "/keys/signing.key", text = read(path);
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string flipped = text;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        write(path, flipped);
        auto identity = load_identity(dir);
        ASSERT_FALSE(identity) << "byte " << at;
        EXPECT_EQ(identity.error().code, ErrorCode::storage_corrupt);
        EXPECT_NE(identity.error().detail.find(path), std::string::npos);
    }
    write(path, text.substr(0, text.size() / 2));
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::storage_corrupt);
    std::filesystem::remove(path);
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::storage_corrupt);
    write(path, text);
    ::chmod(path.c_str(), 0600);
    EXPECT_TRUE(load_identity(dir));
}

TEST_F(IdentityFiles, SwappedKeyFilesAreFound) {
    create();
    std::string signing = read(dir + "/keys/signing.key");
    write(dir + "/keys/signing.key", read(dir + "/keys/tls.key"));
    write(dir + "/keys/tls.key", signing);
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::storage_corrupt);
}

TEST_F(IdentityFiles, ADamagedConfigurationIsRefusedWithFileAndKey) {
    create();
    const std::string path = dir + "/safard.toml", text = read(path);
    write(path, "agency = \n");
    EXPECT_THAT(describe(load_identity(dir).error()), HasSubstr(path));
    write(path, replaced(text, "agency = \"IOM\"", "agency = \"I OM\""));
    EXPECT_THAT(describe(load_identity(dir).error()), HasSubstr("is not an agency code"));
    write(path, std::string(70u << 10, '#'));
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::limit_exceeded);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_EQ(load_identity(dir).error().code, ErrorCode::storage_failed);
}

TEST_F(IdentityFiles, WhereTheDirectoryCanNotBeMadeNothingIs) {
    write(temp / "file", "");
    const Error error = create_node(temp / "file", "IOM", "X", "127.0.0.1:1", entropy).error();
    EXPECT_EQ(error.code, ErrorCode::storage_failed);
    EXPECT_THAT(error.detail, HasSubstr(temp / "file"));
    EXPECT_EQ(create_node(temp / "no/such/place", "IOM", "X", "127.0.0.1:1", entropy).error().code,
              ErrorCode::not_found);
    EXPECT_EQ(create_node(dir, "IOM", "X", "no address", entropy).error().code,
              ErrorCode::invalid_argument);
    for (const char* name : {"no", "node"})
        EXPECT_FALSE(std::filesystem::exists(temp / name)) << name;
    EXPECT_EQ(read(temp / "file"), "");
}

TEST_F(IdentityFiles, KeysThatWaitAreMadeOnceAndTheIdStays) {
    const Enrolment before = create();
    const Enrolment next = value_of(stage_next_keys(dir, entropy));
    EXPECT_NE(next.signing_key, before.signing_key);
    EXPECT_EQ(next.address, before.address);
    EXPECT_EQ(value_of(stage_next_keys(dir, entropy)).signing_key, next.signing_key);
    EXPECT_EQ(value_of(load_identity(dir)).signing.public_key(),
              before.signing_key); // not in use yet
    const std::string kept = read(dir + "/keys/node");
    EXPECT_EQ(kept, node_id(before.signing_key).hex() + "\n");
    for (const std::string& damaged : {kept.substr(1), "x" + kept.substr(1), kept + kept}) {
        write(dir + "/keys/node", damaged);
        EXPECT_FALSE(load_identity(dir).has_value()) << damaged;
    }
    write(dir + "/keys/node", kept);
    std::filesystem::remove(dir + "/keys/tls.next.key");
    EXPECT_TRUE(stage_next_keys(dir, entropy).has_value()); // an interrupted one is finished
    write(dir + "/keys/signing.next.key", "damaged");
    EXPECT_EQ(stage_next_keys(dir, entropy).error().code, ErrorCode::storage_corrupt);
}

// A charter with the node under test as its one steward.
class CharterFiles : public IdentityFiles {
protected:
    std::string charter_of(const Enrolment& enrolment, const std::string& network) {
        CharterDraft draft;
        draft.network_name = network;
        draft.stewards = {"IOM"};
        draft.enrolments = {enrolment};
        draft.compartments = {{"movement", "", {"movement"}, {"IOM"}, {}}};
        draft.documents = {kind_document("movement", 1)};
        return value_of(write_charter(draft));
    }
    std::string signed_charter_of(const Enrolment& enrolment, const std::string& network) {
        return value_of(sign_charter(charter_of(enrolment, network), "IOM",
                                     value_of(load_identity(dir)).signing));
    }
};

TEST_F(CharterFiles, AdoptedCharterIsLoadedAgain) {
    std::string text = signed_charter_of(create(), "One");
    EXPECT_EQ(load_charter_state(dir).error().code, ErrorCode::not_found);
    Charter adopted = value_of(adopt_charter_file(dir, text));
    CharterState held = value_of(load_charter_state(dir));
    ASSERT_EQ(held.epochs().size(), 1u);
    EXPECT_EQ(held.ruling().charter->identity, adopted.identity);
    EXPECT_EQ(read(dir + "/charter/1.toml"), text);
}

TEST_F(CharterFiles, AdoptingAgainChangesNothingAndAnotherNetworkIsAConflict) {
    Enrolment enrolment = create();
    std::string text = signed_charter_of(enrolment, "One");
    value_of(adopt_charter_file(dir, text));
    EXPECT_TRUE(adopt_charter_file(dir, text));
    EXPECT_EQ(adopt_charter_file(dir, signed_charter_of(enrolment, "Two")).error().code,
              ErrorCode::conflict);
    EXPECT_EQ(read(dir + "/charter/1.toml"), text);
}

TEST_F(CharterFiles, UnsignedOrForeignChartersAreNotAdopted) {
    Enrolment enrolment = create();
    EXPECT_EQ(adopt_charter_file(dir, charter_of(enrolment, "One")).error().code,
              ErrorCode::not_permitted);
    Member stranger("IOM", 50);
    std::string foreign =
        value_of(sign_charter(charter_of(stranger.enrolment, "One"), "IOM", stranger.signing));
    Error error = adopt_charter_file(dir, foreign).error();
    EXPECT_EQ(error.code, ErrorCode::not_permitted);
    EXPECT_NE(error.detail.find("does not list this node"), std::string::npos) << error.detail;
    EXPECT_EQ(load_charter_state(dir).error().code, ErrorCode::not_found);
}

TEST_F(CharterFiles, DamagedCharterFileIsRefusedByName) {
    value_of(adopt_charter_file(dir, signed_charter_of(create(), "One")));
    std::string path = dir + "/charter/1.toml";
    write(path, replaced(read(path), "\"One\"", "\"Onf\""));
    auto held = load_charter_state(dir);
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().code, ErrorCode::storage_corrupt);
    EXPECT_NE(held.error().detail.find(path), std::string::npos);
}

TEST_F(CharterFiles, ANodeThatIsListedForAnotherAgencyOrWithOtherKeysDoesNotAdopt) {
    const std::string text = signed_charter_of(create(), "One");
    const std::string config = read(dir + "/safard.toml");
    write(dir + "/safard.toml", replaced(config, "agency = \"IOM\"", "agency = \"FIA\""));
    EXPECT_THAT(adopt_charter_file(dir, text).error().detail, HasSubstr("configured for FIA"));
    write(dir + "/safard.toml", config);
    std::filesystem::remove(dir + "/keys/tls.key");
    value_of(create_key_file(dir, "tls", "tls", entropy));
    EXPECT_THAT(adopt_charter_file(dir, text).error().detail, HasSubstr("other keys"));
    EXPECT_EQ(load_charter_state(dir).error().code, ErrorCode::not_found);
}

TEST_F(CharterFiles, WaitingKeysComeIntoUseOnceACharterListsThem) {
    const Enrolment before = create();
    const std::string one = signed_charter_of(before, "One");
    const Charter ruling = value_of(adopt_charter_file(dir, one));
    EXPECT_FALSE(next_keys_listed(dir, ruling));
    EXPECT_FALSE(value_of(promote_next_keys(dir, ruling)));
    const Enrolment next = value_of(stage_next_keys(dir, entropy));
    EXPECT_FALSE(next_keys_listed(dir, ruling)); // no epoch lists them yet
    EXPECT_FALSE(value_of(promote_next_keys(dir, ruling)));
    Charter second = ruling;
    second.epoch = 2;
    second.previous = ruling.identity;
    second.nodes.at(0).signing_key = next.signing_key;
    second.nodes.at(0).tls_key = next.tls_key;
    const Identity self = value_of(load_identity(dir));
    const std::string two =
        value_of(sign_charter(value_of(write_charter(second)), "IOM", self.signing, &ruling));
    const Charter now = value_of(adopt_charter_file(dir, two));
    EXPECT_EQ(now.epoch, 2u);
    EXPECT_TRUE(next_keys_listed(dir, now));
    EXPECT_TRUE(value_of(promote_next_keys(dir, now)));
    EXPECT_FALSE(value_of(promote_next_keys(dir, now)));
    const Identity after = value_of(load_identity(dir));
    EXPECT_EQ(after.signing.public_key(), next.signing_key);
    EXPECT_EQ(after.id, self.id);
    EXPECT_FALSE(std::filesystem::exists(key_path(dir, "signing.next")));
    const auto kept = load_key_file(dir, "signing.before-" + after.signing.id().brief(), "signing");
    ASSERT_TRUE(kept.has_value()) << describe(kept.error());
    EXPECT_EQ(kept.value().public_key(), before.signing_key);
    EXPECT_EQ(value_of(load_charter_state(dir)).epochs().size(), 2u);
}

// A steward of `state` stops the node of `dir`, its own.
Notice suspend_self(const std::string& dir, CharterState& state,
                    const std::string& reason = "a drill") {
    Suspension suspension;
    suspension.network = NetworkId{state.ruling().charter->identity.raw};
    suspension.epoch = state.ruling().charter->identity;
    suspension.node = value_of(load_identity(dir)).id;
    suspension.reason = reason;
    const std::string text =
        value_of(write_suspension(suspension, "IOM", value_of(load_identity(dir)).signing));
    Notice notice = value_of(parse_notice(make_suspension_notice(text, suspension).bytes));
    const auto taken = state.take_notice(notice);
    EXPECT_TRUE(taken || taken.error().code == ErrorCode::busy);
    return notice;
}

TEST_F(CharterFiles, NoticesAreKeptAndADamagedOneIsRefusedByName) {
    value_of(adopt_charter_file(dir, signed_charter_of(create(), "One")));
    CharterState state = value_of(load_charter_state(dir));
    const Notice notice = suspend_self(dir, state);
    ASSERT_TRUE(save_charter_state(dir, state).has_value());
    ASSERT_TRUE(save_charter_state(dir, state).has_value()); // again changes nothing
    const std::string path = dir + "/charter/notices/" + notice.hash.hex();
    EXPECT_EQ(value_of(load_charter_state(dir)).notices().size(), 1u);
    write(path + ".new", "half a write");
    write(dir + "/charter/readme.txt", "somebody's note");
    EXPECT_EQ(value_of(load_charter_state(dir)).notices().size(), 1u);
    write(path, read(path).substr(1));
    const Error error = load_charter_state(dir).error();
    EXPECT_EQ(error.code, ErrorCode::storage_corrupt);
    EXPECT_THAT(error.detail, HasSubstr(path + ": is damaged: delete it"));
    std::filesystem::remove(path);
    EXPECT_TRUE(load_charter_state(dir).has_value());
}

TEST_F(CharterFiles, NoticesWhosePlaceOthersTookLeaveNoFileAtTheNextStart) {
    value_of(adopt_charter_file(dir, signed_charter_of(create(), "One")));
    CharterState state = value_of(load_charter_state(dir));
    for (std::size_t i = 0; i < CharterState::suspensions_max + 20; ++i) {
        suspend_self(dir, state, "drill " + std::to_string(i));
        ASSERT_TRUE(save_charter_state(dir, state).has_value());
    }
    const auto files = [&] {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(dir + "/charter/notices"), {}));
    };
    EXPECT_GT(files(), CharterState::suspensions_max) << "nothing was displaced";
    for (int start = 0; start < 2; ++start) {
        EXPECT_EQ(value_of(load_charter_state(dir)).state_hash(), state.state_hash());
        EXPECT_EQ(files(), CharterState::suspensions_max);
    }
}

TEST_F(CharterFiles, NoticesThatCanNotBeListedAreNotTakenForNone) {
    value_of(adopt_charter_file(dir, signed_charter_of(create(), "One")));
    EXPECT_TRUE(load_charter_state(dir).has_value()); // there never was one
    CharterState state = value_of(load_charter_state(dir));
    suspend_self(dir, state);
    ASSERT_TRUE(save_charter_state(dir, state).has_value());
    const std::string notices = dir + "/charter/notices";
    std::filesystem::remove_all(notices);
    write(notices, "no directory");
    auto loaded = load_charter_state(dir);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, ErrorCode::storage_failed);
    EXPECT_THAT(loaded.error().detail, HasSubstr(notices));
}

TEST_F(CharterFiles, AnEpochFileThatFollowsNothingIsRefusedByName) {
    const std::string text = signed_charter_of(create(), "One");
    value_of(adopt_charter_file(dir, text));
    write(dir + "/charter/2.toml", text);
    EXPECT_TRUE(load_charter_state(dir).has_value()); // the same again
    write(dir + "/charter/2.toml", "damaged");
    EXPECT_THAT(load_charter_state(dir).error().detail, HasSubstr("/charter/2.toml"));
    std::filesystem::remove(dir + "/charter/1.toml");
    EXPECT_EQ(load_charter_state(dir).error().code, ErrorCode::storage_corrupt);
    std::filesystem::remove_all(dir + "/charter");
    write(dir + "/charter", "");
    EXPECT_EQ(load_charter_state(dir).error().code, ErrorCode::storage_failed);
    EXPECT_EQ(adopt_charter_file(dir, text).error().code, ErrorCode::storage_failed);
}

} // namespace
} // namespace safar
