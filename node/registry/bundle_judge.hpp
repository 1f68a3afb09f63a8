// What would become of a bundle's batches, without storing any: for a dry run.
#pragma once

#include "node/registry/node.hpp"
#include "sync/bundle/bundle_reader.hpp"

namespace safar {

class BundleJudge {
public:
    // `authority`: as it would be after the bundle's epochs and notices. Both must outlive the
    // judge.
    explicit BundleJudge(const Log& log) : log_(log) {}

    enum class Verdict { fresh, held };
    // Errors: those of Log::ingest.
    [[nodiscard]] Result<Verdict> judge(const BundleBatch& batch, const Authority& authority);

private:
    struct Tip {
        std::uint64_t number = 0;
        Hash hash;
        bool forked = false;
    };
    const Log& log_;
    std::map<LogName, Tip> tips_; // where each log would end
};

} // namespace safar
