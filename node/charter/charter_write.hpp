// How a charter is spelled; shared by drafting, signing and the check of canonical signatures.
#pragma once

#include "node/charter/charter.hpp"
#include "node/charter/strict_toml.hpp"

namespace safar {

[[nodiscard]] std::string write_cuts(std::span<const CharterCut> cuts);
[[nodiscard]] std::string write_signatures(std::span<const CharterSignature> signatures);

// The keys of a cut that charters and suspensions share; whoever calls it ends the reader.
[[nodiscard]] CharterCut read_cut(TomlReader& in);

} // namespace safar
