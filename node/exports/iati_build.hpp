// IATI 2.03 activities of programmes, built from the records that the map names. docs/exports.md.
#pragma once

#include "node/exports/iati_map.hpp"
#include "node/registry/node.hpp"

namespace safar {

struct IatiRequest {
    std::vector<RecordId> programmes; // none: every programme held
    ClaimedTime now;
    // May records of the compartment be read for this? An error refuses the export: half a
    // programme is none.
    std::function<Result<>(std::string_view compartment)> enter;
    // May it be asked which records of the kind read so? A filter of the map tells as much as a
    // value does. An error refuses the export.
    std::function<Result<>(const Kind& kind, const StatisticsQuery& query,
                           std::string_view compartment)>
        ask_about;
    // May the field go out? What may not is left out, and the rules then say what is missing.
    std::function<bool(const Field& field, std::string_view compartment)> shows;
};

// The whole document. Says what the records say, right or wrong: check_iati() judges it.
// Errors: invalid_argument (not a programme), not_found, not_permitted, storage_*.
[[nodiscard]] Result<std::string> build_iati(Node& node, const IatiMap& map,
                                             const IatiRequest& request);

} // namespace safar
