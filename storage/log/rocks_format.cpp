#include "storage/log/rocks_format.hpp"

#include "storage/log/rocks_options.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace safar {
namespace {

constexpr std::string_view words = "safar store format ";

Error failed(const std::string& path, const char* doing) {
    return failure(ErrorCode::storage_failed, path + ": " + doing + ": " + std::strerror(errno));
}

Result<> write_durably(const std::string& path, const std::string& text) {
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return failed(path, "can not be created");
    const bool written =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    ::close(file);
    if (!written) return failed(path, "can not be written");
    return success();
}

bool has_data(const std::string& directory) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
        const auto extension = entry.path().extension();
        if (extension == ".sst" || extension == ".blob" || extension == ".log") return true;
    }
    return false;
}

} // namespace

Result<> check_store_format(const std::string& directory, std::uint32_t known) {
    const std::string path = directory + "/FORMAT";
    const bool has_database = std::filesystem::exists(directory + "/CURRENT");
    // RocksDB would begin a new database among the files of the old one.
    if (!has_database && has_data(directory))
        return failure(ErrorCode::storage_corrupt,
                       directory + "/CURRENT is missing, and there is data beside it" +
                           std::string(lost_store_advice));
    std::ifstream in(path);
    std::string line;
    if (in) std::getline(in, line);
    // Empty: the process ended while it founded the store.
    if (line.empty() && !has_database)
        return write_durably(path, std::string(words) + std::to_string(known) + "\n");
    std::uint32_t version = 0;
    const char* end = line.data() + line.size();
    if (!line.starts_with(words) ||
        std::from_chars(line.data() + words.size(), end, version).ptr != end || version == 0)
        return failure(ErrorCode::storage_corrupt,
                       path + " should say \"" + std::string(words) +
                           "N\": it is missing or damaged; if this store was "
                           "written by this version of safar, put N = " +
                           std::to_string(known) + " there");
    if (version > known)
        return failure(ErrorCode::unsupported_version,
                       directory + " is a store of format " + std::to_string(version) +
                           ", this version of safar knows formats up to " + std::to_string(known) +
                           ": install a newer safar; nothing was changed");
    return success();
}

} // namespace safar
