#include "node/charter/notice_order.hpp"

namespace safar {

std::vector<RefusedNotice> take_notices(CharterState& state, std::vector<Notice> notices) {
    std::vector<RefusedNotice> refused;
    for (Notice& notice : notices)
        refused.push_back({std::move(notice), failure(ErrorCode::epoch_unknown, "")});
    for (bool taken = true; taken;) {
        taken = false;
        std::vector<RefusedNotice> left;
        for (RefusedNotice& one : refused) {
            if (auto news = state.take_notice(one.notice))
                taken = true;
            else
                left.push_back({std::move(one.notice), news.error()});
        }
        refused = std::move(left);
    }
    return refused;
}

} // namespace safar
