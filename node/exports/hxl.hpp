// HXL hashtags of columns, as data (config/standards/hxl.toml): by kind and field, else by the
// field's code list, else by its name.
#pragma once

#include "storage/record/schema.hpp"

namespace safar {

struct HxlTags {
    std::map<std::string, std::string, std::less<>> columns, fields, codes, names;

    // "" where none is known. `column`: "id" or "kind".
    [[nodiscard]] std::string of_column(std::string_view column) const;
    [[nodiscard]] std::string of(const Kind& kind, const Field& field) const;
};

// Errors: invalid_argument (file, key, what a tag looks like).
[[nodiscard]] Result<HxlTags> parse_hxl(std::string_view text);

} // namespace safar
