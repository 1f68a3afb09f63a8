#include "node/charter/amend.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {
namespace {

Error refuse(std::string why) { return failure(ErrorCode::invalid_argument, std::move(why)); }

template <class List> void drop(List& list, std::string_view code) { std::erase(list, code); }

class Drafter {
public:
    Drafter(const CharterState& state, const Amendment& amendment, std::span<const KnownHead> heads)
        : state_(state), before_(*state.ruling().charter), by_(amendment), heads_(heads),
          next_(before_) {}

    Result<std::string> run() {
        next_.previous = before_.identity;
        next_.epoch = before_.epoch + 1;
        next_.settles.clear();
        next_.signatures.clear();
        if (state_.frozen()) settle();
        next_.network_name = by_.network_name.value_or(before_.network_name);
        next_.quorum = by_.quorum.value_or(before_.quorum);
        SAFAR_TRY(remove());
        SAFAR_TRY(admit());
        SAFAR_TRY(rotate());
        SAFAR_TRY(entitle());
        if (!by_.compartments.empty()) next_.compartments = by_.compartments;
        SAFAR_TRY(grant());
        if (!by_.documents.empty()) {
            next_.documents.clear();
            for (const NamedText& document : by_.documents)
                next_.documents.push_back({document.name, {}, document.text});
        }
        cut();
        admit_branches();
        return write_charter(next_);
    }

private:
    void settle() {
        next_.settles.assign(state_.rivals().begin(), state_.rivals().end());
        std::uint64_t highest = next_.epoch;
        for (const auto& [hash, notice] : state_.notices())
            if (const auto* rival = std::get_if<Charter>(&notice.what))
                if (state_.rivals().contains(rival->identity))
                    highest = std::max(highest, rival->epoch);
        next_.epoch = highest + 1;
    }

    Result<> remove() {
        for (const std::string& code : by_.remove) {
            if (next_.agency(code) == nullptr)
                return refuse(fmt::format("remove: {} is no agency of this charter", code));
            std::erase_if(next_.agencies, [&](const auto& a) { return a.code == code; });
            std::erase_if(next_.nodes, [&](const auto& n) { return n.agency == code; });
            for (CharterCompartment& compartment : next_.compartments) {
                for (auto* list : {&compartment.writers, &compartment.readers,
                                   &compartment.observers, &compartment.relays})
                    drop(*list, code);
            }
        }
        for (const NodeId& id : by_.remove_nodes)
            if (std::erase_if(next_.nodes, [&](const auto& n) { return n.id == id; }) == 0)
                return refuse(fmt::format("remove: node {} is not listed", id.brief()));
        return success();
    }

    Result<> admit() {
        for (const Enrolment& enrolment : by_.admit) {
            if (next_.agency(enrolment.agency) == nullptr)
                next_.agencies.push_back({enrolment.agency, enrolment.name, "member", false});
            CharterNode node = enrolled_node(enrolment);
            if (next_.node(node.id) != nullptr)
                return refuse(fmt::format("admit: node {} is listed already", node.id.brief()));
            next_.nodes.push_back(std::move(node));
        }
        return success();
    }

    Result<> rotate() {
        for (std::size_t i = 0; i < by_.rotate.size(); ++i) {
            const Enrolment& with = by_.rotate[i];
            auto node =
                std::find_if(next_.nodes.begin(), next_.nodes.end(),
                             [&](const CharterNode& n) { return n.id == by_.rotate_nodes[i]; });
            if (node == next_.nodes.end() || node->agency != with.agency)
                return refuse(fmt::format("rotate: {} has no node {}", with.agency,
                                          by_.rotate_nodes[i].brief()));
            node->signing_key = with.signing_key;
            node->tls_key = with.tls_key;
            if (!with.address.empty()) node->address = with.address;
        }
        return success();
    }

    Result<> entitle() {
        for (const auto& [code, title] : by_.titles) {
            auto agency = std::find_if(next_.agencies.begin(), next_.agencies.end(),
                                       [&](const auto& a) { return a.code == code; });
            if (agency == next_.agencies.end())
                return refuse(fmt::format("title: {} is no agency of this charter", code));
            agency->title = title;
            agency->steward = title == "chair" || title == "coordinator" || title == "steward";
        }
        return success();
    }

