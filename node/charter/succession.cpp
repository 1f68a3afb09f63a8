#include "node/charter/succession.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::uint64_t settles_skip_max = 64; // rivals of rivals, settled again and again

Error refuse(const Charter& next, const std::string& why) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("charter epoch {}: {}", next.epoch, why));
}

const CharterNode* listed_before(const Epochs& epochs, const NodeId& id) {
    for (auto epoch = epochs.rbegin(); epoch != epochs.rend(); ++epoch)
        if (const CharterNode* node = (*epoch)->node(id)) return node;
    return nullptr;
}

// A node keeps its agency for ever, and a key its node: what was signed stays attributable.
Result<> check_nodes(const Charter& next, const Epochs& epochs) {
    for (const CharterNode& node : next.nodes) {
        const CharterNode* before = listed_before(epochs, node.id);
        if (before != nullptr && before->agency != node.agency)
            return refuse(
                next, fmt::format("node {} belongs to {} and can not become {}'s: enrol a new node",
                                  node.id.brief(), before->agency, node.agency));
        if (before == nullptr && node.id != node_id(node.signing_key))
            return refuse(
                next, fmt::format("node {} is new, and its id is not the hash of its signing key",
                                  node.id.brief()));
        for (const auto& epoch : epochs)
            for (const CharterNode& other : epoch->nodes)
                for (const PublicKey& key : {other.signing_key, other.tls_key})
                    if (other.id != node.id && (key == node.signing_key || key == node.tls_key))
                        return refuse(
                            next, fmt::format("node {} has a key that was node {}'s in epoch {}",
                                              node.id.brief(), other.id.brief(), epoch->epoch));
    }
    return success();
}

Result<> check_compartments(const Charter& next, const Charter& before) {
    for (const CharterCompartment& old : before.compartments) {
        if (next.compartment(old.name) == nullptr)
            return refuse(
                next,
                fmt::format("compartment {} is gone: records lie in it; leave it without writers",
                            old.name));
        for (const std::string& kind : old.kinds) {
            const CharterCompartment* now = next.compartment_of_kind(kind);
            if (now == nullptr || now->name != old.name)
                return refuse(next,
                              fmt::format("kind {} leaves compartment {}: its records can not move",
                                          kind, old.name));
        }
    }
    return success();
}

// What was written under the old schema must read the same under the new one.
Result<> check_schema(const Charter& next, const Charter& before) {
    SAFAR_TRY(auto now, charter_schema(next));
    SAFAR_TRY(auto then, charter_schema(before));
    for (const Kind& old : then.kinds) {
        const Kind* kind = now.kind(old.name);
        if (kind == nullptr || kind->tag != old.tag)
            return refuse(next, fmt::format("kind {} (tag {}) is gone or has another tag", old.name,
                                            old.tag));
        for (const Field& field : old.fields) {
            auto same = std::find_if(kind->fields.begin(), kind->fields.end(),
                                     [&](const Field& f) { return f.tag == field.tag; });
            if (same == kind->fields.end() || same->name != field.name || same->type != field.type)
                return refuse(
                    next,
                    fmt::format("field {} of {} (tag {}) is gone, or has another name or type: "
                                "add a field with a new tag instead",
                                field.name, old.name, field.tag));
        }
    }
    return success();
}

Result<> check_cuts(const Charter& next, const Epochs& epochs) {
    for (const CharterCut& cut : next.cuts)
        if (listed_before(epochs, cut.node) == nullptr && next.node(cut.node) == nullptr)
            return refuse(next,
                          fmt::format("a cut names node {}, which no epoch lists", cut.node.hex()));
    for (const CharterAdmit& admit : next.admits)
        if (listed_before(epochs, admit.node) == nullptr && next.node(admit.node) == nullptr)
            return refuse(next, fmt::format("[[admit]] names node {}, which no epoch lists",
                                            admit.node.hex()));
    return success();
}

std::string names(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& name : list) out += (out.empty() ? "" : ", ") + name;
    return out.empty() ? "nobody" : out;
}

void compare_people(const Charter& before, const Charter& next, std::vector<std::string>& out) {
    for (const CharterAgency& agency : next.agencies) {
        const CharterAgency* old = before.agency(agency.code);
        if (old == nullptr)
            out.push_back(
                fmt::format("admits {} ({}) as {}", agency.code, agency.name, agency.title));
        else if (old->title != agency.title || old->steward != agency.steward)
            out.push_back(fmt::format("{} becomes {}{} (was {}{})", agency.code, agency.title,
                                      agency.steward ? ", a steward" : "", old->title,
                                      old->steward ? ", a steward" : ""));
    }
    for (const CharterAgency& old : before.agencies)
        if (next.agency(old.code) == nullptr)
            out.push_back(fmt::format("removes {} ({})", old.code, old.name));
    for (const CharterNode& node : next.nodes) {
        const CharterNode* old = before.node(node.id);
        if (old == nullptr) {
            out.push_back(fmt::format("admits node {} of {} at {}", node.id.brief(), node.agency,
                                      node.address));
            continue;
        }
        if (old->signing_key != node.signing_key)
            out.push_back(
                fmt::format("node {} of {} signs with a new key", node.id.brief(), node.agency));
        if (old->tls_key != node.tls_key)
            out.push_back(
                fmt::format("node {} of {} connects with a new key", node.id.brief(), node.agency));
        if (old->address != node.address)
            out.push_back(fmt::format("node {} of {} moves from {} to {}", node.id.brief(),
                                      node.agency, old->address, node.address));
    }
    for (const CharterNode& old : before.nodes)
        if (next.node(old.id) == nullptr)
            out.push_back(fmt::format("removes node {} of {}", old.id.brief(), old.agency));
}

