#include "storage/event/batch.hpp"

#include "storage/crypto/sha256.hpp"

namespace safar {
namespace {

constexpr std::string_view magic = "safarB";
constexpr std::uint16_t version_now = 1;

} // namespace

Bytes encode_header(const BatchHeader& header) {
    Bytes out;
    out.reserve(BatchHeader::encoded_bytes);
    ByteWriter writer(out);
    writer.bytes(as_bytes(magic));
    writer.integer(version_now);
    writer.bytes(header.network.view());
    writer.bytes(header.log.id.view());
    writer.bytes(header.log.incarnation.view());
    writer.integer(header.number);
    writer.integer(header.first_sequence);
    writer.integer(header.event_count);
    writer.bytes(header.previous.view());
    writer.bytes(header.root.view());
    writer.integer(header.epoch);
    writer.bytes(header.charter.view());
    writer.integer(header.time_min.microseconds);
    writer.integer(header.time_max.microseconds);
    writer.bytes(header.key.view());
    SAFAR_ASSERT(out.size() == BatchHeader::encoded_bytes);
    return out;
}

Result<BatchHeader> decode_header(ByteView bytes) {
    if (bytes.size() != BatchHeader::encoded_bytes)
        return failure(ErrorCode::malformed,
                       "batch header of " + std::to_string(bytes.size()) + " bytes, expected 260");
    ByteReader in(bytes);
    if (as_text(in.bytes(magic.size())) != magic)
        return failure(ErrorCode::malformed, "batch header does not start with safarB");
    if (auto version = in.integer<std::uint16_t>(); version != version_now)
        return failure(ErrorCode::unsupported_version,
                       "batch header of version " + std::to_string(version) + ", known: 1");
    BatchHeader header;
    header.network = read_id<NetworkId>(in);
    header.log.id = read_id<LogId>(in);
    header.log.incarnation = read_id<Incarnation>(in);
    header.number = in.integer<std::uint64_t>();
    header.first_sequence = in.integer<std::uint64_t>();
    header.event_count = in.integer<std::uint32_t>();
    header.previous = read_id<Hash>(in);
    header.root = read_id<Hash>(in);
    header.epoch = in.integer<std::uint64_t>();
    header.charter = read_id<Hash>(in);
    header.time_min.microseconds = in.integer<std::int64_t>();
    header.time_max.microseconds = in.integer<std::int64_t>();
    header.key = read_id<KeyId>(in);
    SAFAR_ASSERT(in.at_end());

    if (header.event_count == 0 || header.event_count > limits::batch_events_max)
        return failure(ErrorCode::limit_exceeded, "batch of " + std::to_string(header.event_count) +
                                                      " events, allowed: 1 to 256");
    if (header.number == 0 || header.first_sequence == 0 || header.epoch == 0)
        return failure(ErrorCode::malformed, "batch number, first sequence and epoch start at 1");
    if (header.number > limits::sequence_max || header.first_sequence > limits::sequence_max)
        return failure(ErrorCode::limit_exceeded, "batch number or sequence above 2^62");
    if ((header.number == 1) != header.previous.is_zero())
        return failure(ErrorCode::malformed, "only batch 1 has no previous header");
    if (header.time_max < header.time_min)
        return failure(ErrorCode::malformed, "claimed time ends before it starts");
    return header;
}

Hash header_hash(const NetworkId& network, ByteView header_bytes) {
    return tagged_hash("header", {network.view(), header_bytes});
}

namespace {
Bytes signed_message(const NetworkId& network, ByteView header) {
    Bytes message;
    message.reserve(NetworkId::size + header.size());
    ByteWriter writer(message);
    writer.bytes(network.view());
    writer.bytes(header);
    return message;
}
} // namespace

Signature sign_header(const SigningKey& key, const NetworkId& network, ByteView header) {
    return key.sign("batch", signed_message(network, header));
}

bool verify_header(const PublicKey& key, const NetworkId& network, ByteView header,
                   const Signature& signature) {
    return verify(key, "batch", signed_message(network, header), signature);
}

LogId log_id(const NetworkId& network, const NodeId& node, std::string_view compartment) {
    return LogId{tagged_hash("log", {network.view(), node.view(), as_bytes(compartment)}).raw};
}

} // namespace safar
