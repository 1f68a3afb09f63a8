// From a cell's text to values of a field. Whole numbers may carry "1,022" and "1.0"; dates come in
// the formats of the profile; labels drift. Pure.
#pragma once

#include "node/imports/profile.hpp"

namespace safar {

// Without ASCII white space and no-break spaces at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// "12", "-1", "1,022", "3.0", "1e+05". nullopt: anything else.
[[nodiscard]] std::optional<std::int64_t> read_number(std::string_view text);

// `formats`: %Y, %m or %B/%b (English, full or three letters), %d, %q; a space stands for any white
// space. What a format does not say is not known: the precision follows, and the first day stands
// for the rest. nullopt: none matches, or no such day.
[[nodiscard]] std::optional<Date> read_date(std::string_view text,
                                            const std::vector<std::string>& formats);

// The day by which it had happened, whatever is known of the date.
[[nodiscard]] ClaimedTime claimed_time(const Date& date);

// Values of one cell, as the map says; empty: it says nothing. Errors: invalid_argument with the
// reason.
[[nodiscard]] Result<std::vector<Value>> read_cell(const Schema& schema, const Field& field,
                                                   const FieldMap& map, std::string_view text);

} // namespace safar
