// What do encoding, hashing, packing and signing cost an event, and opening one again?
// Limits beside it: SHA-256 of as many blocks, and zstd level 1 of the same bytes, by bare library
// calls.
#include "storage/crypto/sha256.hpp"
#include "storage/event/batch.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <zstd.h>

using namespace safar;

namespace {
double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
void print(const char* name, double seconds, std::size_t events) {
    std::printf("%-28s %8.3f us/event %10.0f events/s\n", name,
                1e6 * seconds / static_cast<double>(events), static_cast<double>(events) / seconds);
}
} // namespace

int main(int argc, char** argv) {
    const std::size_t batches = argc > 1 && std::strcmp(argv[1], "--smoke") == 0 ? 20 : 2000;
    Bytes seed(SigningKey::seed_bytes, std::byte{1});
    SigningKey key = SigningKey::from_seed(seed).value();
    std::vector<EventDraft> drafts(limits::batch_events_max);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        EventBody& body = drafts[i].body;
        body.kind = 3;
        body.record.raw.fill(static_cast<std::byte>(i * 7));
        body.verb = "recorded";
        body.source = "uk-returns";
        body.actor = "import";
        body.at.microseconds = static_cast<std::int64_t>(i);
        body.assertions = {{1, Date{12000 + static_cast<int>(i % 80), Date::Precision::quarter}},
                           {2, Code{i % 3 == 0 ? "PAK" : "AFG"}},
                           {3, Code{"Asia South"}},
                           {4, Code{"enforced_return"}},
                           {5, Code{"other_verified_returns"}},
                           {6, Code{"18_to_29"}},
                           {7, Code{i % 2 == 0 ? "male" : "female"}},
                           {8, Code{"home_country"}}};
    }
    BatchContext context;
    context.epoch = 1;
    const std::size_t events = batches * drafts.size();
    std::vector<EncodedBatch> stored;
    std::size_t raw = 0, packed = 0;
    double start = now();
    for (std::size_t i = 0; i < batches; ++i) {
        std::size_t taken = 0;
        auto built = build_batch(context, key, system_entropy(), drafts, taken).value();
        raw += built.raw.size();
        packed += built.encoded.bytes.size();
        if (stored.size() < 64) stored.push_back(std::move(built.encoded));
    }
    print("build (encode to sign)", now() - start, events);

    for (auto check : {LeafCheck::skip, LeafCheck::compute}) {
        start = now();
        for (std::size_t i = 0; i < batches; ++i)
            (void)open_batch(stored[i % stored.size()].bytes, check);
        print(check == LeafCheck::skip ? "open, verified before" : "open and hash", now() - start,
              events);
    }
    auto opened = open_batch(stored[0].bytes, LeafCheck::skip).value();
    start = now();
    for (std::size_t i = 0; i < batches; ++i)
        for (const auto& event : opened.events) (void)decode_body(event.clear);
    print("decode bodies", now() - start, events);
    start = now();
    for (std::size_t i = 0; i < batches; ++i)
        if (!verify_header(key.public_key(), context.network, stored[0].header(), opened.signature))
            return 1;
    print("verify signature", now() - start, events);

    start = now();
    for (std::size_t i = 0; i < events; ++i)
        (void)tagged_hash("x", {ByteView(opened.raw).first(400)});
    print("limit: SHA-256 of 400 B", now() - start, events);
    Bytes out(ZSTD_compressBound(opened.raw.size()));
    start = now();
    for (std::size_t i = 0; i < batches; ++i)
        ZSTD_compress(out.data(), out.size(), opened.raw.data(), opened.raw.size(), 1);
    print("limit: zstd level 1", now() - start, events);
    std::printf("raw %.1f B/event, stored %.1f B/event\n",
                static_cast<double>(raw) / static_cast<double>(events),
                static_cast<double>(packed) / static_cast<double>(events));
}
