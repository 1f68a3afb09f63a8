// Which planted bug this program has: SAFAR_PLANTED_BUG=1 and up, 0 or nothing for none.
#include "storage/base/planted.hpp"

#include <cstdlib>

namespace safar {

Plant planted_bug = [] {
    const char* text = std::getenv("SAFAR_PLANTED_BUG");
    return static_cast<Plant>(text == nullptr ? 0 : std::atoi(text));
}();

} // namespace safar
