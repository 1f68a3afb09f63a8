// What goes over the wire to a node that may not hold a compartment, taken down behind TLS: a peer
// with that node's own keys asks for everything, politely and not.
#include "tests/process/hostile/endpoint.hpp"

#include "node/charter/charter_state.hpp"
#include "storage/event/batch.hpp"
#include "sync/wire/message.hpp"
#include "tests/process/federation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

// UKF with its keys, and everything that IOM says to it, batches unpacked.
class Tap {
public:
    explicit Tap(const Federation& net)
        : self_(std::move(load_identity(net.directory("UKF")).value())),
          state_(std::move(load_charter_state(net.directory("UKF")).value())) {
        const Charter& charter = *state_.ruling().charter;
        for (const CharterNode& node : charter.nodes)
            if (node.agency == "IOM") iom_ = node;
        const int port = std::stoi(iom_.address.substr(iom_.address.rfind(':') + 1));
        end_ = std::make_unique<Endpoint>(connect_to_port(port), Endpoint::Side::client, Made{},
                                          self_);
        EXPECT_TRUE(end_->shake());
    }
    template <class Message> void say(const Message& message) {
        Bytes bytes;
        wire::encode(message, bytes);
        end_->write(bytes);
    }
    void greet(const std::vector<std::string>& compartments) {
        for (int second = 0; second < 20 && first_.empty(); ++second) listen(1s);
        auto first = wire::decode<wire::Hello>(first_);
        ASSERT_TRUE(first) << "no hello";
        wire::Hello hello = first.value();
        hello.node = self_.id;
        hello.shared.raw.fill(std::byte{1});
        say(hello);
        wire::Summary all;
        for (const std::string& name : compartments) {
            wire::CompartmentDigest one{name, {}};
            one.frontier.raw.fill(std::byte{9});
            all.compartments.push_back(std::move(one));
        }
        say(all);
        listen(1s);
    }
    void want(const std::string& compartment, const std::string& incarnation) {
        LogName log{log_id(state_.authority()->network(), iom_.id, compartment), {}};
        ASSERT_TRUE(from_hex(incarnation, log.incarnation.raw));
        say(wire::Want{log, 1, 100, 1u << 20});
        listen(1s);
    }
    // Not longer than until that has been heard.
    void listen(std::chrono::milliseconds time, const std::string& awaited) {
        for (const auto until = std::chrono::steady_clock::now() + time;
             heard_.find(awaited) == std::string::npos && !end_->ended() &&
             std::chrono::steady_clock::now() < until;) {
            const Bytes bytes = end_->read(200ms);
            for (ByteView rest = bytes; !rest.empty();) {
                auto frame = decoder_.next(rest);
                ASSERT_TRUE(frame);
                if (frame.value()) take(*frame.value());
            }
        }
    }
    void listen(std::chrono::milliseconds time) { listen(time, "nothing that anybody says"); }
    [[nodiscard]] const std::string& heard() const { return heard_; }
    [[nodiscard]] std::string log_bytes(const std::string& compartment) const {
        const LogId id = log_id(state_.authority()->network(), iom_.id, compartment);
        return std::string(as_text(id.view()));
    }

private:
    void take(const wire::Frame& frame) {
        if (first_.empty()) first_ = copy(frame.payload);
        heard_ += as_text(frame.payload);
        heard_ += '\n';
        if (frame.type != static_cast<std::uint8_t>(wire::FrameType::batch)) return;
        auto opened = open_batch(frame.payload, LeafCheck::compute);
        ASSERT_TRUE(opened);
        heard_ += as_text(opened.value().raw);
    }

    Identity self_;
    CharterState state_;
    CharterNode iom_;
    std::unique_ptr<Endpoint> end_;
    wire::FrameDecoder decoder_;
    Bytes first_; // the hello
    std::string heard_;
};

TEST(Traffic, NothingOfACompartmentGoesToAPeerThatMayNotHoldIt) {
    const std::vector<std::string> all{"IOM", "FIA", "UKF"};
    Federation net(all,
                   {{"movement", {"movement"}, all, all},
                    {"protection", {"victim_case", "person"}, {"IOM", "FIA"}, {"IOM", "FIA"}}});
    net.start("IOM");
    net.start("FIA");
    const auto write = [&](const std::string& open, const std::string& secret) {
        net.ask("IOM", {"record", "create", "movement", "direction=departure", "date=2023-03-31",
                        "occupation=" + open});
        net.ask("IOM", {"record", "create", "victim_case", "location_of_recruitment=" + secret});
    };
    write("welder of the northern yard", "beneath the third bridge of Qarmazin");
    std::map<std::string, std::string> incarnation; // of IOM's log in a compartment
    const auto heads = net.ask("IOM", {"charter", "heads"});
    for (const auto& log : heads.as_array())
        if (log.at("agency").as_string() == "IOM")
            incarnation[std::string(log.at("compartment").as_string())] =
                std::string(log.at("incarnation").as_string());
    ASSERT_EQ(incarnation.size(), 2u) << boost::json::serialize(heads);

    Tap tap(net);
    tap.greet({"movement", "protection"});
    tap.want("movement", incarnation.at("movement"));
    write("cook of the southern camp", "under the old banyan of Zarnigar");
    tap.listen(1s);
    tap.want("movement", incarnation.at("movement"));
    for (const char* open : {"welder of the northern yard", "cook of the southern camp"}) {
        tap.listen(20s, open);
        EXPECT_THAT(tap.heard(), HasSubstr(open)) << "the tap hears what it may";
    }
    tap.say(wire::FrontierAsk{"protection"});
    tap.listen(1s);
    tap.want("protection", incarnation.at("protection"));
    for (const char* planted : {"bridge", "Qarmazin", "banyan", "Zarnigar"})
        EXPECT_THAT(tap.heard(), Not(HasSubstr(planted)));

    // Nor where each thing it must not ask for is asked at once, on a connection of its own.
    Tap rude(net);
    rude.greet({"protection"});
    rude.want("protection", incarnation.at("protection"));
    Tap ruder(net);
    ruder.greet({"movement"});
    ruder.say(wire::FrontierAsk{"protection"});
    ruder.listen(1s);
    for (const Tap* each : {&rude, &ruder})
        for (const char* planted : {"bridge", "Qarmazin", "banyan", "Zarnigar"})
            EXPECT_THAT(each->heard(), Not(HasSubstr(planted)));
    EXPECT_THAT(tap.heard(), HasSubstr(tap.log_bytes("movement")));
}

} // namespace
} // namespace safar::process
