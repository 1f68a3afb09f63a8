// tests/process/tls_negative.tsv, one test a row: bad clients of a real node, and bad servers that
// a real node calls. Then what no setting of a certificate says.
#include "tests/process/hostile/network.hpp"

#include "sync/wire/message.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace safar::process {
namespace {
using namespace std::chrono_literals;

HostileNetwork& at() { return HostileNetwork::the(); }

struct Row {
    std::string side, what, agency, made, alert;
};

std::vector<Row> rows() {
    std::istringstream in(slurp(std::string(SAFAR_SOURCE_DIR) + "/tests/process/tls_negative.tsv"));
    std::vector<Row> out;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#' || line.starts_with("side\t")) continue;
        std::istringstream cells(line);
        Row row;
        for (std::string* cell : {&row.side, &row.what, &row.agency, &row.made, &row.alert})
            std::getline(cells, *cell, '\t');
        out.push_back(std::move(row));
    }
    return out;
}

// What became of the connection, in the words of the table; "open": nothing.
std::string outcome(Endpoint& end, const Made& made) {
    const bool stands = end.shake();
    Bytes said;
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (stands && said.empty() && !end.ended() && std::chrono::steady_clock::now() < until)
        said = end.read(500ms);
    EXPECT_EQ(end.tickets(), 0) << "a ticket, so a session that is not asked for its key again";
    EXPECT_EQ(made.early, end.early_refused());
    if (!said.empty() && said.size() > 5 && said[4] == std::byte{1}) return "in"; // a hello
    if (!end.gone(3s)) return "open";
    return end.alert() > 0 ? std::to_string(end.alert()) : "out";
}

// One row. Not of TEST_P, whose tests come after all others: some of those want to be the last.
class NegativeTls : public ::testing::Test {
public:
    explicit NegativeTls(Row row) : row_(std::move(row)) {}

private:
    void TestBody() override {
        // "TLS@SERVER": who it is, and where it is called.
        const std::string who = row_.agency.substr(0, row_.agency.find('@')),
                          where = row_.agency.substr(row_.agency.find('@') + 1);
        const Made made = Made::read(row_.made);
        const Identity& self = at().identity.at(who);
        if (row_.side == "client") {
            Endpoint end(connect_to_port(at().port("IOM"), 6), Endpoint::Side::client, made, self);
            EXPECT_EQ(outcome(end, made), row_.alert);
            return;
        }
        // Every honest node calls this agency's address again and again.
        const int listener = listen_at_port(at().port(where));
        const int caller = accept_one(listener, row_.alert == "uncalled" ? 6s : 15s);
        if (row_.alert == "uncalled") {
            EXPECT_LT(caller, 0) << "somebody called";
        } else {
            ASSERT_GE(caller, 0) << "nobody called";
            Endpoint end(caller, Endpoint::Side::server, made, self);
            EXPECT_EQ(outcome(end, made), row_.alert);
        }
        ::close(listener);
    }
    const Row row_;
};

[[maybe_unused]] const bool registered = [] {
    for (const Row& row : rows()) {
        std::string name = row.side + "_" + row.what;
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
        ::testing::RegisterTest("NegativeTls", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                [row]() -> NegativeTls* { return new NegativeTls(row); });
    }
    return true;
}();

TEST(NegativeTlsToo, ARecordAboveItsLimitIsRefused) {
    Endpoint end(connect_to_port(at().port("IOM"), 6), Endpoint::Side::client, Made{},
                 at().identity.at("TLS"));
    ASSERT_TRUE(end.shake());
    EXPECT_FALSE(end.read(5s).empty());
    Bytes record(5 + (1u << 14) + 257, std::byte{7});
    const unsigned char head[] = {23, 3, 3, ((1u << 14) + 257) >> 8, ((1u << 14) + 257) & 0xff};
    std::memcpy(record.data(), head, sizeof head);
    end.write_raw(record);
    for (int i = 0; i < 25 && !end.ended(); ++i) static_cast<void>(end.read(200ms));
    EXPECT_TRUE(end.ended());
    EXPECT_EQ(end.alert(), 22); // record_overflow
}

TEST(NegativeTlsToo, ASuspendedNodeOrAnOldKeyHearsTheCharterAndNoCompartment) {
    for (const char* agency : {"HALT", "OLD"}) {
        Endpoint end(connect_to_port(at().port("IOM"), 6), Endpoint::Side::client, Made{},
                     at().identity.at(agency));
        ASSERT_TRUE(end.shake());
        const Bytes said = end.read(5s);
        wire::FrameDecoder decoder;
        ByteView rest = said;
        const auto frame = decoder.next(rest).value();
        ASSERT_TRUE(frame);
        auto hello = wire::decode<wire::Hello>(frame->payload).value();
        EXPECT_EQ(hello.shared, wire::shared_digest({})) << agency;
    }
}

TEST(NegativeTlsToo, AServerThatIsSilentIsLeftAtTheDeadline) {
    const int listener = listen_at_port(at().port("SERVER"));
    const int caller = accept_one(listener, 15s);
    ASSERT_GE(caller, 0);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(ends(caller, 20s));
    EXPECT_GT(std::chrono::steady_clock::now() - begun, 5s);
    ::close(caller);
    ::close(listener);
}

TEST(NegativeTlsToo, AServerInPlainTextIsLeftAtOnce) {
    const int listener = listen_at_port(at().port("SERVER"));
    const int caller = accept_one(listener, 15s);
    ASSERT_GE(caller, 0);
    const std::string text = "SSH-2.0-OpenSSH_9.2\r\n";
    EXPECT_GT(::write(caller, text.data(), text.size()), 0);
    EXPECT_TRUE(ends(caller, 5s));
    ::close(caller);
    ::close(listener);
}

} // namespace
} // namespace safar::process
