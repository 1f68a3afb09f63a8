// Proof that an author signed two batches at one place of a log. Self-contained: it verifies with
// the author's key alone.
#pragma once

#include "storage/log/authority.hpp"

#include <map>

namespace safar {

// Headers as signed, `header_a` the smaller one in byte order: one fork has one spelling.
struct ForkEvidence {
    BatchPlace place;
    Bytes header_a;
    Signature signature_a;
    Bytes header_b;
    Signature signature_b;
    friend bool operator==(const ForkEvidence&, const ForkEvidence&) = default;
};

struct EvidenceHeaders {
    BatchHeader a, b;
};

[[nodiscard]] ForkEvidence make_evidence(const BatchPlace& place, ByteView header,
                                         const Signature& signature, ByteView other_header,
                                         const Signature& other_signature);
[[nodiscard]] Bytes encode_evidence(const ForkEvidence& evidence);
// Errors: malformed.
[[nodiscard]] Result<ForkEvidence> decode_evidence(ByteView bytes);
// Decodes both headers and checks that they are of one network, stand at the place that the
// evidence names, and differ, in order. Says nothing about signatures. Errors: malformed,
// non_canonical.
[[nodiscard]] Result<EvidenceHeaders> read_evidence(const ForkEvidence& evidence);

// Is it a proof under this charter? Both headers by keys that could speak in that log in the epochs
// that they name, and signed by them. Errors: malformed, non_canonical, wrong_network,
// epoch_unknown (a header names an epoch to come), not_permitted, bad_signature.
[[nodiscard]] Result<> check_evidence(const ForkEvidence& evidence, const Authority& authority);

// Do both headers follow one and the same batch? Then the log forked there; else it forked earlier,
// where this proof does not tell.
[[nodiscard]] bool shows_the_place(const ForkEvidence& evidence);
// Does the proof close its log before its place? Not where a header's epoch has become void, where
// its key has been replaced and it lies beyond what a cut lets count of that key, where
// an epoch admitted the batch that counts there, nor where one did so earlier and the proof may
// only show the branches that this epoch has told apart.
[[nodiscard]] bool closes(const ForkEvidence& evidence, const Authority& authority);

// The proofs that are known. Of each log those that show their place are kept, the lowest
// `places_max`, and one that does not where it is lower than all of them: what is kept does not
// depend on the order in which they came, and one key can not fill memory with the forks of one
// log.
class ForkSet {
public:
    static constexpr std::size_t places_max = 8;

    // False: it says nothing new. `gone`: proofs that it makes superfluous. Of one place that stays
    // which closes its log under `charter`, then which shows its place, then which came first.
    [[nodiscard]] bool add(ForkEvidence evidence, std::vector<ForkEvidence>& gone,
                           const Authority* charter = nullptr);
    [[nodiscard]] bool contains(const BatchPlace& place) const { return all_.contains(place); }
    [[nodiscard]] bool knows(const LogName& log) const;
    // The lowest one that closes the log; null: none does.
    [[nodiscard]] const ForkEvidence* closing(const LogName& log, const Authority& authority) const;
    [[nodiscard]] const std::map<BatchPlace, ForkEvidence>& all() const { return all_; }

private:
    std::map<BatchPlace, ForkEvidence> all_;
};

} // namespace safar
