#include "storage/record/schema.hpp"

#include <algorithm>

namespace safar {
namespace {

// Both lists are ascending by tag and short enough for names to be looked at one by one.
template <class Item> const Item* by_tag(const std::vector<Item>& items, std::uint16_t tag) {
    auto at = std::ranges::lower_bound(items, tag, {}, &Item::tag);
    return at != items.end() && at->tag == tag ? &*at : nullptr;
}

template <class Item> const Item* by_name(const std::vector<Item>& items, std::string_view name) {
    auto at = std::ranges::find(items, name, &Item::name);
    return at != items.end() ? &*at : nullptr;
}

} // namespace

const Field* Kind::field(std::uint16_t wanted) const { return by_tag(fields, wanted); }
const Field* Kind::field(std::string_view wanted) const { return by_name(fields, wanted); }

const Kind* Schema::kind(std::uint16_t tag) const { return by_tag(kinds, tag); }
const Kind* Schema::kind(std::string_view name) const { return by_name(kinds, name); }

const CodeList* Schema::code_list(std::string_view name) const {
    auto at = codes.find(name);
    return at != codes.end() ? &at->second : nullptr;
}

bool has_type(const Field& field, const Value& value) {
    static_assert(std::variant_size_v<Value> == static_cast<std::size_t>(FieldType::reference) + 1);
    return value.index() == static_cast<std::size_t>(field.type);
}

} // namespace safar
