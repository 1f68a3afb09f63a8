// The witness as a file: two slots written in turn, so that one is whole whenever the machine
// stops.
//
// A save is one pwrite: it survives the end of the process. fdatasync follows at most once a second
// and when the file is closed. That is enough: after power loss a stale witness is still a true
// lower bound of what was signed; if power loss took newer batches too (the store syncs each
// commit, so only by a disk that lies or a copy put back), the peer's word on the head catches it
// (OwnLogs).
#pragma once

#include "storage/log/store.hpp"

#include <chrono>

namespace safar {

class WitnessFile final : public Witness {
public:
    // 64 KiB a slot: logs that one node signs, more than charters list compartments.
    static constexpr std::size_t slot_bytes = 64u << 10;

    explicit WitnessFile(std::string path) : path_(std::move(path)) {}
    ~WitnessFile() override;
    WitnessFile(const WitnessFile&) = delete;
    WitnessFile& operator=(const WitnessFile&) = delete;

    [[nodiscard]] Result<std::optional<WitnessState>> load() override;
    [[nodiscard]] Result<> save(const WitnessState& state) override;

private:
    [[nodiscard]] Result<> open_file();

    std::string path_;
    int file_ = -1;
    std::uint64_t counter_ = 0;
    bool unsynced_ = false;
    std::chrono::steady_clock::time_point synced_{};
};

} // namespace safar
