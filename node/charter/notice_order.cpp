#include "node/charter/notice_order.hpp"

namespace safar {

std::vector<RefusedNotice> take_notices(std::vector<Notice> notices,
                                        const std::function<Result<>(const Notice&)>& offer) {
    std::vector<RefusedNotice> refused;
    for (Notice& notice : notices)
        refused.push_back({std::move(notice), failure(ErrorCode::epoch_unknown, "")});
    for (bool taken = true; taken;) {
        taken = false;
        std::vector<RefusedNotice> left;
        for (RefusedNotice& one : refused) {
            if (auto answer = offer(one.notice))
                taken = true;
            else
                left.push_back({std::move(one.notice), answer.error()});
        }
        refused = std::move(left);
    }
    return refused;
}

std::vector<RefusedNotice> take_notices(CharterState& state, std::vector<Notice> notices) {
    return take_notices(std::move(notices), [&](const Notice& notice) -> Result<> {
        SAFAR_TRY(state.take_notice(notice));
        return success();
    });
}

} // namespace safar
