#include "node/charter/evidence_file.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_state.hpp"
#include "node/charter/strict_toml.hpp"

#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t evidence_bytes_max = 16u << 10;

Bytes read_header(TomlReader& in, std::string_view key) {
    Bytes out(BatchHeader::encoded_bytes);
    const std::string digits = in.text(key, 2 * out.size());
    if (digits.size() != 2 * out.size() || !from_hex(digits, out))
        in.refuse(key, fmt::format("needs {} hex digits", 2 * out.size()), ErrorCode::malformed);
    return out;
}

} // namespace

Result<EvidenceFile> make_evidence_file(const ForkEvidence& fork, const Epochs& epochs) {
    SAFAR_TRY(auto headers, read_evidence(fork));
    EvidenceFile out;
    out.fork = fork;
    const auto authority = make_authority(epochs, {});
    const LogOwner* owner = authority->owner(fork.place.log.id);
    const PublicKey *a = authority->key(headers.a.key), *b = authority->key(headers.b.key);
    if (owner == nullptr || a == nullptr || b == nullptr)
        return failure(ErrorCode::not_found, "evidence: no epoch held here knows its log and keys");
    out.agency = owner->agency;
    out.node = owner->node;
    out.compartment = owner->compartment;
    out.key_a = *a;
    out.key_b = *b;
    return out;
}

std::string write_evidence_file(const EvidenceFile& evidence) {
    const ForkEvidence& fork = evidence.fork;
    return fmt::format(
        "# Proof that one node signed two batches for one place of its log. Check it with\n"
        "# `safar evidence verify FILE`; it needs no registry. Compare the keys with the charter.\n"
        "\n[evidence]\nagency = {}\nnode = \"{}\"\ncompartment = {}\nincarnation = \"{}\"\nbatch = "
        "{}\n"
        "key_a = \"{}\"\nheader_a = \"{}\"\nsignature_a = \"{}\"\n"
        "key_b = \"{}\"\nheader_b = \"{}\"\nsignature_b = \"{}\"\n",
        toml_quote(evidence.agency), evidence.node.hex(), toml_quote(evidence.compartment),
        fork.place.log.incarnation.hex(), fork.place.number, evidence.key_a.hex(),
        to_hex(fork.header_a), fork.signature_a.hex(), evidence.key_b.hex(), to_hex(fork.header_b),
        fork.signature_b.hex());
}

Result<EvidenceFile> verify_evidence_file(std::string_view text) {
    if (text.size() > evidence_bytes_max)
        return failure(ErrorCode::limit_exceeded,
                       "evidence: larger than a proof of two headers is");
    TomlProblems problems("evidence");
    toml::table root = parse_toml(text, problems);
    SAFAR_TRY(problems.result());
    TomlReader top(root, "evidence", problems);
    const toml::table* table = top.table("evidence");
    top.done();
    SAFAR_TRY(problems.result());

    EvidenceFile out;
    TomlReader in(*table, "[evidence]", problems);
    out.agency = in.text("agency", limits::code_bytes_max);
    out.node = in.hex<NodeId>("node");
    out.compartment = in.text("compartment", limits::code_bytes_max);
    out.fork.place.log.incarnation = in.hex<Incarnation>("incarnation");
    out.fork.place.number = in.number("batch", 1, limits::sequence_max);
    out.key_a = in.hex<PublicKey>("key_a");
    out.fork.header_a = read_header(in, "header_a");
    out.fork.signature_a = in.hex<Signature>("signature_a");
    out.key_b = in.hex<PublicKey>("key_b");
    out.fork.header_b = read_header(in, "header_b");
    out.fork.signature_b = in.hex<Signature>("signature_b");
    in.done();
    SAFAR_TRY(problems.result());

    SAFAR_TRY(auto first, decode_header(out.fork.header_a));
    out.fork.place.log.id = log_id(first.network, out.node, out.compartment);
    SAFAR_TRY(auto headers, read_evidence(out.fork));
    const auto check = [](std::string_view which, const PublicKey& key, const BatchHeader& header,
                          ByteView bytes, const Signature& signature) -> Result<> {
        SAFAR_TRY(check_public_key(key));
        if (key_id(key) != header.key || !verify_header(key, header.network, bytes, signature))
            return failure(
                ErrorCode::bad_signature,
                fmt::format("evidence: signature {} is not that of the key which the file names",
                            which));
        return success();
    };
    SAFAR_TRY(check("a", out.key_a, headers.a, out.fork.header_a, out.fork.signature_a));
    SAFAR_TRY(check("b", out.key_b, headers.b, out.fork.header_b, out.fork.signature_b));
    return out;
}

} // namespace safar
