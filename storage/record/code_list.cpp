#include "storage/record/schema.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <array>

namespace safar {

void CodeList::build_lookup() {
    exact_.clear();
    folded_.clear();
    auto add = [&](const std::string& text, std::size_t index) {
        exact_.try_emplace(text, index);
        folded_.try_emplace(ascii_lower(text), index);
    };
    for (std::size_t i = 0; i < entries.size(); ++i) add(entries[i].code, i);
    for (std::size_t i = 0; i < entries.size(); ++i) add(entries[i].label, i);
    for (std::size_t i = 0; i < entries.size(); ++i)
        for (const std::string& variant : entries[i].variants) add(variant, i);
}

const CodeList::Entry* CodeList::find(std::string_view text) const {
    if (auto at = exact_.find(text); at != exact_.end()) return &entries[at->second];
    std::array<char, 256> buffer;
    std::string large;
    std::string_view folded;
    if (text.size() <= buffer.size()) {
        std::ranges::transform(text, buffer.begin(), ascii_lower_of);
        folded = {buffer.data(), text.size()};
    } else {
        large = ascii_lower(text);
        folded = large;
    }
    auto at = folded_.find(folded);
    return at != folded_.end() ? &entries[at->second] : nullptr;
}

std::string_view CodeList::label(std::string_view code) const {
    auto at = exact_.find(code);
    if (at == exact_.end() || entries[at->second].code != code) return code;
    return entries[at->second].label;
}

} // namespace safar
