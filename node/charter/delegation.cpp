#include "node/charter/delegation.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/charter_write.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t text_bytes_max = 256u << 10;
constexpr std::size_t end_cuts_max = 1024; // logs of one node

std::string kinds_list(const std::vector<std::string>& kinds) {
    std::string out;
    for (const std::string& kind : kinds) out += (out.empty() ? "" : ", ") + toml_quote(kind);
    return "[" + out + "]";
}

std::string body_of(const Delegation& what) {
    std::string out = fmt::format(
        "[delegation]\nnetwork = \"{}\"\nepoch = \"{}\"\nnode = \"{}\"\ncompartment = {}\n"
        "kinds = {}\n",
        what.network.hex(), what.epoch.hex(), what.node.hex(), toml_quote(what.compartment),
        kinds_list(what.kinds));
    if (what.until_epoch > 0) out += fmt::format("until_epoch = {}\n", what.until_epoch);
    if (what.until_batch > 0) out += fmt::format("until_batch = {}\n", what.until_batch);
    return out + fmt::format("reason = {}\n\n", toml_quote(what.reason));
}

std::string body_of(const DelegationEnd& what) {
    return fmt::format(
        "[end]\nnetwork = \"{}\"\nepoch = \"{}\"\ndelegation = \"{}\"\nreason = {}\n{}\n",
        what.network.hex(), what.epoch.hex(), what.delegation.hex(), toml_quote(what.reason),
        write_cuts(what.cuts));
}

constexpr std::string_view purpose_of(const Delegation&) { return "delegation"; }
constexpr std::string_view purpose_of(const DelegationEnd&) { return "delegation-end"; }

void read_body(const toml::table& root, TomlProblems& problems, Delegation& out) {
    TomlReader top(root, "delegation", problems);
    if (const toml::table* table = top.table("delegation")) {
        TomlReader in(*table, "[delegation]", problems);
        out.network = in.hex<NetworkId>("network");
        out.epoch = in.hex<Hash>("epoch");
        out.node = in.hex<NodeId>("node");
        out.compartment = in.text("compartment", limits::code_bytes_max);
        out.kinds = in.texts("kinds", limits::kinds_max, limits::kind_bytes_max);
        if (table->contains("until_epoch"))
            out.until_epoch = in.number("until_epoch", 1, limits::sequence_max);
        if (table->contains("until_batch"))
            out.until_batch = in.number("until_batch", 1, limits::sequence_max);
        if (out.until_epoch == 0 && out.until_batch == 0)
            in.refuse("until_epoch", "or until_batch is needed: a delegation ends");
        if (out.kinds.empty() || !std::is_sorted(out.kinds.begin(), out.kinds.end()) ||
            std::adjacent_find(out.kinds.begin(), out.kinds.end()) != out.kinds.end())
            in.refuse("kinds", "names at least one kind, ascending, each once");
        out.reason = in.text("reason", limits::reason_bytes_max, Need::optional);
        in.done();
    }
    top.done();
}

void read_body(const toml::table& root, TomlProblems& problems, DelegationEnd& out) {
    TomlReader top(root, "end of a delegation", problems);
    if (const toml::table* table = top.table("end")) {
        TomlReader in(*table, "[end]", problems);
        out.network = in.hex<NetworkId>("network");
        out.epoch = in.hex<Hash>("epoch");
        out.delegation = in.hex<Hash>("delegation");
        out.reason = in.text("reason", limits::reason_bytes_max, Need::optional);
        in.done();
    }
    int index = 0;
    for (const toml::table* table : top.tables("cut", end_cuts_max)) {
        TomlReader in(*table, fmt::format("[[cut]] {}", ++index), problems);
        out.cuts.push_back(read_cut(in));
        in.done();
    }
    top.done();
}

template <class What> Result<What> parse_signed(std::string_view text) {
    What out;
    const std::string name(purpose_of(out));
    if (text.size() > text_bytes_max)
        return failure(ErrorCode::limit_exceeded,
                       fmt::format("{}: larger than {} bytes", name, text_bytes_max));
    auto [body, tail] = split_charter(text);
    TomlProblems problems(name);
    toml::table root = parse_toml(body, problems);
    if (!problems.any()) read_body(root, problems, out);
    SAFAR_TRY(problems.result());
    TomlProblems tail_problems(
        name, static_cast<std::uint32_t>(std::count(body.begin(), body.end(), '\n')));
    toml::table signed_root = parse_toml(tail, tail_problems);
    if (!tail_problems.any()) {
        TomlReader top(signed_root, "signatures", tail_problems);
        for (const toml::table* table : top.tables("signature", 1)) {
            TomlReader in(*table, "[[signature]]", tail_problems);
            out.agency = in.text("agency", limits::code_bytes_max);
            out.key = in.hex<KeyId>("key");
            out.value = in.hex<Signature>("value");
            in.done();
        }
        top.done();
    }
    SAFAR_TRY(tail_problems.result());
    // One spelling, so that it has one name.
    const CharterSignature signature{out.agency, out.key, out.value};
    if (body != body_of(out) || tail != write_signatures({&signature, 1}))
        return failure(ErrorCode::non_canonical,
                       name + ": not spelled as `safar delegate` writes it: do not edit it");
    return out;
}

