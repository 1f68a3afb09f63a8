#include "storage/column/dictionary.hpp"

#include <algorithm>
#include <cstring>

namespace safar {
namespace {

constexpr std::uint64_t spread = 0x9e3779b97f4a7c15;

std::uint64_t mixed(std::uint64_t value) {
    value *= spread;
    value ^= value >> 32;
    value *= spread;
    return value ^ (value >> 29);
}

std::uint64_t hash_of(const void* data, std::size_t size) {
    const auto* at = static_cast<const char*>(data);
    std::uint64_t hash = size, word = 0;
    for (; size > 8; size -= 8, at += 8) {
        std::memcpy(&word, at, 8);
        hash = mixed(hash ^ word);
    }
    word = 0;
    std::memcpy(&word, at, size);
    return mixed(hash ^ word);
}

std::uint64_t hash_of(std::string_view text) { return hash_of(text.data(), text.size()); }
std::uint64_t hash_of(std::int64_t number) { return mixed(static_cast<std::uint64_t>(number)); }
std::uint64_t hash_of(const std::vector<Code32>& codes) {
    return hash_of(codes.data(), codes.size() * sizeof(Code32));
}

Error corrupt(const char* what) {
    return failure(ErrorCode::storage_corrupt, std::string("column dictionary: ") + what);
}

} // namespace

void CodeTable::add(std::uint64_t hash, Code32 code) {
    if (2 * (used_ + 1) > slots_.size()) {
        std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
        old.swap(slots_);
        used_ = 0;
        for (const Slot& slot : old)
            if (slot.code != none)
                add((static_cast<std::uint64_t>(slot.hash) << 32) | slot.low, slot.code);
    }
    std::size_t at = hash & mask();
    while (slots_[at].code != none) at = (at + 1) & mask();
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), code, static_cast<std::uint32_t>(hash)};
    ++used_;
}

Dictionary::Dictionary(bool numbers) : numbers_(numbers) { static_cast<void>(append()); }

Code32 Dictionary::size() const {
    return static_cast<Code32>(numbers_ ? values_.size() : texts_.size());
}

Code32 Dictionary::append() {
    if (numbers_)
        values_.emplace_back();
    else
        texts_.emplace_back();
    return size() - 1;
}

Code32 Dictionary::of_text(std::string_view text) {
    if (text.empty()) return 0;
    if (texts_[last_] == text) return last_;
    std::uint64_t hash = hash_of(text);
    auto known = lookup_.find(hash, [&](Code32 code) { return texts_[code] == text; });
    if (known) return last_ = *known;
    last_ = append();
    texts_[last_] = text;
    lookup_.add(hash, last_);
    return last_;
}

Code32 Dictionary::of_number(std::int64_t number) {
    if (last_ != 0 && values_[last_] == number) return last_;
    std::uint64_t hash = hash_of(number);
    auto known = lookup_.find(hash, [&](Code32 code) { return values_[code] == number; });
    if (known) return last_ = *known;
    last_ = append();
    values_[last_] = number;
    lookup_.add(hash, last_);
    return last_;
}

Code32 Dictionary::of_parts(std::vector<Code32>& codes) {
    std::ranges::sort(codes);
    codes.erase(std::ranges::unique(codes).begin(), codes.end());
    if (!codes.empty() && codes.front() == 0) codes.erase(codes.begin());
    if (codes.empty()) return 0;
    if (codes.size() == 1) return codes.front();
    auto known =
        lookup_parts_.find(hash_of(codes), [&](Code32 code) { return parts(code) == codes; });
    if (known) return *known;
    Code32 code = append();
    set_parts(code, codes);
    return code;
}

void Dictionary::set_parts(Code32 code, std::vector<Code32> codes) {
    lookup_parts_.add(hash_of(codes), code);
    parts_.emplace(code, std::move(codes));
}

std::optional<Code32> Dictionary::find_text(std::string_view text) const {
    if (text.empty()) return 0;
    if (numbers_) return std::nullopt;
    return lookup_.find(hash_of(text), [&](Code32 code) { return texts_[code] == text; });
}

std::optional<Code32> Dictionary::find_number(std::int64_t number) const {
    if (!numbers_) return std::nullopt;
    return lookup_.find(hash_of(number), [&](Code32 code) { return values_[code] == number; });
}

const std::vector<Code32>& Dictionary::parts(Code32 code) const {
    static const std::vector<Code32> none;
    if (parts_.empty()) return none;
    auto at = parts_.find(code);
    return at == parts_.end() ? none : at->second;
}

// u32 codes, each: u32 parts, these; or 0 and the value.
Bytes Dictionary::encode(Code32 first, Code32 last) const {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(last - first);
    for (Code32 code = first; code < last; ++code) {
        const auto& codes = parts(code);
        writer.integer(static_cast<std::uint32_t>(codes.size()));
        if (!codes.empty())
            for (Code32 part : codes) writer.integer(part);
        else if (numbers_)
            writer.integer(values_[code]);
        else
            writer.sized(as_bytes(texts_[code]));
    }
    return out;
}

Result<> Dictionary::decode(ByteView bytes) {
    ByteReader in(bytes);
    auto count = in.integer<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        auto parts = in.integer<std::uint32_t>();
        if (parts > in.remaining() / sizeof(Code32)) return corrupt("more parts than bytes");
        Code32 code = size();
        if (parts > 0) {
            std::vector<Code32> codes(parts);
            for (Code32& part : codes) part = in.integer<Code32>();
            if (!std::ranges::all_of(codes, [&](Code32 part) { return part > 0 && part < code; }))
                return corrupt("a combination of values not listed before it");
            static_cast<void>(append());
            set_parts(code, std::move(codes));
            continue;
        }
        std::string_view text = numbers_ ? std::string_view{} : as_text(in.sized());
        std::int64_t number = numbers_ ? in.integer<std::int64_t>() : 0;
        if (!in.ok()) break;
        if ((numbers_ ? of_number(number) : of_text(text)) != code) return corrupt("a value twice");
    }
    if (!in.at_end()) return corrupt("ends early or is followed by other bytes");
    return success();
}

} // namespace safar
