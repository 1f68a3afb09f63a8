#include "storage/log/log_rules.hpp"

#include "storage/base/planted.hpp"

#include "storage/event/bare.hpp"

#include <algorithm>

namespace safar {
namespace {

std::string place_text(const BatchHeader& header) {
    return "batch " + std::to_string(header.number) + " of log " + header.log.brief();
}

} // namespace

Result<Offer> read_offer(ByteView stored, const NetworkId& network) {
    if (stored.size() < EncodedBatch::prefix_bytes)
        return failure(ErrorCode::malformed, "batch of " + std::to_string(stored.size()) +
                                                 " bytes, shorter than its header");
    ByteView bytes = stored.first(BatchHeader::encoded_bytes);
    Offer offer;
    SAFAR_TRY(offer.header, decode_header(bytes));
    if (offer.header.network != network)
        return failure(ErrorCode::wrong_network, place_text(offer.header) + " belongs to network " +
                                                     offer.header.network.brief() + ", this is " +
                                                     network.brief());
    offer.hash = header_hash(offer.header.network, bytes);
    std::memcpy(offer.signature.raw.data(), stored.data() + BatchHeader::encoded_bytes,
                Signature::size);
    return offer;
}

Result<> examine(ByteView stored, const Authority& authority, Offer& offer) {
    const BatchHeader& header = offer.header;
    if (authority.owner(header.log.id) == nullptr)
        return failure(ErrorCode::unknown_author,
                       place_text(header) + ": no charter epoch held here knows this log");
    const PublicKey* key = authority.key(header.key);
    if (key == nullptr)
        return failure(ErrorCode::unknown_author, place_text(header) +
                                                      ": no charter epoch held here knows key " +
                                                      header.key.brief());
    SAFAR_TRY(check_public_key(*key));
    SAFAR_TRY(auto opened, open_batch(stored, LeafCheck::compute));
    offer.bodies = has_bodies(opened);
    ByteView signed_bytes = stored.first(BatchHeader::encoded_bytes);
    Bytes again; // as a version without times before 1970 reads and writes it
    if (planted(Plant::verify_reencoded)) {
        BatchHeader older = header;
        older.time_min.microseconds = std::max<std::int64_t>(older.time_min.microseconds, 0);
        signed_bytes = again = encode_header(older);
    }
    if (!verify_header(*key, header.network, signed_bytes, offer.signature))
        return failure(ErrorCode::bad_signature, place_text(header) +
                                                     ": the signature does not verify under key " +
                                                     header.key.brief());
    offer.standing = authority.standing(header);
    if (offer.standing == Standing::unknown)
        return failure(ErrorCode::unknown_author,
                       place_text(header) + ": the charter does not know this author here");
    return success();
}

Result<Fit> fit(const Offer& offer, const LogRow& row, const std::optional<Hash>& there,
                const ForkEvidence* fork) {
    const BatchHeader& header = offer.header;
    if (header.number <= row.held && there == offer.hash) return Fit::held;
    // In a closed log only a fork at an earlier place says something new.
    if (fork != nullptr && header.number >= fork->place.number)
        return failure(ErrorCode::log_closed, place_text(header) + ": the log forked after batch " +
                                                  std::to_string(fork->place.number - 1) +
                                                  " and is closed");
    if (header.number <= row.held) {
        SAFAR_ASSERT(there.has_value());
        return Fit::forks;
    }
    if (header.number != row.head.number + 1)
        return failure(ErrorCode::gap, place_text(header) + " came, batch " +
                                           std::to_string(row.head.number + 1) + " is next");
    // The sender may hold another branch in good faith: asked for earlier batches, it shows the
    // fork.
    if (header.previous != row.head.hash && !planted(Plant::skip_previous_hash))
        return failure(ErrorCode::gap,
                       place_text(header) + " follows another batch than the one held before it");
    if (header.first_sequence != row.head.last_sequence + 1)
        return failure(ErrorCode::malformed, place_text(header) + " starts at sequence " +
                                                 std::to_string(header.first_sequence) +
                                                 " instead of " +
                                                 std::to_string(row.head.last_sequence + 1));
    if (header.epoch < row.head.epoch)
        return failure(ErrorCode::malformed,
                       place_text(header) + " names charter epoch " + std::to_string(header.epoch) +
                           ", the one before it named " + std::to_string(row.head.epoch));
    if (header.last_sequence() > limits::sequence_max)
        return failure(ErrorCode::limit_exceeded, place_text(header) + ": sequence above 2^62");
    return Fit::extends;
}

LogRow extended(LogRow row, const Offer& offer) {
    const BatchHeader& header = offer.header;
    row.head = Head{header.number, header.last_sequence(), offer.hash, header.epoch, false};
    row.held = header.number;
    if (!offer.bodies && row.bare == 0) row.bare = header.number;
    return row;
}

} // namespace safar
