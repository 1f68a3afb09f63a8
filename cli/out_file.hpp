// Where an answer goes: a file that is not there before it is whole, or the screen.
#pragma once

#include "storage/base/error.hpp"

#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>

namespace safar::cli {

// A file is written beside its place (`.part`) for its owner alone, and renamed once it is whole
// and on the medium: a stick that is pulled out early carries no file that looks finished, and what
// stood there before stands until then. What is not finished goes away with this object.
// Errors of all: storage_failed and storage_full, with the path and why.
class OutFile {
public:
    // @param path  empty: to `screen`.
    OutFile(std::string path, std::ostream& screen)
        : path_(std::move(path)), part_(path_ + ".part"), screen_(&screen) {}
    ~OutFile();
    OutFile(const OutFile&) = delete;
    OutFile& operator=(const OutFile&) = delete;

    // Refuses what is no regular file: a rename would put one in the place of the device.
    [[nodiscard]] Result<> open();
    [[nodiscard]] Result<> write(std::string_view bytes);
    [[nodiscard]] Result<> finish();

private:
    [[nodiscard]] Error problem() const;
    [[nodiscard]] Result<> shown() const;

    std::string path_, part_;
    std::ostream* screen_;
    std::FILE* file_ = nullptr;
    bool begun_ = false; // there is a part, and it is not the file yet
};

} // namespace safar::cli
