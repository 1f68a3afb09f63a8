#include "node/casework/similar.hpp"

#include "node/casework/names.hpp"
#include "node/registry/command_check.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t records_max = 200'000; // of one kind looked at

// "35202-1234567-1" -> "3520212345671": numbers are compared without what people put between digits.
std::string bare(std::string_view text) {
    std::string out;
    for (char c : latin_of(text))
        if (c != ' ') out += c;
    return out;
}

bool is_number(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// How much it says that a given value agrees with one of the record's.
double agreement(const Field& field, const std::string& given, const std::vector<std::string>& stated) {
    double best = 0;
    for (const std::string& value : stated) {
        if (field.type == FieldType::date) {
            // Estimated dates of birth are written as the first of January or June.
            const bool vague = value.ends_with("-01-01") || value.size() < 10;
            if (value == given) best = std::max(best, vague ? 0.1 : 0.4);
        } else if (field.type != FieldType::text) {
            if (value == given) best = std::max(best, 0.2);
        } else if (is_number(given)) {
            if (bare(value) == bare(given)) best = std::max(best, 1.0);
        } else {
            const double likeness = name_likeness(given, value);
            if (likeness >= 0.75) best = std::max(best, 0.6 * likeness);
        }
    }
    return best;
}

bool is_name(const Field& field, const std::string& value) { return field.type == FieldType::text && !is_number(value); }

} // namespace

Result<std::vector<SimilarRecord>> find_similar(Registry& registry, const std::string& kind,
                                                const std::vector<FieldText>& fields, std::size_t limit) {
    std::vector<SimilarRecord> out;
    auto schema = registry.node().derived().schema();
    SAFAR_TRY(const Kind* known, find_kind(*schema, kind));
    const std::vector<std::string>& compared = known->casework.similar;
    std::vector<std::pair<const Field*, std::string>> given;
    for (const FieldText& one : fields) {
        if (std::find(compared.begin(), compared.end(), one.field) == compared.end()) continue;
        const Field* field = known->field(std::string_view(one.field));
        auto value = parse_value(*schema, *field, one.value);
        if (value.has_value()) given.emplace_back(field, show_value(value.value())); // create says what is wrong
    }
    if (given.empty()) return out;
    StatisticsQuery all;
    all.kind = kind;
    bool truncated = false;
    SAFAR_TRY(auto views, registry.find(all, records_max, truncated));
    for (RecordView& view : views) {
        SimilarRecord one;
        for (const auto& [field, value] : given) {
            std::vector<std::string> stated = values_of(view, field->name);
            if (is_name(*field, value)) // in Urdu there, in Latin letters here
                for (const std::string& other : compared)
                    if (view.kind->field(std::string_view(other))->type == FieldType::text)
                        for (std::string& text : values_of(view, other)) stated.push_back(std::move(text));
            const double agrees = agreement(*field, value, stated);
            if (agrees > 0) one.matched.push_back(field->name);
            one.likeness += agrees;
        }
        if (one.likeness < similar_enough) continue;
        one.view = std::move(view);
        out.push_back(std::move(one));
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.likeness > b.likeness; });
    if (out.size() > limit) out.resize(limit);
    return out;
}

} // namespace safar
