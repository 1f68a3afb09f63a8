// A node in memory behind the API's routes, without a socket.
#pragma once

#include "node/api/api.hpp"
#include "node/casework/similar.hpp"
#include "tests/unit/node/registry/registry_fixture.hpp"

#include <boost/json.hpp>
#include <unistd.h>

namespace safar::testing {

inline const bool words_are_known = (test_words() = similar_words, true);

struct TestApi {
    Network network;
    HeldCharter charter;
    TestNode node{network.iom, charter};
    TestNode other{network.fia, charter};
    ApiMetrics metrics{};
    ApiContext context{
        *node.registry, metrics, [this] { return std::vector<PeerStatus>{peer()}; }, {}, "The IOM"};
    TempDir directory{};
    std::unique_ptr<AccessDesk> desk = open_desk();

    std::unique_ptr<AccessDesk> open_desk() {
        std::vector<std::string> notes;
        auto out = value_of(
            AccessDesk::open(directory.path(), network.iom.id(), network.iom.signing, notes));
        EXPECT_TRUE(notes.empty());
        context.desk = out.get();
        return out;
    }
    // The owner of the data directory, who has every role.
    [[nodiscard]] static Caller owner() { return {::getuid(), "tester"}; }

    [[nodiscard]] PeerStatus peer() const {
        PeerStatus out;
        out.agency = "FIA";
        out.node = network.fia.id();
        out.address = "127.0.0.1:7403";
        out.state = "connected";
        // It says that it holds three batches of a log of its own that has never come.
        PeerGap gap;
        gap.log = {log_id(NetworkId{charter.charter->identity.raw}, out.node, "movement"),
                   Incarnation{}};
        gap.theirs = 3;
        out.gaps.push_back(gap);
        return out;
    }
    Identity identity = network.iom.identity();
    TestApi() : TestApi(registry_charter(Network{})) {}
    explicit TestApi(HeldCharter rules) : charter(std::move(rules)) {
        context.operate.identity = &identity;
    }

    ApiReply ask(std::string_view method, std::string_view target, std::string body = "") {
        return dispatch(context, method, target, std::move(body), owner());
    }
    boost::json::value json(std::string_view method, std::string_view target,
                            std::string body = "") {
        ApiReply reply = ask(method, target, std::move(body));
        EXPECT_EQ(reply.status, 200u) << target << ": " << reply.body;
        return boost::json::parse(reply.body);
    }
    // A record in conflict: IOM says Amina, FIA Aminah.
    RecordId disputed() {
        RecordId id = node.create({{"name", "Amina"}, {"means", "A"}, {"persons", "2"}});
        EXPECT_TRUE(node.set(id, {{"persons", "3"}}).has_value());
        node.send_to(other);
        EXPECT_TRUE(other.set(id, {{"name", "Aminah"}}).has_value());
        other.send_to(node);
        return id;
    }
};

} // namespace safar::testing
