#include "storage/column/axis.hpp"

#include "storage/record/last_day.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

enum class Bucket { none, date, year, quarter, month };

Bucket bucket_of(std::string_view name) {
    if (name == "year") return Bucket::year;
    if (name == "quarter") return Bucket::quarter;
    if (name == "month") return Bucket::month;
    return Bucket::none;
}

// "" where the date is known less precisely than the bucket asks.
std::string bucket_label(Date date, Bucket bucket) {
    Date::Precision wanted = bucket == Bucket::year      ? Date::Precision::year
                             : bucket == Bucket::quarter ? Date::Precision::quarter
                             : bucket == Bucket::month   ? Date::Precision::month
                                                         : date.precision;
    if (date.precision > wanted) return {};
    return show_value(Date{date.days, wanted});
}

Error unknown_dimension(const Columns::State& state, const std::string& name) {
    std::vector<std::string> known;
    for (const Dimension& each : state.dimensions)
        if (each.named) known.push_back(each.name);
    if (state.time >= 0) known.insert(known.end(), {"year", "quarter", "month"});
    return failure(ErrorCode::invalid_argument, "kind " + state.kind.name + " has no dimension " +
                                                    quoted(name) +
                                                    "; there are: " + listed(known, 40));
}

// A declared dimension goes before a bucket of the same name.
struct Named {
    const Dimension* dimension;
    Bucket bucket;
};
Result<Named> resolve(const Columns::State& state, const std::string& name) {
    if (const Dimension* found = state.dimension(name)) {
        bool is_date = !found->currency && found->field->type == FieldType::date;
        return Named{found, is_date ? Bucket::date : Bucket::none};
    }
    Bucket bucket = bucket_of(name);
    if (bucket == Bucket::none || state.time < 0) return unknown_dimension(state, name);
    return Named{&state.dimensions[static_cast<std::size_t>(state.time)], bucket};
}

// Several dates share a label: numbers them by label.
void group_dates(Axis& axis, Bucket bucket) {
    const Dictionary& values = axis.dimension->values;
    Dictionary labels(/*numbers=*/false);
    axis.digit_of.resize(values.size());
    for (Code32 code = 1; code < values.size(); ++code)
        if (values.parts(code).empty())
            axis.digit_of[code] =
                labels.of_text(bucket_label(unpack_date(values.number(code)), bucket));
    // A field that holds several dates counts under each: its combination is a digit of its own.
    Code32 plain = labels.size();
    for (Code32 code = 1; code < values.size(); ++code)
        if (!values.parts(code).empty()) axis.digit_of[code] = plain + code;
    axis.labels.resize(plain);
    for (Code32 digit = 0; digit < plain; ++digit) axis.labels[digit] = labels.text(digit);
    axis.digits = values.has_parts() ? plain + values.size() : plain;
}

// Canonical forms under which the dictionary may hold what a person wrote.
std::vector<std::string> readings_of(const Schema& schema, const Dimension& dimension,
                                     const std::string& text) {
    std::vector<std::string> out{text};
    if (dimension.currency || text.empty()) return out;
    if (auto value = parse_value(schema, *dimension.field, text))
        out.push_back(show_value(value.value()));
    return out;
}

std::optional<Code32> number_code(const Schema& schema, const Dimension& dimension,
                                  const std::string& text) {
    auto value = parse_value(schema, *dimension.field, text);
    if (!value) return std::nullopt;
    return dimension.values.find_number(view_of(0, value.value()).number);
}

// Marks the codes that one value of a filter names.
void allow(const Schema& schema, const Named& named, const std::string& text,
           std::vector<std::uint8_t>& allowed) {
    const Dimension& dimension = *named.dimension;
    const Dictionary& values = dimension.values;
    if (text.empty()) allowed[0] = 1;
    if (named.bucket != Bucket::none) {
        auto readings = named.bucket == Bucket::date ? readings_of(schema, dimension, text)
                                                     : std::vector<std::string>{text};
        for (Code32 code = 1; code < values.size(); ++code)
            if (values.parts(code).empty() &&
                std::ranges::count(
                    readings, bucket_label(unpack_date(values.number(code)), named.bucket)) > 0)
                allowed[code] = 1;
    } else if (values.numbers()) {
        if (auto code = number_code(schema, dimension, text)) allowed[*code] = 1;
    } else {
        for (const std::string& reading : readings_of(schema, dimension, text))
            if (auto code = values.find_text(reading); code && *code != 0) allowed[*code] = 1;
    }
}

