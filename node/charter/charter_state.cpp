#include "node/charter/charter_state.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {

Result<CharterState> CharterState::begin(HeldCharter first) {
    SAFAR_ASSERT(first.charter != nullptr);
    if (first.charter->epoch != 1)
        return failure(ErrorCode::epoch_unknown,
                       fmt::format("charter: epoch {} came before epoch 1: adopt the epochs in order",
                                   first.charter->epoch));
    SAFAR_TRY(check_quorum(*first.charter));
    return CharterState(std::move(first));
}

Epochs CharterState::chain() const {
    Epochs out;
    for (const HeldCharter& held : epochs_) out.push_back(held.charter);
    return out;
}

const HeldCharter* CharterState::epoch(std::uint64_t number) const {
    for (const HeldCharter& held : epochs_)
        if (held.charter->epoch == number) return &held;
    return nullptr;
}

Result<CharterState::News> CharterState::take_epoch(std::string_view text) { return learnt(learn_epoch(text)); }

Result<CharterState::News> CharterState::take_notice(const Notice& notice) { return learnt(learn_notice(notice)); }

Result<CharterState::News> CharterState::learnt(Result<News> news) {
    if (news && news.value() != News::nothing) rehash();
    return news;
}

// Of the valid successors of one epoch the one with the highest number rules (only what settles rivals may
// skip a number); where there are two of that number neither does, and all that followed one is void.
Result<CharterState::News> CharterState::learn_epoch(std::string_view text) {
    SAFAR_TRY(auto offered, parse_charter(text));
    for (const HeldCharter& held : epochs_)
        if (held.charter->identity == offered.identity) return News::nothing;
    if (rivals_.contains(offered.identity)) return News::nothing;
    auto parent = std::find_if(epochs_.begin(), epochs_.end(), [&](const HeldCharter& held) {
        return held.charter->identity == offered.previous;
    });
    if (parent == epochs_.end())
        return failure(ErrorCode::epoch_unknown,
                       fmt::format("charter: epoch {} follows {}, and epoch {} ({}) rules here: adopt the epochs "
                                   "between them first",
                                   offered.epoch, offered.previous.brief(), ruling().charter->epoch,
                                   ruling().charter->identity.brief()));
    const std::size_t kept = static_cast<std::size_t>(parent - epochs_.begin()) + 1;
    Epochs until_parent = chain();
    until_parent.resize(kept);
    SAFAR_TRY(check_succession(offered, until_parent));
    const bool has_next = kept < epochs_.size();
    const std::uint64_t now = has_next ? epochs_[kept].charter->epoch : rivals_number_;
    const bool contested = has_next || !rivals_.empty();
    if (contested && offered.epoch < now) return note(make_rival_notice(text, std::move(offered)));
    if (contested && offered.epoch == now) return take_rival(text, std::move(offered), kept);
    epochs_.resize(kept);
    rivals_.clear();
    epochs_.push_back({std::make_shared<const Charter>(std::move(offered)), std::string(text)});
    return News::epoch;
}

Result<CharterState::News> CharterState::take_rival(std::string_view text, Charter rival, std::size_t kept) {
    const bool was_in_force = kept < epochs_.size();
    if (was_in_force) {
        const HeldCharter next = epochs_[kept];
        rivals_ = {next.charter->identity};
        rivals_number_ = next.charter->epoch;
        epochs_.resize(kept);
        SAFAR_TRY(note(make_rival_notice(next.text, *next.charter)));
    }
    rivals_.insert(rival.identity);
    SAFAR_TRY(note(make_rival_notice(text, std::move(rival))));
    return was_in_force ? News::epoch : News::noted;
}

Result<CharterState::News> CharterState::learn_notice(const Notice& notice) {
    if (notices_.contains(notice.hash)) return News::nothing;
    if (std::holds_alternative<Charter>(notice.what))
        return learn_epoch(as_text(ByteView(notice.bytes).subspan(1)));
    SAFAR_TRY(check_notice(notice, chain()));
    if (notices_.size() >= notices_max)
        return failure(ErrorCode::limit_exceeded, fmt::format("more than {} notices", notices_max));
    if (std::holds_alternative<ForkEvidence>(notice.what) && !replaces_fork(notice)) return News::nothing;
    return note(notice);
}

// Of one log the lowest fork is kept, of equal ones that with the lower hash: what is held does not
// depend on the order in which it came, and one key can not fill the set.
bool CharterState::replaces_fork(const Notice& notice) {
    const auto& fork = std::get<ForkEvidence>(notice.what);
    for (auto at = notices_.begin(); at != notices_.end(); ++at) {
        const auto* other = std::get_if<ForkEvidence>(&at->second.what);
        if (other == nullptr || other->place.log != fork.place.log) continue;
        if (std::pair(other->place.number, at->first) <= std::pair(fork.place.number, notice.hash)) return false;
        notices_.erase(at);
        return true;
    }
    return true;
}

Result<CharterState::News> CharterState::note(Notice notice) {
    const auto* suspension = std::get_if<Suspension>(&notice.what);
    const bool stops = suspension != nullptr && suspension->epoch == ruling().charter->identity;
    notices_.emplace(notice.hash, std::move(notice));
    return stops ? News::epoch : News::noted;
}

std::vector<Suspension> CharterState::suspensions() const {
    std::vector<Suspension> out;
    for (const auto& [hash, notice] : notices_) {
        const auto* what = std::get_if<Suspension>(&notice.what);
        if (what != nullptr && what->epoch == ruling().charter->identity) out.push_back(*what);
    }
    return out;
}

void CharterState::rehash() {
    state_hash_ = ruling().charter->identity;
    if (notices_.empty()) return;
    Bytes hashes;
    for (const auto& [hash, notice] : notices_) hashes.insert(hashes.end(), hash.raw.begin(), hash.raw.end());
    state_hash_ = tagged_hash("charter-state", {ruling().charter->identity.view(), hashes});
}

std::shared_ptr<const Authority> CharterState::authority() const {
    return make_authority(chain(), suspensions(), rivals_);
}

bool CharterState::suspended(const NodeId& node) const {
    const CharterNode* listed = ruling().charter->node(node);
    if (listed == nullptr) return false;
    const auto all = suspensions();
    return std::any_of(all.begin(), all.end(), [&](const Suspension& s) { return s.stops(*listed); });
}

} // namespace safar
