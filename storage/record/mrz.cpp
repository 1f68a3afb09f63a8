#include "storage/record/mrz.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

namespace safar {
namespace {

using Format = TravelDocument::Format;

constexpr char filler = '<';

bool is_letter(char c) { return c >= 'A' && c <= 'Z'; }

// Part of a line; line and places count from 1, as Doc 9303 does.
struct Part {
    std::size_t line = 1, first = 1, last = 1;
};

struct Zone {
    Format format = Format::td3;
    std::vector<std::string> lines;

    [[nodiscard]] std::string_view operator[](Part part) const {
        return std::string_view(lines[part.line - 1])
            .substr(part.first - 1, part.last - part.first + 1);
    }
};

// Where the parts of a format stand. `composite` is empty where it has none.
struct Layout {
    Part names, number, number_check, nationality, birth, birth_check, sex, expiry, expiry_check;
    Part optional; // of the line with the dates
    std::vector<Part> composite;
    Part composite_check;
};

Layout layout_of(Format format) {
    if (format == Format::td1)
        return {.names = {3, 1, 30},
                .number = {1, 6, 14},
                .number_check = {1, 15, 15},
                .nationality = {2, 16, 18},
                .birth = {2, 1, 6},
                .birth_check = {2, 7, 7},
                .sex = {2, 8, 8},
                .expiry = {2, 9, 14},
                .expiry_check = {2, 15, 15},
                .optional = {2, 19, 29},
                .composite = {{1, 6, 30}, {2, 1, 7}, {2, 9, 15}, {2, 19, 29}},
                .composite_check = {2, 30, 30}};
    Layout out{.names = {1, 6, 44},
               .number = {2, 1, 9},
               .number_check = {2, 10, 10},
               .nationality = {2, 11, 13},
               .birth = {2, 14, 19},
               .birth_check = {2, 20, 20},
               .sex = {2, 21, 21},
               .expiry = {2, 22, 27},
               .expiry_check = {2, 28, 28},
               .optional = {2, 29, 42},
               .composite = {},
               .composite_check = {}};
    if (format == Format::td3) {
        out.composite = {{2, 1, 10}, {2, 14, 20}, {2, 22, 43}};
        out.composite_check = {2, 44, 44};
    } else if (format == Format::td2) {
        out.names.last = 36;
        out.optional.last = 35;
        out.composite = {{2, 1, 10}, {2, 14, 20}, {2, 22, 35}};
        out.composite_check = {2, 36, 36};
    } else if (format == Format::mrv_b) {
        out.names.last = out.optional.last = 36;
    } else {
        out.optional.last = 44;
    }
    return out;
}

Error refuse(Part at, const std::string& what) {
    std::string place = at.first == at.last ? "place " + std::to_string(at.first)
                                            : "places " + std::to_string(at.first) + " to " +
                                                  std::to_string(at.last);
    return failure(ErrorCode::invalid_argument, "is no machine-readable zone: line " +
                                                    std::to_string(at.line) + ", " + place + ": " +
                                                    what);
}

std::string trimmed_capitals(std::string_view line) {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    std::string out(line);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        std::size_t end = std::min(text.find('\n'), text.size());
        std::string line = trimmed_capitals(text.substr(0, end));
        if (!line.empty()) lines.push_back(std::move(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (lines.size() != 1) return lines;
    // Copied without its line breaks: its length says which format it is.
    const std::string whole = std::move(lines[0]);
    const std::size_t width = whole.size() == 90 ? 30 : whole.size() / 2;
    if (whole.size() != 88 && whole.size() != 72 && whole.size() != 90) return {whole};
    lines.clear();
    for (std::size_t at = 0; at < whole.size(); at += width)
        lines.push_back(whole.substr(at, width));
    return lines;
}

Result<Zone> zone_of(std::string_view text) {
    Zone zone;
    zone.lines = lines_of(text);
    const std::size_t count = zone.lines.size(), width = count == 0 ? 0 : zone.lines[0].size();
    const bool visa = width > 0 && zone.lines[0][0] == 'V';
    if (count == 3 && width == 30)
        zone.format = Format::td1;
    else if (count == 2 && width == 36)
        zone.format = visa ? Format::mrv_b : Format::td2;
    else if (count == 2 && width == 44)
        zone.format = visa ? Format::mrv_a : Format::td3;
    else
        return failure(ErrorCode::invalid_argument,
                       "is no machine-readable zone: it has " + std::to_string(count) +
                           (count == 1 ? " line of " : " lines, the first of ") +
                           std::to_string(width) +
                           " characters; give 2 lines of 44 (passport), 2 of 36 or 3 of 30");
    for (std::size_t line = 1; line <= count; ++line) {
        const std::string& each = zone.lines[line - 1];
        if (each.size() != width)
            return failure(ErrorCode::invalid_argument,
                           "is no machine-readable zone: line " + std::to_string(line) + " has " +
                               std::to_string(each.size()) + " characters, line 1 has " +
                               std::to_string(width));
        for (std::size_t at = 0; at < width; ++at)
            if (!is_digit(each[at]) && !is_letter(each[at]) && each[at] != filler)
                return refuse({line, at + 1, at + 1},
                              "only capitals, digits and < may stand in it");
    }
    return zone;
}

Result<> letters_only(const Zone& zone, Part part, const char* what) {
    std::string_view text = zone[part];
    for (std::size_t i = 0; i < text.size(); ++i)
        if (is_digit(text[i]))
            return refuse({part.line, part.first + i, part.first + i},
                          quoted(text.substr(i, 1)) + " stands in the " + what +
                              ", which has letters only");
    if (text[0] == filler) return refuse(part, "the " + std::string(what) + " is missing");
    return success();
}

Result<> check_code_and_sex(const Zone& zone, const Layout& layout) {
    SAFAR_TRY(letters_only(zone, {1, 1, 2}, "document code"));
    SAFAR_TRY(letters_only(zone, {1, 3, 5}, "issuing state"));
    SAFAR_TRY(letters_only(zone, layout.nationality, "nationality"));
    SAFAR_TRY(letters_only(zone, layout.names, "name"));
    const char code = zone.lines[0][0];
    const bool card = zone.format == Format::td1 || zone.format == Format::td2;
    if (card && code != 'A' && code != 'C' && code != 'I')
        return refuse({1, 1, 1}, "a card begins with A, C or I");
    if (zone.format == Format::td3 && code != 'P')
        return refuse({1, 1, 1}, "a passport begins with P, a visa with V");
    const char sex = zone[layout.sex][0];
    if (sex != 'M' && sex != 'F' && sex != 'X' && sex != filler)
        return refuse(layout.sex, "the sex is M, F or <");
    return success();
}

Result<> check_digit_matches(const Zone& zone, std::string_view covered, Part at,
                             const std::string& what) {
    const char stands = zone[at][0], wanted = mrz_check_digit(covered);
    if (stands == wanted) return success();
    return refuse(at, "the check digit of the " + what + " is " + quoted(zone[at]) +
                          ", what stands there needs " + wanted + "; compare with the document");
}

int two_digits(std::string_view text, std::size_t at) {
    if (!is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// YYMMDD whose unknown parts are fillers, from the right: 74<<<<, 7408<<.
Result<> check_date(const Zone& zone, Part part, const char* what) {
    static constexpr std::array<int, 13> days{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    std::string_view text = zone[part];
    const std::size_t known = text.find_last_not_of(filler) + 1;
    bool digits = std::ranges::all_of(text.substr(0, known), is_digit) && known % 2 == 0;
    const int month = known >= 4 ? two_digits(text, 2) : 1;
    const int day = known == 6 ? two_digits(text, 4) : 1;
    if (!digits || month < 1 || month > 12 || day < 1 ||
        day > days[static_cast<std::size_t>(month)])
        return refuse(part, quoted(text) + " is no " + what + " as YYMMDD");
    return success();
}

std::string words(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c != filler)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

void read_names(std::string_view text, TravelDocument& out) {
    std::size_t parted = text.find("<<");
    out.surname = words(text.substr(0, parted));
    if (parted != std::string_view::npos) out.given_names = words(text.substr(parted));
}

// A card whose number is longer than nine writes a filler in place of the check digit, and the rest
// of the number, its check digit and a filler at the start of the optional data.
Result<> read_number(const Zone& zone, const Layout& layout, std::string_view& optional,
                     TravelDocument& out) {
    std::string_view number = zone[layout.number];
    const bool card = zone.format == Format::td1 || zone.format == Format::td2;
    const bool goes_on = card && zone[layout.number_check][0] == filler &&
                         number.back() != filler && optional[0] != filler;
    if (number[0] == filler) return refuse(layout.number, "the document's number is missing");
    if (!goes_on) {
        SAFAR_TRY(check_digit_matches(zone, number, layout.number_check, "number"));
        out.number = words(number);
        return success();
    }
    const std::size_t end = std::min(optional.find(filler), optional.size());
    std::string whole(number);
    whole += optional.substr(0, end - 1);
    const char stands = optional[end - 1], wanted = mrz_check_digit(whole);
    if (stands != wanted)
        return refuse(layout.number_check, "the number goes on in the optional data, and its check "
                                           "digit there is " +
                                               std::string(1, stands) + ", not " + wanted);
    out.number = words(whole);
    optional.remove_prefix(std::min(end + 1, optional.size()));
    return success();
}

Result<> check_optional_of_passport(const Zone& zone, const Layout& layout) {
    constexpr Part at{2, 43, 43};
    const bool empty = zone[layout.optional].find_first_not_of(filler) == std::string_view::npos;
    if (empty && zone[at][0] == filler) return success();
    return check_digit_matches(zone, zone[layout.optional], at, "personal number");
}

Result<> check_composite(const Zone& zone, const Layout& layout) {
    if (layout.composite.empty()) return success();
    std::string covered;
    for (Part part : layout.composite) covered += zone[part];
    return check_digit_matches(zone, covered, layout.composite_check, "whole");
}

std::optional<Date> date_of(std::string_view text, int year_max) {
    using namespace std::chrono;
    const std::size_t known = text.size() == 6 ? text.find_last_not_of(filler) + 1 : 0;
    if (known < 2) return std::nullopt;
    int year_number = year_max - year_max % 100 + two_digits(text, 0);
    if (year_number > year_max) year_number -= 100;
    const auto month_number = static_cast<unsigned>(known >= 4 ? two_digits(text, 2) : 1);
    const auto day_number = static_cast<unsigned>(known == 6 ? two_digits(text, 4) : 1);
    const year_month_day civil{year(year_number), month(month_number), day(day_number)};
    if (!civil.ok()) return std::nullopt; // 29 February of a year without one
    return Date{static_cast<std::int32_t>(sys_days(civil).time_since_epoch().count()),
                known == 6   ? Date::Precision::day
                : known == 4 ? Date::Precision::month
                             : Date::Precision::year};
}

} // namespace

char mrz_check_digit(std::string_view text) {
    static constexpr std::array<int, 3> weights{7, 3, 1};
    int sum = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const int value = is_digit(c) ? c - '0' : is_letter(c) ? c - 'A' + 10 : 0;
        sum += value * weights[i % 3];
    }
    return static_cast<char>('0' + sum % 10);
}

Result<TravelDocument> read_mrz(std::string_view text) {
    SAFAR_TRY(Zone zone, zone_of(text));
    const Layout layout = layout_of(zone.format);
    SAFAR_TRY(check_code_and_sex(zone, layout));
    TravelDocument out;
    out.format = zone.format;
    std::string_view first_optional =
        zone.format == Format::td1 ? zone[Part{1, 16, 30}] : zone[layout.optional];
    SAFAR_TRY(read_number(zone, layout, first_optional, out));
    SAFAR_TRY(check_digit_matches(zone, zone[layout.birth], layout.birth_check, "birth date"));
    SAFAR_TRY(check_digit_matches(zone, zone[layout.expiry], layout.expiry_check, "expiry date"));
    SAFAR_TRY(check_date(zone, layout.birth, "birth date"));
    SAFAR_TRY(check_date(zone, layout.expiry, "expiry date"));
    if (zone.format == Format::td3) {
        SAFAR_TRY(check_optional_of_passport(zone, layout));
    }
    SAFAR_TRY(check_composite(zone, layout));
    out.document_code = words(zone[Part{1, 1, 2}]);
    out.issuing_state = words(zone[Part{1, 3, 5}]);
    out.nationality = words(zone[layout.nationality]);
    read_names(zone[layout.names], out);
    if (zone.format == Format::td1) {
        out.optional_data = words(first_optional);
        out.personal_number = words(zone[layout.optional]);
    } else {
        out.personal_number = words(first_optional);
    }
    out.birth = zone[layout.birth];
    out.expiry = zone[layout.expiry];
    const char sex = zone[layout.sex][0];
    out.sex = sex == filler ? std::string("X") : std::string(1, sex);
    return out;
}

Result<std::string> canonical_mrz(std::string_view text) {
    SAFAR_TRY(read_mrz(text));
    std::string out;
    for (const std::string& line : lines_of(text)) out += (out.empty() ? "" : "\n") + line;
    return out;
}

TravelDocumentDates dates_of(const TravelDocument& document, int year) {
    return {date_of(document.birth, year), date_of(document.expiry, year + 49)};
}

} // namespace safar
