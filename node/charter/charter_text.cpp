#include "node/charter/charter_text.hpp"

#include "node/charter/charter_limits.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace safar {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_rest(char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-'; }

} // namespace

bool is_agency_code(std::string_view text) {
    return !text.empty() && text.size() <= limits::code_bytes_max && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_rest(c); });
}

bool is_compartment_name(std::string_view text) {
    return !text.empty() && text.size() <= limits::code_bytes_max && is_lower(text[0]) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_rest(c); });
}

bool is_document_name(std::string_view text) {
    for (std::string_view folder : {"schema/", "codes/"}) {
        if (!text.starts_with(folder) || !text.ends_with(".toml")) continue;
        text.remove_prefix(folder.size());
        text.remove_suffix(5);
        return !text.empty() && text.size() <= 64 && text[0] != '.' &&
               std::all_of(text.begin(), text.end(),
                           [](char c) { return is_letter(c) || is_rest(c) || c == '.'; });
    }
    return false;
}

bool is_title(std::string_view title) {
    for (std::string_view known :
         {"chair", "coordinator", "steward", "member", "observer", "donor"})
        if (title == known) return true;
    return false;
}

bool is_address(std::string_view text) {
    if (text.size() > limits::address_bytes_max) return false;
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
    bool bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
    if (!bracketed && host.find_first_of("[]:") != std::string_view::npos) return false;
    for (char c : host)
        if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\'' || c == 0x7f)
            return false;
    unsigned value = 0;
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    return error == std::errc{} && end == port.data() + port.size() && !port.empty() &&
           value >= 1 && value <= 65535;
}

Result<> check_document_text(std::string_view name, std::string_view text) {
    auto refuse = [&](std::string_view why) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("document {}: {}, which a charter cannot carry unchanged: "
                                   "change the file",
                                   name, why));
    };
    if (text.empty()) return refuse("is empty");
    if (text.find("'''") != std::string_view::npos) return refuse("contains '''");
    if (text.back() == '\'') return refuse("ends with '");
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\r') return refuse("has Windows line ends");
        if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
            return refuse("contains a control character");
    }
    if (!split_charter(text).signatures.empty())
        return refuse(fmt::format("has a line {}", signature_line));
    return success();
}

SplitCharter split_charter(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        if (text.substr(at, end - at) == signature_line)
            return {text.substr(0, at), text.substr(at)};
        at = end + 1;
    }
    return {text, {}};
}

} // namespace safar
