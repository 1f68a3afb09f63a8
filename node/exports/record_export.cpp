#include "node/exports/record_export.hpp"

#include "node/exports/cell.hpp"
#include "node/registry/command_check.hpp"
#include "node/registry/event_reader.hpp"
#include "node/registry/iso_time.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t records_at_a_time = 2048;

namespace json = boost::json;

void end_row(std::string& out) { out += '\n'; }

} // namespace

Result<RecordExport> RecordExport::open(Node& node, const StatisticsQuery& query) {
    RecordExport out(node);
    out.generation_ = node.derived().generation();
    SAFAR_TRY(node.await_own_writes());
    out.schema_ = node.derived().schema();
    SAFAR_TRY(out.kind_, find_kind(*out.schema_, query.kind));
    SAFAR_TRY(const CharterCompartment* compartment,
              readable_compartment(*node.charter(), query.kind, node.agency()));
    out.compartment_ = compartment->name;
    SAFAR_TRY(out.ids_, node.derived().find(query, std::numeric_limits<std::uint32_t>::max()));
    return out;
}

Result<std::vector<Folded>> RecordExport::next() {
    std::vector<Folded> out;
    while (out.empty() && at_ < ids_.size()) {
        std::vector<RecordId> ids(ids_.begin() + static_cast<std::ptrdiff_t>(at_),
                                  ids_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                     at_ + records_at_a_time, ids_.size())));
        at_ += ids.size();
        SAFAR_TRY(auto entries, node_->derived().entries(ids));
        std::vector<const RecordEntry*> held;
        std::vector<RecordId> held_ids;
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (entries[i]) {
                held.push_back(&*entries[i]);
                held_ids.push_back(ids[i]);
            }
        SAFAR_TRY(auto events, read_events(node_->log(), held));
        const auto authority = node_->authority();
        for (std::size_t i = 0; i < held.size(); ++i) {
            Folded record = fold(*schema_, *authority, held_ids[i], events[i]);
            if (record.kind == kind_->tag) out.push_back(std::move(record));
        }
    }
    if (node_->derived().generation() != generation_)
        return failure(ErrorCode::busy,
                       "derived state began again while records were exported: export again");
    return out;
}

std::string csv_header(const std::vector<ExportColumn>& columns) {
    std::string out = "id,kind";
    for (const ExportColumn& column : columns) {
        out += ',';
        append_csv(out, column.field->name + (column.withheld.empty() ? "" : ":withheld"));
    }
    end_row(out);
    return out;
}

std::string csv_tags(const HxlTags& tags, const Kind& kind,
                     const std::vector<ExportColumn>& columns) {
    // The hashtag in the first cell is what tells this row from a record.
    std::string out = tags.of_column("id").empty() ? "#meta+id" : tags.of_column("id");
    out += ',';
    out += tags.of_column("kind");
    for (const ExportColumn& column : columns) {
        out += ',';
        if (column.withheld.empty()) append_csv(out, tags.of(kind, *column.field));
    }
    end_row(out);
    return out;
}

std::string csv_record(const Kind& kind, const std::vector<ExportColumn>& columns,
                       const Folded& record) {
    std::string out = show_id(record.id) + ",";
    append_csv(out, kind.name);
    for (const ExportColumn& column : columns) {
        out += ',';
        const FoldedField* field = record.field(column.field->tag);
        if (field == nullptr || !column.withheld.empty()) continue;
        append_csv(out,
                   write_cell(reading_texts(*column.field, *field), holds_many(*column.field)));
    }
    end_row(out);
    return out;
}

json::object json_record(const Kind& kind, const std::vector<ExportColumn>& columns,
                         const Folded& record) {
    json::object fields;
    json::array said;
    for (const ExportColumn& column : columns) {
        const FoldedField* field = record.field(column.field->tag);
        if (field == nullptr || field->reading.empty() || !column.withheld.empty()) continue;
        std::vector<std::string> texts = reading_texts(*column.field, *field);
        if (holds_many(*column.field))
            fields[column.field->name] = json::value_from(texts);
        else
            fields[column.field->name] = texts.front();
        for (const Said& one : field->live)
            said.push_back(json::object{{"field", column.field->name},
                                        {"value", show_value(one.value)},
                                        {"agency", one.agency},
                                        {"at", show_time(one.at)},
                                        {"source", one.source}});
    }
    return {{"id", show_id(record.id)},
            {"kind", kind.name},
            {"fields", std::move(fields)},
            {"said", std::move(said)}};
}

} // namespace safar