template <class What> Result<std::string> write_signed(What what, const SigningKey& key) {
    const std::string body = body_of(what);
    const CharterSignature signature{what.agency, key.id(),
                                     key.sign(purpose_of(what), as_bytes(body))};
    std::string out = body + write_signatures({&signature, 1});
    SAFAR_TRY(parse_signed<What>(out));
    return out;
}

// The epoch in which it was signed, by a key of one of the signer's nodes.
template <class What> Result<const Charter*> check_signed(const What& what, const Epochs& epochs) {
    const std::string name(purpose_of(what));
    if (what.network.raw != epochs.front()->identity.raw)
        return failure(ErrorCode::wrong_network, name + ": of network " + what.network.brief());
    auto epoch = std::find_if(epochs.begin(), epochs.end(),
                              [&](const auto& e) { return e->identity == what.epoch; });
    if (epoch == epochs.end())
        return failure(ErrorCode::epoch_unknown,
                       fmt::format("{}: holds from epoch {} on, which is not held here", name,
                                   what.epoch.brief()));
    const Charter& rules = **epoch;
    auto signer = std::find_if(rules.nodes.begin(), rules.nodes.end(), [&](const CharterNode& n) {
        return n.agency == what.agency && key_id(n.signing_key) == what.key;
    });
    if (signer == rules.nodes.end())
        return failure(
            ErrorCode::not_permitted,
            fmt::format("{}: the key is none of {} in epoch {}", name, what.agency, rules.epoch));
    if (!verify(signer->signing_key, purpose_of(what), as_bytes(body_of(what)), what.value))
        return failure(ErrorCode::bad_signature,
                       fmt::format("{}: the signature of {} does not verify", name, what.agency));
    return &rules;
}

} // namespace

bool HeldDelegation::covers(const BatchHeader& header, bool ended) const {
    if (header.epoch < since || (what.until_epoch > 0 && header.epoch > what.until_epoch))
        return false;
    if (what.until_batch > 0 && header.number > what.until_batch) return false;
    if (!ended || !end) return true;
    for (const CharterCut& cut : end->cuts)
        if (cut.node == what.node && cut.compartment == what.compartment &&
            cut.incarnation == header.log.incarnation)
            return header.number <= cut.batch;
    return false;
}

Result<std::string> write_delegation(Delegation what, const SigningKey& key) {
    std::sort(what.kinds.begin(), what.kinds.end());
    return write_signed(std::move(what), key);
}
Result<std::string> write_delegation_end(DelegationEnd what, const SigningKey& key) {
    return write_signed(std::move(what), key);
}
Result<Delegation> parse_delegation(std::string_view text) {
    return parse_signed<Delegation>(text);
}
Result<DelegationEnd> parse_delegation_end(std::string_view text) {
    return parse_signed<DelegationEnd>(text);
}

Result<> check(const DelegationEnd& what, const Epochs& epochs) {
    SAFAR_TRY(check_signed(what, epochs));
    return success();
}

Result<> check(const Delegation& what, const Epochs& epochs) {
    SAFAR_TRY(const Charter* rules, check_signed(what, epochs));
    const auto refuse = [&](std::string why) {
        return failure(ErrorCode::not_permitted,
                       fmt::format("delegation by {} in epoch {}: {}", what.agency, rules->epoch,
                                   std::move(why)));
    };
    const CharterCompartment* compartment = rules->compartment(what.compartment);
    if (compartment == nullptr || !compartment->may_write(what.agency))
        return refuse(fmt::format("it does not write to '{}' itself", what.compartment));
    const CharterNode* node = rules->node(what.node);
    if (node == nullptr) return refuse(fmt::format("node {} is not listed", what.node.brief()));
    if (!compartment->may_hold(node->agency))
        return refuse(fmt::format("{} does not read '{}': an epoch must give it that first",
                                  node->agency, what.compartment));
    if (compartment->may_write(node->agency))
        return refuse(
            fmt::format("{} writes to '{}' by the charter", node->agency, what.compartment));
    for (const std::string& kind : what.kinds)
        if (std::find(compartment->kinds.begin(), compartment->kinds.end(), kind) ==
            compartment->kinds.end())
            return refuse(fmt::format("kind '{}' is none of '{}'", kind, what.compartment));
    if (what.until_epoch > 0 && what.until_epoch < rules->epoch)
        return refuse(
            fmt::format("it would end with epoch {}, before it begins", what.until_epoch));
    return success();
}

HeldDelegation held_delegation(const Delegation& what, const Hash& name, const Epochs& epochs,
                               std::map<Hash, Schema>& schemas) {
    HeldDelegation out{what, name, 0, {}, std::nullopt, {}};
    for (const auto& epoch : epochs) {
        if (epoch->identity != what.epoch) continue;
        out.since = epoch->epoch;
        if (!schemas.contains(what.epoch)) {
            auto schema = charter_schema(*epoch);
            if (schema) schemas.emplace(what.epoch, std::move(schema).value());
        }
        auto schema = schemas.find(what.epoch);
        if (schema == schemas.end()) break;
        for (const std::string& kind : what.kinds)
            if (const Kind* known = schema->second.kind(std::string_view(kind)))
                out.kinds.push_back(known->tag);
    }
    return out;
}

} // namespace safar
