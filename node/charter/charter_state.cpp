#include "node/charter/charter_state.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {

Result<CharterState> CharterState::begin(HeldCharter first) {
    SAFAR_ASSERT(first.charter != nullptr);
    if (first.charter->epoch != 1)
        return failure(
            ErrorCode::epoch_unknown,
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

Result<CharterState::News> CharterState::take_epoch(std::string_view text) {
    return learnt(learn_epoch(text));
}

Result<CharterState::News> CharterState::take_notice(const Notice& notice) {
    return learnt(learn_notice(notice));
}

Result<CharterState::News> CharterState::learnt(Result<News> news) {
    if (news && news.value() != News::nothing) rehash();
    return news;
}

// Of the valid successors of one epoch the one with the highest number rules (only what settles
// rivals may skip a number); where there are two of that number neither does, and all that followed
// one is void.
Result<CharterState::News> CharterState::learn_epoch(std::string_view text) {
    SAFAR_TRY(auto offered, parse_charter(text));
    for (const HeldCharter& held : epochs_)
        if (held.charter->identity == offered.identity) return News::nothing;
    if (rivals_.contains(offered.identity)) return News::nothing;
    auto parent = std::find_if(epochs_.begin(), epochs_.end(), [&](const HeldCharter& held) {
        return held.charter->identity == offered.previous;
    });
    if (parent == epochs_.end())
        return failure(
            ErrorCode::epoch_unknown,
            fmt::format(
                "charter: epoch {} follows {}, and epoch {} ({}) rules here: adopt the epochs "
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
    if (has_next) {
        const HeldCharter next = epochs_[kept];
        shorten(kept);
        SAFAR_TRY(note(make_rival_notice(next.text, *next.charter)));
    }
    rivals_.clear();
    epochs_.push_back({std::make_shared<const Charter>(std::move(offered)), std::string(text)});
    return News::epoch;
}

Result<CharterState::News> CharterState::take_rival(std::string_view text, Charter rival,
                                                    std::size_t kept) {
    const bool was_in_force = kept < epochs_.size();
    if (was_in_force) {
        const HeldCharter next = epochs_[kept];
        rivals_ = {next.charter->identity};
        rivals_number_ = next.charter->epoch;
        shorten(kept);
        SAFAR_TRY(note(make_rival_notice(next.text, *next.charter)));
    }
    rivals_.insert(rival.identity);
    SAFAR_TRY(note(make_rival_notice(text, std::move(rival))));
    return was_in_force ? News::epoch : News::noted;
}

void CharterState::shorten(std::size_t kept) {
    epochs_.resize(kept);
    const Epochs epochs = chain();
    // Forks last: they may rest on delegations.
    for (const bool forks : {false, true}) {
        const auto given = delegations();
        std::erase_if(notices_, [&](const auto& each) {
            return std::holds_alternative<ForkEvidence>(each.second.what) == forks &&
                   !check_notice(each.second, epochs, given);
        });
    }
}

Result<CharterState::News> CharterState::learn_notice(const Notice& notice) {
    if (notices_.contains(notice.hash)) return News::nothing;
    if (std::holds_alternative<Charter>(notice.what))
        return learn_epoch(as_text(ByteView(notice.bytes).subspan(1)));
    const auto* fork = std::get_if<ForkEvidence>(&notice.what);
    if (fork != nullptr) {
        SAFAR_TRY(check_room(fork->place.log)); // before its signatures: those cost more
    }
    const bool rests = fork != nullptr;
    SAFAR_TRY(check_notice(notice, chain(), rests ? delegations() : std::vector<HeldDelegation>()));
    if (fork != nullptr) return note_fork(notice);
    if (std::holds_alternative<Suspension>(notice.what)) return note_suspension(notice);
    if (notices_.size() >= notices_max)
        return failure(ErrorCode::busy,
                       fmt::format("there are {} notices, as many as are kept", notices_max));
    if (std::holds_alternative<Delegation>(notice.what)) return note_delegation(notice);
    return note_end(notice);
}

std::uint64_t CharterState::number_of(const Hash& identity) const {
    for (const HeldCharter& held : epochs_)
        if (held.charter->identity == identity) return held.charter->epoch;
    return 0;
}

// Of one steward and epoch those with the lowest names.
Result<CharterState::News> CharterState::note_suspension(const Notice& notice) {
    const auto& what = std::get<Suspension>(notice.what);
    std::set<Hash> held;
    for (const auto& [hash, other] : notices_)
        if (const auto* each = std::get_if<Suspension>(&other.what);
            each != nullptr && each->by == what.by && each->epoch == what.epoch)
            held.insert(hash);
    if (held.size() >= suspensions_max) {
        if (*held.rbegin() < notice.hash)
            return failure(ErrorCode::busy,
                           fmt::format("{} has suspended {} times in this epoch, as often as is "
                                       "kept: let another steward do it, or an epoch",
                                       what.by, held.size()));
        notices_.erase(*held.rbegin());
    }
    return note(notice);
}

// Of one agency the earliest by epoch and hash: what is held does not depend on the order in which
// it came, and nobody fills the set.
Result<CharterState::News> CharterState::note_delegation(const Notice& notice) {
    const auto& what = std::get<Delegation>(notice.what);
    std::set<std::pair<std::uint64_t, Hash>> held;
    for (const auto& [hash, other] : notices_)
        if (const auto* each = std::get_if<Delegation>(&other.what);
            each != nullptr && each->agency == what.agency)
            held.emplace(number_of(each->epoch), hash);
    if (held.size() >= delegations_max) {
        if (*held.rbegin() < std::pair(number_of(what.epoch), notice.hash)) return News::nothing;
        notices_.erase(held.rbegin()->second);
    }
    return note(notice);
}

// One for each delegation, that with the lower hash.
Result<CharterState::News> CharterState::note_end(const Notice& notice) {
    const auto& what = std::get<DelegationEnd>(notice.what);
    std::set<std::pair<Hash, Hash>> held; // delegation, end
    for (const auto& [hash, other] : notices_)
        if (const auto* each = std::get_if<DelegationEnd>(&other.what);
            each != nullptr && each->agency == what.agency)
            held.emplace(each->delegation, hash);
    auto same = held.lower_bound({what.delegation, Hash{}});
    if (same != held.end() && same->first == what.delegation) {
        if (same->second < notice.hash) return News::nothing;
        notices_.erase(same->second);
    } else if (held.size() >= delegations_max) {
        if (held.rbegin()->first < what.delegation) return News::nothing;
        notices_.erase(held.rbegin()->second);
    }
    return note(notice);
}

std::vector<HeldDelegation> CharterState::delegations() const {
    std::vector<HeldDelegation> out;
    std::map<Hash, Schema> schemas;
    const Epochs epochs = chain();
    for (const auto& [hash, notice] : notices_)
        if (const auto* what = std::get_if<Delegation>(&notice.what))
            out.push_back(held_delegation(*what, hash, epochs, schemas));
    for (const auto& [hash, notice] : notices_)
        if (const auto* end = std::get_if<DelegationEnd>(&notice.what))
            for (HeldDelegation& each : out)
                if (each.name == end->delegation && each.what.agency == end->agency) {
                    each.end = *end;
                    each.end_name = hash;
                }
    return out;
}

// What ForkSet keeps, and of two that tell the same place alike the one that closes the log, then
// the one with the lower hash: what is held does not depend on the order in which it came.
Result<CharterState::News> CharterState::note_fork(const Notice& notice) {
    const auto& fork = std::get<ForkEvidence>(notice.what);
    ForkSet known;
    std::map<BatchPlace, Hash> held;
    std::vector<ForkEvidence> gone;
    for (const auto& [hash, other] : notices_) {
        const auto* each = std::get_if<ForkEvidence>(&other.what);
        if (each == nullptr || each->place.log != fork.place.log) continue;
        held.emplace(each->place, hash);
        static_cast<void>(known.add(*each, gone));
    }
    const auto same = held.find(fork.place);
    const auto rules = same == held.end() ? nullptr : authority();
    if (known.add(fork, gone, rules.get())) {
        for (const ForkEvidence& each : gone) notices_.erase(held.at(each.place));
        if (same != held.end()) notices_.erase(same->second);
        return keep_fork(notice);
    }
    if (same == held.end() || same->second <= notice.hash) return News::nothing;
    const auto& other = std::get<ForkEvidence>(notices_.at(same->second).what);
    if (shows_the_place(other) != shows_the_place(fork) ||
        closes(other, *rules) != closes(fork, *rules))
        return News::nothing;
    notices_.erase(same->second);
    return keep_fork(notice);
}

std::map<Incarnation, std::vector<Hash>> CharterState::forks_of(const LogId& log) const {
    std::map<Incarnation, std::vector<Hash>> out;
    for (const auto& [hash, other] : notices_)
        if (const auto* each = std::get_if<ForkEvidence>(&other.what);
            each != nullptr && each->place.log.id == log)
            out[each->place.log.incarnation].push_back(hash);
    return out;
}

// Incarnations are the author's to invent. One that has forked once has a fork for ever, so the
// lowest are the same in whatever order the forks came.
Result<> CharterState::check_room(const LogName& forked) const {
    const auto known = forks_of(forked.id);
    const auto lower = std::distance(known.begin(), known.lower_bound(forked.incarnation));
    if (static_cast<std::size_t>(lower) < forked_incarnations_max) return success();
    return failure(ErrorCode::busy,
                   fmt::format("log {} has forked in {} incarnations, as many as are kept: suspend "
                               "its author",
                               forked.id.brief(), lower));
}

Result<CharterState::News> CharterState::keep_fork(const Notice& notice) {
    const LogName& log = std::get<ForkEvidence>(notice.what).place.log;
    auto known = forks_of(log.id);
    known.try_emplace(log.incarnation);
    if (known.size() > forked_incarnations_max)
        for (const Hash& hash : known.rbegin()->second) notices_.erase(hash);
    return note(notice);
}

Result<CharterState::News> CharterState::note(Notice notice) {
    const auto* suspension = std::get_if<Suspension>(&notice.what);
    const bool stops = (suspension != nullptr && suspension->epoch == ruling().charter->identity) ||
                       notice.kind == NoticeKind::delegation ||
                       notice.kind == NoticeKind::delegation_end;
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

bool CharterState::lets(const NodeId& node, const CharterCompartment& compartment,
                        std::string_view kind) const {
    const Charter& now = *ruling().charter;
    const CharterNode* listed = now.node(node);
    if (listed == nullptr || !compartment.may_hold(listed->agency)) return false;
    for (const auto& [hash, notice] : notices_) {
        const auto* what = std::get_if<Delegation>(&notice.what);
        if (what == nullptr || what->node != node || what->compartment != compartment.name ||
            !compartment.may_write(what->agency) ||
            (what->until_epoch > 0 && what->until_epoch < now.epoch) ||
            std::find(what->kinds.begin(), what->kinds.end(), kind) == what->kinds.end())
            continue;
        const bool ended = std::any_of(notices_.begin(), notices_.end(), [&](const auto& other) {
            const auto* end = std::get_if<DelegationEnd>(&other.second.what);
            return end != nullptr && end->delegation == hash && end->agency == what->agency;
        });
        if (!ended) return true;
    }
    return false;
}

std::vector<Hash> CharterState::offers() const {
    std::vector<Hash> out;
    for (const auto& [hash, notice] : notices_) out.push_back(hash);
    for (const auto& [hash, number] : epoch_names_) out.push_back(hash);
    std::sort(out.begin(), out.end());
    return out;
}

std::optional<Bytes> CharterState::offer(const Hash& name) const {
    if (auto found = notices_.find(name); found != notices_.end()) return found->second.bytes;
    auto found = epoch_names_.find(name);
    if (found == epoch_names_.end()) return std::nullopt;
    const HeldCharter& held = *epoch(found->second);
    return make_rival_notice(held.text, *held.charter).bytes;
}

void CharterState::rehash() {
    epoch_names_.clear();
    for (std::size_t i = 1; i < epochs_.size(); ++i) {
        const Hash name = make_rival_notice(epochs_[i].text, *epochs_[i].charter).hash;
        if (!notices_.contains(name)) epoch_names_.emplace(name, epochs_[i].charter->epoch);
    }
    state_hash_ = ruling().charter->identity;
    if (notices_.empty()) return;
    std::set<Hash> said;
    for (const auto& [hash, notice] : notices_) said.insert(what_it_says(notice));
    Bytes hashes;
    for (const Hash& each : said) hashes.insert(hashes.end(), each.raw.begin(), each.raw.end());
    state_hash_ = tagged_hash("charter-state", {ruling().charter->identity.view(), hashes});
}

std::shared_ptr<const Authority> CharterState::authority() const {
    return make_authority(chain(), suspensions(), rivals_, delegations());
}

bool CharterState::suspended(const NodeId& node) const {
    const CharterNode* listed = ruling().charter->node(node);
    if (listed == nullptr) return false;
    const auto all = suspensions();
    return std::any_of(all.begin(), all.end(),
                       [&](const Suspension& s) { return s.stops(*listed); });
}

} // namespace safar
