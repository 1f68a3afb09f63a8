#include "sync/bundle/bundle_contents.hpp"

#include <algorithm>

namespace safar {
namespace {

struct Adder {
    BundleContents& to;

    void operator()(const wire::Hello& hello) const { to.hello = hello; }
    void operator()(const wire::CharterDocument& document) const {
        to.epochs.push_back(document.epoch);
    }
    void operator()(const wire::NoticeFrame&) const { ++to.notices; }
    void operator()(const BundleFrontier& frontier) const {
        if (to.compartments.empty() || to.compartments.back().name != frontier.compartment)
            to.compartments.push_back({frontier.compartment, {}});
        for (const FrontierEntry& entry : frontier.entries) {
            auto& log = to.compartments.back().logs[entry.log];
            log.stated = entry.head.number;
            log.forked = entry.head.forked;
        }
    }
    void operator()(const BundleBatch& batch) const {
        // The reader lets no batch through before its frontier.
        SAFAR_ASSERT(!to.compartments.empty());
        auto& log = to.compartments.back().logs[batch.header.log];
        log.first =
            log.batches == 0 ? batch.header.number : std::min(log.first, batch.header.number);
        log.last = std::max(log.last, batch.header.number);
        ++log.batches;
        log.events += batch.header.event_count;
        log.bytes += batch.batch.bytes.size();
    }
    void operator()(const wire::ErrorFrame& error) const {
        to.given_up = error.code + ": " + error.detail;
    }
    void operator()(const wire::Bye&) const {}
};

} // namespace

BundleContents::LogPart BundleContents::Compartment::sum() const {
    LogPart out;
    for (const auto& [key, log] : logs) {
        out.stated += log.stated;
        out.batches += log.batches;
        out.events += log.events;
        out.bytes += log.bytes;
    }
    return out;
}

void BundleContents::add(const BundlePart& part) { std::visit(Adder{*this}, part); }

} // namespace safar
