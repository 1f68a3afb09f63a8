// Currencies of ISO 4217: how many decimals their amounts have.
#pragma once

#include <cstddef>
#include <string_view>

namespace safar {

// Digits after the point: 2 for most, and for what is no currency at all.
[[nodiscard]] std::size_t minor_digits(std::string_view currency);

} // namespace safar
