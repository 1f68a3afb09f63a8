#include "node/charter/charter.hpp"
#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/charter_write.hpp"
#include "node/charter/strict_toml.hpp"
#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace safar {
namespace {

using namespace limits;

// Fills one Charter from its unsigned text; the first problem wins.
class UnsignedParser {
public:
    UnsignedParser(Charter& charter, TomlProblems& problems) : out_(charter), problems_(problems) {}

    void run(const toml::table& root) {
        TomlReader top(root, "charter", problems_);
        if (const toml::table* table = top.table("charter")) head(*table);
        int index = 0;
        for (const toml::table* table : top.tables("agency", agencies_max))
            agency(TomlReader(*table, fmt::format("[[agency]] {}", ++index), problems_));
        index = 0;
        for (const toml::table* table : top.tables("node", nodes_max))
            node(TomlReader(*table, fmt::format("[[node]] {}", ++index), problems_));
        index = 0;
        for (const toml::table* table : top.tables("document", documents_max))
            document(TomlReader(*table, fmt::format("[[document]] {}", ++index), problems_));
        index = 0;
        for (const toml::table* table : top.tables("compartment", compartments_max))
            compartment(TomlReader(*table, fmt::format("[[compartment]] {}", ++index), problems_));
        index = 0;
        for (const toml::table* table : top.tables("cut", cuts_max))
            cut(TomlReader(*table, fmt::format("[[cut]] {}", ++index), problems_));
        index = 0;
        for (const toml::table* table : top.tables("admit", admits_max))
            admit(TomlReader(*table, fmt::format("[[admit]] {}", ++index), problems_));
        top.done();
        if (!problems_.any())
            whole(TomlReader(*root.get_as<toml::table>("charter"), "[charter]", problems_));
    }

private:
    void head(const toml::table& table) {
        TomlReader in(table, "[charter]", problems_);
        out_.network_name = in.text("network", title_bytes_max);
        out_.epoch = in.number("epoch", 1, sequence_max);
        std::string previous = in.text("previous", 2 * Hash::size, Need::optional);
        if (out_.epoch == 1 && !previous.empty()) in.refuse("previous", "must be \"\" in epoch 1");
        if (out_.epoch > 1) out_.previous = in.hex<Hash>("previous");
        out_.quorum = static_cast<std::uint32_t>(in.number("quorum", 1, agencies_max));
        for (const std::string& text :
             in.texts("settles", settles_max, 2 * Hash::size, Need::optional)) {
            Hash hash;
            if (!from_hex(text, hash.raw) || hash.hex() != text)
                in.refuse("settles", "needs identities of epochs, 64 lower-case hex digits each");
            out_.settles.push_back(hash);
        }
        if (!std::is_sorted(out_.settles.begin(), out_.settles.end()) || out_.settles.size() == 1)
            in.refuse("settles", "names at least two rivals, ascending");
        in.done();
    }

    void agency(TomlReader in) {
        CharterAgency agency;
        agency.code = in.text("code", code_bytes_max);
        if (!problems_.any() && !is_agency_code(agency.code))
            in.refuse("code",
                      fmt::format("\"{}\" may use letters, digits, - and _ only, and starts "
                                  "with a letter",
                                  agency.code));
        if (out_.agency(agency.code) != nullptr)
            in.refuse("code", fmt::format("\"{}\" stands twice", agency.code));
        agency.name = in.text("name", title_bytes_max);
        agency.title = in.text("title", code_bytes_max);
        if (!problems_.any() && !is_title(agency.title))
            in.refuse("title", fmt::format("\"{}\" is none of chair, coordinator, steward, member, "
                                           "observer, donor",
                                           agency.title));
        agency.steward = in.flag("steward", false);
        bool titled =
            agency.title == "chair" || agency.title == "coordinator" || agency.title == "steward";
        if (titled != agency.steward)
            in.refuse("steward",
                      "must be true for chair, coordinator and steward, and for no other");
        in.done();
        out_.agencies.push_back(std::move(agency));
    }

