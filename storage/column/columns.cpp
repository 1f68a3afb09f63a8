#include "storage/column/columns.hpp"

#include "storage/column/columns_state.hpp"
#include "storage/record/lattice.hpp"

#include <algorithm>

namespace safar {
namespace {

bool is_personal(const Field& field) {
    return field.sensitivity == Sensitivity::personal ||
           field.sensitivity == Sensitivity::sensitive;
}

bool held_as_number(FieldType type) {
    return type == FieldType::integer || type == FieldType::flag || type == FieldType::date;
}

void mark(std::vector<std::uint8_t>& dirty, Row row) {
    std::size_t segment = row / segment_rows;
    if (dirty.size() <= segment) dirty.resize(segment + 1);
    dirty[segment] = 1;
}

std::uint64_t magnitude(std::int64_t number) {
    auto bits = static_cast<std::uint64_t>(number);
    return number < 0 ? ~bits + 1 : bits;
}

// Adds without overflow: at the end of the range it stays, and count() reports the sum as too
// large.
std::int64_t add_clamped(std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    if (!__builtin_add_overflow(a, b, &out) && out != measure_absent) return out;
    return a < 0 ? measure_absent + 1 : std::numeric_limits<std::int64_t>::max();
}

} // namespace

Columns::State::State(const Kind& from) : kind(from) {
    auto add_dimension = [&](std::string name, const Field& field, bool named, bool currency) {
        bool numbers = !currency && held_as_number(field.type);
        dimensions.push_back({std::move(name),
                              &field,
                              named,
                              currency,
                              Dictionary(numbers),
                              {},
                              {},
                              1,
                              Dictionary(/*numbers=*/false),
                              {0}});
        return static_cast<int>(dimensions.size() - 1);
    };
    for (const Field& field : kind.fields) {
        if (slots.size() <= field.tag) slots.resize(field.tag + 1u);
        Slot& slot = slots[field.tag];
        slot.field = &field;
        if (is_personal(field)) continue;
        bool is_time = field.name == kind.time_field && field.type == FieldType::date;
        if (field.role == Role::dimension || is_time)
            slot.dimension = add_dimension(field.name, field, field.role == Role::dimension, false);
        if (is_time) time = slot.dimension;
        if (field.role != Role::measure) continue;
        slot.measure = static_cast<int>(measures.size());
        measures.push_back({field.name, &field, {}, {}, 0, -1});
        if (field.type == FieldType::money)
            measures.back().currency = add_dimension(field.name + ".currency", field, true, true);
    }
    staged.resize(dimensions.size());
    several.resize(dimensions.size());
    staged_measures.resize(measures.size());
    asserted.resize(slots.size());
}

const Dimension* Columns::State::dimension(std::string_view name) const {
    auto at = std::ranges::find_if(
        dimensions, [&](const Dimension& each) { return each.named && each.name == name; });
    return at == dimensions.end() ? nullptr : &*at;
}

void Columns::State::begin() {
    std::ranges::fill(staged, 0);
    std::ranges::fill(staged_measures, measure_absent);
    std::ranges::fill(asserted, 0);
    for (auto& codes : several) codes.clear();
}

void Columns::State::grow(Row rows) {
    if (ids.size() >= rows) return;
    ids.resize(rows);
    alive.resize(rows);
    origin_log.resize(rows);
    origin_at.resize(rows);
    for (Dimension& each : dimensions) each.codes.resize(rows);
    for (Measure& each : measures) each.values.resize(rows, measure_absent);
}

void Columns::State::store(Row row, const RecordId& id) {
    grow(row + 1);
    bool fresh = alive[row] == 0;
    if (fresh || ids[row] != id) {
        records += fresh ? 1 : 0;
        alive[row] = 1;
        ids[row] = id;
        mark(dirty, row);
    }
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        Dimension& each = dimensions[i];
        if (!several[i].empty()) staged[i] = each.values.of_parts(several[i]);
        if (!fresh && each.codes.get(row) == staged[i]) continue;
        each.codes.set(row, staged[i]);
        mark(each.dirty, row);
    }
    for (std::size_t i = 0; i < measures.size(); ++i) {
        Measure& each = measures[i];
        if (!fresh && each.values[row] == staged_measures[i]) continue;
        each.values[row] = staged_measures[i];
        if (staged_measures[i] != measure_absent)
            each.magnitude_max = std::max(each.magnitude_max, magnitude(staged_measures[i]));
        mark(each.dirty, row);
    }
}

Code32 Columns::State::read_status(Dimension& dimension, std::string_view state) {
    Code32 said = dimension.said.of_text(state);
    if (said != 0 && said < dimension.reads_as.size()) return dimension.reads_as[said];
    const std::string_view alone[] = {state};
    Code32 code = dimension.values.of_text(join_status(dimension.field->lattice, alone).state);
    if (said != 0) dimension.reads_as.push_back(code);
    return code;
}

