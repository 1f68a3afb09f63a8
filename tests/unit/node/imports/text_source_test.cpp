#include "node/imports/text_source.hpp"

#include "import_support.hpp"

#include <zlib.h>

namespace safar {
namespace {

using namespace testing;

std::string gzipped(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

Result<std::string> text_of(const std::string& bytes, const std::string& name = "f.csv",
                            Encoding encoding = Encoding::utf8, std::size_t piece = 1u << 16) {
    TextSource source(text_source(bytes, piece), name, encoding);
    std::string out;
    for (;;) {
        SAFAR_TRY(std::size_t count, source.read(out));
        if (count == 0) return out;
    }
}

TEST(TextSource, GzipIsKnownByItsBytesAndReadInPieces) {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += std::to_string(i) + ",row\n";
    for (std::size_t piece : {1u, 7u, 65536u})
        EXPECT_EQ(text_of(gzipped(text), "f.csv", Encoding::utf8, piece).value(), text);
}

TEST(TextSource, MembersOfGzipAreJoined) {
    EXPECT_EQ(text_of(gzipped("a,b\n") + gzipped("1,2\n"), "f.csv.gz").value(), "a,b\n1,2\n");
}

TEST(TextSource, CutOrDamagedGzipIsAnError) {
    std::string text(100'000, 'x');
    for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>('a' + i % 23);
    std::string whole = gzipped(text);
    auto cut = text_of(whole.substr(0, whole.size() / 2));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::malformed);
    std::string damaged = whole;
    damaged[damaged.size() - 6] =
        static_cast<char>(damaged[damaged.size() - 6] ^ 0x55); // its checksum
    EXPECT_FALSE(text_of(damaged));
    EXPECT_FALSE(text_of("a,b\n1,2\n", "f.csv.gz"));
}

TEST(TextSource, TheByteOrderMarkIsDroppedAndUtf16Refused) {
    EXPECT_EQ(text_of("\xef\xbb\xbf"
                      "a,b\n")
                  .value(),
              "a,b\n");
    EXPECT_EQ(text_of("\xef\xbb\xbf"
                      "a,b\n",
                      "f", Encoding::utf8, 1)
                  .value(),
              "a,b\n");
    EXPECT_EQ(text_of(gzipped("\xef\xbb\xbf"
                              "a,b\n"))
                  .value(),
              "a,b\n");
    EXPECT_EQ(text_of("\xef\xbb\xbf").value(), "");
    EXPECT_FALSE(text_of(std::string("\xff\xfe"
                                     "a\0,\0",
                                     6)));
}

TEST(TextSource, Windows1252BecomesUtf8) {
    EXPECT_EQ(text_of("C\xf4te \x80", "f", Encoding::windows_1252).value(),
              "C\xc3\xb4te \xe2\x82\xac");
}

} // namespace
} // namespace safar
