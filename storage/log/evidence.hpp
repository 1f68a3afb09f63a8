// Proof that an author signed two batches at one place of a log. Self-contained: it verifies with the
// author's key alone.
#pragma once

#include "storage/log/authority.hpp"

namespace safar {

// Headers as signed, `header_a` the smaller one in byte order: one fork has one spelling.
struct ForkEvidence {
    BatchPlace place;
    Bytes header_a;
    Signature signature_a;
    Bytes header_b;
    Signature signature_b;
};

struct EvidenceHeaders {
    BatchHeader a, b;
};

[[nodiscard]] ForkEvidence make_evidence(const BatchPlace& place, ByteView header, const Signature& signature,
                                         ByteView other_header, const Signature& other_signature);
[[nodiscard]] Bytes encode_evidence(const ForkEvidence& evidence);
// Errors: malformed.
[[nodiscard]] Result<ForkEvidence> decode_evidence(ByteView bytes);
// Decodes both headers and checks that they are of one network, stand at the place that the evidence names, and
// differ, in order. Says nothing about signatures. Errors: malformed, non_canonical.
[[nodiscard]] Result<EvidenceHeaders> read_evidence(const ForkEvidence& evidence);

// Is it a proof under this charter? Both headers by keys that could speak in that log in the epochs that they
// name, and signed by them. Errors: malformed, non_canonical, wrong_network, epoch_unknown (a header names an
// epoch to come), not_permitted, bad_signature.
[[nodiscard]] Result<> check_evidence(const ForkEvidence& evidence, const Authority& authority);

} // namespace safar
