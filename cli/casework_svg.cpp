#include "cli/casework_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <map>
#include <optional>

namespace safar::cli {

namespace json = boost::json;

namespace {

constexpr int lane_height = 56, left = 150, width = 960, top = 48;

std::string xml_text(std::string_view text) {
    std::string out;
    for (char c : visible(text)) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += c;
        }
    }
    return out;
}

// Days since 1970 of "2026-11-24", "2026-11" or "2026"; a quarter counts from its first month.
std::optional<long> day_number(std::string_view text) {
    auto number = [&](std::size_t at, std::size_t length, int otherwise) -> int {
        int value = otherwise;
        if (text.size() >= at + length)
            std::from_chars(text.data() + at, text.data() + at + length, value);
        return value;
    };
    int year = number(0, 4, 0), month = number(5, 2, 1);
    if (text.size() == 7 && text[5] == 'Q') month = 3 * (text[6] - '1') + 1;
    std::chrono::year_month_day day{std::chrono::year(year),
                                    std::chrono::month(static_cast<unsigned>(month)),
                                    std::chrono::day(static_cast<unsigned>(number(8, 2, 1)))};
    if (year < 1 || !day.ok()) return std::nullopt;
    return std::chrono::sys_days(day).time_since_epoch().count();
}

std::string day_text(long days) {
    std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

struct Mark {
    long day = 0;
    std::string agency, what;
};

} // namespace

std::string journey_svg(const json::value& answer) {
    std::vector<Mark> marks;
    std::map<std::string, int> lanes;
    std::size_t left_out = 0;
    for (const json::value& entry : list_at(answer, "entries")) {
        auto day = day_number(text_at(entry, "on"));
        if (!day) {
            ++left_out;
            continue;
        }
        std::string agency = text_at(entry, "agency");
        lanes.emplace(agency, 0);
        marks.push_back(
            {*day, agency,
             text_at(entry, "on") + " " + text_at(entry, "kind") + " " + text_at(entry, "verb")});
    }
    int next = 0;
    for (auto& [agency, lane] : lanes) lane = next++;
    long first = marks.empty() ? 0 : marks.front().day, last = first;
    for (const Mark& mark : marks)
        first = std::min(first, mark.day), last = std::max(last, mark.day);
    const double scale = (width - left - 40.0) / static_cast<double>(std::max(1L, last - first));
    const int height = top + lane_height * std::max(1, next) + 30;
    std::string out = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" "
                                  "height=\"{}\" font-family=\"sans-serif\" "
                                  "font-size=\"13\">\n<title>Journey {}</title>\n<rect "
                                  "width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                                  width, height, xml_text(text_at(answer, "id")));
    for (const auto& [agency, lane] : lanes) {
        const int y = top + lane * lane_height + lane_height / 2;
        out += fmt::format(
            "<text x=\"12\" y=\"{}\">{}</text>\n<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" "
            "stroke=\"#c8d0d8\"/>\n",
            y + 4, xml_text(agency), left, y, width - 20, y);
    }
    std::map<std::pair<int, long>, int>
        stacked; // several events of one agency on one day stand above each other
    for (const Mark& mark : marks) {
        const int lane = lanes.at(mark.agency), up = stacked[{lane, mark.day}]++;
        out += fmt::format(
            "<circle cx=\"{:.1f}\" cy=\"{}\" r=\"6\" fill=\"#1f6f8b\" fill-opacity=\"0.8\">"
            "<title>{}: {}</title></circle>\n",
            left + 10 + static_cast<double>(mark.day - first) * scale,
            top + lane * lane_height + lane_height / 2 - std::min(up, 3) * 7, xml_text(mark.agency),
            xml_text(mark.what));
    }
    if (!marks.empty())
        out += fmt::format("<text x=\"{}\" y=\"28\">{}</text>\n<text x=\"{}\" y=\"28\" "
                           "text-anchor=\"end\">{}</text>\n",
                           left, day_text(first), width - 20, day_text(last));
    std::string missing = left_out > 0 ? fmt::format("{} without a date", left_out) : "";
    if (flag_at(answer, "truncated"))
        missing += (missing.empty() ? "" : "; ") + std::string("there is more than is shown here");
    if (!missing.empty())
        out += fmt::format("<text x=\"12\" y=\"{}\">{}</text>\n", height - 10, missing);
    return out + "</svg>\n";
}

} // namespace safar::cli
