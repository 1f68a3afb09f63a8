#include "storage/column/axis.hpp"
#include "storage/column/columns.hpp"
#include "storage/column/tally.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <numeric>

namespace safar {
namespace {

// Groups whose digits are combinations become one group for each of the combination's values.
Tally expanded(std::span<const Axis> axes, Tally in) {
    const std::size_t width = axes.size();
    for (std::size_t a = 0; a < width; ++a) {
        if (!axes[a].dimension->values.has_parts()) continue;
        Tally out;
        out.overflow = in.overflow;
        std::vector<Code32> parts;
        for (std::size_t g = 0; g < in.groups.size(); ++g) {
            auto digits = std::span(in.digits).subspan(g * width, width);
            if (!axes[a].expand(digits[a], parts)) parts.assign(1, digits[a]);
            if (out.groups.size() + parts.size() > groups_max(width)) {
                out.too_many = true;
                return out;
            }
            for (Code32 part : parts) {
                out.digits.insert(out.digits.end(), digits.begin(), digits.end());
                out.digits[out.digits.size() - width + a] = part;
                out.groups.push_back(in.groups[g]);
            }
        }
        in = std::move(out);
    }
    return in;
}

// For each digit that occurs its label and the label's place in ascending order.
struct Labels {
    std::vector<Code32> digits; // ascending
    std::vector<std::string> texts;
    std::vector<std::size_t> ranks;

