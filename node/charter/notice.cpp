#include "node/charter/notice.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_state.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/charter_write.hpp"
#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t suspension_bytes_max = limits::charter_bytes_max;

Notice noticed(NoticeKind kind, ByteView own, decltype(Notice::what) what) {
    Notice out{kind, {}, {}, std::move(what)};
    out.bytes.push_back(static_cast<std::byte>(kind));
    out.bytes.insert(out.bytes.end(), own.begin(), own.end());
    out.hash = tagged_hash("notice", {out.bytes});
    return out;
}

std::string suspension_text(const Suspension& what) {
    std::string out = fmt::format("[suspension]\nnetwork = \"{}\"\nepoch = \"{}\"\n",
                                  what.network.hex(), what.epoch.hex());
    if (what.node)
        out += fmt::format("node = \"{}\"\n", what.node->hex());
    else
        out += fmt::format("agency = {}\n", toml_quote(what.agency));
    out += fmt::format("reason = {}\n", toml_quote(what.reason));
    return out + write_cuts(what.cuts) + "\n";
}

void read_body(const toml::table& root, TomlProblems& problems, Suspension& out) {
    TomlReader top(root, "suspension", problems);
    if (const toml::table* table = top.table("suspension")) {
        TomlReader in(*table, "[suspension]", problems);
        out.network = in.hex<NetworkId>("network");
        out.epoch = in.hex<Hash>("epoch");
        if (table->contains("node"))
            out.node = in.hex<NodeId>("node");
        else
            out.agency = in.text("agency", limits::code_bytes_max);
        out.reason = in.text("reason", limits::reason_bytes_max);
        in.done();
    }
    int index = 0;
    for (const toml::table* table : top.tables("cut", limits::cuts_max)) {
        TomlReader in(*table, fmt::format("[[cut]] {}", ++index), problems);
        CharterCut cut = read_cut(in);
        in.done();
        out.cuts.push_back(std::move(cut));
    }
    top.done();
}

Result<Suspension> parse_suspension(std::string_view text) {
    if (text.size() > suspension_bytes_max)
        return failure(ErrorCode::limit_exceeded, "suspension: larger than a charter may be");
    auto [body, tail] = split_charter(text);
    Suspension out;
    TomlProblems problems("suspension");
    toml::table root = parse_toml(body, problems);
    if (!problems.any()) read_body(root, problems, out);
    SAFAR_TRY(problems.result());
    TomlProblems tail_problems(
        "suspension", static_cast<std::uint32_t>(std::count(body.begin(), body.end(), '\n')));
    toml::table signed_root = parse_toml(tail, tail_problems);
    if (!tail_problems.any()) {
        TomlReader top(signed_root, "signatures", tail_problems);
        for (const toml::table* table : top.tables("signature", 1)) {
            TomlReader in(*table, "[[signature]]", tail_problems);
            out.by = in.text("agency", limits::code_bytes_max);
            out.key = in.hex<KeyId>("key");
            out.value = in.hex<Signature>("value");
            in.done();
        }
        top.done();
    }
    SAFAR_TRY(tail_problems.result());
    // One spelling, so that one suspension has one name.
    const CharterSignature signature{out.by, out.key, out.value};
    if (body != suspension_text(out) || tail != write_signatures({&signature, 1}))
        return failure(
            ErrorCode::non_canonical,
            "suspension: not spelled as `safar charter suspend` writes it: do not edit it");
    return out;
}

Result<> check(const Suspension& what, const Epochs& epochs) {
    if (what.network.raw != epochs.front()->identity.raw)
        return failure(ErrorCode::wrong_network, "suspension: of network " + what.network.brief());
    auto epoch = std::find_if(epochs.begin(), epochs.end(),
                              [&](const auto& e) { return e->identity == what.epoch; });
    if (epoch == epochs.end())
        return failure(ErrorCode::epoch_unknown, "suspension: holds in epoch " +
                                                     what.epoch.brief() +
                                                     ", which is not held here");
    const Charter& rules = **epoch;
    const CharterAgency* by = rules.agency(what.by);
    auto node = std::find_if(rules.nodes.begin(), rules.nodes.end(), [&](const CharterNode& n) {
        return n.agency == what.by && key_id(n.signing_key) == what.key;
    });
    if (by == nullptr || !by->steward || node == rules.nodes.end())
        return failure(
            ErrorCode::not_permitted,
            fmt::format("suspension: {} is no steward of epoch {}, or the key is not its own",
                        what.by, rules.epoch));
    const std::string text = suspension_text(what);
    if (!verify(node->signing_key, "suspension", as_bytes(text), what.value))
        return failure(ErrorCode::bad_signature,
                       fmt::format("suspension: the signature of {} does not verify", what.by));
    return success();
}

// In a log whose node reads and does not write only a delegation can have let it sign: that may
// come yet.
Result<> check(const ForkEvidence& evidence, const Epochs& epochs,
               std::span<const HeldDelegation> delegations) {
    const auto authority = make_authority(epochs, {}, {}, delegations);
    auto checked = check_evidence(evidence, *authority);
    if (checked || checked.error().code != ErrorCode::not_permitted) return checked;
    const LogOwner* owner = authority->owner(evidence.place.log.id);
    const bool may_come =
        owner != nullptr && std::any_of(epochs.begin(), epochs.end(), [&](const auto& epoch) {
            const CharterCompartment* compartment = epoch->compartment(owner->compartment);
            return compartment != nullptr && compartment->may_hold(owner->agency) &&
                   !compartment->may_write(owner->agency);
        });
    if (!may_come) return checked;
    return failure(ErrorCode::epoch_unknown,
                   checked.error().detail + ", unless a delegation lets it");
}

