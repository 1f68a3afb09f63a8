#include "node/charter/charter.hpp"
#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/strict_toml.hpp"

#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t enrolment_bytes_max = 8u << 10; // a page of text

// What both keys sign: everything that the request says.
Bytes proven(const Enrolment& enrolment) {
    Bytes out;
    ByteWriter writer(out);
    writer.sized(as_bytes(enrolment.agency));
    writer.sized(as_bytes(enrolment.name));
    writer.sized(as_bytes(enrolment.address));
    writer.bytes(enrolment.signing_key.view());
    writer.bytes(enrolment.tls_key.view());
    return out;
}

} // namespace

Enrolment make_enrolment(std::string agency, std::string name, std::string address,
                         const SigningKey& signing, const SigningKey& tls) {
    Enrolment out;
    out.agency = std::move(agency);
    out.name = std::move(name);
    out.address = std::move(address);
    out.signing_key = signing.public_key();
    out.tls_key = tls.public_key();
    Bytes message = proven(out);
    out.signing_proof = signing.sign("enrolment", message);
    out.tls_proof = tls.sign("enrolment", message);
    return out;
}

std::string write_enrolment(const Enrolment& enrolment) {
    return fmt::format(
        "# Request to be listed in a Safar charter. It holds public keys only: send it to\n"
        "# the steward who drafts the charter, and read the node id to each other.\n"
        "# node id: {}\n"
        "\n[enrolment]\nagency = {}\nname = {}\naddress = {}\n"
        "signing_key = \"{}\"\ntls_key = \"{}\"\n"
        "signing_proof = \"{}\"\ntls_proof = \"{}\"\n",
        node_id(enrolment.signing_key).hex(), toml_quote(enrolment.agency),
        toml_quote(enrolment.name), toml_quote(enrolment.address), enrolment.signing_key.hex(),
        enrolment.tls_key.hex(), enrolment.signing_proof.hex(), enrolment.tls_proof.hex());
}

Result<Enrolment> parse_enrolment(std::string_view text) {
    if (text.size() > enrolment_bytes_max)
        return failure(ErrorCode::limit_exceeded,
                       fmt::format("enrolment: has {} bytes, at most {} are allowed", text.size(),
                                   enrolment_bytes_max));
    TomlProblems problems("enrolment");
    toml::table root = parse_toml(text, problems);
    SAFAR_TRY(problems.result());
    TomlReader top(root, "enrolment", problems);
    const toml::table* table = top.table("enrolment");
    top.done();
    SAFAR_TRY(problems.result());

    Enrolment out;
    TomlReader in(*table, "[enrolment]", problems);
    out.agency = in.text("agency", limits::code_bytes_max);
    if (!problems.any() && !is_agency_code(out.agency))
        in.refuse("agency", "may use letters, digits, - and _ only, and starts with a letter");
    out.name = in.text("name", limits::title_bytes_max);
    out.address = in.text("address", limits::address_bytes_max, Need::optional);
    if (!out.address.empty() && !is_address(out.address))
        in.refuse("address", fmt::format("\"{}\" is not host:port", out.address));
    out.signing_key = in.hex<PublicKey>("signing_key");
    out.tls_key = in.hex<PublicKey>("tls_key");
    out.signing_proof = in.hex<Signature>("signing_proof");
    out.tls_proof = in.hex<Signature>("tls_proof");
    in.done();
    SAFAR_TRY(problems.result());

    if (out.signing_key == out.tls_key)
        in.refuse("tls_key", "is the signing key: two keys are needed");
    Bytes message = proven(out);
    auto strict = [&](std::string_view name, const PublicKey& key) {
        if (auto good = check_public_key(key); !good)
            in.refuse(name, good.error().detail, ErrorCode::bad_key);
    };
    strict("signing_key", out.signing_key);
    strict("tls_key", out.tls_key);
    auto prove = [&](std::string_view name, const PublicKey& key, const Signature& proof) {
        if (!problems.any() && !verify(key, "enrolment", message, proof))
            in.refuse(name,
                      "does not prove that the sender holds this key: the request was edited, "
                      "write it again with `safar node enrol`",
                      ErrorCode::bad_signature);
    };
    prove("signing_proof", out.signing_key, out.signing_proof);
    prove("tls_proof", out.tls_key, out.tls_proof);
    SAFAR_TRY(problems.result());
    return out;
}

} // namespace safar
