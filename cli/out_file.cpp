#include "cli/out_file.hpp"

#include "cli/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace safar::cli {

OutFile::~OutFile() {
    if (file_ != nullptr) std::fclose(file_);
    if (begun_) ::unlink(part_.c_str());
}

Result<> OutFile::open() {
    if (path_.empty()) return success();
    std::error_code ec;
    const auto there = std::filesystem::status(path_, ec);
    if (std::filesystem::is_directory(there))
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot write '{}': it is a directory", path_));
    if (std::filesystem::is_other(there))
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot write '{}': it is no regular file; name one, or "
                                   "redirect what the command prints",
                                   path_));
    ::unlink(part_.c_str());
    SAFAR_TRY(create_private(part_));
    begun_ = true;
    file_ = std::fopen(part_.c_str(), "wb");
    return file_ != nullptr ? Result<>(success()) : problem();
}

Result<> OutFile::write(std::string_view bytes) {
    if (path_.empty()) {
        *screen_ << bytes;
        return shown();
    }
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() ? Result<>(success())
                                                                             : problem();
}

Result<> OutFile::finish() {
    if (path_.empty()) {
        screen_->flush();
        return shown();
    }
    if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) return problem();
    if (std::fclose(std::exchange(file_, nullptr)) != 0 ||
        std::rename(part_.c_str(), path_.c_str()) != 0)
        return problem();
    begun_ = false;
    return success();
}

Result<> OutFile::shown() const {
    if (*screen_) return success();
    return failure(ErrorCode::storage_failed, "what was printed could not be written in full");
}

Error OutFile::problem() const {
    return failure(errno == ENOSPC ? ErrorCode::storage_full : ErrorCode::storage_failed,
                   fmt::format("cannot write '{}': {}", part_, std::strerror(errno)));
}

} // namespace safar::cli