    void key(TomlReader& in, std::string_view name, const PublicKey& key) {
        if (problems_.any()) return;
        if (auto good = check_public_key(key); !good)
            in.refuse(name, good.error().detail, ErrorCode::bad_key);
        for (const CharterNode& other : out_.nodes)
            if (key == other.signing_key || key == other.tls_key)
                in.refuse(name, "is a key of another node: every key stands once");
    }

    void node(TomlReader in) {
        CharterNode node;
        node.agency = in.text("agency", code_bytes_max);
        if (!problems_.any() && out_.agency(node.agency) == nullptr)
            in.refuse("agency", fmt::format("\"{}\" is no agency of this charter", node.agency));
        node.id = in.hex<NodeId>("id");
        node.signing_key = in.hex<PublicKey>("signing_key");
        key(in, "signing_key", node.signing_key);
        node.tls_key = in.hex<PublicKey>("tls_key");
        key(in, "tls_key", node.tls_key);
        if (node.signing_key == node.tls_key)
            in.refuse("tls_key", "is the signing key: two keys are needed");
        // Later epochs may have replaced the first key; the id stays.
        if (!problems_.any() && out_.epoch == 1 && node.id != node_id(node.signing_key))
            in.refuse("id", "is not the hash of signing_key");
        if (out_.node(node.id) != nullptr) in.refuse("id", "stands twice");
        node.address = in.text("address", address_bytes_max, Need::optional);
        if (!node.address.empty() && !is_address(node.address))
            in.refuse("address", fmt::format("\"{}\" is not host:port", node.address));
        in.done();
        out_.nodes.push_back(std::move(node));
    }

    void document(TomlReader in) {
        CharterDocument document;
        document.name = in.text("name", title_bytes_max);
        if (!problems_.any() && !is_document_name(document.name))
            in.refuse("name", fmt::format("\"{}\" is neither schema/NAME.toml nor codes/NAME.toml",
                                          document.name));
        for (const CharterDocument& other : out_.documents)
            if (other.name == document.name) in.refuse("name", "stands twice");
        document.hash = in.hex<Hash>("hash");
        document.text = in.text("text", charter_bytes_max, Need::required, /*lines=*/true);
        if (!problems_.any() && document.hash != tagged_hash("document", {as_bytes(document.text)}))
            in.refuse("hash", fmt::format("{} has another text than its hash says", document.name),
                      ErrorCode::wrong_hash);
        in.done();
        out_.documents.push_back(std::move(document));
    }

    std::vector<std::string> codes(TomlReader& in, std::string_view key, std::size_t count_max,
                                   std::size_t bytes_max = code_bytes_max) {
        std::vector<std::string> out = in.texts(key, count_max, bytes_max);
        std::set<std::string_view> seen;
        for (const std::string& code : out)
            if (!seen.insert(code).second) in.refuse(key, fmt::format("\"{}\" stands twice", code));
        return out;
    }

    // Agencies that get less than a reader: in no other list of the compartment.
    std::vector<std::string> outsiders(TomlReader& in, std::string_view key,
                                       const CharterCompartment& compartment) {
        std::vector<std::string> out = in.texts(key, agencies_max, code_bytes_max, Need::optional);
        std::set<std::string_view> seen;
        for (const std::string& code : out) {
            if (!seen.insert(code).second) in.refuse(key, fmt::format("\"{}\" stands twice", code));
            if (!problems_.any() && out_.agency(code) == nullptr)
                in.refuse(key, fmt::format("\"{}\" is no agency of this charter", code));
            if (compartment.may_hold(code) || compartment.observes(code))
                in.refuse(
                    key, fmt::format(
                             "\"{}\" stands in another list of this compartment: it writes, reads, "
                             "observes or relays",
                             code));
        }
        return out;
    }

