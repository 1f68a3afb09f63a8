// An input read as choices, and the assertion that stops the fuzzer.
#pragma once

#include "storage/base/bytes.hpp"

#include <cstdlib>

namespace safar::fuzz {

inline void must(bool holds) {
    if (!holds) std::abort();
}

// Zeros after the end, so that every input is a whole script.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    [[nodiscard]] bool empty() const { return left_ == 0; }
    [[nodiscard]] std::size_t left() const { return left_; }
    std::uint8_t byte() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    std::uint16_t two() {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    Bytes bytes(std::size_t count) {
        Bytes out;
        for (; count > 0 && left_ > 0; --count) out.push_back(static_cast<std::byte>(byte()));
        return out;
    }
    Bytes rest() { return bytes(left_); }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

} // namespace safar::fuzz
