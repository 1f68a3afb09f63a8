// Backups by the API of a node on a disk.
#include "node/api/api.hpp"
#include "node/charter/key_files.hpp"
#include "tests/unit/node/operate/backup_fixture.hpp"

#include <array>
#include <boost/json.hpp>
#include <thread>
#include <unistd.h>

namespace safar {
namespace {

namespace json = boost::json;
using namespace testing;
using ::testing::HasSubstr;

class BackupApi : public BackupFixture {
protected:
    std::unique_ptr<Log> log;
    std::unique_ptr<Derived> derived;
    std::unique_ptr<Node> node;
    std::unique_ptr<Registry> registry;
    std::unique_ptr<AccessDesk> desk;
    ApiMetrics metrics;
    std::unique_ptr<ApiContext> context;

    void SetUp() override {
        BackupFixture::SetUp();
        log = open(data);
        CharterState state = value_of(load_charter_state(data));
        auto schema =
            std::make_shared<const Schema>(value_of(charter_schema(*state.ruling().charter)));
        derived = value_of(Derived::open(*log, std::move(schema), {}));
        node = std::make_unique<Node>(
            *log, *derived, NodeSettings{identity->id, identity->agency, state, {}, {}, {}});
        registry = std::make_unique<Registry>(*node);
        std::vector<std::string> notes;
        desk = value_of(AccessDesk::open(data, identity->id, identity->signing, notes));
        context.reset(new ApiContext{*registry, metrics, {}, {}, "The IOM"});
        context->operate = {data, identity.get(), 0, &shelf};
        context->desk = desk.get();
        node->start({});
    }

    json::object ask(std::string_view target, const json::object& body) {
        const ApiReply reply =
            dispatch(*context, "POST", target, json::serialize(body), {::getuid(), "tester"});
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return json::parse(reply.body).as_object();
    }
    Result<> carry(const json::object& made, const std::string& target) {
        return carry_backup(std::string(made.at("directory").as_string()),
                            std::string(made.at("manifest").as_string()), target);
    }
    void done(const json::object& made, bool kept) {
        ask("/v1/backup/done", {{"directory", made.at("directory")}, {"kept", kept}});
    }
};

TEST_F(BackupApi, OneIsOfTheEpochAndHeadsOfItsMoment) {
    const json::object made = ask("/v1/backup", {});
    ASSERT_TRUE(carry(made, work / "b.tar").has_value());
    done(made, true);
    EXPECT_FALSE(fs::exists(data + "/backup"));
    EXPECT_TRUE(fs::exists(data + "/last-backup"));
    const Restored restored = value_of(restore_backup({work / "b.tar", work / "restored", ""}));
    EXPECT_EQ(restored.manifest.epoch, 1u);
    EXPECT_EQ(restored.manifest.charter, node->charter()->identity);
    EXPECT_EQ(restored.manifest.heads.size(), 1u);
    EXPECT_EQ(restored.checked.batches, 5u);
}

TEST_F(BackupApi, OfTwoAtOnceOneIsWholeAndTheOtherSaysWhatBecameOfIt) {
    std::array<json::object, 2> made;
    std::thread other([&] { made[1] = ask("/v1/backup", {}); });
    made[0] = ask("/v1/backup", {});
    other.join();
    // Who finds nothing any more says so first.
    if (fs::exists(std::string(made[0].at("directory").as_string()))) std::swap(made[0], made[1]);
    auto gone = carry(made[0], work / "gone.tar");
    ASSERT_FALSE(gone.has_value());
    EXPECT_THAT(gone.error().detail, HasSubstr("another backup of this node"));
    done(made[0], false);
    ASSERT_TRUE(carry(made[1], work / "whole.tar").has_value());
    done(made[1], true);
    EXPECT_FALSE(fs::exists(data + "/backup"));
    EXPECT_EQ(value_of(restore_backup({work / "whole.tar", work / "restored", ""})).checked.batches,
              5u);
}

TEST_F(BackupApi, TheDoctorNamesKeysWithWhichTheNextStartIsRefused) {
    const auto keys = [&] {
        const ApiReply reply = dispatch(*context, "GET", "/v1/health", "", {::getuid(), "tester"});
        const json::value answer = json::parse(reply.body);
        for (const json::value& finding : answer.at("findings").as_array())
            if (finding.at("check").as_string() == "keys")
                return std::string(finding.at("health").as_string());
        return std::string("nothing is said");
    };
    EXPECT_EQ(keys(), "ok");
    for (const char* key : {"tls", "signing"}) {
        const std::string path = data + "/keys/" + key + ".key";
        // As once keys have changed: what is in use no longer tells the node's id.
        spill(data + "/keys/node", identity->id.hex() + "\n");
        fs::rename(path, work / "kept");
        value_of(create_key_at(path, key, entropy));
        EXPECT_EQ(keys(), "problem") << key;
        fs::rename(work / "kept", path);
        EXPECT_EQ(keys(), "ok");
    }
}

} // namespace
} // namespace safar
