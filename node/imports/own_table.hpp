// Tables of a kind's own fields, read without a profile: the header names each column's field.
#pragma once

#include "node/imports/profile.hpp"

namespace safar {

// A profile for a file with this header. A column is a field by its name, its title (whatever the
// case) or its hashtag; one that is none of these may only be a key. Fields that hold several
// values have ';' between them. Rows without a key are named by all their cells. Errors:
// invalid_argument naming the columns that are no fields, or are the same one twice, and what the
// kind has.
[[nodiscard]] Result<Profile> profile_of_header(const Schema& schema, const OwnTable& table,
                                                std::span<const std::string> header);

} // namespace safar
