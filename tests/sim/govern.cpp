// Stewards at work in mid run: members removed and taken back, rights, cuts and branches decided
// anew, rival epochs and those that settle them, suspensions, delegations.
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {

Core* World::any_steward() {
    std::vector<Core*> all;
    for (auto& core : cores_)
        if (core->member.steward && core->up() && !core->disk().died) all.push_back(core.get());
    return all.empty() ? nullptr : govern_random_.any(all);
}

void World::govern() {
    Core* by = any_steward();
    if (by == nullptr) return;
    switch (govern_random_.below(8)) {
    case 0: return suspend(*by);
    case 1: return delegate(*by);
    case 2: return end_delegation(*by);
    case 3: return rival_epochs(*by);
    default: {
        Fault what{};
        if (auto change = amendment(*by, what))
            publish_epoch(*by, draft_epoch(*by, std::move(*change)), what);
    }
    }
}

// What a steward knows of everybody's logs; `lowered`: some end before what it holds.
std::vector<KnownHead> World::known_heads(const Core& core, bool lowered) {
    std::vector<KnownHead> out;
    for (const std::string& compartment : core.shown())
        for (const FrontierEntry& entry : core.log().frontier(compartment)) {
            const LogOwner* owner = core.log().authority()->owner(entry.log.id);
            if (owner == nullptr || entry.head.number == 0) continue;
            std::uint64_t number = entry.head.number;
            if (lowered && govern_random_.one_in(2))
                number -= govern_random_.below(std::min<std::uint64_t>(number, 4));
            out.push_back({owner->node, compartment, entry.log.incarnation, number});
        }
    return out;
}

std::vector<CharterCut> World::cuts_of(const Core& by, const NodeId& node) {
    std::vector<CharterCut> out;
    for (const KnownHead& head : known_heads(by, /*lowered=*/true))
        if (head.node == node)
            out.push_back({node, head.compartment, head.incarnation, head.batch, {}, {}});
    return out;
}

std::optional<Amendment> World::amendment(Core& by, Fault& what) {
    Random& random = govern_random_;
    const Charter& now = *by.state().ruling().charter;
    const Member& drawn = random.any(founding_.members);
    const auto gone = std::ranges::find_if(
        founding_.members, [&](const Member& member) { return now.node(member.id) == nullptr; });
    const bool back = gone != founding_.members.end() && random.one_in(3);
    const Member& whom = back ? *gone : drawn;
    const bool listed = now.node(whom.id) != nullptr;
    const auto forks = by.log().forks();
    Amendment out;
    out.why = "decided in mid run";
    switch (back ? 1 : !forks.empty() && random.one_in(3) ? 5 : random.below(6)) {
    case 0:
        if (has_later(now)) return std::nullopt;
        out.documents = documents(/*later=*/true);
        what = Fault::epoch_field;
        return out;
    case 1:
        if (whom.steward) return std::nullopt;
        if (listed) {
            out.remove = {whom.agency};
            what = Fault::epoch_removes;
            return out;
        }
        out.admit = {
            make_enrolment(whom.agency, whom.agency, "127.0.0.1:7000", whom.signing, whom.tls)};
        out.grants = {{whom.agency, random.any(all_compartments), Grant::Right::write}};
        if (random.one_in(2)) out.lift = {whom.id};
        what = Fault::epoch_readmits;
        return out;
    case 2: {
        if (!listed || whom.agency == cores_[0]->agency) return std::nullopt;
        using enum Grant::Right;
        const Grant::Right rights[] = {write, read, none, write, observe, relay};
        out.grants = {{whom.agency, random.any(all_compartments),
                       rights[random.below(swarm_.rights ? 6 : 3)]}};
        what = Fault::epoch_grants;
        return out;
    }
    case 3:
        out.cuts = cuts_of(by, whom.id);
        if (out.cuts.empty()) return std::nullopt;
        what = Fault::epoch_cuts;
        return out;
    case 4:
        if (now.cuts.empty()) return std::nullopt;
        out.lift = {random.any(now.cuts).node};
        what = Fault::epoch_lifts;
        return out;
    default: {
        if (forks.empty()) return std::nullopt;
        const ForkEvidence& fork = random.any(forks);
        const LogOwner* owner = by.log().authority()->owner(fork.place.log.id);
        if (owner == nullptr || !shows_the_place(fork)) return std::nullopt;
        const Bytes& header = random.one_in(2) ? fork.header_a : fork.header_b;
        out.admits = {{owner->node, owner->compartment, fork.place.log.incarnation,
                       fork.place.number, header_hash(by.log().authority()->network(), header),
                       "checked on paper"}};
        what = Fault::epoch_admits;
        return out;
    }
    }
}

// Signed by a quorum on paper. Empty: the charter does not let it be, as when a compartment would
// lose its steward.
std::string World::draft_epoch(Core& by, Amendment change) {
    const auto heads = known_heads(by, /*lowered=*/true);
    auto text = amend_charter(by.state(), change, heads);
    if (!text) {
        say(by.agency + " can not draft that epoch: " + describe(text.error()));
        return {};
    }
    return founding_.sign(std::move(text).value(), by.state().ruling().charter.get());
}

void World::publish_epoch(Core& by, std::string text, Fault what) {
    if (text.empty()) return;
    network_->on_log_thread(by, [this, &by, text = std::move(text), what] {
        const bool settles = by.state().frozen();
        auto adopted = by.adopt_epoch(text);
        if (by.disk().died) return;
        auto epoch = parse_charter(text).value();
        say(by.agency + " publishes epoch " + std::to_string(epoch.epoch) + ", " +
            std::string(name(what)) + ": " + (adopted ? "ok" : describe(adopted.error())));
        if (!by.knows_epoch(epoch.identity)) return;
        statistics_.count(what);
        if (settles) statistics_.count(Fault::epoch_settles);
        published_.push_back({epoch.identity, epoch.previous, by.index, /*epoch=*/true, false});
        network_->log_grew(by);
    });
}

void World::publish_notice(Core& by, const Notice& notice, Fault what) {
    network_->on_log_thread(by, [this, &by, notice, what] {
        auto noted = by.adopt_notice(notice.bytes);
        if (by.disk().died) return;
        say(by.agency + " publishes a " + std::string(name(what)) + ": " +
            (noted ? std::string("ok") : describe(noted.error())));
        if (!by.state().notices().contains(notice.hash)) return;
        statistics_.count(what);
        Hash stands_on; // of two ends of one delegation one is kept
        if (const auto* stop = std::get_if<Suspension>(&notice.what)) stands_on = stop->epoch;
        if (const auto* let = std::get_if<Delegation>(&notice.what)) stands_on = let->epoch;
        if (!stands_on.is_zero())
            published_.push_back({notice.hash, stands_on, by.index, /*epoch=*/false, false});
        network_->log_grew(by);
    });
}

// Two quorums that do not know of each other, each at its own steward.
void World::rival_epochs(Core& by) {
    Core* other = any_steward();
    std::string texts[2];
    for (std::string& text : texts) {
        Fault what{};
        Amendment change = amendment(by, what).value_or(Amendment{});
        change.network_name = "simulated " + std::to_string(govern_random_.next());
        text = draft_epoch(by, std::move(change));
    }
    publish_epoch(by, std::move(texts[0]), Fault::epoch_rival);
    publish_epoch(*other, std::move(texts[1]), Fault::epoch_rival);
}

void World::suspend(Core& by) {
    const Member& whom = govern_random_.any(founding_.members);
    const Charter& now = *by.state().ruling().charter;
    if (whom.steward || now.node(whom.id) == nullptr) return;
    Suspension order;
    order.network = by.log().authority()->network();
    order.epoch = now.identity;
    if (govern_random_.one_in(2))
        order.node = whom.id;
    else
        order.agency = whom.agency;
    order.reason = "its laptop was stolen";
    order.cuts = cuts_of(by, whom.id);
    auto text = write_suspension(order, by.agency, by.member.signing);
    if (!text) return say("no suspension: " + describe(text.error()));
    publish_notice(by, make_suspension_notice(text.value(), order), Fault::suspension);
}

void World::delegate(Core& by) {
    Random& random = govern_random_;
    const Charter& now = *by.state().ruling().charter;
    std::vector<std::pair<const CharterCompartment*, const CharterNode*>> readers;
    for (const CharterCompartment& compartment : now.compartments)
        for (const CharterNode& node : now.nodes)
            if (compartment.may_write(by.agency) && compartment.may_hold(node.agency) &&
                !compartment.may_write(node.agency))
                readers.emplace_back(&compartment, &node);
    if (readers.empty()) return;
    const auto [compartment, reader] = random.any(readers);
    Delegation let;
    let.network = by.log().authority()->network();
    let.epoch = now.identity;
    let.agency = by.agency;
    let.node = reader->id;
    let.compartment = compartment->name;
    for (const std::string& kind : compartment->kinds)
        if (let.kinds.empty() || random.one_in(2)) let.kinds.push_back(kind);
    std::ranges::sort(let.kinds);
    let.until_epoch = random.one_in(2) ? now.epoch + random.below(3) : 0;
    let.until_batch = let.until_epoch == 0 || random.one_in(2) ? random.between(1, 8) : 0;
    let.reason = "field registration";
    auto text = write_delegation(let, by.member.signing);
    if (!text) return say("no delegation: " + describe(text.error()));
    publish_notice(by, make_delegation_notice(text.value(), parse_delegation(text.value()).value()),
                   Fault::delegation);
}

void World::end_delegation(Core& by) {
    for (const auto& [hash, notice] : by.state().notices()) {
        const auto* let = std::get_if<Delegation>(&notice.what);
        if (let == nullptr || let->agency != by.agency || govern_random_.one_in(2)) continue;
        DelegationEnd end;
        end.network = let->network;
        end.epoch = by.state().ruling().charter->identity;
        end.agency = by.agency;
        end.delegation = hash;
        end.reason = "done";
        for (CharterCut& cut : cuts_of(by, let->node))
            if (cut.compartment == let->compartment) end.cuts.push_back(std::move(cut));
        auto text = write_delegation_end(end, by.member.signing);
        if (!text) return say("no end of a delegation: " + describe(text.error()));
        return publish_notice(
            by,
            make_delegation_end_notice(text.value(), parse_delegation_end(text.value()).value()),
            Fault::delegation_end);
    }
}

// It was put back to before it said so, and may say something else now.
void World::forget_published(const Core& core) {
    for (Published& each : published_) each.excused = each.excused || each.by == core.index;
}

} // namespace safar::sim
