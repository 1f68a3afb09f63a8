#include "node/charter/identity.hpp"

#include "charter_fixture.hpp"

#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace safar {
namespace {

using namespace testing;

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
    EXPECT_EQ(create_node(dir, "IOM", "X", "127.0.0.1:1", entropy).error().code, ErrorCode::conflict);
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

} // namespace
} // namespace safar
