#include "node/charter/charter_write.hpp"

#include "node/charter/charter_text.hpp"
#include "node/charter/strict_toml.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace safar {
namespace {

std::string text_list(std::span<const std::string> texts) {
    std::string out = "[";
    for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_quote(text);
    return out + "]";
}

// Stewards in their order, then everybody else as enrolled: this is the order of authority.
Result<std::vector<CharterAgency>> agencies_of(const CharterDraft& draft) {
    std::vector<CharterAgency> out;
    auto enrolled = [&](std::string_view code) {
        return std::find_if(draft.enrolments.begin(), draft.enrolments.end(),
                            [&](const Enrolment& e) { return e.agency == code; });
    };
    for (const std::string& code : draft.stewards) {
        auto found = enrolled(code);
        if (found == draft.enrolments.end())
            return failure(ErrorCode::invalid_argument,
                           fmt::format("steward {} has not enrolled a node: ask it for `safar node "
                                       "enrol`",
                                       code));
        std::string title = out.empty() ? "chair" : out.size() == 1 ? "coordinator" : "steward";
        out.push_back({code, found->name, title, true});
    }
    for (const Enrolment& enrolment : draft.enrolments) {
        if (std::any_of(out.begin(), out.end(),
                        [&](const CharterAgency& a) { return a.code == enrolment.agency; }))
            continue;
        bool writes = std::any_of(
            draft.compartments.begin(), draft.compartments.end(),
            [&](const CharterCompartment& c) { return has_word(c.writers, enrolment.agency); });
        out.push_back({enrolment.agency, enrolment.name, writes ? "member" : "observer", false});
    }
    return out;
}

void write_people(std::string& out, std::span<const CharterAgency> agencies,
                  std::span<const CharterNode> nodes) {
    out +=
        "\n# Who takes part. The order is the order of authority: where agencies differ about a\n"
        "# value, all are shown and the one that stands first here is preferred.\n";
    for (const CharterAgency& agency : agencies)
        out += fmt::format("\n[[agency]]\ncode = {}\nname = {}\ntitle = {}\nsteward = {}\n",
                           toml_quote(agency.code), toml_quote(agency.name),
                           toml_quote(agency.title), agency.steward);
    out +=
        "\n# Where they are reached and which keys speak for them. A node's id is the hash of its\n"
        "# first signing key.\n";
    for (const CharterNode& node : nodes)
        out += fmt::format("\n[[node]]\nagency = {}\nid = \"{}\"\nsigning_key = \"{}\"\ntls_key = "
                           "\"{}\"\naddress = {}\n",
                           toml_quote(node.agency), node.id.hex(), node.signing_key.hex(),
                           node.tls_key.hex(), toml_quote(node.address));
}

void write_compartments(std::string& out, std::span<const CharterCompartment> compartments) {
    out +=
        "\n# Which agencies may write and which may only read each kind of record. A node never\n"
        "# holds a compartment that its agency may not read.\n";
    for (const CharterCompartment& compartment : compartments) {
        out += fmt::format("\n[[compartment]]\nname = {}\ntitle = {}\nkinds = {}\nwriters = "
                           "{}\nreaders = {}\n",
                           toml_quote(compartment.name), toml_quote(compartment.title),
                           text_list(compartment.kinds), text_list(compartment.writers),
                           text_list(compartment.readers));
        if (!compartment.observers.empty())
            out += fmt::format("observers = {} # headers, hashes and counts, never a body\n",
                               text_list(compartment.observers));
        if (!compartment.relays.empty())
            out += fmt::format("relays = {} # hold and pass on bodies that they do not read\n",
                               text_list(compartment.relays));
    }
}

Result<> write_documents(std::string& out, std::vector<CharterDocument> documents) {
    std::sort(documents.begin(), documents.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    out += "\n# Schema and code lists, each with the hash of its text.\n";
    for (const CharterDocument& document : documents) {
        SAFAR_TRY(check_document_text(document.name, document.text));
        out += fmt::format("\n[[document]]\nname = {}\nhash = \"{}\"\ntext = '''\n{}'''\n",
                           toml_quote(document.name),
                           tagged_hash("document", {as_bytes(document.text)}).hex(), document.text);
    }
    return success();
}

} // namespace

std::string write_cuts(std::span<const CharterCut> cuts) {
    std::string out;
    for (const CharterCut& cut : cuts) {
        out += fmt::format(
            "\n[[cut]]\nnode = \"{}\"\ncompartment = {}\nincarnation = \"{}\"\nbatch = {}\n",
            cut.node.hex(), toml_quote(cut.compartment), cut.incarnation.hex(), cut.batch);
        if (cut.key) out += fmt::format("key = \"{}\"\n", cut.key->hex());
        if (!cut.reason.empty()) out += fmt::format("reason = {}\n", toml_quote(cut.reason));
    }
    return out;
}

static std::string write_admits(std::span<const CharterAdmit> admits) {
    std::string out;
    for (const CharterAdmit& admit : admits) {
        out += fmt::format(
            "\n[[admit]]\nnode = \"{}\"\ncompartment = {}\nincarnation = \"{}\"\nbatch = {}\n"
            "hash = \"{}\"\n",
            admit.node.hex(), toml_quote(admit.compartment), admit.incarnation.hex(), admit.batch,
            admit.hash.hex());
        if (!admit.reason.empty()) out += fmt::format("reason = {}\n", toml_quote(admit.reason));
    }
    return out;
}

std::string write_signatures(std::span<const CharterSignature> signatures) {
    std::string out;
    for (const CharterSignature& signature : signatures)
        out += fmt::format("{}{}\nagency = {}\nkey = \"{}\"\nvalue = \"{}\"\n",
                           out.empty() ? "" : "\n", signature_line, toml_quote(signature.agency),
                           signature.key.hex(), signature.value.hex());
    return out;
}

Result<std::string> write_charter(const CharterDraft& draft) {
    Charter charter;
    charter.network_name = draft.network_name;
    charter.epoch = 1;
    charter.quorum = draft.quorum;
    SAFAR_TRY(charter.agencies, agencies_of(draft));
    for (const Enrolment& enrolment : draft.enrolments)
        charter.nodes.push_back(enrolled_node(enrolment));
    charter.compartments = draft.compartments;
    for (const NamedText& document : draft.documents)
        charter.documents.push_back({document.name, {}, document.text});
    return write_charter(charter);
}

CharterNode enrolled_node(const Enrolment& enrolment) {
    return {enrolment.agency, node_id(enrolment.signing_key), enrolment.signing_key,
            enrolment.tls_key, enrolment.address};
}

Result<std::string> write_charter(const Charter& charter) {
    const auto stewards = std::count_if(charter.agencies.begin(), charter.agencies.end(),
                                        [](const CharterAgency& agency) { return agency.steward; });
    std::string out = fmt::format(
        "# Charter of the network {}, epoch {}.\n"
        "#\n"
        "# It comes into force when at least {} of {} stewards have signed it. Its identity is "
        "the\n"
        "# hash of all text before the first line [[signature]]: do not edit it afterwards.\n"
        "\n[charter]\nnetwork = {}\nepoch = {}\nprevious = \"{}\"\nquorum = {}\n",
        toml_quote(charter.network_name), charter.epoch, charter.quorum, stewards,
        toml_quote(charter.network_name), charter.epoch,
        charter.epoch == 1 ? "" : charter.previous.hex(), charter.quorum);
    if (!charter.settles.empty()) {
        std::vector<std::string> rivals;
        for (const Hash& rival : charter.settles) rivals.push_back(rival.hex());
        out += fmt::format("settles = {}\n", text_list(rivals));
    }
    write_people(out, charter.agencies, charter.nodes);
    write_compartments(out, charter.compartments);
    SAFAR_TRY(write_documents(out, charter.documents));
    if (!charter.cuts.empty())
        out += "\n# The last batch that counts of each log of those who lost something: a node, a "
               "key, a right to\n"
               "# write. What lies beyond is kept apart; a log of theirs that is not named here "
               "counts to zero.\n" +
               write_cuts(charter.cuts);
    if (!charter.admits.empty())
        out += "\n# Where an author signed two batches for one place: the one that counts, by its "
               "header hash.\n" +
               write_admits(charter.admits);
    out += "\n# Signatures of stewards, over the identity of the text above.\n\n";
    // Whatever the draft got wrong is said by the same checks that every node makes.
    SAFAR_TRY(parse_charter(out));
    return out;
}

Result<std::string> sign_charter(std::string_view text, std::string_view agency,
                                 const SigningKey& key, const Charter* before) {
    SAFAR_TRY(auto charter, parse_charter(text));
    auto lists = [&](const Charter& rules) {
        const CharterAgency* steward = rules.agency(agency);
        return steward != nullptr && steward->steward &&
               std::any_of(rules.nodes.begin(), rules.nodes.end(), [&](const CharterNode& node) {
                   return node.agency == agency && node.signing_key == key.public_key();
               });
    };
    if (!lists(charter) && (before == nullptr || !lists(*before)))
        return failure(
            ErrorCode::not_permitted,
            fmt::format("key {} is no signing key of a node of {}, or {} is no steward, in this "
                        "charter{}: only stewards sign, at a node that it lists",
                        key.id().brief(), agency, agency,
                        before == nullptr ? "" : " and in the epoch before it"));
    for (const CharterSignature& signature : charter.signatures)
        if (signature.key == key.id()) return std::string(text);
    charter.signatures.push_back(
        {std::string(agency), key.id(), key.sign("charter", charter.identity.view())});
    std::string out = charter.unsigned_text + write_signatures(charter.signatures);
    SAFAR_TRY(parse_charter(out)); // the size limit counts signatures too
    return out;
}

} // namespace safar
