// Any bytes as a batch, plain and behind a valid header: opened or refused, memory bounded, and the
// leaves counted are those that the header states.
#include "storage/event/bare.hpp"
#include "storage/event/merkle.hpp"

#include <algorithm>
#include <cstdlib>

namespace {
void open(safar::ByteView stored) {
    for (auto check : {safar::LeafCheck::skip, safar::LeafCheck::compute})
        if (auto batch = safar::open_batch(stored, check);
            batch && batch.value().events.size() != batch.value().header.event_count)
            std::abort();
    // What is valid is valid without its bodies, and they are gone.
    if (auto whole = safar::open_batch(stored, safar::LeafCheck::compute)) {
        auto bare = safar::bare_batch(stored);
        auto opened = safar::open_batch(bare.value(), safar::LeafCheck::compute);
        if (!opened || opened.value().leaves != whole.value().leaves ||
            safar::has_bodies(opened.value()))
            std::abort();
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
    open(bytes);
    BatchHeader header;
    header.number = header.first_sequence = header.epoch = 1;
    header.event_count = size > 0 ? std::max<std::uint32_t>(1, data[0]) : 1;
    Bytes stored = encode_header(header);
    stored.insert(stored.end(), bytes.begin(), bytes.end());
    open(stored);
    return 0;
}
