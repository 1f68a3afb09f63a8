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

// What became of the connection, in the words of the table.
std::string outcome(Endpoint& end) {
    const bool stands = end.shake();
    Bytes said;
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (stands && said.empty() && !end.ended() && std::chrono::steady_clock::now() < until)
        said = end.read(500ms);
    EXPECT_EQ(end.tickets(), 0) << "a ticket, so a session that is not asked for its key again";
    if (!said.empty() && said.size() > 5 && said[4] == std::byte{1}) return "in"; // a hello
    return end.alert() > 0 ? std::to_string(end.alert()) : "out";
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.side << ": " << row.made; }

class NegativeTls : public ::testing::TestWithParam<Row> {};

TEST_P(NegativeTls, IsAnsweredWithThatAlert) {
    const Row& row = GetParam();
    const Made made = Made::read(row.made);
    const Identity& self = at().identity.at(row.agency);
    if (row.side == "client") {
        Endpoint end(connect_to_port(at().port("IOM"), 6), Endpoint::Side::client, made, self);
        EXPECT_EQ(outcome(end), row.alert);
        return;
    }
    // Every honest node calls this agency's address again and again.
    const int listener = listen_at_port(at().port("SERVER"));
    const int caller = accept_one(listener, 15s);
    ASSERT_GE(caller, 0) << "nobody called";
    Endpoint end(caller, Endpoint::Side::server, made, self);
    EXPECT_EQ(outcome(end), row.alert);
    ::close(listener);
}
INSTANTIATE_TEST_SUITE_P(Table, NegativeTls, ::testing::ValuesIn(rows()), [](const auto& row) {
    std::string out = row.param.side + "_" + row.param.what;
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return out;
});

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

TEST(NegativeTlsToo, ASuspendedNodeHearsTheCharterAndNoCompartment) {
    Endpoint end(connect_to_port(at().port("IOM"), 6), Endpoint::Side::client, Made{},
                 at().identity.at("HALT"));
    ASSERT_TRUE(end.shake());
    const Bytes said = end.read(5s);
    wire::FrameDecoder decoder;
    ByteView rest = said;
    const auto frame = decoder.next(rest).value();
    ASSERT_TRUE(frame);
    auto hello = wire::decode<wire::Hello>(frame->payload).value();
    EXPECT_EQ(hello.shared, wire::shared_digest({}));
}

TEST(NegativeTlsToo, AServerThatIsSilentIsLeftAtTheDeadline) {
    const int listener = listen_at_port(at().port("SERVER"));
    const int caller = accept_one(listener, 15s);
    ASSERT_GE(caller, 0);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(ends(caller, 14s));
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
