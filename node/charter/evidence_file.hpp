// A fork's proof as a file for people outside the network: who signed what twice. It verifies with
// the key that stands in it; whether that key was the agency's, a charter says.
#pragma once

#include "node/charter/notice.hpp"

namespace safar {

struct EvidenceFile {
    std::string agency, compartment;
    NodeId node;
    PublicKey key_a, key_b; // equal, unless the node changed keys between the two
    ForkEvidence fork;
};

// Errors: not_found (no epoch of the chain knows the log or a key).
[[nodiscard]] Result<EvidenceFile> make_evidence_file(const ForkEvidence& fork,
                                                      const Epochs& epochs);
[[nodiscard]] std::string write_evidence_file(const EvidenceFile& evidence); // TOML
// Parses and verifies everything that the file alone can show: two different headers at one place
// of the log that node and compartment name, each signed by the key given. Errors: malformed,
// non_canonical, bad_signature, invalid_argument with line and key.
[[nodiscard]] Result<EvidenceFile> verify_evidence_file(std::string_view text);

} // namespace safar
