// The part of RowMapper that runs once a file: columns found, constants read.
#include "node/imports/cells.hpp"
#include "node/imports/row_mapper.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t unbound = ~std::size_t{0};

} // namespace

std::size_t RowMapper::column(const std::string& name, std::vector<std::string>& missing) const {
    auto at = std::ranges::find(header_, name);
    if (at == header_.end()) {
        if (std::ranges::find(missing, name) == missing.end()) missing.push_back(name);
        return unbound;
    }
    return static_cast<std::size_t>(at - header_.begin());
}

Result<> RowMapper::bind_columns(const ImportRequest& request) {
    std::vector<std::string> missing;
    auto bind_all = [&](const std::vector<std::string>& names) {
        std::vector<std::size_t> out;
        for (const std::string& name : names) out.push_back(column(name, missing));
        return out;
    };
    auto bind_tests = [&](const std::vector<RowTest>& tests, std::vector<BoundTest>& out) {
        for (const RowTest& test : tests) {
            out.push_back({&test, bind_all(test.columns)});
            if (!test.columns.empty()) continue;
            for (std::size_t i = 0; i < header_.size(); ++i) out.back().columns.push_back(i);
        }
    };
    id_columns_ = bind_all(profile_.id_columns);
    if (profile_.id_all_cells)
        for (std::size_t i = 0; i < header_.size(); ++i) id_columns_.push_back(i);
    bind_tests(profile_.drop_if, drop_if_);
    bind_tests(profile_.keep_if, keep_if_);
    if (!profile_.expand.empty()) expand_column_ = column(profile_.expand, missing);
    if (!profile_.quality_column.empty())
        quality_column_ = column(profile_.quality_column, missing);
    auto absent = [&](const std::string& name) {
        return std::ranges::find(header_, name) == header_.end();
    };
    for (const FieldMap& map : profile_.maps) {
        if (map.optional && std::ranges::any_of(map.columns, absent)) continue;
        BoundMap bound;
        bound.map = &map;
        bound.field = kind_->field(std::string_view(map.field));
        bound.columns = bind_all(map.columns);
        maps_.push_back(std::move(bound));
    }
    if (!missing.empty())
        return failure(ErrorCode::invalid_argument,
                       request.profile_name + ": " + request.file_name + " has no column " +
                           listed(missing, /*count_max=*/8) + "; its columns are " +
                           listed(header_, /*count_max=*/40) + ". Is this the right profile?");
    for (const ImportRequest::Filter& filter : request.where) {
        filters_.push_back({column(filter.column, missing), filter.value});
        if (!missing.empty())
            return failure(ErrorCode::invalid_argument,
                           "where: no column " + quoted(filter.column) + "; the file has " +
                               listed(header_, /*count_max=*/40));
    }
    return success();
}

Result<> RowMapper::bind_maps(const ImportRequest& request) {
    std::ranges::stable_sort(maps_, {}, [](const BoundMap& bound) { return bound.field->tag; });
    for (BoundMap& bound : maps_) {
        const FieldMap& map = *bound.map;
        FieldType type = bound.field->type;
        // Texts and points hardly repeat: looking them up would only cost memory.
        bound.cached = type != FieldType::text && type != FieldType::point;
        if (!map.source.empty()) {
            auto compartment = request.compartment_of(bound.field->to_kind);
            if (!compartment)
                return failure(
                    ErrorCode::invalid_argument,
                    request.profile_name + ": kind " + quoted(bound.field->to_kind) +
                        " has no compartment in the charter, so no record of it can be named");
            bound.reference_compartment = *compartment;
        }
        bool constant = map.columns.empty() && !map.digest;
        if (!constant) continue;
        bound.constant =
            read_text(bound, map.file.empty() ? map.value : fill_template(map.file, captures_));
        if (!bound.constant.error.empty())
            return failure(ErrorCode::invalid_argument,
                           request.profile_name + ":" + std::to_string(map.line) + ": field " +
                               map.field + ": " + bound.constant.error);
    }
    return success();
}

Result<std::unique_ptr<RowMapper>> RowMapper::bind(const ImportRequest& request, Profile profile,
                                                   std::shared_ptr<const Schema> schema,
                                                   const CsvRow& header) {
    std::unique_ptr<RowMapper> mapper(new RowMapper(std::move(profile), std::move(schema)));
    RowMapper& out = *mapper;
    out.kind_ = out.schema_->kind(std::string_view(out.profile_.kind));
    SAFAR_ASSERT(out.kind_);
    for (std::string_view cell : header.cells) out.header_.emplace_back(trimmed(cell));
    SAFAR_TRY(out.captures_, read_file_name(out.profile_, request.file_name));
    if (!out.captures_.empty()) {
        out.edition_ = fill_template(out.profile_.edition, out.captures_);
        out.id_prefix_ = fill_template(out.profile_.id_file, out.captures_);
    }
    if (const Field* at = out.kind_->field(std::string_view(out.profile_.at)))
        out.at_tag_ = at->tag;
    SAFAR_TRY(out.bind_columns(request));
    SAFAR_TRY(out.bind_maps(request));
    return mapper;
}

const std::string& RowMapper::column_name(std::size_t index) const {
    static const std::string none;
    return index < header_.size() ? header_[index] : none;
}

} // namespace safar