    Labels(const Axis& axis, std::size_t at, std::size_t width, const Tally& tally) {
        for (std::size_t i = at; i < tally.digits.size(); i += width)
            digits.push_back(tally.digits[i]);
        std::ranges::sort(digits);
        digits.erase(std::ranges::unique(digits).begin(), digits.end());
        for (Code32 digit : digits) texts.push_back(axis.label(digit));
        std::vector<std::size_t> order(digits.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return texts[i]; });
        ranks.resize(order.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            ranks[order[i]] =
                i > 0 && texts[order[i]] == texts[order[i - 1]] ? ranks[order[i - 1]] : i;
    }
    [[nodiscard]] std::size_t place(Code32 digit) const {
        return static_cast<std::size_t>(std::ranges::lower_bound(digits, digit) - digits.begin());
    }
};

// Adds a group to the rows; the last row may be of the same key. False: a sum left 64 bits.
bool emit(std::vector<StatisticsRow>& rows, std::vector<std::string> key, const Group& group) {
    if (rows.empty() || rows.back().key != key) {
        rows.push_back({std::move(key), group.count, group.sum, {}});
        return true;
    }
    rows.back().count += group.count;
    return !__builtin_add_overflow(rows.back().sum, group.sum, &rows.back().sum);
}

bool make_rows(std::span<const Axis> axes, const Tally& tally, std::vector<StatisticsRow>& rows) {
    const std::size_t width = axes.size();
    std::vector<Labels> labels;
    for (std::size_t a = 0; a < width; ++a) labels.emplace_back(axes[a], a, width, tally);
    std::vector<std::size_t> places(tally.digits.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        places[i] = labels[i % width].place(tally.digits[i]);
    std::vector<std::size_t> order(tally.groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::size_t x, std::size_t y) {
        for (std::size_t a = 0; a < width; ++a) {
            std::size_t left = labels[a].ranks[places[x * width + a]];
            std::size_t right = labels[a].ranks[places[y * width + a]];
            if (left != right) return left < right;
        }
        return false;
    });
    bool fits = true;
    for (std::size_t g : order) {
        std::vector<std::string> key;
        for (std::size_t a = 0; a < width; ++a)
            key.push_back(labels[a].texts[places[g * width + a]]);
        fits = emit(rows, std::move(key), tally.groups[g]) && fits;
    }
    return fits;
}

Result<const Measure*> find_measure(const Columns::State& state, const std::string& name) {
    if (name.empty()) return nullptr;
    std::vector<std::string> known;
    for (const Measure& each : state.measures) {
        if (each.name == name) return &each;
        known.push_back(each.name);
    }
    return failure(ErrorCode::invalid_argument,
                   "kind " + state.kind.name + " has no measure " + quoted(name) +
                       (known.empty() ? "; it has none" : "; there are: " + listed(known, 40)));
}

Error too_large(const Measure& measure) {
    return failure(ErrorCode::invalid_argument,
                   "the sum of " + measure.name +
                       " is beyond 64 bits: filter the records it adds up");
}

Error too_many(const StatisticsQuery& query) {
    return failure(ErrorCode::limit_exceeded,
                   "there are more than " + std::to_string(groups_max(query.by.size())) +
                       " groups by " + listed(query.by, 40) +
                       ": group by fewer dimensions, or filter the records");
}

// Amounts of different currencies must not meet in one sum. The currency of all there are; "" where
// there are none, or several by which the question groups.
Result<std::string> check_currency(const Columns::State& state, const Measure& measure,
                                   std::span<const Axis> axes, std::span<const Pass> passes) {
    if (measure.currency < 0) return std::string();
    const Dimension& currency = state.dimensions[static_cast<std::size_t>(measure.currency)];
    bool grouped =
        std::ranges::any_of(axes, [&](const Axis& a) { return a.dimension == &currency; });
    Axis axis{&currency, {}, {}, currency.values.size()};
    Tally found = tally(state, std::span(&axis, 1), passes, nullptr);
    std::vector<std::string> names;
    for (Code32 code : found.digits) {
        if (code == 0) continue;
        if (!currency.values.parts(code).empty())
            return failure(ErrorCode::invalid_argument,
                           "a record states " + measure.name +
                               " in several currencies at once: its amounts have no sum");
        names.push_back(label_of(currency, code));
    }
    if (names.size() == 1) return names.front();
    if (grouped || names.empty()) return std::string();
    std::ranges::sort(names);
    return failure(ErrorCode::invalid_argument, measure.name + " is stated in " +
                                                    listed(names, 12) + ": group by " +
                                                    currency.name + " or filter by one of them");
}

// Of each row: that of its group, else the one that all amounts have.
void name_currencies(const Columns::State& state, const Measure& measure,
                     std::span<const Axis> axes, StatisticsTable& table) {
    const Dimension* currency = &state.dimensions[static_cast<std::size_t>(measure.currency)];
    const auto axis = std::ranges::find(axes, currency, &Axis::dimension);
    const auto at = static_cast<std::size_t>(axis - axes.begin());
    for (StatisticsRow& row : table.rows)
        row.currency = axis == axes.end() ? table.currency : row.key[at];
}

} // namespace

Result<StatisticsTable> Columns::count(const Schema& schema, const StatisticsQuery& query) const {
    const State& state = *state_;
    std::vector<Axis> axes;
    for (const std::string& name : query.by) {
        if (std::ranges::count(query.by, name) > 1)
            return failure(ErrorCode::invalid_argument,
                           "dimension " + quoted(name) + " is named twice: leave one out");
        SAFAR_TRY(auto axis, make_axis(state, name));
        axes.push_back(std::move(axis));
    }
    SAFAR_TRY(auto passes, make_passes(schema, state, query));
    SAFAR_TRY(const Measure* measure, find_measure(state, query.sum));
    StatisticsTable out;
    if (measure != nullptr) {
        SAFAR_TRY(out.currency, check_currency(state, *measure, axes, passes));
        out.money = measure->currency >= 0;
    }

    Tally groups = tally(state, axes, passes, measure);
    if (groups.too_many) return too_many(query);
    for (const Group& group : groups.groups) {
        out.count += group.count;
        if (__builtin_add_overflow(out.sum, group.sum, &out.sum)) groups.overflow = true;
    }
    if (groups.overflow) return too_large(*measure);
    // Without `by` there is one row, also where nothing was counted.
    if (axes.empty()) {
        out.rows.push_back({{}, out.count, out.sum, out.currency});
        return out;
    }
    groups = expanded(axes, std::move(groups));
    if (groups.too_many) return too_many(query);
    if (!make_rows(axes, groups, out.rows)) return too_large(*measure);
    if (out.money) name_currencies(state, *measure, axes, out);
    return out;
}

Result<std::vector<Row>> Columns::find(const Schema& schema, const StatisticsQuery& query, Row from,
                                       std::size_t limit) const {
    const State& state = *state_;
    SAFAR_TRY(auto passes, make_passes(schema, state, query));
    std::vector<Row> out;
    std::uint8_t pass[block_rows];
    for (std::size_t first = from; first < state.ids.size() && out.size() < limit;
         first += block_rows) {
        std::size_t count = std::min(block_rows, state.ids.size() - first);
        if (!passing(state, passes, first, count, pass)) continue;
        for (std::size_t i = 0; i < count && out.size() < limit; ++i)
            if (pass[i] != 0) out.push_back(static_cast<Row>(first + i));
    }
    return out;
}

bool Columns::has_dimension(std::string_view name) const {
    if (state_->dimension(name) != nullptr) return true;
    return state_->time >= 0 && (name == "year" || name == "quarter" || name == "month");
}

} // namespace safar
