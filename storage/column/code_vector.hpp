// A column of dictionary codes, one, two or four bytes wide: as narrow as its largest code allows,
// since a scan costs memory bandwidth. Widens by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safar {

class CodeVector {
public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] unsigned width() const { return width_; } // bytes

    [[nodiscard]] std::uint32_t get(std::size_t at) const {
        return width_ == 1 ? narrow_[at] : width_ == 2 ? middle_[at] : wide_[at];
    }
    // New elements are 0.
    void resize(std::size_t size) {
        size_ = size;
        if (width_ == 1)
            narrow_.resize(size);
        else if (width_ == 2)
            middle_.resize(size);
        else
            wide_.resize(size);
    }
    void set(std::size_t at, std::uint32_t code) {
        if (code > max_of(width_)) widen(code);
        if (width_ == 1)
            narrow_[at] = static_cast<std::uint8_t>(code);
        else if (width_ == 2)
            middle_[at] = static_cast<std::uint16_t>(code);
        else
            wide_[at] = code;
    }
    // Calls `use` with the pointer to the codes in their width.
    template <class Use> decltype(auto) with(Use&& use) const {
        if (width_ == 1) return use(narrow_.data());
        if (width_ == 2) return use(middle_.data());
        return use(wide_.data());
    }

private:
    static std::uint32_t max_of(unsigned width) {
        return width == 1 ? 0xff : width == 2 ? 0xffff : 0xffffffff;
    }
    void widen(std::uint32_t code) {
        if (code > 0xffff) {
            if (width_ == 1)
                wide_.assign(narrow_.begin(), narrow_.end());
            else
                wide_.assign(middle_.begin(), middle_.end());
            width_ = 4;
        } else {
            middle_.assign(narrow_.begin(), narrow_.end());
            width_ = 2;
        }
        narrow_ = {};
        if (width_ == 4) middle_ = {};
    }

    unsigned width_ = 1;
    std::size_t size_ = 0;
    std::vector<std::uint8_t> narrow_;
    std::vector<std::uint16_t> middle_;
    std::vector<std::uint32_t> wide_;
};

} // namespace safar
