#include "storage/record/money.hpp"

#include <algorithm>

namespace safar {
namespace {

// ISO 4217 list one; the table is part of what amounts mean and may only grow.
constexpr std::string_view without_decimals[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                                 "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
                                                 "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::string_view with_three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
constexpr std::string_view with_four[] = {"CLF", "UYW"};

template <std::size_t Count>
bool among(std::string_view currency, const std::string_view (&list)[Count]) {
    return std::ranges::find(list, currency) != std::end(list);
}

} // namespace

std::size_t minor_digits(std::string_view currency) {
    if (among(currency, without_decimals)) return 0;
    if (among(currency, with_three)) return 3;
    if (among(currency, with_four)) return 4;
    return 2;
}

} // namespace safar
