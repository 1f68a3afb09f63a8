#include "tests/sim/model.hpp"

#include <algorithm>

namespace safar::sim {
namespace {

enum class Reads { single, set, each, status, strictest, ledger };
struct Rule {
    std::byte type;
    Reads reads;
};
const std::map<std::uint16_t, Rule> rules = {
    {1, {std::byte{1}, Reads::single}},    {2, {std::byte{1}, Reads::set}},
    {3, {std::byte{1}, Reads::each}},      {4, {std::byte{3}, Reads::status}},
    {5, {std::byte{3}, Reads::strictest}}, {6, {std::byte{5}, Reads::ledger}},
    {7, {std::byte{2}, Reads::single}}};

struct Said {
    Raw dot, value;
    std::string agency;
    bool live = true;
};

std::string code_of(const Raw& value) { // u8 type, u32 size, text
    std::string out;
    for (std::size_t i = 5; i < value.size(); ++i) out += static_cast<char>(value[i]);
    return out;
}
Raw coded(const std::string& code) {
    Raw out{std::byte{3}, static_cast<std::byte>(code.size()), std::byte{0}, std::byte{0},
            std::byte{0}};
    for (char c : code) out.push_back(static_cast<std::byte>(c));
    return out;
}

// Stages: open, then decided or held, then done. A stage counts where the ones that lead to it were
// said.
Raw status_of(const std::vector<Said>& all) {
    std::set<std::string> said;
    for (const Said& each : all) said.insert(code_of(each.value));
    const bool decided = said.contains("decided"), held = said.contains("held");
    if (said.contains("done") && (decided || held)) return coded("done");
    return coded(held ? "held" : decided ? "decided" : "open");
}

int strictness(const Raw& value) {
    const std::string code = code_of(value);
    return code == "all" ? 0 : code == "some" ? 1 : code == "none" ? 2 : 3;
}

ModelField read_field(const Rule& rule, std::vector<Said> all,
                      const std::map<std::string, int>& rank) {
    ModelField out;
    std::vector<Said> live;
    for (const Said& each : all)
        if (each.live) {
            out.live.insert(each.dot);
            live.push_back(each);
        }
    if (rule.reads == Reads::status) {
        out.reading.insert(status_of(all));
        return out;
    }
    if (live.empty()) return out;
    auto order = [&](const Said& said) {
        auto found = rank.find(said.agency);
        return std::pair(found == rank.end() ? 1 << 20 : found->second,
                         plain_hash("preference", {said.dot, said.value}));
    };
    std::sort(live.begin(), live.end(),
              [&](const Said& a, const Said& b) { return order(a) < order(b); });
    std::set<std::string> agencies;
    const Said* strictest = &live[0];
    for (const Said& each : live) {
        if (rule.reads == Reads::ledger) out.reading.insert(each.value);
        if (rule.reads == Reads::set && !out.reading.contains(each.value))
            out.reading.insert(each.value);
        if (rule.reads == Reads::each && agencies.insert(each.agency).second)
            out.reading.insert(each.value);
        const auto key = [](const Said& s) {
            return std::pair(strictness(s.value), code_of(s.value));
        };
        if (rule.reads == Reads::strictest && key(*strictest) < key(each)) strictest = &each;
    }
    if (rule.reads == Reads::strictest) out.reading.insert(strictest->value);
    if (rule.reads == Reads::single) {
        out.first = live[0].value;
        out.reading.insert(out.first);
    }
    return out;
}

} // namespace

std::map<Raw, ModelRecord> model_fold(const std::vector<PlainEvent>& events,
                                      const std::map<std::string, int>& rank, bool later_known) {
    std::map<Raw, std::vector<const PlainEvent*>> records;
    for (const PlainEvent& event : events)
        if (event.readable && event.kind >= 1 && event.kind <= 6)
            records[event.record].push_back(&event);
    std::map<Raw, ModelRecord> out;
    for (const auto& [record, all] : records) {
        ModelRecord& model = out[record];
        model.kind = (*std::min_element(all.begin(), all.end(), [](auto* a, auto* b) {
                         return a->kind < b->kind;
                     }))->kind;
        std::map<std::uint16_t, std::vector<Said>> fields;
        std::map<Raw, std::set<const PlainEvent*>> replaced; // by dot
        for (const PlainEvent* event : all) {
            if (event->kind != model.kind) continue;
            for (const Raw& dot : event->replaces) replaced[dot].insert(event);
        }
        std::map<const PlainEvent*, std::set<std::uint16_t>> wrong;
        for (bool second : {false, true})
            for (const PlainEvent* event : all) {
                if (event->kind != model.kind) continue;
                for (std::size_t i = 0; i < event->assertions.size(); ++i) {
                    const PlainAssertion& said = event->assertions[i];
                    auto rule = rules.find(said.field);
                    if (rule == rules.end() || (said.field == 7 && !later_known)) continue;
                    if (said.value[0] != rule->second.type) {
                        wrong[event].insert(said.field);
                        continue;
                    }
                    if (!second) continue;
                    Said one{event->dot(i), said.value, event->agency, true};
                    for (const PlainEvent* by : replaced[one.dot])
                        if (by != event && !wrong[by].contains(said.field)) one.live = false;
                    fields[said.field].push_back(std::move(one));
                }
            }
        for (auto& [field, said] : fields)
            model.fields[field] = read_field(rules.at(field), std::move(said), rank);
    }
    return out;
}

} // namespace safar::sim
