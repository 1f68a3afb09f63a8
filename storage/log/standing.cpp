#include "storage/log/standing.hpp"

namespace safar {

Result<> check_standing(Standing standing) {
    switch (standing) {
    case Standing::counts: return success();
    case Standing::waits:
        return failure(ErrorCode::epoch_unknown, "names a charter epoch that is not held");
    case Standing::quarantine:
        return failure(ErrorCode::quarantined, "the charter does not let its key say this");
    case Standing::unknown: break;
    }
    return failure(ErrorCode::unknown_author, "no epoch knows its log or key");
}

} // namespace safar
