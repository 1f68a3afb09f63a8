#include "node/charter/durable_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace safar {
namespace {

class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int get() const { return descriptor_; }

private:
    int descriptor_;
};

Error system_failure(std::string_view what, const std::string& path) {
    int error = errno;
    ErrorCode code = error == ENOENT                      ? ErrorCode::not_found
                     : error == ENOSPC || error == EDQUOT ? ErrorCode::storage_full
                                                          : ErrorCode::storage_failed;
    return failure(code, fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

Result<> sync_directory_of(const std::string& path) {
    std::size_t slash = path.rfind('/');
    std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) return system_failure("sync", directory);
    return success();
}

} // namespace

Result<> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory_of(path);
    if (errno == EEXIST) {
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return success();
        errno = ENOTDIR;
    }
    return system_failure("create directory", path);
}

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
    File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return system_failure("open", path);
    std::string out;
    char buffer[16384];
    for (;;) {
        ssize_t count = ::read(file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("read", path);
        if (count == 0) return out;
        out.append(buffer, static_cast<std::size_t>(count));
        if (out.size() > bytes_max)
            return failure(ErrorCode::limit_exceeded,
                           fmt::format("{} has more than {} bytes", path, bytes_max));
    }
}

Result<> write_file_durably(const std::string& path, std::string_view text, unsigned mode) {
    std::string beside = path + ".new";
    {
        File file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
        if (file.get() < 0) return system_failure("create", beside);
        // The file may have been left by an interrupted write, with another mode.
        if (::fchmod(file.get(), mode) != 0) return system_failure("protect", beside);
        while (!text.empty()) {
            ssize_t count = ::write(file.get(), text.data(), text.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return system_failure("write", beside);
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        if (::fsync(file.get()) != 0) return system_failure("sync", beside);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return system_failure("rename to", path);
    return sync_directory_of(path);
}

} // namespace safar
