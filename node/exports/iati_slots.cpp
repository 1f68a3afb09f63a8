#include "node/exports/iati_slots.hpp"

#include "node/registry/iso_time.hpp"
#include "storage/record/last_day.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

// "GB-GOV-1", "XM-DAC-47066", "41122" (a DAC channel code): no blank, and a register's prefix or
// digits only.
bool is_organisation_id(std::string_view word) {
    if (word.empty()) return false;
    if (std::all_of(word.begin(), word.end(), is_digit)) return true;
    const std::size_t dash = word.find('-');
    return (dash == 2 || dash == 3) && dash + 1 < word.size() &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(dash), is_capital);
}

} // namespace

IatiOrganisation read_organisation(std::string_view text) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view first = text.substr(0, blank);
    if (!is_organisation_id(first)) return {"", std::string(text)};
    return {std::string(first), std::string(text.substr(std::min(blank + 1, text.size())))};
}

IatiReader::Found IatiReader::find(std::string_view slot) const {
    auto source = slots_->find(slot);
    if (source == slots_->end()) return {};
    for (std::string_view rest = source->second; !rest.empty();) {
        const std::size_t end = std::min(rest.find('|'), rest.size());
        std::string_view one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (one.starts_with('=')) return {nullptr, {Text{std::string(one.substr(1))}}};
        if (one.starts_with('@')) {
            Found out = activity_ == nullptr ? Found{} : activity_->find(one.substr(1));
            if (!out.values.empty()) return out;
            continue;
        }
        const bool count = one.starts_with('#');
        if (count || one.starts_with('?')) one.remove_prefix(1);
        const Field* field = row_->kind->field(one);
        if (field == nullptr || !(*shows_)(*field, row_->compartment)) continue;
        const FoldedField* folded = row_->folded.field(field->tag);
        if (folded == nullptr || folded->reading.empty()) continue;
        if (count) return {nullptr, {Integer{static_cast<std::int64_t>(folded->reading.size())}}};
        return {field, folded->reading};
    }
    return {};
}

std::vector<std::string> IatiReader::texts(std::string_view slot) const {
    std::vector<std::string> out;
    for (const Value& value : find(slot).values) out.push_back(show_value(value));
    return out;
}

std::string IatiReader::text(std::string_view slot) const {
    const Found found = find(slot);
    if (found.values.empty()) return "";
    if (const Money* money = std::get_if<Money>(&found.values.front());
        money != nullptr && slot == "currency")
        return money->currency;
    return show_value(found.values.front());
}

std::string IatiReader::day(std::string_view slot, bool end) const {
    const Found found = find(slot);
    if (found.values.empty()) return "";
    const Date* date = std::get_if<Date>(&found.values.front());
    if (date == nullptr) return show_value(found.values.front());
    return show_value(Date{end ? last_day(*date) : date->days});
}

std::vector<IatiMoney> IatiReader::money(std::string_view slot) const {
    std::vector<IatiMoney> out;
    for (const std::string& text : texts(slot)) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        out.push_back({text.substr(0, blank), text.substr(std::min(blank + 1, text.size()))});
    }
    return out;
}

const CodeList::Entry* IatiReader::entry(std::string_view slot, const std::string& code) const {
    const Found found = find(slot);
    const CodeList* list =
        found.field == nullptr ? nullptr : schema_->code_list(found.field->codes);
    return list == nullptr ? nullptr : list->find(code);
}

std::string IatiReader::label(std::string_view slot, const std::string& code) const {
    const CodeList::Entry* known = entry(slot, code);
    return known == nullptr ? "" : known->label;
}

std::string IatiReader::digit(std::string_view slot) const {
    const auto one_digit = [](const std::string& text) {
        return text.size() == 1 && is_digit(text[0]);
    };
    const std::string code = text(slot);
    if (one_digit(code)) return code;
    if (const CodeList::Entry* known = code.empty() ? nullptr : entry(slot, code))
        for (const std::string& variant : known->variants)
            if (one_digit(variant)) return variant;
    return "";
}

std::string IatiReader::country(std::string_view slot, const std::string& code) const {
    if (const CodeList::Entry* known = entry(slot, code))
        for (const std::string& variant : known->variants)
            if (variant.size() == 2 && std::all_of(variant.begin(), variant.end(), is_capital))
                return variant;
    return code;
}

} // namespace safar
