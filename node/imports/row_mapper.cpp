#include "node/imports/row_mapper.hpp"

#include "node/imports/cells.hpp"
#include "storage/base/limits.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t cache_entries_max =
    65536;                             // a column; bounds memory where cells do not repeat
constexpr char key_separator = '\x1f'; // ASCII unit separator: in no cell that people typed

// Which row an agency read: 32 hex digits over the cells as written.
std::string row_digest(const CsvRow& row) {
    Hasher hasher("import-row");
    for (std::string_view cell : row.cells) {
        Bytes size;
        ByteWriter(size).integer(static_cast<std::uint32_t>(cell.size()));
        hasher.add(size);
        hasher.add(as_bytes(cell));
    }
    return hasher.finish().hex().substr(0, 32);
}

} // namespace

bool RowMapper::passes(const BoundTest& bound, const CsvRow& row) {
    const RowTest& test = *bound.test;
    return std::ranges::any_of(bound.columns, [&](std::size_t index) {
        std::string_view cell = trimmed(row.cells[index]);
        if (test.above) {
            auto number = read_number(cell);
            if (number && *number > *test.above) return true;
        }
        if (test.ignore_case) {
            lowered_.assign(cell);
            std::ranges::transform(lowered_, lowered_.begin(), ascii_lower_of);
            cell = lowered_;
        }
        if (std::ranges::find(test.equals, cell) != test.equals.end()) return true;
        return std::ranges::any_of(test.contains, [&](const std::string& part) {
            return cell.find(part) != std::string_view::npos;
        });
    });
}

bool RowMapper::is_wanted(const CsvRow& row) {
    for (const BoundFilter& filter : filters_)
        if (trimmed(row.cells[filter.column]) != filter.value) return false;
    for (const BoundTest& test : keep_if_)
        if (!passes(test, row)) return false;
    for (const BoundTest& test : drop_if_)
        if (passes(test, row)) return false;
    return true;
}

bool RowMapper::count_copies(const CsvRow& row, MappedRow& out, ImportReject& reject) const {
    out.copies = 1;
    if (!expand_column_) return true;
    std::string_view cell = trimmed(row.cells[*expand_column_]);
    auto number = read_number(cell);
    if (number && *number >= 0 && *number <= copies_max) {
        out.copies = static_cast<std::uint64_t>(*number);
        return true;
    }
    reject.column = column_name(*expand_column_);
    reject.reason =
        quoted(cell) + " is no number of records from 0 to " + std::to_string(copies_max);
    return false;
}

bool RowMapper::name_record(const CsvRow& row, MappedRow& out, ImportReject& reject) const {
    std::string& id = out.external_id;
    id = id_prefix_;
    bool any = false;
    for (std::size_t i = 0; i < id_columns_.size(); ++i) {
        std::string_view cell = trimmed(row.cells[id_columns_[i]]);
        any = any || !cell.empty();
        if (i > 0 || !id_prefix_.empty()) id += key_separator;
        id += cell;
    }
    if (!any && !profile_.id_all_cells) {
        reject.column = column_name(id_columns_.front());
        reject.reason = "is empty, so the row names no record";
        return false;
    }
    if (profile_.id_ignore_case) std::ranges::transform(id, id.begin(), ascii_lower_of);
    return true;
}

std::string_view RowMapper::joined(const BoundMap& bound, const CsvRow& row) {
    if (bound.columns.size() == 1) return row.cells[bound.columns.front()];
    joined_.clear();
    for (std::size_t index : bound.columns) {
        std::string_view cell = trimmed(row.cells[index]);
        if (cell.empty()) continue;
        if (!joined_.empty()) joined_ += ' ';
        joined_ += cell;
    }
    return joined_;
}

RowMapper::Cell RowMapper::read_text(const BoundMap& bound, std::string_view text) const {
    Cell out;
    const FieldMap& map = *bound.map;
    if (!map.source.empty()) {
        std::string_view id = trimmed(text);
        if (!id.empty())
            out.values.emplace_back(
                Reference{derived_record_id(map.source, id, bound.reference_compartment,
                                            bound.field->to_kind, /*occurrence=*/0)});
        return out;
    }
    Result<std::vector<Value>> values = read_cell(*schema_, *bound.field, map, text);
    if (values)
        out.values = std::move(values).value();
    else
        out.error = std::move(values).error().detail;
    return out;
}

