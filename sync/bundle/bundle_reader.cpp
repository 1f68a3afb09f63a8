#include "sync/bundle/bundle_reader.hpp"

#include <algorithm>

namespace safar {

Result<std::optional<BundlePart>> BundleReader::next(ByteView& in) {
    while (!in.empty()) {
        if (stage_ == Stage::ended)
            return failure(ErrorCode::malformed, "bytes follow the end of the bundle");
        // A file that is no bundle is known by its first bytes, not after a megabyte.
        const std::size_t before = in.size();
        auto frame = decoder_.next(in);
        bytes_ += before - in.size();
        if (!frame.has_value()) {
            if (stage_ == Stage::start) return failure(ErrorCode::malformed, "this is no bundle");
            return frame.error();
        }
        if (stage_ == Stage::start) {
            auto type = frame.value() ? std::optional(frame.value()->type) : decoder_.type_held();
            if (type && *type != static_cast<std::uint8_t>(wire::FrameType::hello))
                return failure(ErrorCode::malformed,
                               "this is no bundle: it does not begin with a hello");
        }
        if (!frame.value()) return std::nullopt;
        ++frames_;
        SAFAR_TRY(auto found, part(*frame.value()));
        if (found) return found;
    }
    return std::nullopt;
}

std::string BundleReader::where() const {
    return "it ends after " + std::to_string(bytes_) + " bytes, " +
           (decoder_.held() > 0 ? "inside frame " + std::to_string(frames_ + 1)
                                : "after frame " + std::to_string(frames_)) +
           ", without the goodbye of a whole bundle";
}

Result<> BundleReader::enter(Stage stage, const char* what) {
    if (stage < stage_ || (stage_ == Stage::start && stage != Stage::start))
        return failure(ErrorCode::out_of_order, std::string("a bundle may not hold ") + what +
                                                    " as frame " + std::to_string(frames_));
    stage_ = stage;
    return success();
}

Result<std::optional<BundlePart>> BundleReader::part(const wire::Frame& frame) {
    using wire::FrameType;
    const auto some = [](auto value) { return std::optional<BundlePart>(std::move(value)); };
    switch (static_cast<FrameType>(frame.type)) {
    case FrameType::hello: {
        SAFAR_TRY(enter(Stage::start, "a second hello"));
        SAFAR_TRY(auto value, hello(frame.payload));
        return some(std::move(value));
    }
    case FrameType::charter_document: {
        SAFAR_TRY(enter(Stage::charters, "a charter"));
        SAFAR_TRY(auto value, document(frame.payload));
        return some(std::move(value));
    }
    case FrameType::notice: {
        SAFAR_TRY(enter(Stage::notices, "a notice"));
        SAFAR_TRY(auto value, wire::decode<wire::NoticeFrame>(frame.payload));
        return some(std::move(value));
    }
    case FrameType::frontier_full: {
        SAFAR_TRY(enter(Stage::compartments, "a frontier"));
        SAFAR_TRY(auto value, full(frame.payload));
        return some(std::move(value));
    }
    case FrameType::frontier_delta: {
        SAFAR_TRY(enter(Stage::compartments, "a frontier"));
        SAFAR_TRY(auto value, delta(frame.payload));
        return some(std::move(value));
    }
    case FrameType::batch: {
        SAFAR_TRY(enter(Stage::compartments, "a batch"));
        SAFAR_TRY(auto value, batch(frame.payload));
        return some(std::move(value));
    }
    case FrameType::error: {
        SAFAR_TRY(enter(Stage::ended, "an error"));
        SAFAR_TRY(auto value, wire::decode<wire::ErrorFrame>(frame.payload));
        return some(std::move(value));
    }
    case FrameType::bye: {
        SAFAR_TRY(enter(Stage::ended, "a goodbye"));
        SAFAR_TRY(auto value, wire::decode<wire::Bye>(frame.payload));
        whole_ = true;
        return some(std::move(value));
    }
    default:
        if (frame.type >= wire::ignorable_from)
            return std::optional<BundlePart>(); // of a later version
        return failure(ErrorCode::out_of_order, "a bundle may not hold a frame of type " +
                                                    std::to_string(frame.type) + " (frame " +
                                                    std::to_string(frames_) + ")");
    }
}

Result<wire::Hello> BundleReader::hello(ByteView payload) {
    SAFAR_TRY(auto versions, wire::peek_versions(payload));
    if (versions.min > wire::version_max || versions.max < wire::version_min)
        return failure(ErrorCode::unsupported_version,
                       "the bundle speaks versions " + std::to_string(versions.min) + " to " +
                           std::to_string(versions.max) + ", this program " +
                           std::to_string(wire::version_min) + " to " +
                           std::to_string(wire::version_max));
    SAFAR_TRY(auto value, wire::decode<wire::Hello>(payload));
    network_ = value.network;
    stage_ = Stage::charters;
    return value;
}

Result<wire::CharterDocument> BundleReader::document(ByteView payload) {
    SAFAR_TRY(auto value, wire::decode<wire::CharterDocument>(payload));
    if (value.document.empty() || value.epoch <= epoch_)
        return failure(ErrorCode::out_of_order,
                       "charter epochs of a bundle are there and ascend; epoch " +
                           std::to_string(value.epoch) + " follows " + std::to_string(epoch_));
    epoch_ = value.epoch;
    return value;
}

Result<BundleFrontier> BundleReader::full(ByteView payload) {
    SAFAR_TRY(auto value, wire::decode<wire::FrontierFull>(payload));
    if (!compartment_.empty() && value.compartment <= compartment_)
        return failure(ErrorCode::out_of_order, "compartments of a bundle ascend; '" +
                                                    value.compartment + "' follows '" +
                                                    compartment_ + "'");
    compartment_ = value.compartment;
    statement_ = frontier_digest(value.entries);
    stated_.clear();
    SAFAR_TRY(state(value.entries));
    return BundleFrontier{compartment_, std::move(value.entries)};
}

Result<BundleFrontier> BundleReader::delta(ByteView payload) {
    SAFAR_TRY(auto value, wire::decode<wire::FrontierDelta>(payload));
    if (compartment_.empty() || value.compartment != compartment_ || value.base != statement_)
        return failure(ErrorCode::out_of_order,
                       "frame " + std::to_string(frames_) +
                           " goes on with a frontier that is not before it");
    statement_ = wire::statement_after(statement_, value.entries);
    SAFAR_TRY(state(value.entries));
    return BundleFrontier{compartment_, std::move(value.entries)};
}

Result<> BundleReader::state(const Frontier& entries) {
    for (const FrontierEntry& entry : entries) {
        if (!stated_.try_emplace(entry.log, entry.head.number).second)
            return failure(ErrorCode::out_of_order, "the bundle states one log twice");
        if (stated_.size() > logs_max)
            return failure(ErrorCode::limit_exceeded, "the bundle states more than " +
                                                          std::to_string(logs_max) +
                                                          " logs of one compartment");
    }
    return success();
}

Result<BundleBatch> BundleReader::batch(ByteView payload) {
    if (payload.size() < EncodedBatch::prefix_bytes)
        return failure(ErrorCode::malformed, "batch frame of " + std::to_string(payload.size()) +
                                                 " bytes; a batch has at least " +
                                                 std::to_string(EncodedBatch::prefix_bytes));
    SAFAR_TRY(auto header, decode_header(payload.first(BatchHeader::encoded_bytes)));
    if (header.network != network_)
        return failure(ErrorCode::wrong_network, "a batch of another network than the bundle's");
    auto stated = stated_.find(header.log);
    if (stated == stated_.end() || header.number > stated->second)
        return failure(ErrorCode::out_of_order,
                       "batch " + std::to_string(header.number) + " of log " +
                           header.log.id.brief() +
                           " is not in the frontier that the bundle states before it");
    return BundleBatch{compartment_, header, EncodedBatch{copy(payload)}};
}

} // namespace safar
