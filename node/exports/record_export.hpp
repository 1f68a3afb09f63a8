// The records of one kind, folded a few thousand at a time in the order in which they were derived,
// and as lines of a file. docs/exports.md.
#pragma once

#include "node/exports/content.hpp"
#include "node/exports/hxl.hpp"
#include "node/registry/node.hpp"
#include "storage/column/columns.hpp"

#include <boost/json.hpp>

namespace safar {

class RecordExport {
public:
    // Errors: invalid_argument (kind, filters), not_permitted (a compartment not held here).
    [[nodiscard]] static Result<RecordExport> open(Node& node, const StatisticsQuery& query);

    [[nodiscard]] const Schema& schema() const { return *schema_; }
    [[nodiscard]] const Kind& kind() const { return *kind_; }
    [[nodiscard]] const std::string& compartment() const { return compartment_; }
    // Empty: the end. Errors: storage_*; busy, where derived state began again since it was opened
    // and records may be missing: export again.
    [[nodiscard]] Result<std::vector<Folded>> next();

private:
    explicit RecordExport(Node& node) : node_(&node) {}
    Node* node_;
    std::shared_ptr<const Schema> schema_;
    const Kind* kind_ = nullptr;
    std::string compartment_;
    std::uint64_t generation_ = 0; // of derived state, when it was opened
    std::vector<RecordId> ids_;
    std::size_t at_ = 0;
};

// A field of the file; withheld: its cells are empty, and why.
struct ExportColumn {
    const Field* field = nullptr;
    std::string withheld;
};

[[nodiscard]] std::string csv_header(const std::vector<ExportColumn>& columns);
[[nodiscard]] std::string csv_tags(const HxlTags& tags, const Kind& kind,
                                   const std::vector<ExportColumn>& columns);
[[nodiscard]] std::string csv_record(const Kind& kind, const std::vector<ExportColumn>& columns,
                                     const Folded& record);
// {id, kind, fields: {name: text, or list}, said: [{field, value, agency, at, source}]}
[[nodiscard]] boost::json::object
json_record(const Kind& kind, const std::vector<ExportColumn>& columns, const Folded& record);

} // namespace safar
