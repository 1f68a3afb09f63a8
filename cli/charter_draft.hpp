// What a draft is made of: enrolments, compartments, schema and code lists.
#pragma once

#include "node/charter/charter.hpp"

namespace safar::cli {

struct DraftOptions {
    std::string network;
    std::vector<std::string> stewards;
    std::uint32_t quorum = 1;
    std::string compartments;            // file; empty: usual_compartments()
    std::string schema, codes;           // directories; empty: where this installation keeps them
    std::vector<std::string> enrolments; // files
};

// The unsigned charter. Errors: of files and of the charter's own checks; invalid_argument for a
// kind that the schema does not have.
[[nodiscard]] Result<std::string> draft_charter(const DraftOptions& options);

// Kinds and whole code lists from the folders named; empty: from where this installation keeps
// them.
[[nodiscard]] Result<std::vector<NamedText>> charter_documents(const std::string& schema,
                                                               const std::string& codes);

// Compartments that every agency writes and reads: movement, emigration, return, protection,
// exchange, programme and network, as far as the schema has kinds for them; other: its further
// kinds.
[[nodiscard]] std::vector<CharterCompartment>
usual_compartments(const std::vector<std::string>& agencies, const Schema& schema);

} // namespace safar::cli
