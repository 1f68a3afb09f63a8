// Code lists as TOML text (docs/format-schema.md): read, and written in the compact form.
//
//     name = "country"                  title = "Countries and areas"        open = false
//     [[code]]  code = "PAK"  label = "Pakistan"  variants = ["Islamic Republic of Pakistan"]
// or  codes = [["PAK", "Pakistan", "Islamic Republic of Pakistan"], ...]   (code, label, variants)
//
// `title` and `label` may be left out: the name or code itself stands in.
#pragma once

#include "storage/record/schema.hpp"

namespace safar {

struct CodeListDocument {
    CodeList list; // labels that were left out are empty; look-up not built
    // Standard whose entries come first ("iso_3166-1"); only in configuration, where
    // node/charter/code_expansion.hpp resolves it before a charter is drafted.
    std::string extends;
    std::vector<std::uint32_t> lines; // of each entry
};

// Errors: invalid_argument with file, line and key; a code twice.
[[nodiscard]] Result<CodeListDocument> read_code_list(const NamedText& document);

// Fills labels in, builds the look-up, refuses an empty list and a text that would name two codes
// (ignoring ASCII case). `lines` may be empty. Errors: invalid_argument with file and line.
[[nodiscard]] Result<CodeList> finish_code_list(CodeListDocument document, std::string_view file);

// One code a line, in the entries' order; read_code_list() of it gives the same list.
[[nodiscard]] std::string write_code_list(const CodeList& list);

} // namespace safar