// Two successors of one epoch are rivals if each would be in force without the other.
Result<> check(const Charter& rival, const Epochs& epochs) {
    for (std::size_t held = epochs.size(); held > 0; --held) {
        if (epochs[held - 1]->identity != rival.previous) continue;
        return check_succession(
            rival, Epochs(epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(held)));
    }
    return failure(
        ErrorCode::epoch_unknown,
        fmt::format("rival charter: follows {}, which is not held here", rival.previous.brief()));
}

} // namespace

Result<std::string> write_suspension(const Suspension& what, const std::string& by,
                                     const SigningKey& key) {
    const std::string body = suspension_text(what);
    const CharterSignature signature{by, key.id(), key.sign("suspension", as_bytes(body))};
    std::string out = body + write_signatures({&signature, 1});
    SAFAR_TRY(parse_suspension(out));
    return out;
}

Notice make_suspension_notice(std::string_view text, Suspension what) {
    return noticed(NoticeKind::suspension, as_bytes(text), std::move(what));
}
Notice make_fork_notice(const ForkEvidence& evidence) {
    return noticed(NoticeKind::fork, encode_evidence(evidence), evidence);
}
Notice make_delegation_notice(std::string_view text, Delegation what) {
    return noticed(NoticeKind::delegation, as_bytes(text), std::move(what));
}
Notice make_delegation_end_notice(std::string_view text, DelegationEnd what) {
    return noticed(NoticeKind::delegation_end, as_bytes(text), std::move(what));
}
Hash what_it_says(const Notice& notice) {
    const auto* rival = std::get_if<Charter>(&notice.what);
    if (rival == nullptr) return notice.hash;
    return tagged_hash("notice", {ByteView(notice.bytes).first(1), rival->identity.view()});
}

Notice make_rival_notice(std::string_view text, Charter charter) {
    return noticed(NoticeKind::rival, as_bytes(text), std::move(charter));
}

Result<Notice> parse_notice(ByteView bytes) {
    if (bytes.empty()) return failure(ErrorCode::malformed, "notice: empty");
    const ByteView own = bytes.subspan(1);
    switch (static_cast<NoticeKind>(bytes[0])) {
    case NoticeKind::suspension: {
        SAFAR_TRY(auto what, parse_suspension(as_text(own)));
        return make_suspension_notice(as_text(own), std::move(what));
    }
    case NoticeKind::fork: {
        SAFAR_TRY(auto what, decode_evidence(own));
        SAFAR_TRY(read_evidence(what));
        return make_fork_notice(what);
    }
    case NoticeKind::rival: {
        SAFAR_TRY(auto what, parse_charter(as_text(own)));
        return make_rival_notice(as_text(own), std::move(what));
    }
    case NoticeKind::delegation: {
        SAFAR_TRY(auto what, parse_delegation(as_text(own)));
        return make_delegation_notice(as_text(own), std::move(what));
    }
    case NoticeKind::delegation_end: {
        SAFAR_TRY(auto what, parse_delegation_end(as_text(own)));
        return make_delegation_end_notice(as_text(own), std::move(what));
    }
    }
    return failure(ErrorCode::malformed,
                   "notice of unknown kind " + std::to_string(std::to_integer<int>(bytes[0])));
}

Result<> check_notice(const Notice& notice, const Epochs& epochs,
                      std::span<const HeldDelegation> delegations) {
    SAFAR_ASSERT(!epochs.empty());
    if (const auto* fork = std::get_if<ForkEvidence>(&notice.what))
        return check(*fork, epochs, delegations);
    if (const auto* what = std::get_if<Suspension>(&notice.what)) return check(*what, epochs);
    if (const auto* what = std::get_if<Delegation>(&notice.what)) return check(*what, epochs);
    if (const auto* what = std::get_if<DelegationEnd>(&notice.what)) return check(*what, epochs);
    return check(std::get<Charter>(notice.what), epochs);
}

std::string describe_notice(const Notice& notice) {
    if (const auto* what = std::get_if<Suspension>(&notice.what))
        return fmt::format("{} suspends {}: {}", what->by,
                           what->node ? "node " + what->node->brief() : "agency " + what->agency,
                           what->reason);
    if (const auto* fork = std::get_if<ForkEvidence>(&notice.what))
        return fmt::format("log {} has two batches {}", fork->place.log.brief(),
                           fork->place.number);
    if (const auto* what = std::get_if<Delegation>(&notice.what)) {
        std::string kinds;
        for (const std::string& kind : what->kinds) kinds += (kinds.empty() ? "" : ", ") + kind;
        return fmt::format(
            "{} lets node {} write {} in {}{}{}{}", what->agency, what->node.brief(), kinds,
            what->compartment,
            what->until_epoch > 0 ? fmt::format(" until epoch {}", what->until_epoch) : "",
            what->until_batch > 0 ? fmt::format(" until batch {}", what->until_batch) : "",
            what->reason.empty() ? "" : ": " + what->reason);
    }
    if (const auto* end = std::get_if<DelegationEnd>(&notice.what))
        return fmt::format("{} ends delegation {}{}", end->agency, end->delegation.brief(),
                           end->reason.empty() ? "" : ": " + end->reason);
    const auto& rival = std::get<Charter>(notice.what);
    return fmt::format("a rival epoch {}, {}", rival.epoch, rival.identity.brief());
}

} // namespace safar
