#include "sync/bundle/bundle_writer.hpp"

#include "storage/event/bare.hpp"
#include "sync/bundle/bundle_reader.hpp"

#include <algorithm>

namespace safar {
namespace {
constexpr std::size_t read_bytes = 1u << 20;
} // namespace

Result<> BundleWriter::flush(std::size_t at_least) {
    if (piece_.size() < at_least || piece_.empty()) return success();
    auto sent = sink_(piece_);
    piece_.clear();
    return sent;
}

Result<> BundleWriter::hello(const wire::Hello& hello) {
    wire::encode(hello, piece_);
    return flush(piece_bytes);
}

Result<> BundleWriter::charter(std::uint64_t epoch, ByteView document) {
    wire::encode(wire::CharterDocument{epoch, copy(document)}, piece_);
    return flush(piece_bytes);
}

Result<> BundleWriter::notice(ByteView notice) {
    wire::encode(wire::NoticeFrame{copy(notice)}, piece_);
    return flush(piece_bytes);
}

void BundleWriter::frontier(const std::string& name, const Frontier& held) {
    auto at = held.begin();
    const auto part = [&] {
        auto end =
            at + std::min<std::ptrdiff_t>(held.end() - at,
                                          static_cast<std::ptrdiff_t>(wire::frontier_entries_max));
        return Frontier(std::exchange(at, end), end);
    };
    wire::FrontierFull full{name, part()};
    wire::encode(full, piece_);
    Hash statement = frontier_digest(full.entries);
    while (at != held.end()) {
        wire::FrontierDelta delta{name, statement, part()};
        statement = wire::statement_after(statement, delta.entries);
        wire::encode(delta, piece_);
    }
}

Result<> BundleWriter::compartment(const Log& log, const std::string& name, bool bodies,
                                   const BundleMark& after, BundleMark& contained) {
    Frontier held = log.frontier(name);
    std::erase_if(held, [](const FrontierEntry& entry) {
        return entry.head.number == 0 && !entry.head.forked;
    });
    if (held.size() > BundleReader::logs_max)
        return failure(ErrorCode::limit_exceeded, "compartment '" + name + "' has " +
                                                      std::to_string(held.size()) +
                                                      " logs; a bundle holds at most " +
                                                      std::to_string(BundleReader::logs_max));
    frontier(name, held);
    SAFAR_TRY(flush(piece_bytes));
    for (const FrontierEntry& entry : held) {
        auto before = after.find(entry.log);
        SAFAR_TRY(batches(log, entry, bodies, before == after.end() ? 0 : before->second));
        // Without bodies nothing counts as sent: whoever is to hold them later gets them then.
        if (bodies && entry.head.number > 0) contained[entry.log] = entry.head.number;
    }
    return success();
}

Result<> BundleWriter::batches(const Log& log, const FrontierEntry& entry, bool bodies,
                               std::uint64_t after) {
    while (after < entry.head.number) {
        SAFAR_TRY(auto read, log.read_range(entry.log, after + 1, read_bytes));
        if (read.empty())
            return failure(
                ErrorCode::storage_corrupt,
                "batch " + std::to_string(after + 1) + " of log " + entry.log.id.brief() +
                    " is not in the store although its head says so; run: safar verify --deep");
        for (const auto& batch : read) {
            if (after == entry.head.number)
                break; // beyond a fork or a cut, or newer than the frontier
            if (batch->bytes.size() > wire::payload_bytes_max)
                return failure(ErrorCode::limit_exceeded, "batch " + std::to_string(after + 1) +
                                                              " of log " + entry.log.id.brief() +
                                                              " does not fit a frame");
            if (bodies) {
                wire::encode_batch(batch->bytes, piece_);
            } else {
                SAFAR_TRY(auto bare, bare_batch(batch->bytes));
                wire::encode_batch(bare, piece_);
            }
            ++after;
            SAFAR_TRY(flush(piece_bytes));
        }
    }
    return success();
}

Result<> BundleWriter::end() {
    wire::encode(wire::Bye{}, piece_);
    return flush(0);
}

void BundleWriter::give_up(const Error& error) {
    wire::ErrorFrame frame{std::string(name(error.code)), error.detail};
    frame.detail.resize(std::min(frame.detail.size(), wire::error_detail_bytes_max));
    wire::encode(frame, piece_);
    static_cast<void>(flush(0));
}

} // namespace safar
