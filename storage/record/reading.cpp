#include "storage/record/reading.hpp"

#include "storage/record/lattice.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

using Values = std::vector<const Value*>;

std::vector<Value> ascending(std::span<const Value* const> said, bool distinct) {
    std::vector<Value> out;
    out.reserve(said.size());
    for (const Value* value : said) out.push_back(*value);
    std::ranges::sort(out);
    if (distinct) out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

// A code that the schema does not place is above all: restrictions fail closed.
std::size_t strictness(const Field& rule, const Value& value) {
    auto at = std::ranges::find(rule.strictness, std::get<Code>(value).code);
    return static_cast<std::size_t>(at - rule.strictness.begin());
}

std::vector<Value> strictest(const Field& rule, std::span<const Value* const> said) {
    auto below = [&](const Value* left, const Value* right) {
        std::size_t a = strictness(rule, *left), b = strictness(rule, *right);
        return a != b ? a < b : *left < *right;
    };
    auto top = std::ranges::max_element(said, below);
    return top == said.end() ? std::vector<Value>{} : std::vector<Value>{**top};
}

StatusReading join(const Field& rule, std::span<const Value* const> said) {
    constexpr std::size_t few = 4;
    std::string_view local[few];
    if (said.size() <= few) {
        for (std::size_t i = 0; i < said.size(); ++i) local[i] = std::get<Code>(*said[i]).code;
        return join_status(rule.lattice, std::span(local, said.size()));
    }
    std::vector<std::string_view> states;
    states.reserve(said.size());
    for (const Value* value : said) states.push_back(std::get<Code>(*value).code);
    return join_status(rule.lattice, states);
}

std::vector<Value> one_per_agency(const std::vector<Said>& live) {
    std::vector<Value> out;
    for (std::size_t i = 0; i < live.size(); ++i) {
        auto before = std::span(live).first(i);
        if (std::ranges::find(before, live[i].agency, &Said::agency) == before.end())
            out.push_back(live[i].value);
    }
    return out;
}

void read_status(const Field& rule, std::span<const Value* const> seen, FoldedField& field) {
    StatusReading joined = join(rule, seen);
    field.reading.emplace_back(Code{std::string(joined.state)});
    for (std::string_view state : joined.illegal)
        field.flags.push_back("status " + quoted(state) +
                              ": no steps that were asserted lead there from " +
                              quoted(rule.lattice.initial));
}

// Codes can leave a list when the charter advances; what was said with them stays, marked.
void flag_unknown_codes(const Schema& schema, const Field& rule, FoldedField& field) {
    const CodeList* list = schema.code_list(rule.codes);
    if (!list || list->open) return;
    for (const Said& said : field.live) {
        const std::string& code = std::get<Code>(said.value).code;
        const CodeList::Entry* entry = list->find(code);
        if (entry && entry->code == code) continue;
        std::string flag = "code " + quoted(code) + " is not in list " + quoted(list->name);
        if (std::ranges::find(field.flags, flag) == field.flags.end()) field.flags.push_back(flag);
    }
}

} // namespace

void apply_rule(const Schema& schema, const Field& rule, FoldedField& field) {
    const Value* first = field.live.empty() ? nullptr : &field.live.front().value;
    if (rule.rule == Rule::single) {
        if (first) field.reading.push_back(*first);
        field.conflict =
            std::ranges::any_of(field.live, [&](const Said& said) { return said.value != *first; });
    } else if (rule.rule != Rule::status && field.live.size() == 1) {
        field.reading.push_back(*first); // under every other rule one value reads as itself
    } else if (rule.rule == Rule::each) {
        field.reading = one_per_agency(field.live);
    } else {
        Values said;
        said.reserve(field.live.size() + field.replaced.size());
        for (const Said& each : field.live) said.push_back(&each.value);
        switch (rule.rule) {
        case Rule::set: field.reading = ascending(said, /*distinct=*/true); break;
        case Rule::ledger: field.reading = ascending(said, /*distinct=*/false); break;
        case Rule::strictest: field.reading = strictest(rule, said); break;
        default:
            for (const Said& each : field.replaced) said.push_back(&each.value);
            read_status(rule, said, field);
        }
    }
    if (rule.type == FieldType::code) flag_unknown_codes(schema, rule, field);
}

} // namespace safar
