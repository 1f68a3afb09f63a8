#include "tests/process/hostile/wire_peer.hpp"

#include "storage/record/schema.hpp"

#include <zstd.h>

namespace safar::process {
using namespace std::chrono_literals;

namespace {

template <class Id> Id fill(std::uint8_t byte) {
    Id id;
    id.raw.fill(std::byte{byte});
    return id;
}

Bytes packed(ByteView raw) {
    Bytes out(ZSTD_compressBound(raw.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 3));
    return out;
}

} // namespace

EventDraft a_return() {
    EventDraft out;
    out.body.kind = 3;
    out.body.record = system_entropy().draw<RecordId>();
    out.body.verb = "recorded";
    out.body.assertions = {{1, Code{"PAK"}}};
    return out;
}

RawEvent raw(const EventDraft& draft) {
    const Bytes encoded = encode_event(draft, {}).value();
    ByteReader in(encoded);
    const EventView view = read_event(in).value();
    return {{view.dots.begin(), view.dots.end()}, {view.clear.begin(), view.clear.end()}};
}

RecordId record_of(const BuiltBatch& batch) {
    ByteReader in(batch.raw);
    return decode_body(read_event(in).value().clear).value().record;
}

Bytes packed_anew(ByteView stored, ByteView events) {
    const ByteView prefix = stored.first(EncodedBatch::prefix_bytes);
    Bytes out(prefix.begin(), prefix.end());
    const Bytes rest = packed(events);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

WirePeer::WirePeer(const std::string& agency, int from, const std::string& to)
    : at_(HostileNetwork::the()), self_(at_.identity.at(agency)) {
    const int socket = connect_to_port(at_.port(to), from);
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
        if (!frame.value()) break;
        const auto& [type, payload] = *frame.value();
        if (type == static_cast<std::uint8_t>(wire::FrameType::ping))
            say(wire::Pong{wire::decode<wire::Ping>(payload).value().nonce});
        else
            heard_.emplace_back(type, Bytes(payload.begin(), payload.end()));
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

std::vector<Bytes> WirePeer::hear_all(wire::FrameType type, std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!end_->ended() && std::chrono::steady_clock::now() < until) read_some(50ms);
    std::vector<Bytes> out;
    for (const auto& [each, payload] : heard_)
        if (each == static_cast<std::uint8_t>(type)) out.push_back(payload);
    return out;
}

bool WirePeer::goes_on(std::chrono::milliseconds patience) {
    const std::uint64_t nonce = ++pings_ + 77'000;
    say(wire::Ping{nonce});
    const auto begun = std::chrono::steady_clock::now(), until = begun + patience;
    for (auto now = begun; now < until; now = std::chrono::steady_clock::now()) {
        const auto pong =
            hear(wire::FrameType::pong, std::chrono::ceil<std::chrono::milliseconds>(until - now));
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
    if (!end_->ended()) return "goes on";
    end_->cut(); // so that it need not wait for our end
    return code;
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

BuiltBatch WirePeer::built(const BatchContext& place, const std::vector<EventDraft>& drafts) const {
    std::size_t taken = 0;
    return build_batch(place, self_.signing, system_entropy(), drafts, taken).value();
}

BuiltBatch WirePeer::batch(std::uint64_t number, const Hash& previous, const std::string& verb,
                           std::int64_t at) const {
    EventDraft draft = a_return();
    draft.body.verb = verb;
    draft.body.at = {at};
    return built(context(number, previous), {draft});
}

Bytes WirePeer::batch_of(const std::vector<RawEvent>& events) const {
    Bytes raw;
    ByteWriter out(raw);
    for (const RawEvent& event : events) {
        out.integer(static_cast<std::uint8_t>(EventForm::clear));
        out.bytes(Bytes(Salt::size));
        out.sized(event.dots);
        out.sized(event.clear);
    }
    PreparedBatch prepared;
    ByteReader in(raw);
    while (!in.at_end()) prepared.leaves.push_back(leaf_hash(read_event(in).value()));
    prepared.root = merkle_root(prepared.leaves);
    prepared.stored.resize(BatchHeader::encoded_bytes + Signature::size);
    ByteWriter(prepared.stored).integer(static_cast<std::uint32_t>(raw.size()));
    const Bytes rest = packed(raw);
    prepared.stored.insert(prepared.stored.end(), rest.begin(), rest.end());
    static_cast<void>(place_batch(context(), self_.signing.id(), prepared));
    sign_placed_batch(self_.signing, hello.network, prepared);
    return prepared.stored;
}

void expect_no_effect(const std::string& agency) {
    for (const std::string& honest : HostileNetwork::honest())
        EXPECT_TRUE(HostileNetwork::the().logs_of(agency, honest).empty())
            << "something of " << agency << " is held at " << honest;
}

void expect_blamed(WirePeer& peer, const std::string& agency, ErrorCode code) {
    HostileNetwork& at = HostileNetwork::the();
    EXPECT_EQ(peer.end_of_it(), name(code)) << peer.detail;
    EXPECT_TRUE(eventually([&] { return at.refusal(agency).code == name(code); }, 5s))
        << at.refusal(agency).code;
    EXPECT_NEAR(at.refusal(agency).for_s, 30, 1);
    EXPECT_TRUE(eventually([&] { return at.peer_state(agency) == "refused"; }, 5s))
        << at.peer_state(agency);
    Endpoint again(connect_to_port(at.port("IOM")), Endpoint::Side::client, Made{},
                   at.identity.at(agency));
    EXPECT_TRUE(again.shake());
    EXPECT_TRUE(again.read(3s).empty()) << agency << " is served while it should wait";
    EXPECT_TRUE(again.gone(3s));
    expect_no_effect(agency);
    at.refused.insert(agency);
}

void expect_unblamed(const std::string& agency) {
    for (const std::string& honest : HostileNetwork::honest())
        EXPECT_EQ(HostileNetwork::the().refusal(agency, honest).code, "") << honest;
}

void expect_kept(WirePeer& peer, const std::string& agency) {
    EXPECT_TRUE(peer.goes_on()) << peer.end_of_it() << ": " << peer.detail;
    expect_unblamed(agency);
}

void expect_held(const std::string& agency, std::int64_t batches) {
    HostileNetwork& at = HostileNetwork::the();
    for (const std::string& honest : HostileNetwork::honest())
        EXPECT_TRUE(eventually(
            [&] {
                const auto logs = at.logs_of(agency, honest);
                return logs.size() == 1 && logs[0].at("batch").as_int64() == batches;
            },
            20s))
            << honest << " does not hold " << agency << "'s " << batches;
    at.held[agency] = batches;
}

void expect_forked(const std::string& agency, std::int64_t batches, const BuiltBatch& one,
                   const BuiltBatch& other) {
    HostileNetwork& at = HostileNetwork::the();
    const std::set<std::string> branches{one.hash.hex(), other.hash.hex()};
    for (const std::string& honest : HostileNetwork::honest()) {
        EXPECT_TRUE(eventually(
            [&] {
                const auto logs = at.logs_of(agency, honest);
                return logs.size() == 1 && logs[0].at("batch").as_int64() == batches &&
                       logs[0].at("forked").as_bool();
            },
            20s))
            << honest << " goes on with " << agency << "'s log";
        std::set<std::string> known;
        const auto proven = [&] { // the log is closed first, the proof is kept after it
            known.clear();
            const auto forks = at.net.ask(honest, {"evidence", "show"});
            for (const auto& fork : forks.as_array())
                if (fork.at("agency").as_string() == agency) {
                    EXPECT_EQ(fork.at("batch").as_int64(), batches + 1);
                    known.emplace(fork.at("branch_a").as_string());
                    known.emplace(fork.at("branch_b").as_string());
                }
            return known == branches;
        };
        static_cast<void>(eventually(proven, 20s));
        EXPECT_EQ(known, branches) << honest;
    }
    at.held[agency] = batches;
    at.forked[agency] = branches;
}

void expect_shown(const RecordId& id) {
    for (const std::string& honest : HostileNetwork::honest())
        EXPECT_TRUE(
            eventually([&] { return shows(HostileNetwork::the().net, honest, show_id(id)); }, 20s))
            << honest << " does not show " << show_id(id);
}

void expect_not_shown(const RecordId& id) {
    for (const std::string& honest : HostileNetwork::honest()) {
        std::string why;
        const auto said = [&] {
            return call(HostileNetwork::the().net, honest, "/v1/records/" + show_id(id),
                        std::nullopt, &why);
        };
        EXPECT_TRUE(eventually([&] { return !said(); }, 20s))
            << honest << " shows " << boost::json::serialize(said().value_or(nullptr));
        EXPECT_TRUE(why.starts_with(name(ErrorCode::not_found))) << why;
    }
}

} // namespace safar::process
