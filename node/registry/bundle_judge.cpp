#include "node/registry/bundle_judge.hpp"

#include "storage/log/standing.hpp"

#include <algorithm>

namespace safar {
namespace {

Result<> check_bytes(const EncodedBatch& batch, const Authority& authority) {
    SAFAR_TRY(auto open, open_batch(batch.bytes, LeafCheck::compute));
    const PublicKey* key = authority.key(open.header.key);
    if (key == nullptr) return failure(ErrorCode::unknown_author, "no epoch knows its key");
    if (!verify_header(*key, authority.network(), batch.header(), open.signature))
        return failure(ErrorCode::bad_signature, "its signature does not verify");
    return success();
}

} // namespace

Result<BundleJudge::Verdict> BundleJudge::judge(const BundleBatch& batch,
                                                const Authority& authority) {
    const BatchHeader& header = batch.header;
    const Hash hash = header_hash(authority.network(), batch.batch.header());
    auto [found, fresh] = tips_.try_emplace(header.log);
    Tip& tip = found->second;
    const Head held = log_.head(header.log).value_or(Head{});
    if (fresh) tip = {held.number, held.hash, held.forked};
    if (header.number <= held.number) {
        SAFAR_TRY(auto there, log_.read_range(header.log, header.number, 1));
        const bool same =
            !there.empty() && std::ranges::equal(there.front()->header(), batch.batch.header());
        if (same) return Verdict::held;
        return failure(ErrorCode::fork_detected, "another batch is held at this place of its log");
    }
    if (header.number <= tip.number) return Verdict::held; // the bundle has it twice
    if (tip.forked) return failure(ErrorCode::log_closed, "its log is forked");
    SAFAR_TRY(check_standing(authority.standing(header)));
    if (header.number > tip.number + 1)
        return failure(ErrorCode::gap,
                       "batch " + std::to_string(tip.number + 1) + " and on are missing before it");
    if (header.previous != tip.hash)
        return failure(ErrorCode::wrong_hash, "it does not follow the batch before it");
    SAFAR_TRY(check_bytes(batch.batch, authority));
    tip = {header.number, hash, false};
    return Verdict::fresh;
}

} // namespace safar
