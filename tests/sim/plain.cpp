#include "tests/sim/plain.hpp"

#include "tests/sim/signatures.hpp"

#include <cstring>
#include <memory>
#include <openssl/evp.h>
#include <zstd.h>

namespace safar::sim {
namespace {

// Reads past the end give nothing and stay failed.
struct Cursor {
    RawView in;
    std::size_t at = 0;
    bool bad = false;

    RawView take(std::size_t count) {
        if (bad || in.size() - at < count) {
            bad = true;
            return {};
        }
        at += count;
        return in.subspan(at - count, count);
    }
    std::uint64_t number(std::size_t width) {
        std::uint64_t out = 0;
        RawView bytes = take(width);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            out |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
        return out;
    }
    Raw raw(std::size_t count) {
        RawView bytes = take(count);
        return {bytes.begin(), bytes.end()};
    }
    RawView sized() { return take(static_cast<std::size_t>(number(4))); }
    [[nodiscard]] bool done() const { return !bad && at == in.size(); }
};

RawView text(const std::string& bytes) {
    return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

std::size_t value_size(Cursor& in, unsigned type) {
    const std::size_t before = in.at;
    switch (type) {
    case 1:
    case 3: in.sized(); break;
    case 2: in.take(8); break;
    case 4: in.take(5); break;
    case 5:
        in.take(8);
        in.sized();
        break;
    case 6: in.take(8); break;
    case 7: in.take(1); break;
    case 8: in.take(16); break;
    default: in.bad = true;
    }
    return in.at - before;
}

void read_clear(RawView clear, PlainEvent& event) {
    Cursor in{clear};
    if (in.number(1) != 1) return;
    event.kind = static_cast<std::uint16_t>(in.number(2));
    event.record = in.raw(16);
    for (int i = 0; i < 5; ++i) in.sized(); // verb, source, edition, basis, actor
    in.number(1);
    in.number(8);
    const std::uint64_t count = in.number(4);
    if (count > 1024) return;
    for (std::uint64_t i = 0; i < count && !in.bad; ++i) {
        PlainAssertion said;
        said.field = static_cast<std::uint16_t>(in.number(2));
        const std::size_t from = in.at;
        const auto type = static_cast<unsigned>(in.number(1));
        const std::size_t size = 1 + value_size(in, type);
        if (in.bad) return;
        RawView bytes = in.in.subspan(from, size);
        said.value.assign(bytes.begin(), bytes.end());
        event.assertions.push_back(std::move(said));
    }
    event.readable = in.done();
}

std::string read_event(Cursor& in, PlainEvent& event) {
    const auto form = in.number(1);
    event.bare = form == 3;
    if (form != 0 && !event.bare) return "an event that is neither in clear nor erased";
    const Raw salt = event.bare ? Raw() : in.raw(16);
    RawView dots = in.sized(), clear = event.bare ? RawView() : in.sized();
    const Raw none(32);
    const Raw inner = event.bare ? in.raw(32)
                                 : plain_hash("inner", {salt, plain_hash("clear", {clear}), none,
                                                        plain_hash("sealed", {RawView()})});
    if (in.bad) return "an event ends early";
    const std::byte leaf_mark{0};
    event.leaf = plain_hash("leaf", {RawView(&leaf_mark, 1), plain_hash("dots", {dots}), inner});
    if (!dots.empty()) {
        Cursor list{dots};
        for (std::uint64_t left = list.number(4); left > 0 && !list.bad; --left)
            event.replaces.push_back(list.raw(74));
        if (!list.done()) event.replaces.clear();
    }
    if (!event.bare) read_clear(clear, event);
    return {};
}

Raw root_of(std::vector<Raw> level) {
    const std::byte node_mark{1};
    while (level.size() > 1) {
        std::vector<Raw> next;
        for (std::size_t i = 0; i + 1 < level.size(); i += 2)
            next.push_back(plain_hash("node", {RawView(&node_mark, 1), level[i], level[i + 1]}));
        if (level.size() % 2 == 1) next.push_back(level.back());
        level = std::move(next);
    }
    return level.empty() ? Raw(32) : level[0];
}

void read_events(Cursor& in, PlainBatch& batch) {
    const auto size = static_cast<std::size_t>(in.number(4));
    if (in.bad || size > (1u << 20)) return void(batch.problem = "unpacked size");
    Raw unpacked(size);
    RawView packed = in.in.subspan(in.at);
    // Kept, for making one asks the processor what it can do, which a virtual machine is slow to
    // tell.
    static const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                              &ZSTD_freeDCtx);
    if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size ||
        ZSTD_decompressDCtx(context.get(), unpacked.data(), size, packed.data(), packed.size()) !=
            size)
        return void(batch.problem = "does not unpack to its size");
    Cursor events{unpacked};
    std::vector<Raw> leaves;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
        PlainEvent& event = batch.events.emplace_back();
        event.log = batch.log;
        event.sequence = batch.first_sequence + i;
        if (batch.problem = read_event(events, event); !batch.problem.empty()) return;
        leaves.push_back(event.leaf);
        batch.bare = batch.bare || event.bare;
        batch.bodies = batch.bodies || !event.bare;
    }
    if (!events.done())
        batch.problem = "bytes after the last event";
    else if (root_of(std::move(leaves)) != batch.root)
        batch.problem = "the root is another";
}

} // namespace

