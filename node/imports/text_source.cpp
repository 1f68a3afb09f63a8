#include "node/imports/text_source.hpp"

#include <zlib.h>

namespace safar {
namespace {

constexpr std::size_t chunk_bytes = 64u << 10;
constexpr std::byte gzip_magic[] = {std::byte{0x1f}, std::byte{0x8b}};

// Windows-1252 where it differs from Latin-1: 0x80 to 0x9f. Zero: no character.
constexpr std::uint16_t windows_1252_high[] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | (point >> 6));
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | (point >> 12));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    }
}

bool starts_with(ByteView bytes, std::initializer_list<unsigned> mark) {
    if (bytes.size() < mark.size()) return false;
    std::size_t i = 0;
    for (unsigned each : mark)
        if (bytes[i++] != static_cast<std::byte>(each)) return false;
    return true;
}

} // namespace

struct TextSource::Inflater {
    z_stream stream{};
    bool ok = false;
    bool ended = false; // a member has ended; another may follow
    Inflater() { ok = inflateInit2(&stream, 15 + 16) == Z_OK; } // +16: gzip only
    ~Inflater() {
        if (ok) inflateEnd(&stream);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
};

TextSource::TextSource(ByteSource source, std::string file_name, Encoding encoding)
    : source_(std::move(source)), file_name_(std::move(file_name)), encoding_(encoding),
      chunk_(chunk_bytes) {}
TextSource::~TextSource() = default;

Result<bool> TextSource::fill() {
    if (source_ended_) return false;
    SAFAR_TRY(std::size_t count, source_(chunk_));
    SAFAR_ASSERT(count <= chunk_.size());
    input_ = ByteView(chunk_).first(count);
    bytes_in_ += count;
    source_ended_ = count == 0;
    return count > 0;
}

Result<> TextSource::start() {
    started_ = true;
    // Both magic bytes must be in hand; a source may hand out one byte at a time.
    std::size_t held = 0;
    while (held < 4) {
        SAFAR_TRY(std::size_t count, source_(std::span(chunk_).subspan(held)));
        if (count == 0) {
            source_ended_ = true;
            break;
        }
        held += count;
    }
    bytes_in_ += held;
    input_ = ByteView(chunk_).first(held);
    bool gzip = held >= 2 && chunk_[0] == gzip_magic[0] && chunk_[1] == gzip_magic[1];
    if (!gzip && file_name_.ends_with(".gz") && held > 0)
        return failure(ErrorCode::malformed, file_name_ +
                                                 " is not gzip, though its name ends in .gz; "
                                                 "rename it or compress it");
    if (!gzip) return success();
    inflater_ = std::make_unique<Inflater>();
    SAFAR_ASSERT(inflater_->ok);
    return success();
}

std::size_t TextSource::append(std::string& out, ByteView bytes) const {
    std::size_t before = out.size();
    if (encoding_ == Encoding::utf8) {
        out += as_text(bytes);
        return out.size() - before;
    }
    for (std::byte each : bytes) {
        auto value = std::to_integer<std::uint32_t>(each);
        if (value >= 0x80 && value < 0xa0) value = windows_1252_high[value - 0x80];
        append_utf8(out, value == 0 ? 0xfffd : value);
    }
    return out.size() - before;
}

Result<std::size_t> TextSource::read_inflated(std::string& out) {
    Inflater& gzip = *inflater_;
    std::byte text[chunk_bytes];
    for (;;) {
        if (input_.empty()) {
            SAFAR_TRY(bool more, fill());
            if (!more && gzip.ended) return std::size_t{0};
            if (!more)
                return failure(ErrorCode::malformed,
                               file_name_ + ": the gzip data are cut short; fetch the file again");
        }
        if (gzip.ended) {
            inflateReset(&gzip.stream);
            gzip.ended = false;
        }
        gzip.stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
        gzip.stream.avail_in = static_cast<uInt>(input_.size());
        gzip.stream.next_out = reinterpret_cast<Bytef*>(text);
        gzip.stream.avail_out = sizeof text;
        int verdict = inflate(&gzip.stream, Z_NO_FLUSH);
        input_ = input_.last(gzip.stream.avail_in);
        if (verdict != Z_OK && verdict != Z_STREAM_END && verdict != Z_BUF_ERROR)
            return failure(ErrorCode::malformed,
                           file_name_ + ": damaged gzip data (" +
                               (gzip.stream.msg ? gzip.stream.msg : "unknown reason") +
                               "); fetch the file again");
        gzip.ended = verdict == Z_STREAM_END;
        std::size_t count = sizeof text - gzip.stream.avail_out;
        if (count > 0) return append(out, ByteView(text).first(count));
    }
}

Result<std::size_t> TextSource::read(std::string& out) {
    if (!started_) {
        SAFAR_TRY(start());
    }
    std::size_t before = out.size();
    std::size_t count = 0;
    if (inflater_) {
        SAFAR_TRY(count, read_inflated(out));
    } else {
        if (input_.empty()) {
            SAFAR_TRY(bool more, fill());
            if (!more) return std::size_t{0};
        }
        count = append(out, input_);
        input_ = {};
    }
    if (text_started_ || count == 0) return count;
    text_started_ = true;
    // Marks stand at the very start; the first chunk has at least four bytes if the file has.
    ByteView first = as_bytes(std::string_view(out).substr(before));
    if (encoding_ == Encoding::utf8 &&
        (starts_with(first, {0xff, 0xfe}) || starts_with(first, {0xfe, 0xff})))
        return failure(ErrorCode::malformed, file_name_ + " is UTF-16; save it as UTF-8");
    if (!starts_with(first, {0xef, 0xbb, 0xbf})) return count;
    out.erase(before, 3);
    if (count > 3) return count - 3;
    return read(out); // nothing but the mark so far
}

} // namespace safar
