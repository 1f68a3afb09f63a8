// Events by their place: opens the batches that hold them, and keeps the last few open.
#pragma once

#include "storage/derive/log_names.hpp"
#include "storage/record/fold.hpp"

#include <array>

namespace safar {

using OpenBatchPtr = std::shared_ptr<const OpenBatch>;

// The event as held; nullopt: its body or dots do not decode, so it has no effect.
[[nodiscard]] std::optional<HeldEvent> held_event(const OpenBatch& batch, const LogInfo& log,
                                                  std::size_t index);

// Safe from any thread.
class EventSource {
public:
    // Batches kept open: one batch of 256 events takes about 80 KB.
    static constexpr std::size_t open_batches_max = 64;

    EventSource(const Log& log, const LogNames& names) : log_(log), names_(names) {}

    // Errors: not_found, storage_corrupt.
    [[nodiscard]] Result<OpenBatchPtr> batch(LogHandle log, std::uint64_t number) const;
    // Puts in what its caller opened anyway.
    void offer(LogHandle log, std::uint64_t number, OpenBatchPtr batch) const;
    // For each list of places the events found there, in order; each batch is opened once.
    // Events of batches that are no longer held, or without effect, are left out.
    [[nodiscard]] Result<std::vector<std::vector<HeldEvent>>>
    read(std::span<const std::vector<EventPlace>> lists) const;
    void forget() const;

private:
    struct Kept {
        LogHandle log = 0;
        std::uint64_t number = 0, used = 0;
        OpenBatchPtr batch;
    };
    const Log& log_;
    const LogNames& names_;
    mutable std::mutex mutex_;
    mutable std::array<Kept, open_batches_max> kept_;
    mutable std::uint64_t uses_ = 0;
};

} // namespace safar
