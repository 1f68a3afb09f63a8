// Reads a bundle: the frames of a session in a file, so that a USB stick is a peer.
// docs/format-bundle.md. Pure: fed by pieces of any size, knows no file and no clock.
//
// Memory: one frame, and the stated heads of one compartment (at most `logs_max`, 7 MiB).
#pragma once

#include "sync/wire/message.hpp"

#include <map>
#include <variant>

namespace safar {

// Heads that the maker holds of one compartment; a long frontier comes in several parts.
struct BundleFrontier {
    std::string compartment;
    Frontier entries;
};
// A batch of the compartment that was stated last; its maker's word, for the charter to judge.
struct BundleBatch {
    std::string compartment;
    BatchHeader header;
    EncodedBatch batch;
};
// Bye: the bundle is whole. ErrorFrame: its maker could not go on.
using BundlePart = std::variant<wire::Hello, wire::CharterDocument, wire::NoticeFrame,
                                BundleFrontier, BundleBatch, wire::ErrorFrame, wire::Bye>;

class BundleReader {
public:
    static constexpr std::size_t logs_max = 65'536; // of one compartment

    // Takes bytes from the front of `in` until one part is whole; nullopt: all of `in` is taken.
    // After an error the rest can not be read. Errors: malformed (no bundle, or damaged),
    // non_canonical, limit_exceeded, out_of_order, unsupported_version; wrong_network: a batch of
    // another network than the bundle's.
    [[nodiscard]] Result<std::optional<BundlePart>> next(ByteView& in);

    // The goodbye has come: nothing is missing.
    [[nodiscard]] bool whole() const { return whole_; }
    // Of a file that is not whole, for people: how far it goes.
    [[nodiscard]] std::string where() const;
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; } // taken
    [[nodiscard]] std::size_t memory() const { return decoder_.memory(); }

private:
    enum class Stage { start, charters, notices, compartments, ended };

    [[nodiscard]] Result<std::optional<BundlePart>> part(const wire::Frame& frame);
    [[nodiscard]] Result<> enter(Stage stage, const char* what);
    [[nodiscard]] Result<wire::Hello> hello(ByteView payload);
    [[nodiscard]] Result<wire::CharterDocument> document(ByteView payload);
    [[nodiscard]] Result<BundleFrontier> full(ByteView payload);
    [[nodiscard]] Result<BundleFrontier> delta(ByteView payload);
    [[nodiscard]] Result<> state(const Frontier& entries);
    [[nodiscard]] Result<BundleBatch> batch(ByteView payload);

    wire::FrameDecoder decoder_;
    Stage stage_ = Stage::start;
    bool whole_ = false;
    std::uint64_t bytes_ = 0, frames_ = 0;
    NetworkId network_;
    std::uint64_t epoch_ = 0; // of the last charter document
    std::string compartment_;
    Hash statement_;
    std::map<LogName, std::uint64_t> stated_; // of `compartment_`: batches
};

} // namespace safar