    void compartment(TomlReader in) {
        CharterCompartment compartment;
        compartment.name = in.text("name", code_bytes_max);
        if (!problems_.any() && !is_compartment_name(compartment.name))
            in.refuse("name",
                      fmt::format("\"{}\" may use a-z, 0-9, - and _ only, and starts with a "
                                  "letter",
                                  compartment.name));
        if (out_.compartment(compartment.name) != nullptr) in.refuse("name", "stands twice");
        compartment.title = in.text("title", title_bytes_max, Need::optional);
        compartment.kinds = codes(in, "kinds", kinds_max, kind_bytes_max);
        for (const std::string& kind : compartment.kinds)
            if (out_.compartment_of_kind(kind) != nullptr)
                in.refuse("kinds", fmt::format("\"{}\" is in compartment \"{}\" already", kind,
                                               out_.compartment_of_kind(kind)->name));
        compartment.writers = codes(in, "writers", agencies_max);
        compartment.readers = codes(in, "readers", agencies_max);
        compartment.observers = outsiders(in, "observers", compartment);
        compartment.relays = outsiders(in, "relays", compartment);
        bool steward = false;
        for (std::string_view key : {"writers", "readers"})
            for (const std::string& code :
                 key == "writers" ? compartment.writers : compartment.readers) {
                const CharterAgency* agency = out_.agency(code);
                if (agency == nullptr)
                    in.refuse(key, fmt::format("\"{}\" is no agency of this charter", code));
                else
                    steward = steward || agency->steward;
            }
        if (!problems_.any() && !steward)
            in.refuse("readers", "no steward holds this compartment, so nobody could name its logs "
                                 "when a member must be stopped");
        in.done();
        out_.compartments.push_back(std::move(compartment));
    }

    // Whom a cut may name is a matter of the epochs before: succession.cpp.
    void cut(TomlReader in) {
        CharterCut cut = read_cut(in);
        std::string key = in.text("key", 2 * KeyId::size, Need::optional);
        if (!key.empty()) cut.key = in.hex<KeyId>("key");
        cut.reason = in.text("reason", reason_bytes_max, Need::optional);
        if (!problems_.any() && out_.compartment(cut.compartment) == nullptr)
            in.refuse("compartment",
                      fmt::format("\"{}\" is no compartment of this charter", cut.compartment));
        for (const CharterCut& other : out_.cuts)
            if (other.node == cut.node && other.compartment == cut.compartment &&
                other.incarnation == cut.incarnation && other.key == cut.key)
                in.refuse("incarnation", "this log is cut twice");
        in.done();
        out_.cuts.push_back(std::move(cut));
    }

    void admit(TomlReader in) {
        const CharterCut place = read_cut(in);
        CharterAdmit admit{place.node, place.compartment, place.incarnation, place.batch, {}, {}};
        admit.hash = in.hex<Hash>("hash");
        admit.reason = in.text("reason", reason_bytes_max, Need::optional);
        if (admit.batch == 0) in.refuse("batch", "must be 1 or more");
        if (!problems_.any() && out_.compartment(admit.compartment) == nullptr)
            in.refuse("compartment",
                      fmt::format("\"{}\" is no compartment of this charter", admit.compartment));
        for (const CharterAdmit& other : out_.admits)
            if (other.node == admit.node && other.compartment == admit.compartment &&
                other.incarnation == admit.incarnation && other.batch == admit.batch)
                in.refuse("batch", "of this place a batch is admitted twice");
        in.done();
        out_.admits.push_back(std::move(admit));
    }

    void whole(TomlReader in) {
        auto stewards = static_cast<std::size_t>(std::count_if(
            out_.agencies.begin(), out_.agencies.end(), [](const auto& a) { return a.steward; }));
        if (stewards == 0) in.refuse("quorum", "there is no steward to sign this charter");
        if (out_.quorum > stewards || 2 * std::size_t{out_.quorum} <= stewards)
            in.refuse("quorum", fmt::format("is {}, but with {} stewards it must be {} to {}",
                                            out_.quorum, stewards, stewards / 2 + 1, stewards));
        for (std::string_view title : {"chair", "coordinator"})
            if (std::count_if(out_.agencies.begin(), out_.agencies.end(),
                              [&](const auto& a) { return a.title == title; }) > 1)
                in.refuse("quorum", fmt::format("two agencies have the title {}", title));
        for (const CharterAgency& agency : out_.agencies)
            if (agency.steward && std::none_of(out_.nodes.begin(), out_.nodes.end(),
                                               [&](auto& n) { return n.agency == agency.code; }))
                in.refuse("quorum",
                          fmt::format("steward {} has no node, so it cannot sign", agency.code));
    }

