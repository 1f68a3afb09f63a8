// The text of a file as UTF-8, whatever it is wrapped in: gzip (one or several members), byte order
// mark, Windows-1252. Streams: holds one chunk of input and never more than it was asked to add.
#pragma once

#include "node/imports/import_reader.hpp"

namespace safar {

enum class Encoding { utf8, windows_1252 };

class TextSource {
public:
    // Gzip is known by its first two bytes; a file that is only named so is refused.
    TextSource(ByteSource source, std::string file_name, Encoding encoding);
    ~TextSource();
    TextSource(const TextSource&) = delete;
    TextSource& operator=(const TextSource&) = delete;

    // Appends some text to `out` and returns how many bytes; 0: the end.
    // Errors: malformed (damaged or cut gzip, UTF-16); those of the source.
    [[nodiscard]] Result<std::size_t> read(std::string& out);
    // Read from the source so far, compressed.
    [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }

private:
    struct Inflater;

    [[nodiscard]] Result<bool> fill(); // false: the source has ended
    [[nodiscard]] Result<> start();
    [[nodiscard]] Result<std::size_t> read_inflated(std::string& out);
    [[nodiscard]] std::size_t append(std::string& out, ByteView bytes) const;

    ByteSource source_;
    std::string file_name_;
    Encoding encoding_;
    Bytes chunk_;
    ByteView input_; // what of the chunk is still to be used
    std::unique_ptr<Inflater> inflater_;
    std::uint64_t bytes_in_ = 0;
    bool started_ = false;
    bool text_started_ = false;
    bool source_ended_ = false;
};

} // namespace safar