// A combination passes where one of its values does.
void allow_combinations(const Dictionary& values, std::vector<std::uint8_t>& allowed) {
    if (!values.has_parts()) return;
    for (Code32 code = 1; code < values.size(); ++code)
        for (Code32 part : values.parts(code)) allowed[code] |= allowed[part];
}

void add(std::vector<Pass>& passes, Pass pass) {
    for (Pass& each : passes) {
        if (each.dimension != pass.dimension) continue;
        for (std::size_t i = 0; i < each.allowed.size(); ++i) each.allowed[i] &= pass.allowed[i];
        return;
    }
    passes.push_back(std::move(pass));
}

Result<> add_period(const Columns::State& state, const StatisticsQuery& query,
                    std::vector<Pass>& passes) {
    if (!query.since && !query.until) return success();
    if (state.time < 0)
        return failure(ErrorCode::invalid_argument,
                       "kind " + state.kind.name + " has no time field: leave out since and until");
    const Dimension& time = state.dimensions[static_cast<std::size_t>(state.time)];
    Pass pass{&time, std::vector<std::uint8_t>(time.values.size())};
    for (Code32 code = 1; code < time.values.size(); ++code) {
        if (!time.values.parts(code).empty()) continue;
        // Wholly within the period: of what is known to the year nobody knows in which half it was.
        const Date date = unpack_date(time.values.number(code));
        pass.allowed[code] = (!query.since || date.days >= *query.since) &&
                             (!query.until || last_day(date) <= *query.until);
    }
    allow_combinations(time.values, pass.allowed);
    add(passes, std::move(pass));
    return success();
}

} // namespace

std::string label_of(const Dimension& dimension, Code32 code) {
    if (code == 0) return {};
    if (!dimension.values.numbers()) return std::string(dimension.values.text(code));
    std::int64_t number = dimension.values.number(code);
    switch (dimension.field->type) {
    case FieldType::flag: return number != 0 ? "yes" : "no";
    case FieldType::date: return show_value(unpack_date(number));
    default: return std::to_string(number);
    }
}

std::string Axis::label(Code32 digit) const {
    return labels.empty() ? label_of(*dimension, digit) : labels[digit];
}

bool Axis::expand(Code32 digit, std::vector<Code32>& out) const {
    const Dictionary& values = dimension->values;
    if (!values.has_parts()) return false;
    auto plain = static_cast<Code32>(labels.size());
    if (digit_of.empty()) {
        out = values.parts(digit);
        return !out.empty();
    }
    if (digit < plain) return false;
    out.clear();
    for (Code32 part : values.parts(digit - plain)) out.push_back(digit_of[part]);
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return true;
}

Result<Axis> make_axis(const Columns::State& state, const std::string& name) {
    SAFAR_TRY(auto named, resolve(state, name));
    Axis axis{named.dimension, {}, {}, named.dimension->values.size()};
    if (named.bucket != Bucket::none) group_dates(axis, named.bucket);
    return axis;
}

Result<std::vector<Pass>> make_passes(const Schema& schema, const Columns::State& state,
                                      const StatisticsQuery& query) {
    std::vector<Pass> passes;
    for (const auto& filter : query.where) {
        SAFAR_TRY(auto named, resolve(state, filter.dimension));
        Pass pass{named.dimension, std::vector<std::uint8_t>(named.dimension->values.size())};
        for (const std::string& value : filter.values) allow(schema, named, value, pass.allowed);
        allow_combinations(named.dimension->values, pass.allowed);
        add(passes, std::move(pass));
    }
    SAFAR_TRY(add_period(state, query, passes));
    return passes;
}

} // namespace safar