Raw PlainEvent::dot(std::size_t index) const {
    Raw out = log;
    for (int shift = 0; shift < 64; shift += 8)
        out.push_back(static_cast<std::byte>(sequence >> shift & 0xff));
    out.push_back(static_cast<std::byte>(index & 0xff));
    out.push_back(static_cast<std::byte>(index >> 8 & 0xff));
    out.insert(out.end(), leaf.begin(), leaf.begin() + 16);
    return out;
}

Raw plain_hash(const std::string& purpose, std::initializer_list<RawView> parts) {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    static EVP_MD_CTX* const context = EVP_MD_CTX_new(); // one thread
    EVP_DigestInit_ex2(context, algorithm, nullptr);
    const std::string tag = "safar/1/" + purpose + '\0';
    EVP_DigestUpdate(context, tag.data(), tag.size());
    for (RawView part : parts) EVP_DigestUpdate(context, part.data(), part.size());
    Raw out(32);
    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
}

PlainBatch read_plain(RawView stored) {
    PlainBatch batch;
    Cursor in{stored};
    const Raw magic = in.raw(6);
    if (in.bad || std::memcmp(magic.data(), "safarB", 6) != 0 || in.number(2) != 1) {
        batch.problem = "no batch of version 1";
        return batch;
    }
    batch.network = in.raw(32);
    batch.log = in.raw(48);
    batch.number = in.number(8);
    batch.first_sequence = in.number(8);
    batch.count = static_cast<std::uint32_t>(in.number(4));
    batch.previous = in.raw(32);
    batch.root = in.raw(32);
    batch.epoch = in.number(8);
    batch.charter = in.raw(32);
    in.take(16); // claimed times
    batch.key = in.raw(32);
    batch.signature = in.raw(64);
    if (in.bad)
        batch.problem = "shorter than its header";
    else if (batch.number == 0 || batch.first_sequence == 0 || batch.count == 0 ||
             batch.count > 256)
        batch.problem = "numbers of the header";
    if (!batch.problem.empty()) return batch;
    batch.hash = plain_hash("header", {batch.network, stored.first(260)});
    read_events(in, batch);
    return batch;
}

bool signed_by(const PlainBatch& batch, RawView stored, RawView public_key) {
    if (plain_hash("key", {public_key}) != batch.key) return false;
    const std::string tag = std::string("safar/1/batch") + '\0';
    Raw message;
    for (RawView part : {text(tag), RawView(batch.network), stored.first(260)})
        message.insert(message.end(), part.begin(), part.end());
    if (stand_in_signatures()) return stand_in(public_key, message) == batch.signature;
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(public_key.data()),
        public_key.size());
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good =
        key != nullptr && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(batch.signature.data()),
                         batch.signature.size(),
                         reinterpret_cast<const unsigned char*>(message.data()),
                         message.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

} // namespace safar::sim
