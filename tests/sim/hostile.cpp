#include "tests/sim/hostile.hpp"

#include "sync/wire/message.hpp"

namespace safar::sim {
namespace {

// Frames of `bytes`, which ends with one.
std::vector<Bytes> cut(ByteView bytes) {
    std::vector<Bytes> out;
    while (bytes.size() >= 5) {
        const std::size_t size = 4 + ByteReader(bytes).integer<std::uint32_t>();
        if (size > bytes.size()) break;
        out.push_back(copy(bytes.first(size)));
        bytes = bytes.subspan(size);
    }
    return out;
}

Bytes raw_frame(std::uint8_t type, ByteView payload) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint32_t>(payload.size() + 1));
    writer.integer(type);
    writer.bytes(payload);
    return out;
}

void push(std::vector<Bytes>& out, Bytes frame) {
    if (!frame.empty()) out.push_back(std::move(frame));
}

template <class Message> Bytes framed(const Message& message) {
    Bytes out;
    wire::encode(message, out);
    return out;
}

constexpr std::size_t payload_at = 5;
constexpr auto batch_type = static_cast<std::byte>(wire::FrameType::batch);

LogName own_log(const Core& from, std::string_view compartment, Random& random) {
    Frontier frontier = from.log().frontier(compartment);
    std::erase_if(frontier, [&](const FrontierEntry& entry) {
        const LogOwner* owner = from.log().authority()->owner(entry.log.id);
        return owner == nullptr || owner->node != from.id || entry.head.number == 0;
    });
    if (!frontier.empty()) return random.any(frontier).log;
    LogName name{log_id(from.log().authority()->network(), from.id, compartment), {}};
    name.incarnation.raw[0] = std::byte{7};
    return name;
}

} // namespace

Bytes Hostile::tamper(const Core& from, const Core& to, Bytes bytes) {
    if (quiet || !from.up()) return bytes;
    Frames out;
    for (Bytes& frame : cut(bytes)) {
        if (random_.permille(permille_))
            play(from, out, std::move(frame));
        else
            out.push_back(std::move(frame));
    }
    if (random_.permille(fork_permille)) {
        if (const auto place = taken_place(from, 1 + random_.below(3))) {
            statistics_.count(Fault::hostile_fork);
            played("H40");
            push(out, forged(from, *place));
        }
    }
    if (!out.empty())
        if (const auto place = loose_place(from, out.back());
            place && random_.permille(loose_permille)) {
            statistics_.count(Fault::hostile_loose);
            push(out, forged(from, *place));
        }
    if (random_.permille(statement_permille))
        if (Bytes statement = two_faced(from, to); !statement.empty()) {
            statistics_.count(Fault::hostile_statement);
            out.push_back(std::move(statement));
        }
    Bytes joined;
    for (const Bytes& frame : out) joined.insert(joined.end(), frame.begin(), frame.end());
    return joined;
}

Bytes Hostile::two_faced(const Core& from, const Core& to) {
    const LogName log = own_log(from, random_.any(all_compartments), random_);
    const auto head = from.log().head(log);
    if (!head || head->number == 0) return {};
    auto [at, fresh] = said_.try_emplace(log);
    if (fresh || random_.one_in(10))
        at->second = {log, head->number, head->hash, ++statement_time_, {}};
    wire::Statement out = at->second;
    if (to.index % 2 == 1) out.header.raw[0] ^= std::byte{1};
    wire::sign_statement(out, from.log().authority()->network(), from.member.signing);
    return framed(out);
}

void Hostile::play(const Core& from, Frames& out, Bytes frame) {
    statistics_.count(Fault::hostile_frame);
    if (frame[4] == batch_type && random_.below(3) != 0)
        return play_on_batch(from, out, std::move(frame));
    switch (random_.below(11)) {
    case 0:
        played("H14");
        frame[0] = frame[1] = frame[2] = frame[3] = std::byte{0xff};
        return out.push_back(std::move(frame));
    case 1: played("H15"); return out.push_back(Bytes(5));
    case 2:
        played("H18");
        frame[random_.below(frame.size())] ^= static_cast<std::byte>(1u << random_.below(8));
        return out.push_back(std::move(frame));
    case 3:
        played("H20");
        out.push_back(frame);
        return out.push_back(raw_frame(1, ByteView(frame).subspan(payload_at)));
    case 4: {
        played("H21");
        Bytes payload{std::byte{6}};
        ByteWriter writer(payload);
        writer.bytes(as_bytes("return"));
        writer.integer(std::uint32_t{0xffffffff});
        return out.push_back(raw_frame(5, payload));
    }
    case 5: played("H23"); return out.push_back(raw_frame(12, Bytes(9)));
    case 6: {
        played("H26");
        FrontierEntry twice{own_log(from, "movement", random_), Head{3, 3, {}, 0, false}};
        return out.push_back(framed(wire::FrontierFull{"movement", {twice, twice}}));
    }
    case 7: played("H17"); return out.push_back(raw_frame(1, Bytes(40, std::byte{0xff})));
    case 8: played("H45"); return; // never sent at all
    default: return invent(from, out);
    }
}