const RowMapper::Cell& RowMapper::read(BoundMap& bound, const CsvRow& row) {
    if (bound.map->digest) {
        scratch_ = {{Value(Text{row_digest(row)})}, {}};
        return scratch_;
    }
    if (bound.columns.empty()) return bound.constant;
    std::string_view text = joined(bound, row);
    if (bound.cached) {
        if (auto at = bound.cache.find(text); at != bound.cache.end()) return at->second;
        if (bound.cache.size() < cache_entries_max)
            return bound.cache.emplace(std::string(text), read_text(bound, text)).first->second;
    }
    scratch_ = read_text(bound, text);
    return scratch_;
}

bool RowMapper::fill_body(const CsvRow& row, EventBody& body, ImportReject& reject) {
    std::vector<Assertion>& said = body.assertions;
    for (BoundMap& bound : maps_) {
        std::uint16_t tag = bound.field->tag;
        bool set = bound.field->rule == Rule::set;
        bool again = !said.empty() && said.back().field == tag;
        if (again && !set) continue; // an earlier map of this field has spoken
        const Cell& cell = read(bound, row);
        if (!cell.error.empty()) {
            if (!bound.columns.empty()) reject.column = column_name(bound.columns.front());
            reject.reason = cell.error;
            return false;
        }
        for (const Value& value : cell.values) {
            Assertion assertion{tag, value};
            if (!set || std::ranges::find(said, assertion) == said.end())
                said.push_back(std::move(assertion));
        }
    }
    if (at_tag_ != 0) {
        auto at = std::ranges::find(said, at_tag_, &Assertion::field);
        if (at != said.end()) body.at = claimed_time(std::get<Date>(at->value));
    }
    // Sets as well: equal rows give equal bytes.
    if (!std::ranges::is_sorted(said)) std::ranges::sort(said);
    return true;
}

bool RowMapper::read_quality(const CsvRow& row, EventBody& body, ImportReject& reject) const {
    body.quality = profile_.quality;
    if (!quality_column_) return true;
    std::string_view cell = trimmed(row.cells[*quality_column_]);
    if (cell.empty()) return true;
    auto number = read_number(cell);
    if (number && *number >= 0 && *number <= 5) {
        body.quality = static_cast<std::uint8_t>(*number);
        return true;
    }
    reject.column = column_name(*quality_column_);
    reject.reason = quoted(cell) + " is no quality from 0 to 5";
    return false;
}

bool RowMapper::check_required(const EventBody& body, ImportReject& reject) const {
    for (const Field& field : kind_->fields) {
        if (!field.required) continue;
        if (std::ranges::find(body.assertions, field.tag, &Assertion::field) !=
            body.assertions.end())
            continue;
        auto bound = std::ranges::find(maps_, &field, &BoundMap::field);
        if (bound != maps_.end() && !bound->columns.empty())
            reject.column = column_name(bound->columns.front());
        reject.reason = "is empty, and field " + field.name + " is required";
        return false;
    }
    return true;
}

RowMapper::Verdict RowMapper::map(const CsvRow& row, MappedRow& out, ImportReject& reject) {
    if (row.cells.size() != header_.size()) {
        reject.reason = "has " + std::to_string(row.cells.size()) + " cells, the header has " +
                        std::to_string(header_.size());
        return Verdict::reject;
    }
    if (row.raw.size() > limits::event_bytes_max / 2) {
        reject.reason = "has " + std::to_string(row.raw.size()) + " bytes; at most " +
                        std::to_string(limits::event_bytes_max / 2) + " fit one event";
        return Verdict::reject;
    }
    if (!is_wanted(row)) return Verdict::skip;
    out.body = {};
    EventBody& body = out.body;
    if (!count_copies(row, out, reject)) return Verdict::reject;
    if (out.copies == 0) return Verdict::skip;
    if (!name_record(row, out, reject) || !fill_body(row, body, reject) ||
        !read_quality(row, body, reject) || !check_required(body, reject))
        return Verdict::reject;
    body.kind = kind_->tag;
    body.verb = profile_.verb;
    body.source = profile_.source;
    body.edition = edition_;
    return Verdict::record;
}

} // namespace safar
