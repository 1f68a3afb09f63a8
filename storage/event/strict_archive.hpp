// The one door through which cereal reads and writes Safar's bytes: a flat span, little-endian, u32
// sizes checked against the bytes left and an element budget before anything is allocated, bool 0
// or 1, no floats, no pointers, no polymorphism, no trailing bytes. A type gives cereal a member
//     template <class Archive> void serialize(Archive& archive) { archive(a, b, c); }
// Include only from .cpp files of storage/event and from tests.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/base/limits.hpp"

#include <cereal/cereal.hpp>

namespace safar {

class StrictOutput : public cereal::OutputArchive<StrictOutput, cereal::AllowEmptyClassElision> {
public:
    explicit StrictOutput(Bytes& out) : OutputArchive(this), writer(out) {}
    ByteWriter writer;
};

// Throws cereal::Exception inside; decode_strict() below turns that into a Result.
class StrictInput : public cereal::InputArchive<StrictInput, cereal::AllowEmptyClassElision> {
public:
    explicit StrictInput(ByteView in) : InputArchive(this), reader(in) {}

    [[noreturn]] static void refuse(const char* what) { throw cereal::Exception(what); }
    // A count of elements that take at least `element_bytes` each.
    std::size_t count(std::size_t element_bytes) {
        std::size_t n = reader.integer<std::uint32_t>();
        if (!reader.ok() || n > reader.remaining() / element_bytes)
            refuse("count above the bytes left");
        if (n > budget_) refuse("too many elements");
        budget_ -= n;
        return n;
    }
    void check() const {
        if (!reader.ok()) refuse("ends early");
    }
    ByteReader reader;

private:
    std::size_t budget_ = limits::archive_elements_max;
};

template <class Integer>
concept ArchiveInteger = std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>;

template <ArchiveInteger Integer>
void CEREAL_SAVE_FUNCTION_NAME(StrictOutput& archive, const Integer& value) {
    archive.writer.integer(value);
}
template <ArchiveInteger Integer>
void CEREAL_LOAD_FUNCTION_NAME(StrictInput& archive, Integer& value) {
    value = archive.reader.integer<Integer>();
    archive.check();
}

inline void CEREAL_SAVE_FUNCTION_NAME(StrictOutput& archive, const bool& value) {
    archive.writer.integer(static_cast<std::uint8_t>(value));
}
inline void CEREAL_LOAD_FUNCTION_NAME(StrictInput& archive, bool& value) {
    auto raw = archive.reader.integer<std::uint8_t>();
    archive.check();
    if (raw > 1) StrictInput::refuse("a flag is neither 0 nor 1");
    value = raw == 1;
}

inline void CEREAL_SAVE_FUNCTION_NAME(StrictOutput& archive, const std::string& value) {
    archive.writer.sized(as_bytes(value));
}
inline void CEREAL_LOAD_FUNCTION_NAME(StrictInput& archive, std::string& value) {
    std::size_t size = archive.reader.integer<std::uint32_t>();
    if (size > limits::text_bytes_max) StrictInput::refuse("text above its limit");
    ByteView bytes = archive.reader.bytes(size);
    archive.check();
    value.assign(as_text(bytes));
}

template <std::size_t Size, class Tag>
void CEREAL_SAVE_FUNCTION_NAME(StrictOutput& archive, const FixedBytes<Size, Tag>& value) {
    archive.writer.bytes(value.view());
}
template <std::size_t Size, class Tag>
void CEREAL_LOAD_FUNCTION_NAME(StrictInput& archive, FixedBytes<Size, Tag>& value) {
    value = read_id<FixedBytes<Size, Tag>>(archive.reader);
    archive.check();
}

template <class Element>
void CEREAL_SAVE_FUNCTION_NAME(StrictOutput& archive, const std::vector<Element>& values) {
    archive.writer.integer(static_cast<std::uint32_t>(values.size()));
    for (const Element& value : values) archive(value);
}
template <class Element>
void CEREAL_LOAD_FUNCTION_NAME(StrictInput& archive, std::vector<Element>& values) {
    values.clear();
    values.resize(archive.count(/*element_bytes=*/1));
    for (Element& value : values) archive(value);
}

template <class T> [[nodiscard]] Bytes encode_strict(const T& value) {
    Bytes out;
    StrictOutput archive(out);
    archive(value);
    return out;
}

// Decodes exactly `in`. Errors: malformed, with the first reason.
template <class T> [[nodiscard]] Result<T> decode_strict(ByteView in, std::string_view what) try {
    T value{};
    StrictInput archive(in);
    archive(value);
    if (!archive.reader.at_end()) StrictInput::refuse("bytes after its end");
    return value;
} catch (const cereal::Exception& refused) {
    return failure(ErrorCode::malformed, std::string(what) + ": " + refused.what());
}

} // namespace safar