    Charter& out_;
    TomlProblems& problems_;
};

void parse_signature(Charter& charter, TomlReader in, TomlProblems& problems) {
    CharterSignature signature;
    signature.agency = in.text("agency", code_bytes_max);
    const CharterAgency* agency = charter.agency(signature.agency);
    // Under a later epoch the stewards of the one before sign too: check_quorum knows them.
    const bool first = charter.epoch == 1;
    if (!problems.any() && first && (agency == nullptr || !agency->steward))
        in.refuse("agency", fmt::format("\"{}\" is no steward of this charter", signature.agency));
    signature.key = in.hex<KeyId>("key");
    bool known = std::any_of(charter.nodes.begin(), charter.nodes.end(), [&](const auto& node) {
        return node.agency == signature.agency && key_id(node.signing_key) == signature.key;
    });
    if (!problems.any() && first && !known)
        in.refuse("key", fmt::format("{} is no signing key of a node of {}", signature.key.brief(),
                                     signature.agency));
    for (const CharterSignature& other : charter.signatures)
        if (other.key == signature.key) in.refuse("key", "signed already: a key signs once");
    signature.value = in.hex<Signature>("value");
    in.done();
    charter.signatures.push_back(std::move(signature));
}

Result<> check_kinds(const Charter& charter) {
    SAFAR_TRY(auto schema, charter_schema(charter));
    for (const CharterCompartment& compartment : charter.compartments)
        for (const std::string& kind : compartment.kinds)
            if (schema.kind(kind) == nullptr)
                return failure(
                    ErrorCode::invalid_argument,
                    fmt::format("charter: compartment \"{}\" names kind \"{}\", which no "
                                "schema document declares",
                                compartment.name, kind));
    return success();
}

} // namespace

CharterCut read_cut(TomlReader& in) {
    CharterCut cut;
    cut.node = in.hex<NodeId>("node");
    cut.compartment = in.text("compartment", code_bytes_max);
    cut.incarnation = in.hex<Incarnation>("incarnation");
    cut.batch = in.number("batch", 0, sequence_max);
    return cut;
}

Result<Charter> parse_charter(std::string_view text) {
    if (text.size() > charter_bytes_max)
        return failure(ErrorCode::limit_exceeded,
                       fmt::format("charter: has {} bytes, at most {} are allowed", text.size(),
                                   charter_bytes_max));
    if (std::size_t at = text.find('\r'); at != text.npos)
        return failure(ErrorCode::malformed,
                       fmt::format("charter line {}: Windows line end: a charter must travel "
                                   "unchanged, fetch the original again",
                                   1 + std::ranges::count(text.substr(0, at), '\n')));
    if (text.empty() || text.back() != '\n')
        return failure(ErrorCode::malformed, "charter: does not end with a line end: it was cut");
    auto [unsigned_text, tail] = split_charter(text);

    Charter charter;
    TomlProblems problems("charter");
    toml::table root = parse_toml(unsigned_text, problems);
    if (!problems.any()) UnsignedParser(charter, problems).run(root);
    SAFAR_TRY(problems.result());
    charter.unsigned_text = unsigned_text;
    charter.identity = tagged_hash("charter", {as_bytes(unsigned_text)});
    SAFAR_TRY(check_kinds(charter));

    auto lines = std::count(unsigned_text.begin(), unsigned_text.end(), '\n');
    TomlProblems tail_problems("charter", static_cast<std::uint32_t>(lines));
    toml::table signed_root = parse_toml(tail, tail_problems);
    if (!tail_problems.any()) {
        TomlReader top(signed_root, "signatures", tail_problems);
        int index = 0;
        for (const toml::table* table : top.tables("signature", signatures_max))
            parse_signature(
                charter,
                TomlReader(*table, fmt::format("[[signature]] {}", ++index), tail_problems),
                tail_problems);
        top.done();
    }
    SAFAR_TRY(tail_problems.result());
    // One spelling: nothing can hide between the signatures.
    if (tail != write_signatures(charter.signatures))
        return failure(
            ErrorCode::non_canonical,
            fmt::format("charter line {}: the signatures are not spelled as `safar charter "
                        "sign` writes them: sign again, do not edit them",
                        lines + 1));
    return charter;
}

} // namespace safar
