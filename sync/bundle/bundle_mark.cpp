#include "sync/bundle/bundle_mark.hpp"

namespace safar {

Bytes encode_bundle_mark(const BundleMark& mark) {
    Bytes out;
    ByteWriter writer(out);
    for (const auto& [log, batches] : mark) {
        writer.bytes(log.id.view());
        writer.bytes(log.incarnation.view());
        writer.integer(batches);
    }
    return out;
}

Result<BundleMark> decode_bundle_mark(ByteView bytes) {
    constexpr std::size_t entry_bytes = LogId::size + Incarnation::size + 8;
    BundleMark mark;
    if (bytes.size() % entry_bytes != 0)
        return failure(ErrorCode::storage_corrupt,
                       "the note of the last bundle is damaged; make a whole one");
    ByteReader in(bytes);
    while (!in.at_end()) {
        LogName log;
        log.id = read_id<LogId>(in);
        log.incarnation = read_id<Incarnation>(in);
        mark[log] = in.integer<std::uint64_t>();
    }
    return mark;
}

} // namespace safar
