// Serves ranges that the peer asked for, never beyond the credit it gave.
#pragma once

#include "sync/session/frontiers.hpp"

#include <deque>

namespace safar {

class Server {
public:
    // Served in one call; the rest next tick.
    static constexpr std::size_t call_bytes_max = 1u << 20;
    static constexpr std::size_t slice_bytes = 256u << 10; // read of one log at a time
    static constexpr std::size_t ranges_max = 1024;        // open at once
    static constexpr unsigned unshared_max = 16; // asked for what it may not hold, before we close

    Server(SessionContext& context, Frontiers& frontiers)
        : context_(context), frontiers_(frontiers) {}

    // Errors: limit_exceeded (credit or open ranges), not_permitted (kept asking for what is not
    // shared).
    [[nodiscard]] Result<> on_want(const wire::Want& want);
    [[nodiscard]] Result<> on_credit(const wire::Credit& credit);
    // Sends what credit allows, at most call_bytes_max.
    void serve();
    [[nodiscard]] NodeTime next_deadline() const { return more_ ? context_.now : never; }

private:
    struct Range {
        std::uint64_t next = 0, last = 0;
        // A batch goes out while it is above zero; the last may overdraw it.
        std::int64_t credit = 0;
    };
    // False: the range is done or can not go on.
    [[nodiscard]] bool serve_slice(const LogName& log, Range& range, std::size_t& budget);
    [[nodiscard]] std::int64_t credit_given() const;

    SessionContext& context_;
    Frontiers& frontiers_;
    std::map<LogName, Range> ranges_;
    // Every open range once, as asked: the peer asks for small logs first.
    std::deque<LogName> turns_;
    unsigned unshared_ = 0;
    bool more_ = false;
};

} // namespace safar
