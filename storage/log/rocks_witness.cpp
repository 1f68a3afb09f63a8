#include "storage/log/rocks_witness.hpp"

#include "storage/log/store_rows.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace safar {
namespace {

Error failed(const std::string& path, const char* doing) {
    return failure(ErrorCode::storage_failed, path + ": " + doing + ": " + std::strerror(errno) +
                                                  ": look at the disk and the file's owner");
}

// The file's name must survive power loss as its bytes do.
void sync_directory(const std::string& path) {
    std::string parent = std::filesystem::path(path).parent_path().string();
    int directory =
        ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    ::fsync(directory);
    ::close(directory);
}

} // namespace

WitnessFile::~WitnessFile() {
    if (file_ < 0) return;
    if (unsynced_) ::fdatasync(file_);
    ::close(file_);
}

Result<> WitnessFile::open_file() {
    if (file_ >= 0) return success();
    const bool fresh = !std::filesystem::exists(path_);
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return failed(path_, "can not be opened");
    if (fresh) sync_directory(path_);
    return success();
}

Result<std::optional<WitnessState>> WitnessFile::load() {
    if (!std::filesystem::exists(path_)) return std::optional<WitnessState>();
    SAFAR_TRY(open_file());
    std::optional<WitnessSlot> newest;
    for (int i = 0; i < 2; ++i) {
        Bytes bytes(slot_bytes);
        ssize_t got =
            ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(slot_bytes) * i);
        if (got < 0) return failed(path_, "can not be read");
        auto slot = decode_witness(ByteView(bytes).first(static_cast<std::size_t>(got)));
        if (slot && (!newest || slot->counter > newest->counter)) newest = std::move(slot);
    }
    if (!newest) return std::optional<WitnessState>();
    counter_ = newest->counter;
    return std::optional(std::move(newest->state));
}

Result<> WitnessFile::save(const WitnessState& state) {
    Bytes slot = encode_witness(counter_ + 1, state);
    if (slot.size() > slot_bytes)
        return failure(ErrorCode::limit_exceeded, "this node signs " +
                                                      std::to_string(state.heads.size()) +
                                                      " logs, more than its witness file can name");
    SAFAR_TRY(open_file());
    ++counter_;
    if (::pwrite(file_, slot.data(), slot.size(),
                 static_cast<off_t>(slot_bytes * (counter_ % 2))) !=
        static_cast<ssize_t>(slot.size()))
        return failed(path_, "can not be written");
    unsynced_ = true;
    auto now = std::chrono::steady_clock::now();
    if (now - synced_ < std::chrono::seconds(1)) return success();
    if (::fdatasync(file_) != 0) return failed(path_, "can not be synced");
    synced_ = now;
    unsynced_ = false;
    return success();
}

} // namespace safar
