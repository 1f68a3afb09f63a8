#include "storage/event/batch.hpp"

#include "storage/event/merkle.hpp"
#include "storage/event/pack.hpp"

#include <algorithm>
#include <memory>
#include <zstd.h>

namespace safar {
namespace {

struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<Bytes> unpack(ByteView packed, std::size_t raw_size) {
    if (raw_size == 0 ||
        raw_size > limits::batch_bytes_max + limits::batch_events_max * event_bare_growth_max)
        return failure(ErrorCode::limit_exceeded, "events of " + std::to_string(raw_size) +
                                                      " bytes in one batch, allowed: 1 to 1048576");
    if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != raw_size)
        return failure(ErrorCode::malformed, "packed events do not state their size");
    if (std::size_t frame = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
        ZSTD_isError(frame) != 0u || frame != packed.size())
        return failure(ErrorCode::malformed,
                       "packed events are cut short or followed by other bytes");
    thread_local std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
    SAFAR_ASSERT(context != nullptr);
    Bytes raw(raw_size);
    std::size_t size =
        ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), packed.data(), packed.size());
    if (ZSTD_isError(size) != 0u || size != raw_size)
        return failure(ErrorCode::malformed, "packed events do not unpack");
    return raw;
}

} // namespace

Result<OpenBatch> open_batch(ByteView stored, LeafCheck check) {
    if (stored.size() < EncodedBatch::prefix_bytes)
        return failure(ErrorCode::malformed, "batch of " + std::to_string(stored.size()) +
                                                 " bytes, shorter than its header");
    if (stored.size() > limits::frame_bytes_max)
        return failure(ErrorCode::limit_exceeded,
                       "batch of " + std::to_string(stored.size()) + " bytes");
    ByteReader in(stored);
    ByteView header_bytes = in.bytes(BatchHeader::encoded_bytes);
    OpenBatch batch;
    SAFAR_TRY(batch.header, decode_header(header_bytes));
    batch.hash = header_hash(batch.header.network, header_bytes);
    batch.signature = read_id<Signature>(in);
    auto raw_size = in.integer<std::uint32_t>();
    SAFAR_TRY(batch.raw, unpack(in.bytes(in.remaining()), raw_size));

    ByteReader events(batch.raw);
    batch.events.reserve(batch.header.event_count);
    for (std::uint32_t i = 0; i < batch.header.event_count; ++i) {
        SAFAR_TRY(auto event, read_event(events));
        batch.events.push_back(event);
    }
    if (!events.at_end())
        return failure(ErrorCode::malformed, "bytes after the last event of a batch");
    if (batch.raw.size() > limits::batch_bytes_max &&
        !std::all_of(batch.events.begin(), batch.events.end(),
                     [](const EventView& event) { return event.form == EventForm::erased; }))
        return failure(ErrorCode::limit_exceeded, "events of " + std::to_string(batch.raw.size()) +
                                                      " bytes in one batch, allowed: 1 to 1048576");
    if (check == LeafCheck::skip) return batch;

    batch.leaves.reserve(batch.events.size());
    for (const EventView& event : batch.events) batch.leaves.push_back(leaf_hash(event));
    if (merkle_root(batch.leaves) != batch.header.root)
        return failure(ErrorCode::wrong_hash,
                       "events do not hash to the root that the header signs");
    return batch;
}

} // namespace safar
