#include "storage/log/evidence.hpp"

#include "storage/base/planted.hpp"

#include <algorithm>

namespace safar {

ForkEvidence make_evidence(const BatchPlace& place, ByteView header, const Signature& signature,
                           ByteView other_header, const Signature& other_signature) {
    ForkEvidence out{place, copy(header), signature, copy(other_header), other_signature};
    if (out.header_b < out.header_a) {
        std::swap(out.header_a, out.header_b);
        std::swap(out.signature_a, out.signature_b);
    }
    return out;
}

Bytes encode_evidence(const ForkEvidence& evidence) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(evidence.place.log.id.view());
    writer.bytes(evidence.place.log.incarnation.view());
    writer.integer(evidence.place.number);
    writer.sized(evidence.header_a);
    writer.bytes(evidence.signature_a.view());
    writer.sized(evidence.header_b);
    writer.bytes(evidence.signature_b.view());
    return out;
}

Result<ForkEvidence> decode_evidence(ByteView bytes) {
    ForkEvidence out;
    ByteReader in(bytes);
    out.place.log.id = read_id<LogId>(in);
    out.place.log.incarnation = read_id<Incarnation>(in);
    out.place.number = in.integer<std::uint64_t>();
    out.header_a = copy(in.sized());
    out.signature_a = read_id<Signature>(in);
    out.header_b = copy(in.sized());
    out.signature_b = read_id<Signature>(in);
    if (!in.at_end() || out.header_a.size() != BatchHeader::encoded_bytes ||
        out.header_b.size() != BatchHeader::encoded_bytes)
        return failure(ErrorCode::malformed, "fork evidence: not a place and two signed headers");
    return out;
}

Result<EvidenceHeaders> read_evidence(const ForkEvidence& evidence) {
    EvidenceHeaders out;
    SAFAR_TRY(out.a, decode_header(evidence.header_a));
    SAFAR_TRY(out.b, decode_header(evidence.header_b));
    for (const BatchHeader* header : {&out.a, &out.b})
        if (header->log != evidence.place.log || header->number != evidence.place.number ||
            header->network != out.a.network)
            return failure(ErrorCode::malformed,
                           "fork evidence: its headers are of different places");
    if (!(evidence.header_a < evidence.header_b))
        return failure(ErrorCode::non_canonical,
                       "fork evidence: its headers are equal or out of order");
    return out;
}

Result<> check_evidence(const ForkEvidence& evidence, const Authority& authority) {
    SAFAR_TRY(auto headers, read_evidence(evidence));
    const std::string log = "fork evidence of log " + evidence.place.log.id.brief();
    if (headers.a.network != authority.network())
        return failure(ErrorCode::wrong_network, log + ": of network " + headers.a.network.brief());
    const auto check = [&](const BatchHeader& header, ByteView bytes,
                           const Signature& signature) -> Result<> {
        if (header.epoch > authority.epoch())
            return failure(ErrorCode::epoch_unknown,
                           log + ": a header names an epoch that is not held here");
        const PublicKey* key = authority.key(header.key);
        if (key == nullptr || !authority.was_permitted(header))
            return failure(ErrorCode::not_permitted, log + ": a key that could not speak there");
        if (!verify_header(*key, header.network, bytes, signature))
            return failure(ErrorCode::bad_signature, log + ": a signature does not verify");
        return success();
    };
    SAFAR_TRY(check(headers.a, evidence.header_a, evidence.signature_a));
    return check(headers.b, evidence.header_b, evidence.signature_b);
}

bool shows_the_place(const ForkEvidence& evidence) {
    auto headers = read_evidence(evidence);
    return headers && headers.value().a.previous == headers.value().b.previous;
}

bool closes(const ForkEvidence& evidence, const Authority& authority) {
    const auto headers = read_evidence(evidence);
    if (!headers || !authority.binds(headers.value().a) || !authority.binds(headers.value().b))
        return false;
    if (authority.admitted(evidence.place) != nullptr) return false;
    return !authority.admitted_before(evidence.place) || shows_the_place(evidence);
}

bool ForkSet::knows(const LogName& log) const {
    auto found = all_.lower_bound({log, 0});
    return found != all_.end() && found->first.log == log;
}

const ForkEvidence* ForkSet::closing(const LogName& log, const Authority& authority) const {
    for (auto at = all_.lower_bound({log, 0}); at != all_.end() && at->first.log == log; ++at)
        if (closes(at->second, authority)) return &at->second;
    return nullptr;
}

bool ForkSet::add(ForkEvidence evidence, std::vector<ForkEvidence>& gone,
                  const Authority* charter) {
    const LogName log = evidence.place.log;
    if (planted(Plant::freeze_at_first_seen_fork) && knows(log)) return false;
    const bool shows = shows_the_place(evidence);
    auto at = all_.find(evidence.place);
    const bool taken = at != all_.end();
    if (taken) {
        const bool ends = charter != nullptr && closes(evidence, *charter),
                   held_ends = charter != nullptr && closes(at->second, *charter);
        if (held_ends && !ends) return false;
        if (held_ends == ends && (!shows || shows_the_place(at->second))) return false;
    }
    auto first = all_.lower_bound({log, 0});
    if (!shows && first != all_.end() && first->first.log == log &&
        first->first.number + (taken ? 1 : 0) <= evidence.place.number)
        return false;
    const BatchPlace place = evidence.place;
    all_.insert_or_assign(place, std::move(evidence));
    std::size_t kept = 0;
    bool news = true;
    for (at = all_.lower_bound({log, 0}); at != all_.end() && at->first.log == log;) {
        // What does not show its place says something only below all that do.
        const bool drop = (kept > 0 && !shows_the_place(at->second)) || kept == places_max;
        if (!drop) {
            ++kept;
            ++at;
            continue;
        }
        if (at->first == place)
            news = false;
        else
            gone.push_back(std::move(at->second));
        at = all_.erase(at);
    }
    return news;
}

} // namespace safar
