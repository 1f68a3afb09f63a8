#include "node/casework/similar.hpp"

#include "node/casework/names.hpp"
#include "node/registry/steady.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <unordered_map>

namespace safar {
namespace {

// "35202-1234567-1" -> "3520212345671": numbers are compared without what people put between
// digits.
std::string bare(std::string_view text) {
    std::string out;
    for (char c : latin_of(text))
        if (c != ' ') out += c;
    return out;
}

bool is_number(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_digit);
}

// A value that is looked for, with what is compared of it made once.
struct Given {
    const Field* field = nullptr;
    std::string value;
    std::string number;            // bare; of a text with digits
    std::vector<std::string> keys; // of a text without
};

Given make_given(const Field& field, std::string value) {
    Given out{&field, std::move(value), {}, {}};
    if (field.type != FieldType::text) return out;
    if (is_number(out.value))
        out.number = bare(out.value);
    else
        out.keys = name_keys(out.value);
    return out;
}

bool is_name(const Given& given) {
    return given.field->type == FieldType::text && given.number.empty();
}

bool is_estimate(std::string_view day) { return day.ends_with("-01-01") || day.size() < 10; }

// How much it says that the value agrees with one that the record states in its field.
double agreement(const Given& given, const std::vector<std::string>& stated) {
    double best = 0;
    for (const std::string& value : stated) {
        if (given.field->type == FieldType::text) {
            if (bare(value) == given.number) best = 1.0;
        } else if (value == given.value) {
            // Estimated dates of birth are written as the first of January.
            best = given.field->type != FieldType::date ? 0.2 : is_estimate(value) ? 0.1 : 0.4;
        }
    }
    return best;
}

// The same of a name with every text that the record states in compared fields: in Urdu there, in
// Latin letters here.
double name_agreement(const Given& given, const std::vector<std::vector<std::string>>& texts) {
    double best = 0;
    for (const auto& keys : texts)
        if (const double likeness = name_likeness(given.keys, keys); likeness >= 0.75)
            best = std::max(best, 0.6 * likeness);
    return best;
}

// Keys of every text in these fields.
std::vector<std::vector<std::string>> texts_of(const RecordView& view,
                                               const std::vector<std::string>& fields) {
    std::vector<std::vector<std::string>> out;
    for (const std::string& name : fields)
        if (view.kind->field(std::string_view(name))->type == FieldType::text)
            for (const std::string& text : values_of(view, name)) out.push_back(name_keys(text));
    return out;
}

// Records that agree with enough of what is given to be looked at; those that agree with more of it
// first.
Result<std::vector<RecordId>> candidates(const Derived& derived, const Kind& kind,
                                         const std::vector<Given>& given) {
    std::unordered_map<RecordId, std::size_t> agreeing; // with so many of `given`
    for (const Given& one : given) {
        const auto words = similar_words(*one.field, one.value);
        std::unordered_map<RecordId, std::size_t> shared; // so many words
        for (const std::string& word : words) {
            SAFAR_TRY(derived.alike(kind, word, [&](const RecordId& record, std::size_t of) {
                // Where both names have two words, two must be common.
                shared[record] += words.size() == 1 || of == 1 ? 2 : 1;
                return true;
            }));
        }
        for (const auto& [record, count] : shared)
            if (count >= 2) ++agreeing[record];
    }
    std::vector<std::pair<std::size_t, RecordId>> found;
    for (const auto& [record, count] : agreeing) found.emplace_back(count, record);
    std::ranges::sort(found, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (found.size() > similar_compared_max) found.resize(similar_compared_max);
    std::vector<RecordId> out;
    for (const auto& each : found) out.push_back(each.second);
    return out;
}

} // namespace

Result<std::vector<SimilarRecord>> find_similar(Registry& registry, const std::string& kind,
                                                const std::vector<FieldText>& fields,
                                                std::size_t limit) {
    std::vector<SimilarRecord> out;
    auto schema = registry.node().derived().schema();
    SAFAR_TRY(const Kind* known, find_kind(*schema, kind));
    const std::vector<std::string>& compared = known->casework.similar;
    std::vector<Given> given;
    for (const FieldText& one : fields) {
        if (std::find(compared.begin(), compared.end(), one.field) == compared.end()) continue;
        const Field* field = known->field(std::string_view(one.field));
        auto value = parse_value(*schema, *field, one.value);
        if (value.has_value())
            given.push_back(
                make_given(*field, show_value(value.value()))); // create says what is wrong
    }
    if (given.empty()) return out;
    SAFAR_TRY(readable_compartment(*registry.node().charter(), kind, registry.node().agency()));
    SAFAR_TRY(auto found, steady(registry.node(), [&] {
                  return candidates(registry.node().derived(), *known, given);
              }));
    const bool names = std::any_of(given.begin(), given.end(), is_name);
    for (const RecordId& id : found) {
        SAFAR_TRY(auto view, registry.show(id));
        if (view.kind == nullptr || view.kind->tag != known->tag) continue;
        SimilarRecord one;
        const auto texts =
            names ? texts_of(view, compared) : std::vector<std::vector<std::string>>();
        for (const Given& each : given) {
            const double agrees = is_name(each)
                                      ? name_agreement(each, texts)
                                      : agreement(each, values_of(view, each.field->name));
            if (agrees > 0) one.matched.push_back(each.field->name);
            one.likeness += agrees;
        }
        if (one.likeness < similar_enough) continue;
        one.view = std::move(view);
        out.push_back(std::move(one));
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.likeness > b.likeness; });
    if (out.size() > limit) out.resize(limit);
    return out;
}

std::vector<std::string> similar_words(const Field& field, std::string_view shown) {
    if (field.type == FieldType::date)
        return is_estimate(shown) ? std::vector<std::string>()
                                  : std::vector<std::string>{"@" + std::string(shown)};
    if (field.type != FieldType::text) return {};
    if (is_number(shown)) return {"#" + bare(shown)};
    return name_keys(shown);
}

} // namespace safar
