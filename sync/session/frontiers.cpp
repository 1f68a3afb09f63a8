#include "sync/session/frontiers.hpp"

#include "storage/base/planted.hpp"

#include <algorithm>

namespace safar {
namespace {

bool same(const Head& a, const Head& b) {
    return a.number == b.number && a.hash == b.hash && a.forked == b.forked;
}
bool says_nothing(const Head& head) { return head.number == 0 && !head.forked; }

} // namespace

Frontier Frontiers::look_anew(const std::string& name, Compartment& compartment) const {
    FrontierNews all = context_.view.log().frontier_since(name, 0);
    compartment.looked_to = all.mark;
    compartment.unsaid.clear();
    std::erase_if(all.entries, [](const FrontierEntry& entry) { return says_nothing(entry.head); });
    return std::move(all.entries);
}

void Frontiers::look(const std::string& name, Compartment& compartment) const {
    const FrontierNews news = context_.view.log().frontier_since(name, compartment.looked_to);
    compartment.looked_to = news.mark;
    for (const FrontierEntry& entry : news.entries) {
        const auto said = compartment.said.find(entry.log);
        const bool equal = said == compartment.said.end() ? says_nothing(entry.head)
                                                          : same(said->second, entry.head);
        if (equal)
            compartment.unsaid.erase(entry.log);
        else
            compartment.unsaid.insert(entry.log);
    }
}

void Frontiers::say(Compartment& compartment, const LogName& log, const Head& head) {
    Head& said = compartment.said[log];
    if (head.number < said.number) fell(compartment, log);
    said = head;
}

void Frontiers::fell(const Compartment& compartment, const LogName& log) {
    fallen_.push_back(log);
    if (const auto at = compartment.theirs.find(log); at != compartment.theirs.end())
        watch(log, at->second.number);
}

std::vector<wire::CompartmentDigest> Frontiers::open() {
    compartments_.clear();
    own_unconfirmed_.clear();
    own_passed_.clear();
    behind_.clear();
    fallen_.clear();
    entries_ = 0;
    std::vector<wire::CompartmentDigest> digests;
    for (const std::string& name : context_.shared) {
        Compartment& compartment = compartments_[name];
        const Frontier frontier = look_anew(name, compartment);
        for (const FrontierEntry& entry : frontier) {
            compartment.said.emplace(entry.log, entry.head);
            const LogOwner* owner = context_.authority->owner(entry.log.id);
            if (owner != nullptr && owner->node == context_.self)
                own_unconfirmed_[entry.log] = entry.head.number;
        }
        compartment.digest = frontier_digest(frontier);
        digests.push_back({name, compartment.digest});
    }
    return digests;
}

// Equal digests: what we hold is what the peer holds.
void Frontiers::both_know(Compartment& compartment, Frontier& own) {
    compartment.told = compartment.known = true;
    compartment.said_base = compartment.theirs_base = compartment.digest;
    compartment.theirs = compartment.said;
    entries_ += compartment.theirs.size();
    for (const auto& [log, head] : compartment.theirs) own.push_back({log, head});
    for (const LogName& log : compartment.unsaid) { // since the snapshot
        const auto then = compartment.said.find(log);
        if (then != compartment.said.end() && context_.head(log).number < then->second.number)
            fell(compartment, log);
    }
}

void Frontiers::all_equal() {
    Frontier own;
    for (auto& [name, compartment] : compartments_) both_know(compartment, own);
    confirm_own(own, /*complete=*/true);
    grew(); // since the snapshot
}

void Frontiers::on_summary(const wire::Summary& summary) {
    Frontier own;
    for (auto& [name, compartment] : compartments_) {
        auto said = std::lower_bound(summary.compartments.begin(), summary.compartments.end(), name,
                                     [](const wire::CompartmentDigest& item,
                                        const std::string& key) { return item.compartment < key; });
        if (said == summary.compartments.end() || said->compartment != name) continue;
        const std::size_t compared = planted(Plant::compare_31_bytes) ? Hash::size - 1 : Hash::size;
        if (std::memcmp(said->frontier.raw.data(), compartment.digest.raw.data(), compared) != 0) {
            compartment.full_due = true;
            continue;
        }
        both_know(compartment, own);
    }
    confirm_own(own, /*complete=*/true);
    grew_due_ = true;
}

void Frontiers::state(Compartment& compartment, const Frontier& entries,
                      std::vector<LogName>& changed) {
    for (const FrontierEntry& entry : entries) {
        auto found = compartment.theirs.find(entry.log);
        if (found == compartment.theirs.end()) {
            // Incarnations are their author's to invent: who relays them is not to blame.
            if (entries_ >= entries_max) continue;
            ++entries_;
            found = compartment.theirs.emplace(entry.log, entry.head).first;
        }
        found->second = entry.head;
        watch(entry.log, entry.head.number);
        confirmed(entry.log, entry.head);
        changed.push_back(entry.log);
    }
}

void Frontiers::on_full(wire::FrontierFull full, std::vector<LogName>& changed) {
    auto found = compartments_.find(full.compartment);
    // Another charter epoch: nothing to say of it.
    if (found == compartments_.end()) return;
    Compartment& compartment = found->second;
    entries_ -= compartment.theirs.size();
    const auto before = std::exchange(compartment.theirs, {});
    compartment.known = true;
    compartment.full_asked = false;
    compartment.theirs_base = frontier_digest(full.entries);
    state(compartment, full.entries, changed);
    for (const auto& [log, head] : before) // what it no longer holds, it can not deliver
        if (!compartment.theirs.contains(log)) behind_.erase(log);
    confirm_own(full.entries, /*complete=*/true);
    grew_due_ = true;
}

void Frontiers::on_delta(wire::FrontierDelta delta, std::vector<LogName>& changed) {
    auto found = compartments_.find(delta.compartment);
    if (found == compartments_.end()) return;
    Compartment& compartment = found->second;
    if (!compartment.known || delta.base != compartment.theirs_base) {
        if (!compartment.full_asked) context_.out.send(wire::FrontierAsk{delta.compartment});
        compartment.full_asked = true;
        return;
    }
    compartment.theirs_base = wire::statement_after(compartment.theirs_base, delta.entries);
    state(compartment, delta.entries, changed);
    confirm_own(delta.entries, /*complete=*/false);
}

void Frontiers::on_ask(const wire::FrontierAsk& ask) {
    auto found = compartments_.find(ask.compartment);
    if (found != compartments_.end()) found->second.full_due = true;
}

bool Frontiers::on_batch(std::string_view name, const LogName& log, const Head& head) {
    auto found = compartments_.find(name);
    if (found == compartments_.end() || !found->second.known) return false;
    auto entry = found->second.theirs.find(log);
    if (entry == found->second.theirs.end()) {
        if (entries_ >= entries_max) return false;
        ++entries_;
        found->second.theirs.emplace(log, head);
        watch(log, head.number);
        return true;
    }
    // Beyond a fork that the peer has stated a batch only shows the other branch.
    if (entry->second.number >= head.number || entry->second.forked) return false;
    entry->second = head;
    watch(log, head.number);
    return true;
}

void Frontiers::watch(const LogName& log, std::uint64_t theirs) {
    auto known = behind_.find(log);
    const std::uint64_t ours = context_.head(log).number;
    if (ours >= theirs) {
        if (known != behind_.end()) behind_.erase(known);
        return;
    }
    if (known == behind_.end()) {
        if (behind_.size() < watched_max) behind_[log] = {theirs, ours, context_.now};
        return;
    }
    known->second.theirs = theirs;
    if (known->second.ours == ours) return;
    known->second.ours = ours;
    known->second.since = context_.now;
}

void Frontiers::look_at_watched() {
    for (auto at = behind_.begin(); at != behind_.end();) {
        const std::uint64_t ours = context_.head(at->first).number;
        if (ours != at->second.ours) {
            at->second.ours = ours;
            at->second.since = context_.now;
        }
        at = ours >= at->second.theirs ? behind_.erase(at) : std::next(at);
    }
}

void Frontiers::served(const LogName& log, std::uint64_t number) {
    auto& sent = sent_to_[log];
    sent = std::max(sent, number);
}

void Frontiers::confirmed(const LogName& log, const Head& head) {
    auto end = pushed_.upper_bound({log, head.number});
    for (auto at = pushed_.lower_bound({log, 0}); at != end; at = pushed_.erase(at))
        pushed_bytes_ -= at->second;
}

// The peer holds our log at least up to where it stood when the session began: it may go on. Under
// an epoch of its own it may show less than it holds.
void Frontiers::confirm_own(const Frontier& held_by_peer, bool complete) {
    if (!context_.of_one_mind()) return;
    Frontier own;
    for (const FrontierEntry& entry : held_by_peer) {
        const LogOwner* owner = context_.authority->owner(entry.log.id);
        if (owner == nullptr || owner->node != context_.self) continue;
        auto unconfirmed = own_unconfirmed_.find(entry.log);
        if (!complete && unconfirmed == own_unconfirmed_.end()) continue;
        auto passed = own_passed_.find(entry.log);
        if (passed != own_passed_.end() && same(passed->second, entry.head)) continue;
        if (passed == own_passed_.end() && own_passed_.size() >= own_passed_max &&
            context_.head(entry.log).number == 0)
            continue; // of incarnations that nobody knows
        own_passed_[entry.log] = entry.head;
        own.push_back(entry);
        if (unconfirmed != own_unconfirmed_.end() && entry.head.number >= unconfirmed->second)
            own_unconfirmed_.erase(unconfirmed);
    }
    if (!own.empty()) context_.out.act(ConfirmHeads{std::move(own)});
}

void Frontiers::grew() {
    look_at_watched();
    bool tell = false;
    for (auto& [name, compartment] : compartments_) {
        look(name, compartment);
        if (!compartment.told) continue;
        push(compartment);
        tell = tell || !compartment.unsaid.empty();
    }
    if (tell && tell_at_ == never) tell_at_ = context_.now + tell_delay;
}

void Frontiers::push(Compartment& compartment) {
    if (!compartment.known) return;
    for (auto at = compartment.unsaid.begin(); at != compartment.unsaid.end();) {
        const LogName log = *at++;
        const LogOwner* owner = context_.authority->owner(log.id);
        if (owner == nullptr || owner->node != context_.self) continue;
        const Head head = context_.head(log);
        if (head.forked || !push_log(compartment, {log, head})) continue;
        say(compartment, log, head); // a pushed batch states its head by itself
        compartment.unsaid.erase(log);
    }
}

bool Frontiers::push_log(Compartment& compartment, const FrontierEntry& entry) {
    std::uint64_t& sent = sent_to_[entry.log];
    if (auto found = compartment.theirs.find(entry.log); found != compartment.theirs.end()) {
        if (found->second.forked) return false;
        sent = std::max(sent, found->second.number);
    }
    if (sent >= entry.head.number || entry.head.number - sent > pushed_batches_max) return false;
    // The first batch that does not follow what the peer was told ends pushing until it has caught
    // up.
    auto said = compartment.said.find(entry.log);
    if (sent < (said == compartment.said.end() ? 0 : said->second.number)) return false;
    if (pushed_bytes_ >= pushed_bytes_max) return false;
    auto batches =
        context_.view.log().read_range(entry.log, sent + 1, pushed_bytes_max - pushed_bytes_);
    if (!batches) return false;
    for (const auto& batch : batches.value()) {
        if (sent == entry.head.number || batch->bytes.size() > wire::payload_bytes_max) break;
        const LogOwner* owner = context_.shared_owner(entry.log);
        const std::size_t bytes =
            owner == nullptr
                ? 0
                : context_.send_stored({entry.log, sent + 1}, owner->compartment, batch->bytes);
        if (bytes == 0) return false;
        ++sent;
        ++context_.status.batches_out;
        if (auto header = decode_header(batch->header()))
            context_.status.events_out += header.value().event_count;
        pushed_.emplace(BatchPlace{entry.log, sent}, bytes);
        pushed_bytes_ += bytes;
    }
    return sent == entry.head.number;
}

void Frontiers::say_full(const std::string& name, Compartment& compartment) {
    compartment.full_due = false;
    compartment.told = true;
    const Frontier frontier = look_anew(name, compartment);
    for (const auto& [log, head] : std::exchange(compartment.said, {})) {
        const auto now = std::ranges::lower_bound(frontier, log, {}, &FrontierEntry::log);
        const bool stands = now != frontier.end() && now->log == log;
        if (head.number > (stands ? now->head.number : 0)) fell(compartment, log);
    }
    Frontier part(frontier.begin(),
                  frontier.begin() + static_cast<std::ptrdiff_t>(
                                         std::min(frontier.size(), wire::frontier_entries_max)));
    for (const FrontierEntry& entry : part) compartment.said.emplace(entry.log, entry.head);
    for (std::size_t i = part.size(); i < frontier.size(); ++i)
        compartment.unsaid.insert(frontier[i].log);
    compartment.said_base = frontier_digest(part);
    context_.out.send(wire::FrontierFull{name, std::move(part)});
    say_changes(name, compartment); // what did not fit one frame
}

void Frontiers::say_changes(const std::string& name, Compartment& compartment) {
    Frontier changed;
    auto send = [&] {
        if (changed.empty()) return;
        wire::FrontierDelta delta{name, compartment.said_base, std::exchange(changed, {})};
        compartment.said_base = wire::statement_after(delta.base, delta.entries);
        context_.out.send(delta);
    };
    look(name, compartment);
    for (const LogName& log : std::exchange(compartment.unsaid, {})) {
        const Head head = context_.head(log);
        if (says_nothing(head)) { // a delta has no words for it
            compartment.full_due = true;
            continue;
        }
        say(compartment, log, head);
        changed.push_back({log, head});
        if (changed.size() == wire::frontier_entries_max) send();
    }
    send();
}

void Frontiers::on_tick() {
    if (context_.now < tell_at_) return;
    tell_at_ = never;
    for (auto& [name, compartment] : compartments_)
        if (compartment.told) say_changes(name, compartment);
}

void Frontiers::flush() {
    if (std::exchange(grew_due_, false)) grew();
    for (auto& [name, compartment] : compartments_)
        if (compartment.full_due) say_full(name, compartment);
}

const Head* Frontiers::theirs(const LogName& log) const {
    const LogOwner* owner = context_.shared_owner(log);
    if (owner == nullptr) return nullptr;
    auto compartment = compartments_.find(owner->compartment);
    if (compartment == compartments_.end()) return nullptr;
    auto head = compartment->second.theirs.find(log);
    return head == compartment->second.theirs.end() ? nullptr : &head->second;
}

void Frontiers::list_behind(SessionStatus& status) const {
    for (const auto& [name, compartment] : compartments_)
        if (compartment.known) status.stated.push_back(name);
    status.behind_logs = behind_.size();
    for (const auto& [log, gap] : behind_) {
        if (status.behind.size() == SessionStatus::behind_logs_max) break;
        status.behind.push_back({log, gap.theirs, gap.ours, gap.since});
    }
}

void Frontiers::count_behind(std::uint64_t& here, std::uint64_t& there) const {
    here = there = 0;
    for (const auto& [name, compartment] : compartments_) {
        if (!compartment.known) continue;
        std::map<LogName, std::uint64_t> ours;
        for (const FrontierEntry& entry : context_.view.log().frontier(name))
            ours.emplace(entry.log, entry.head.number);
        for (const auto& [log, number] : ours) {
            auto found = compartment.theirs.find(log);
            const std::uint64_t theirs =
                found == compartment.theirs.end() ? 0 : found->second.number;
            if (number > theirs) there += number - theirs;
        }
        for (const auto& [log, head] : compartment.theirs) {
            auto found = ours.find(log);
            const std::uint64_t number = found == ours.end() ? 0 : found->second;
            if (head.number > number) here += head.number - number;
        }
    }
}

} // namespace safar