    Result<> grant() {
        for (const Grant& grant : by_.grants) {
            auto compartment =
                std::find_if(next_.compartments.begin(), next_.compartments.end(),
                             [&](const auto& c) { return c.name == grant.compartment; });
            if (compartment == next_.compartments.end())
                return refuse(
                    fmt::format("grant: {} is no compartment of this charter", grant.compartment));
            for (auto* list : {&compartment->writers, &compartment->readers,
                               &compartment->observers, &compartment->relays})
                drop(*list, grant.agency);
            if (grant.right == Grant::Right::write) compartment->writers.push_back(grant.agency);
            if (grant.right == Grant::Right::read) compartment->readers.push_back(grant.agency);
            if (grant.right == Grant::Right::observe)
                compartment->observers.push_back(grant.agency);
            if (grant.right == Grant::Right::relay) compartment->relays.push_back(grant.agency);
        }
        return success();
    }

    // What of this node's right to write in that compartment is lost, if anything: all, or one
    // key's.
    struct Loss {
        bool lost = false;
        std::optional<KeyId> key;
    };
    Loss loss(const KnownHead& head) const {
        for (auto held = state_.epochs().rbegin(); held != state_.epochs().rend(); ++held) {
            const CharterNode* then = held->charter->node(head.node);
            const CharterCompartment* there = held->charter->compartment(head.compartment);
            if (then == nullptr || there == nullptr || !there->may_write(then->agency)) continue;
            const CharterNode* now = next_.node(head.node);
            const CharterCompartment* here = next_.compartment(head.compartment);
            if (now == nullptr || here == nullptr || !here->may_write(now->agency))
                return {true, std::nullopt};
            if (now->signing_key != then->signing_key) return {true, key_id(then->signing_key)};
            return {};
        }
        return {};
    }

    void set_cut(CharterCut cut) {
        std::erase_if(next_.cuts, [&](const CharterCut& other) {
            return other.node == cut.node && other.compartment == cut.compartment &&
                   other.incarnation == cut.incarnation && other.key == cut.key;
        });
        next_.cuts.push_back(std::move(cut));
    }

    void cut() {
        std::erase_if(next_.cuts, [&](const CharterCut& cut) {
            return std::find(by_.lift.begin(), by_.lift.end(), cut.node) != by_.lift.end();
        });
        for (const KnownHead& head : heads_) {
            const Loss lost = loss(head);
            if (!lost.lost) continue;
            auto same =
                std::find_if(next_.cuts.begin(), next_.cuts.end(), [&](const CharterCut& cut) {
                    return cut.node == head.node && cut.compartment == head.compartment &&
                           cut.incarnation == head.incarnation && cut.key == lost.key;
                });
            const bool decided =
                std::any_of(before_.cuts.begin(), before_.cuts.end(), [&](const CharterCut& cut) {
                    return same != next_.cuts.end() && cut == *same;
                });
            if (decided) continue; // an earlier epoch said what counts
            if (same != next_.cuts.end())
                same->batch = std::max(same->batch, head.batch);
            else
                next_.cuts.push_back(
                    {head.node, head.compartment, head.incarnation, head.batch, lost.key, by_.why});
        }
        for (const CharterCut& cut : by_.cuts) set_cut(cut);
        std::sort(next_.cuts.begin(), next_.cuts.end(),
                  [](const CharterCut& a, const CharterCut& b) {
                      return std::tie(a.node, a.compartment, a.incarnation, a.key) <
                             std::tie(b.node, b.compartment, b.incarnation, b.key);
                  });
    }

    void admit_branches() {
        for (const CharterAdmit& admit : by_.admits) {
            std::erase_if(next_.admits, [&](const CharterAdmit& other) {
                return other.node == admit.node && other.compartment == admit.compartment &&
                       other.incarnation == admit.incarnation && other.batch == admit.batch;
            });
            next_.admits.push_back(admit);
        }
        std::sort(next_.admits.begin(), next_.admits.end(),
                  [](const CharterAdmit& a, const CharterAdmit& b) {
                      return std::tie(a.node, a.compartment, a.incarnation, a.batch) <
                             std::tie(b.node, b.compartment, b.incarnation, b.batch);
                  });
    }

    const CharterState& state_;
    const Charter& before_;
    const Amendment& by_;
    std::span<const KnownHead> heads_;
    Charter next_;
};

} // namespace

Result<std::string> amend_charter(const CharterState& state, const Amendment& amendment,
                                  std::span<const KnownHead> heads) {
    SAFAR_ASSERT(amendment.rotate.size() == amendment.rotate_nodes.size());
    return Drafter(state, amendment, heads).run();
}

} // namespace safar
