#include "storage/record/code_list_text.hpp"

#include "storage/record/strict_table.hpp"
#include "storage/record/text.hpp"

#include <map>
#include <set>

namespace safar {
namespace {

constexpr std::size_t code_bytes_max = 128; // a code is an identifier, not a description

std::string place(std::string_view file, std::uint32_t line) {
    std::string out(file);
    if (line > 0) out += ":" + std::to_string(line);
    return out + ": ";
}

Result<> read_tables(StrictTable& document, CodeListDocument& out) {
    for (StrictTable& table : document.tables("code")) {
        CodeList::Entry entry{table.text("code"), table.text("label", ""), table.texts("variants")};
        SAFAR_TRY(table.finish());
        out.lines.push_back(table.line("code"));
        out.list.entries.push_back(std::move(entry));
    }
    return success();
}

void read_rows(StrictTable& document, CodeListDocument& out) {
    for (StrictTable::Row& row : document.rows("codes")) {
        if (row.texts.empty()) {
            document.refuse("codes",
                            "an empty row; each is [\"CODE\", \"Label\", \"Variant\", ...]");
            continue;
        }
        CodeList::Entry entry{std::move(row.texts[0]), "", {}};
        if (row.texts.size() > 1) entry.label = std::move(row.texts[1]);
        for (std::size_t i = 2; i < row.texts.size(); ++i)
            entry.variants.push_back(std::move(row.texts[i]));
        out.lines.push_back(row.line);
        out.list.entries.push_back(std::move(entry));
    }
}

// A TOML basic string; the text holds no control characters but newline and tab.
std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (c == '"' || c == '\\')
            out += {'\\', c};
        else
            out += c;
    }
    return out + "\"";
}

} // namespace

Result<CodeListDocument> read_code_list(const NamedText& document) {
    SAFAR_TRY(toml::table parsed, parse_toml(document));
    StrictTable table(document.name, "", parsed);
    CodeListDocument out;
    out.list.name = table.text("name");
    out.list.title = table.text("title", out.list.name);
    out.list.open = table.flag("open", false);
    out.extends = table.text("extends", "");
    SAFAR_TRY(read_tables(table, out));
    read_rows(table, out);
    SAFAR_TRY(table.finish());
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < out.list.entries.size(); ++i) {
        const std::string& code = out.list.entries[i].code;
        std::string where = place(document.name, out.lines[i]) + "code " + quoted(code);
        if (code.size() > code_bytes_max)
            return failure(ErrorCode::invalid_argument,
                           where + " has more than " + std::to_string(code_bytes_max) +
                               " bytes; give a short code and the long text as its label");
        if (!seen.insert(code).second)
            return failure(ErrorCode::invalid_argument, where + " stands twice; remove one");
    }
    return out;
}

Result<CodeList> finish_code_list(CodeListDocument document, std::string_view file) {
    CodeList list = std::move(document.list);
    if (list.entries.empty() && !list.open)
        return failure(ErrorCode::invalid_argument,
                       std::string(file) + ": a closed list without codes accepts nothing; add "
                                           "[[code]] entries or open = true");
    std::map<std::string, std::size_t> named; // lower-cased text -> entry
    for (std::size_t i = 0; i < list.entries.size(); ++i) {
        CodeList::Entry& entry = list.entries[i];
        if (entry.label.empty()) entry.label = entry.code;
        std::vector<std::string_view> texts{entry.code, entry.label};
        texts.insert(texts.end(), entry.variants.begin(), entry.variants.end());
        for (std::string_view text : texts) {
            auto [at, added] = named.try_emplace(ascii_lower(text), i);
            if (added || at->second == i) continue;
            return failure(ErrorCode::invalid_argument,
                           place(file, i < document.lines.size() ? document.lines[i] : 0) +
                               "code " + quoted(entry.code) + ": " + quoted(text) +
                               " also names code " + quoted(list.entries[at->second].code) +
                               "; leave it with one of them");
        }
    }
    list.build_lookup();
    return list;
}

std::string write_code_list(const CodeList& list) {
    std::string out = "name = " + toml_text(list.name) + "\ntitle = " + toml_text(list.title) +
                      "\nopen = " + (list.open ? "true" : "false") + "\ncodes = [\n";
    for (const CodeList::Entry& entry : list.entries) {
        out += "  [" + toml_text(entry.code) + ", " +
               toml_text(entry.label.empty() ? entry.code : entry.label);
        for (const std::string& variant : entry.variants) out += ", " + toml_text(variant);
        out += "],\n";
    }
    return out + "]\n";
}

} // namespace safar
