// Makes a bundle for another agency: what a session with it would carry, in a file.
#pragma once

#include "node/registry/node.hpp"
#include "sync/bundle/bundle_writer.hpp"

namespace safar {

// Epochs, notices, and of each compartment that both agencies may hold the frontier and the
// batches; no batches for an agency that is suspended as a whole, or of a node that is.
// `since_last`: only batches beyond the last bundle made for it. What a bundle contained is
// remembered once the sink has taken all of it; a bundle that is lost later is made good by one
// without `since_last`. Errors: not_found (no such agency); those of the log and the sink: nothing
// is remembered then, and where bytes went out the bundle ends with the reason instead of a
// goodbye.
[[nodiscard]] Result<> make_bundle(Node& node, const std::string& agency, bool since_last,
                                   BundleWriter::Sink sink);

// Compartments whose batches may go into a bundle for `agency`, ascending.
[[nodiscard]] std::vector<std::string>
bundle_compartments(const CharterState& state, const NodeId& self, std::string_view agency);

} // namespace safar
