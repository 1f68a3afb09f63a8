#include "storage/record/field_check.hpp"

#include "storage/record/mrz.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

Error refuse(std::string what) { return failure(ErrorCode::invalid_argument, std::move(what)); }

// Urdu and Persian digits (U+06F0..) and Arabic ones (U+0660..) as 0 to 9; the rest as it stands.
std::string with_ascii_digits(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
        if (lead == 0xdb && next >= 0xb0 && next <= 0xb9)
            out += static_cast<char>('0' + (next - 0xb0)), ++i;
        else if (lead == 0xd9 && next >= 0xa0 && next <= 0xa9)
            out += static_cast<char>('0' + (next - 0xa0)), ++i;
        else
            out += text[i];
    }
    return out;
}

// `text` without any of `dropped`; where anything but a digit is left, its place from 1.
struct Digits {
    std::string digits;
    std::size_t stranger = 0; // 0: none
    std::string_view what;
};
Digits digits_of(std::string_view text, std::string_view dropped) {
    Digits out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_digit(text[i])) {
            out.digits += text[i];
        } else if (dropped.find(text[i]) == std::string_view::npos) {
            out.stranger = i + 1;
            out.what = text.substr(i, 1);
            break;
        }
    }
    return out;
}

Result<std::string> checked_cnic(std::string_view given) {
    const std::string text = with_ascii_digits(given);
    const Digits read = digits_of(text, "- ");
    if (read.stranger != 0)
        return refuse("has " + quoted(read.what) + " at place " + std::to_string(read.stranger) +
                      "; a CNIC has 13 digits: 12345-1234567-1");
    if (read.digits.size() != 13)
        return refuse("has " + std::to_string(read.digits.size()) +
                      " digits; a CNIC has 13: 12345-1234567-1");
    if (read.digits[0] < '1' || read.digits[0] > '8')
        return refuse("begins with " + std::string(1, read.digits[0]) +
                      "; the first digit of a CNIC is the province, 1 to 8");
    return read.digits.substr(0, 5) + "-" + read.digits.substr(5, 7) + "-" + read.digits[12];
}

Result<std::string> checked_phone(std::string_view given) {
    std::string text = with_ascii_digits(given);
    const bool plus = text.starts_with('+');
    const Digits read = digits_of(std::string_view(text).substr(plus ? 1 : 0), " -.()/");
    if (read.stranger != 0)
        return refuse("has " + quoted(read.what) + " at place " +
                      std::to_string(read.stranger + (plus ? 1 : 0)) +
                      "; give + and digits: +923001234567");
    std::string digits = read.digits;
    if (!plus && digits.starts_with("00"))
        digits.erase(0, 2);
    else if (!plus && digits.starts_with('0'))
        return refuse("has no country; put it in place of the first 0: +923001234567");
    if (digits.starts_with('0')) return refuse("has 0 where the country begins; no country does");
    if (digits.size() < 7 || digits.size() > 15)
        return refuse("has " + std::to_string(digits.size()) +
                      " digits; a phone number with its country has 7 to 15: +923001234567");
    return "+" + digits;
}

bool is_local_character(char c) {
    constexpr std::string_view others = "!#$%&'*+/=?^_`{|}~.-";
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80 || others.find(c) != std::string_view::npos;
}

// Letters, digits and dashes, in labels parted by dots; at least two labels.
std::string domain_defect(std::string_view domain) {
    std::size_t labels = 0;
    for (std::size_t begin = 0; begin <= domain.size();) {
        const std::size_t end = std::min(domain.find('.', begin), domain.size());
        const std::string_view label = domain.substr(begin, end - begin);
        if (label.empty()) return "has an empty part in its domain " + quoted(domain);
        if (label.size() > 63) return "has a part of more than 63 bytes in its domain";
        auto allowed = [](char c) {
            return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' ||
                   static_cast<unsigned char>(c) >= 0x80;
        };
        if (!std::ranges::all_of(label, allowed) || label.front() == '-' || label.back() == '-')
            return "has the domain part " + quoted(label) +
                   "; letters, digits and dashes inside may stand in it";
        ++labels;
        begin = end + 1;
    }
    return labels < 2 ? "has a domain without a dot; give name@example.org" : "";
}

Result<std::string> checked_email(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return refuse("has no @; give name@example.org");
    const std::string_view local = text.substr(0, at);
    if (local.empty() || local.size() > 64)
        return refuse("has " + std::to_string(local.size()) +
                      " bytes before the @; 1 to 64 may "
                      "stand there");
    for (std::size_t i = 0; i < local.size(); ++i)
        if (!is_local_character(local[i]))
            return refuse("has " + quoted(local.substr(i, 1)) + " at place " +
                          std::to_string(i + 1) + ", which may not stand before the @");
    if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
        return refuse("has a dot at an end of what stands before the @, or two together");
    const std::string domain = ascii_lower(text.substr(at + 1));
    if (text.size() > 254) return refuse("has more than 254 bytes");
    if (std::string wrong = domain_defect(domain); !wrong.empty()) return refuse(std::move(wrong));
    return std::string(local) + "@" + domain;
}

} // namespace

bool is_field_check(std::string_view name) {
    return std::ranges::find(field_check_names, name) != std::end(field_check_names);
}

Result<std::string> checked_text(std::string_view check, std::string_view text) {
    if (check == "cnic") return checked_cnic(text);
    if (check == "phone") return checked_phone(text);
    if (check == "email") return checked_email(text);
    if (check == "mrz") return canonical_mrz(text);
    SAFAR_ASSERT(!"a check of field_check_names");
    return refuse("cannot be checked");
}

} // namespace safar
