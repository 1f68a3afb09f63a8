// How a charter is spelled; shared by drafting, signing and the check of canonical signatures.
#pragma once

#include "node/charter/charter.hpp"

namespace safar {

[[nodiscard]] std::string write_signatures(std::span<const CharterSignature> signatures);

} // namespace safar
