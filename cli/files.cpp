#include "cli/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace safar::cli {

namespace fs = std::filesystem;

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::error_code ec;
    if (!in || fs::is_directory(path, ec))
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot read '{}': {}", path,
                                   in ? "it is a directory" : std::strerror(errno)));
    std::string text;
    char piece[65536];
    while (in.read(piece, sizeof piece) || in.gcount() > 0) {
        text.append(piece, static_cast<std::size_t>(in.gcount()));
        if (text.size() > bytes_max)
            return failure(ErrorCode::limit_exceeded,
                           fmt::format("'{}' is longer than {} bytes", path, bytes_max));
    }
    return text;
}

Result<> replace_file(const std::string& path, std::string_view text) {
    const std::string beside = path + ".new";
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.flush();
        if (!out) {
            const int why = errno;
            out.close();
            std::remove(beside.c_str());
            return failure(ErrorCode::storage_failed,
                           fmt::format("cannot write '{}': {}", beside, std::strerror(why)));
        }
    }
    std::error_code ec;
    fs::rename(beside, path, ec);
    if (ec) {
        std::remove(beside.c_str());
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot write '{}': {}", path, ec.message()));
    }
    return success();
}

Result<> create_private(const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ::close(fd) != 0)
        return failure(errno == ENOSPC ? ErrorCode::storage_full : ErrorCode::storage_failed,
                       fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    return success();
}

Result<std::vector<NamedText>> read_folder(const std::string& directory,
                                           const std::string& prefix) {
    std::error_code ec;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory, ec))
        if (entry.path().extension() == ".toml") names.push_back(entry.path().filename().string());
    if (ec)
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot read '{}': {}", directory, ec.message()));
    if (names.empty())
        return failure(ErrorCode::not_found, fmt::format("no .toml file in '{}'", directory));
    std::sort(names.begin(), names.end());
    std::vector<NamedText> out;
    for (const std::string& name : names) {
        SAFAR_TRY(auto text, read_file(directory + "/" + name));
        out.push_back({prefix + name, std::move(text)});
    }
    return out;
}

} // namespace safar::cli