void Hostile::play_on_batch(const Core& from, Frames& out, Bytes frame) {
    const std::size_t size = frame.size();
    if (size < payload_at + EncodedBatch::prefix_bytes + 4) return;
    const std::size_t signature = payload_at + BatchHeader::encoded_bytes;
    const auto flip = [&](std::size_t at) { frame[at] ^= std::byte{1}; };
    switch (random_.below(9)) {
    case 0:
        played("H28");
        flip(size - 1 - random_.below(8));
        break;
    case 1:
        played("H29");
        flip(signature + random_.below(64));
        break;
    case 2:
        played("H32");
        flip(payload_at + 8 + random_.below(32));
        break; // network
    case 3:
        played("H33");
        flip(payload_at + 140 + random_.below(32));
        break; // root
    case 4:
        played("H35");
        flip(payload_at + 40 + random_.below(32));
        break; // log
    case 5: {  // sequence or number: zero, far ahead, the largest
        played("H38");
        const std::size_t at = payload_at + (random_.one_in(2) ? 88 : 96);
        const std::byte fill = random_.one_in(3) ? std::byte{0} : std::byte{0xff};
        const std::size_t bytes = random_.one_in(2) ? 8 : 2;
        std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at), bytes, fill);
        break;
    }
    case 6:
        played("H41");
        for (int i = 0; i < 40; ++i) out.push_back(frame);
        break;
    case 7: played("H49"); return; // withheld from this peer
    default:
        played("H50");
        for (int i = 0; i < 20; ++i) push(out, forged(from, new_log(from)));
    }
    out.push_back(std::move(frame));
}

void Hostile::invent(const Core& from, Frames& out) {
    const std::string& compartment = random_.any(all_compartments);
    const LogName log = own_log(from, compartment, random_);
    switch (random_.below(5)) {
    case 0: played("H44"); return out.push_back(framed(wire::Want{log, 9, 3, 1000}));
    case 1: {
        played("H45");
        Head promised{1'000'000, 1'000'000, {}, 0, false};
        promised.hash.raw.fill(std::byte{9});
        return out.push_back(framed(wire::FrontierFull{compartment, {{log, promised}}}));
    }
    case 2: {
        played("H44");
        LogName other = log;
        entropy_.fill(other.incarnation.raw);
        return out.push_back(framed(wire::Want{other, 1, limits::sequence_max, 1u << 20}));
    }
    case 3: {
        played("H48"); // a frontier said under a digest that is not its own
        Hash base;
        entropy_.fill(base.raw);
        return out.push_back(
            framed(wire::FrontierDelta{compartment, base, {{log, Head{1, 1, base, 0, false}}}}));
    }
    default: {
        // By the right key, in a compartment that may not be its own to write.
        played("H36");
        push(out, forged(from, new_log(from)));
    }
    }
}

// The place of the batch `back` before the last of a log of its own, to sign there again.
std::optional<BatchContext> Hostile::taken_place(const Core& from, std::uint64_t back) {
    BatchContext place = new_log(from);
    place.log = own_log(from, random_.any(all_compartments), random_);
    const auto head = from.log().head(place.log);
    if (!head || head->number < back) return std::nullopt;
    auto held = from.log().read_range(place.log, head->number + 1 - back, 1);
    if (!held || held.value().empty()) return std::nullopt;
    auto header = decode_header(held.value().front()->header());
    if (!header) return std::nullopt;
    place.number = header.value().number;
    place.first_sequence = header.value().first_sequence;
    place.previous = header.value().previous;
    place.epoch = header.value().epoch;
    place.charter = header.value().charter;
    return place;
}

// The place after the batch in `frame`, if that is the last of a log of its own, going on from
// another batch than this one.
std::optional<BatchContext> Hostile::loose_place(const Core& from, ByteView frame) {
    if (frame.size() < payload_at + EncodedBatch::prefix_bytes || frame[4] != batch_type)
        return std::nullopt;
    auto before = decode_header(frame.subspan(payload_at, BatchHeader::encoded_bytes));
    if (!before) return std::nullopt;
    const LogOwner* owner = from.log().authority()->owner(before.value().log.id);
    if (owner == nullptr || owner->node != from.id) return std::nullopt;
    const auto last = from.log().head(before.value().log);
    if (!last || last->number != before.value().number) return std::nullopt;
    BatchContext place = new_log(from);
    place.log = before.value().log;
    place.number = before.value().number + 1;
    place.first_sequence = before.value().last_sequence() + 1;
    place.previous = before.value().previous;
    return place;
}

BatchContext Hostile::new_log(const Core& from) {
    const auto authority = from.log().authority();
    BatchContext place;
    place.network = authority->network();
    place.log = own_log(from, random_.any(all_compartments), random_);
    place.epoch = authority->epoch();
    place.charter = authority->charter();
    entropy_.fill(place.log.incarnation.raw);
    return place;
}

// A batch by the right key at that place.
Bytes Hostile::forged(const Core& from, const BatchContext& place) {
    EventDraft draft;
    draft.body.kind = static_cast<std::uint16_t>(1 + random_.below(8)); // 7, 8: unknown
    entropy_.fill(draft.body.record.raw);
    draft.body.verb = "invented";
    draft.body.at = {static_cast<std::int64_t>(random_.one_in(2) ? random_.next() : ~0ull << 63)};
    draft.body.assertions = {{field::note, Integer{1}}, // of the wrong type
                             {field::needs, Text{"hostile"}},
                             {99, Text{"no such field"}}};
    std::size_t taken = 0;
    auto built = build_batch(place, from.member.signing, entropy_, std::span(&draft, 1), taken);
    if (!built) return {};
    Bytes out;
    wire::encode_batch(built.value().encoded.bytes, out);
    return out;
}

} // namespace safar::sim