Code32 Columns::State::code_of(Dimension& dimension, const AssertionView& value) {
    if (dimension.currency) return dimension.values.of_text(value.text);
    switch (dimension.field->type) {
    case FieldType::text:
    case FieldType::code: return dimension.values.of_text(value.text);
    case FieldType::integer:
    case FieldType::flag: return dimension.values.of_number(value.number);
    case FieldType::date:
        return dimension.values.of_number(pack_date(value.number, value.precision));
    default: return dimension.values.of_text(show_value(value_of(value)));
    }
}

void Columns::State::stage_measure(const Slot& slot, const AssertionView& value) {
    std::int64_t& staged_value = staged_measures[static_cast<std::size_t>(slot.measure)];
    std::int64_t number = value.number == measure_absent ? measure_absent + 1 : value.number;
    staged_value = staged_value == measure_absent ? number : add_clamped(staged_value, number);
    int currency = measures[static_cast<std::size_t>(slot.measure)].currency;
    if (currency < 0) return;
    auto at = static_cast<std::size_t>(currency);
    several[at].push_back(code_of(dimensions[at], value));
}

// One assertion of the only event. False: a field comes twice and which value counts depends on
// dots.
bool Columns::State::stage(const Slot& slot, const AssertionView& value) {
    if (slot.dimension < 0 && slot.measure < 0) return true;
    Rule rule = slot.field->rule;
    bool adds_up = rule == Rule::ledger || (rule == Rule::set && slot.measure < 0);
    std::uint8_t& seen = asserted[slot.field->tag];
    if (seen != 0 && !adds_up) return false;
    seen = 1;
    if (slot.measure >= 0) stage_measure(slot, value);
    if (slot.dimension < 0) return true;
    auto at = static_cast<std::size_t>(slot.dimension);
    Dimension& dimension = dimensions[at];
    if (rule == Rule::status && slot.field->type == FieldType::code)
        staged[at] = read_status(dimension, value.text);
    else if (adds_up)
        several[at].push_back(code_of(dimension, value));
    else
        staged[at] = code_of(dimension, value);
    return true;
}

void Columns::State::stage_reading(const Slot& slot, const std::vector<Value>& reading) {
    Rule rule = slot.field->rule;
    for (std::size_t i = 0; i < reading.size(); ++i) {
        AssertionView value = view_of(slot.field->tag, reading[i]);
        // Of several opinions on a number the preferred one counts; postings add up.
        if (slot.measure >= 0 && (i == 0 || rule == Rule::ledger || rule == Rule::set))
            stage_measure(slot, value);
        if (slot.dimension < 0) continue;
        auto at = static_cast<std::size_t>(slot.dimension);
        several[at].push_back(code_of(dimensions[at], value));
    }
}

Columns::Columns(const Kind& kind) : state_(std::make_shared<State>(kind)) {}

void Columns::set(Row row, const Folded& record) {
    State& state = *state_;
    state.begin();
    for (const FoldedField& field : record.fields)
        if (field.field < state.slots.size())
            if (const State::Slot& slot = state.slots[field.field]; slot.field != nullptr)
                state.stage_reading(slot, field.reading);
    state.store(row, record.id);
}

bool Columns::set_single(Row row, const RecordId& id, const BodyView& body) {
    State& state = *state_;
    state.begin();
    for (const AssertionView& value : body.assertions) {
        if (value.field >= state.slots.size()) continue;
        const State::Slot& slot = state.slots[value.field];
        // An ill-typed or unknown value is without effect, as in the fold.
        if (slot.field == nullptr || value.type != static_cast<std::uint8_t>(slot.field->type))
            continue;
        if (!state.stage(slot, value)) return false;
    }
    state.store(row, id);
    return true;
}

void Columns::clear(Row row) {
    State& state = *state_;
    if (row >= state.ids.size() || state.alive[row] == 0) return;
    state.alive[row] = 0;
    --state.records;
    mark(state.dirty, row);
}

Origin Columns::origin(Row row) const { return {state_->origin_log[row], state_->origin_at[row]}; }

void Columns::set_origin(Row row, Origin origin) {
    if (this->origin(row) == origin) return;
    state_->origin_log[row] = origin.log;
    state_->origin_at[row] = origin.at;
    mark(state_->dirty, row);
}

Row Columns::rows() const { return static_cast<Row>(state_->ids.size()); }
std::uint64_t Columns::records() const { return state_->records; }

const RecordId* Columns::id(Row row) const {
    return row < state_->ids.size() && state_->alive[row] != 0 ? &state_->ids[row] : nullptr;
}

} // namespace safar
