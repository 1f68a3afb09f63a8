#include "node/charter/code_expansion.hpp"

#include "storage/record/code_list_text.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <utility>

namespace safar {
namespace {

namespace json = boost::json;

struct Standard {
    std::string_view name; // as in `extends`, and the file without its suffix
    std::string_view key;  // of the array in the document
    std::vector<std::string_view> variants;
};

const Standard* standard(std::string_view name) {
    static const Standard known[] = {
        {"iso_3166-1", "3166-1", {"common_name", "official_name", "alpha_2"}},
        {"iso_4217", "4217", {}}};
    auto at = std::ranges::find(known, name, &Standard::name);
    return at == std::end(known) ? nullptr : at;
}

std::string_view member(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
    const json::string* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

// Adds a variant that is not there yet under any name of the entry.
void add_variant(CodeList::Entry& entry, std::string_view text) {
    if (text.empty() || text == entry.code || text == entry.label) return;
    if (std::ranges::find(entry.variants, text) == entry.variants.end())
        entry.variants.emplace_back(text);
}

// A name that the standard gives to two codes (the old and the new leone) is found by neither.
void tell_apart(std::vector<CodeList::Entry>& entries) {
    std::map<std::string, int> uses;
    for (const CodeList::Entry& entry : entries) ++uses[ascii_lower(entry.label)];
    for (CodeList::Entry& entry : entries)
        if (uses[ascii_lower(entry.label)] > 1) entry.label += " (" + entry.code + ")";
}

Result<std::vector<CodeList::Entry>> read_standard(const Standard& wanted, std::string_view file,
                                                   std::string_view text) {
    auto broken = [&](std::string_view what) {
        return failure(ErrorCode::malformed, std::string(file) + ": " + std::string(what) +
                                                 "; reinstall the package iso-codes");
    };
    json::error_code refused;
    json::value document = json::parse(json::string_view(text.data(), text.size()), refused);
    if (refused) return broken("not JSON: " + refused.message());
    const json::object* top = document.if_object();
    const json::value* list =
        top ? top->if_contains(json::string_view(wanted.key.data(), wanted.key.size())) : nullptr;
    if (!list || !list->is_array()) return broken("no list " + quoted(wanted.key));
    std::vector<CodeList::Entry> out;
    for (const json::value& item : list->get_array()) {
        const json::object* object = item.if_object();
        if (!object || member(*object, "alpha_3").empty() || member(*object, "name").empty())
            return broken("an entry without alpha_3 or name");
        CodeList::Entry entry{
            std::string(member(*object, "alpha_3")), std::string(member(*object, "name")), {}};
        for (std::string_view key : wanted.variants) add_variant(entry, member(*object, key));
        out.push_back(std::move(entry));
    }
    tell_apart(out);
    std::ranges::sort(out, {}, &CodeList::Entry::code);
    return out;
}

// Lower-cased texts of the own entries, with the code that uses each.
using Claims = std::map<std::string, std::string>;

Claims claims_of(const CodeList& own) {
    Claims out;
    for (const CodeList::Entry& entry : own.entries) {
        out.try_emplace(ascii_lower(entry.code), entry.code);
        if (!entry.label.empty()) out.try_emplace(ascii_lower(entry.label), entry.code);
        for (const std::string& variant : entry.variants)
            out.try_emplace(ascii_lower(variant), entry.code);
    }
    return out;
}

void extend(CodeList::Entry& standard_entry, const CodeList::Entry& own) {
    if (!own.label.empty() && own.label != standard_entry.label) {
        std::string before = std::exchange(standard_entry.label, own.label);
        add_variant(standard_entry, before);
        std::erase(standard_entry.variants, own.label);
    }
    for (const std::string& variant : own.variants) add_variant(standard_entry, variant);
}

} // namespace

Result<std::string> expand_code_list(const NamedText& list, const StandardReader& reader) {
    SAFAR_TRY(CodeListDocument document, read_code_list(list));
    if (document.extends.empty()) return list.text;
    const Standard* wanted = standard(document.extends);
    if (!wanted)
        return failure(ErrorCode::invalid_argument,
                       list.name + ": extends: " + quoted(document.extends) +
                           " is no standard known here; give iso_3166-1 or iso_4217");
    std::string file = std::string(wanted->name) + ".json";
    SAFAR_TRY(std::string text, reader(file));
    SAFAR_TRY(std::vector<CodeList::Entry> entries, read_standard(*wanted, file, text));

    Claims claims = claims_of(document.list);
    for (CodeList::Entry& entry : entries)
        std::erase_if(entry.variants, [&](const std::string& variant) {
            auto at = claims.find(ascii_lower(variant));
            return at != claims.end() && at->second != entry.code;
        });
    for (const CodeList::Entry& own : document.list.entries) {
        auto same = std::ranges::find(entries, own.code, &CodeList::Entry::code);
        if (same == entries.end())
            entries.push_back(own);
        else
            extend(*same, own);
    }
    document.list.entries = std::move(entries);
    document.lines.clear();
    document.extends.clear();
    SAFAR_TRY(CodeList whole, finish_code_list(std::move(document), list.name));
    return write_code_list(whole);
}

} // namespace safar
