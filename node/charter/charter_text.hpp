// Spelling rules that parsing, drafting and enrolling share.
#pragma once

#include "storage/base/error.hpp"

#include <string_view>

namespace safar {

// The line that ends the unsigned text, and the spelling of what follows.
inline constexpr std::string_view signature_line = "[[signature]]";

[[nodiscard]] bool is_agency_code(std::string_view text); // A-Z a-z 0-9 _ -, starts with a letter
[[nodiscard]] bool is_compartment_name(std::string_view text); // a-z 0-9 _ -, starts with a letter
[[nodiscard]] bool is_document_name(std::string_view text);    // schema/x.toml or codes/x.toml
[[nodiscard]] bool is_title(std::string_view agency_title);
// "host:port", "[v6]:port", port 1 to 65535.
[[nodiscard]] bool is_address(std::string_view text);
// A document's text must stand unchanged between ''' and '''.
[[nodiscard]] Result<> check_document_text(std::string_view name, std::string_view text);

struct SplitCharter {
    std::string_view unsigned_text; // all bytes before the first line that is exactly [[signature]]
    std::string_view signatures;    // the rest, may be empty
};
[[nodiscard]] SplitCharter split_charter(std::string_view text);

} // namespace safar