void compare_rights(const Charter& before, const Charter& next, std::vector<std::string>& out) {
    for (const CharterCompartment& compartment : next.compartments) {
        const CharterCompartment* old = before.compartment(compartment.name);
        if (old == nullptr) {
            out.push_back(fmt::format("adds compartment {}: writers {}; readers {}",
                                      compartment.name, names(compartment.writers),
                                      names(compartment.readers)));
            continue;
        }
        if (old->writers != compartment.writers)
            out.push_back(fmt::format("writers of {}: {} (were {})", compartment.name,
                                      names(compartment.writers), names(old->writers)));
        if (old->readers != compartment.readers)
            out.push_back(fmt::format("readers of {}: {} (were {})", compartment.name,
                                      names(compartment.readers), names(old->readers)));
        if (old->observers != compartment.observers)
            out.push_back(fmt::format("observers of {}: {} (were {})", compartment.name,
                                      names(compartment.observers), names(old->observers)));
        if (old->relays != compartment.relays)
            out.push_back(fmt::format("relays of {}: {} (were {})", compartment.name,
                                      names(compartment.relays), names(old->relays)));
        if (old->kinds != compartment.kinds)
            out.push_back(fmt::format("kinds in {}: {} (were {})", compartment.name,
                                      names(compartment.kinds), names(old->kinds)));
    }
    for (const CharterDocument& document : next.documents) {
        auto old = std::find_if(before.documents.begin(), before.documents.end(),
                                [&](const auto& d) { return d.name == document.name; });
        if (old == before.documents.end())
            out.push_back(fmt::format("adds {}", document.name));
        else if (old->hash != document.hash)
            out.push_back(fmt::format("changes {}", document.name));
    }
    for (const CharterDocument& old : before.documents)
        if (std::none_of(next.documents.begin(), next.documents.end(),
                         [&](const auto& d) { return d.name == old.name; }))
            out.push_back(fmt::format("drops {}", old.name));
}

} // namespace

Result<> check_succession(const Charter& next, const Epochs& epochs) {
    SAFAR_ASSERT(!epochs.empty());
    const Charter& before = *epochs.back();
    if (next.previous != before.identity)
        return failure(ErrorCode::wrong_hash,
                       fmt::format("charter epoch {} follows {}, and {} rules here", next.epoch,
                                   next.previous.brief(), before.identity.brief()));
    const bool numbered = next.settles.empty() ? next.epoch == before.epoch + 1
                                               : next.epoch > before.epoch + 1 &&
                                                     next.epoch <= before.epoch + settles_skip_max;
    if (!numbered)
        return refuse(
            next,
            fmt::format("has the wrong number to follow epoch {}: the next one, or a higher one "
                        "where it settles rivals",
                        before.epoch));
    SAFAR_TRY(check_quorum(next, &before));
    SAFAR_TRY(check_nodes(next, epochs));
    SAFAR_TRY(check_compartments(next, before));
    SAFAR_TRY(check_schema(next, before));
    return check_cuts(next, epochs);
}

static void compare_admits(const Charter& before, const Charter& next,
                           std::vector<std::string>& out) {
    const auto line = [](std::string_view what, const CharterAdmit& admit) {
        return fmt::format("of the two batches {} that node {} signed in {}, log {}, {} {}{}",
                           admit.batch, admit.node.brief(), admit.compartment,
                           admit.incarnation.brief(), admit.hash.brief(), what,
                           admit.reason.empty() ? "" : ": " + admit.reason);
    };
    for (const CharterAdmit& admit : next.admits)
        if (std::find(before.admits.begin(), before.admits.end(), admit) == before.admits.end())
            out.push_back(line("counts, and what follows it", admit));
    for (const CharterAdmit& admit : before.admits)
        if (std::find(next.admits.begin(), next.admits.end(), admit) == next.admits.end())
            out.push_back(line("is admitted no longer", admit));
}

std::vector<std::string> charter_changes(const Charter& before, const Charter& next) {
    std::vector<std::string> out;
    if (before.network_name != next.network_name)
        out.push_back(fmt::format("renames the network to {}", next.network_name));
    if (before.quorum != next.quorum)
        out.push_back(
            fmt::format("an epoch needs {} signatures (were {})", next.quorum, before.quorum));
    for (const Hash& rival : next.settles)
        out.push_back(fmt::format("puts aside the rival epoch {}", rival.brief()));
    compare_people(before, next, out);
    compare_rights(before, next, out);
    for (const CharterCut& cut : next.cuts)
        if (std::find(before.cuts.begin(), before.cuts.end(), cut) == before.cuts.end())
            out.push_back(fmt::format("of node {} in {}, log {}, {} counts{}{}", cut.node.brief(),
                                      cut.compartment, cut.incarnation.brief(),
                                      cut.batch == 0
                                          ? std::string("nothing")
                                          : fmt::format("what is up to batch {}", cut.batch),
                                      cut.key ? " of key " + cut.key->brief() : "",
                                      cut.reason.empty() ? "" : ": " + cut.reason));
    for (const CharterCut& cut : before.cuts)
        if (std::find(next.cuts.begin(), next.cuts.end(), cut) == next.cuts.end())
            out.push_back(fmt::format("lifts the cut of node {} in {}, log {}", cut.node.brief(),
                                      cut.compartment, cut.incarnation.brief()));
    compare_admits(before, next, out);
    return out;
}

} // namespace safar
