#include "tests/process/hostile/wire_peer.hpp"

#include <zstd.h>

namespace safar::process {
using namespace std::chrono_literals;

namespace {

template <class Id> Id fill(std::uint8_t byte) {
    Id id;
    id.raw.fill(std::byte{byte});
    return id;
}

} // namespace

WirePeer::WirePeer(const std::string& agency, int from)
    : at_(HostileNetwork::the()), self_(at_.identity.at(agency)) {
    const int socket = connect_to_port(at_.port("IOM"), from);
    EXPECT_GE(socket, 0);
    end_ = std::make_unique<Endpoint>(socket, Endpoint::Side::client, Made{}, self_);
    EXPECT_TRUE(end_->shake());
    const auto theirs = hear(wire::FrameType::hello);
    if (!theirs) {
        ADD_FAILURE() << agency << " was not let in, alert " << end_->alert();
        return;
    }
    hello = wire::decode<wire::Hello>(*theirs).value();
    hello.node = self_.id;
    hello.shared = fill<Hash>(1);
}

void WirePeer::greet() {
    say(hello);
    say(wire::Summary{{{"return", fill<Hash>(9)}}});
    EXPECT_TRUE(hear(wire::FrameType::summary));
}

void WirePeer::say_raw(std::uint8_t type, const Bytes& payload) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.integer(static_cast<std::uint32_t>(payload.size() + 1));
    out.integer(type);
    out.bytes(payload);
    say_bytes(bytes);
}

void WirePeer::say_batch(ByteView stored) {
    Bytes bytes;
    wire::encode_batch(stored, bytes);
    say_bytes(bytes);
}

bool WirePeer::read_some(std::chrono::milliseconds patience) {
    const Bytes bytes = end_->read(patience);
    ByteView rest = bytes;
    while (!rest.empty()) {
        auto frame = decoder_.next(rest);
        EXPECT_TRUE(frame);
        if (!frame) return false;
        if (frame.value())
            heard_.emplace_back(frame.value()->type, Bytes(frame.value()->payload.begin(),
                                                           frame.value()->payload.end()));
    }
    return !bytes.empty();
}

std::optional<Bytes> WirePeer::hear(wire::FrameType type, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        for (auto at = heard_.begin(); at != heard_.end(); ++at)
            if (at->first == static_cast<std::uint8_t>(type)) {
                Bytes out = std::move(at->second);
                heard_.erase(at);
                return out;
            }
        if (end_->ended() || std::chrono::steady_clock::now() > until) return std::nullopt;
        read_some(200ms);
    }
}

bool WirePeer::goes_on() {
    const std::uint64_t nonce = ++pings_ + 77'000;
    say(wire::Ping{nonce});
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
        const auto pong = hear(wire::FrameType::pong);
        if (pong && wire::decode<wire::Pong>(*pong).value().nonce == nonce) return true;
        if (end_->ended()) return false;
    }
    return false;
}

std::string WirePeer::end_of_it(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!end_->ended() && std::chrono::steady_clock::now() < until) read_some(200ms);
    std::string code;
    unsigned told = 0;
    for (const auto& [type, payload] : heard_)
        if (type == static_cast<std::uint8_t>(wire::FrameType::error)) {
            const auto error = wire::decode<wire::ErrorFrame>(payload).value();
            code = error.code;
            detail = error.detail;
            ++told;
        }
    EXPECT_LE(told, 1u) << "it was told more than once";
    return end_->ended() ? code : "goes on";
}

LogName WirePeer::log(std::uint8_t incarnation) const {
    return {log_id(hello.network, self_.id, "return"), fill<Incarnation>(incarnation)};
}

BatchContext WirePeer::context(std::uint64_t number, const Hash& previous) const {
    BatchContext out;
    out.network = hello.network;
    out.log = log();
    out.number = out.first_sequence = number;
    out.previous = previous;
    out.epoch = at_.charter->epoch;
    out.charter = at_.charter->identity;
    return out;
}

BuiltBatch WirePeer::batch(std::uint64_t number, const Hash& previous, const std::string& verb,
                           std::int64_t at) const {
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.record = system_entropy().draw<RecordId>();
    draft.body.verb = verb;
    draft.body.at = {at};
    draft.body.assertions = {{1, Text{"a note"}}};
    std::size_t taken = 0;
    return build_batch(context(number, previous), self_.signing, system_entropy(),
                       std::span(&draft, 1), taken)
        .value();
}

Bytes WirePeer::clear_part(const std::vector<Assertion>& assertions) const {
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.record = system_entropy().draw<RecordId>();
    draft.body.verb = "recorded";
    draft.body.assertions = assertions;
    const Bytes encoded = encode_event(draft, {}).value();
    ByteReader in(encoded);
    const ByteView clear = read_event(in).value().clear;
    return {clear.begin(), clear.end()};
}

Bytes WirePeer::batch_of(ByteView clear) const {
    Bytes raw;
    ByteWriter event(raw);
    event.integer(std::uint8_t{0});
    event.bytes(Bytes(Salt::size));
    const Bytes no_dots = encode_dots({});
    event.integer(static_cast<std::uint32_t>(no_dots.size()));
    event.bytes(no_dots);
    event.integer(static_cast<std::uint32_t>(clear.size()));
    event.bytes(clear);
    PreparedBatch prepared;
    ByteReader in(raw);
    prepared.leaves = {leaf_hash(read_event(in).value())};
    prepared.root = merkle_root(prepared.leaves);
    prepared.stored.resize(BatchHeader::encoded_bytes + Signature::size);
    ByteWriter(prepared.stored).integer(static_cast<std::uint32_t>(raw.size()));
    Bytes packed(ZSTD_compressBound(raw.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 3));
    prepared.stored.insert(prepared.stored.end(), packed.begin(), packed.end());
    static_cast<void>(place_batch(context(), self_.signing.id(), prepared));
    sign_placed_batch(self_.signing, hello.network, prepared);
    return prepared.stored;
}

void expect_no_effect(const std::string& agency) {
    EXPECT_TRUE(HostileNetwork::the().logs_of(agency).empty())
        << "something of " << agency << " is held";
}

void expect_blamed(WirePeer& peer, const std::string& agency, ErrorCode code) {
    HostileNetwork& at = HostileNetwork::the();
    EXPECT_EQ(peer.end_of_it(), name(code)) << peer.detail;
    EXPECT_TRUE(eventually([&] { return at.blamed_for(agency) == name(code); }, 5s))
        << at.blamed_for(agency);
    EXPECT_TRUE(eventually([&] { return at.peer_state(agency) == "refused"; }, 5s))
        << at.peer_state(agency);
    expect_no_effect(agency);
}

void expect_kept(WirePeer& peer, const std::string& agency) {
    EXPECT_TRUE(peer.goes_on()) << peer.end_of_it() << ": " << peer.detail;
    EXPECT_EQ(HostileNetwork::the().blamed_for(agency), "");
}

void expect_held(const std::string& agency, std::int64_t batches) {
    for (const char* honest : {"IOM", "FIA", "MOFA"})
        EXPECT_TRUE(eventually(
            [&] {
                const auto heads = HostileNetwork::the().net.ask(honest, {"charter", "heads"});
                for (const auto& log : heads.as_array())
                    if (log.at("agency").as_string() == agency)
                        return log.at("batch").as_int64() == batches;
                return false;
            },
            20s))
            << honest << " does not hold " << agency << "'s " << batches;
}

} // namespace safar::process
