#include "cli/bundle_verify.hpp"

#include "cli/table.hpp"
#include "node/charter/notice_order.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace safar::cli {

namespace json = boost::json;

void BundleVerifier::take(ByteView piece, const std::string& file) {
    while (!broken_ && !piece.empty()) {
        auto part = reader_.next(piece);
        Result<> learnt = success();
        if (!part)
            learnt = part.error();
        else if (part.value())
            learnt = learn(*part.value());
        if (!learnt) audit_.complain(fmt::format("{}: {}", file, describe(learnt.error())));
        if (!part || (!learnt && learnt.error().code == ErrorCode::wrong_network)) broken_ = true;
    }
}

void BundleVerifier::end_file(const std::string& file) {
    settle_charter();
    if (!broken_ && !reader_.whole()) audit_.complain(file + ": " + reader_.where());
    reader_ = BundleReader();
    broken_ = false;
}

Result<> BundleVerifier::learn(const BundlePart& part) {
    if (const auto* hello = std::get_if<wire::Hello>(&part)) {
        if (const auto& other = expected_ ? expected_ : network_; other && *other != hello->network)
            return failure(ErrorCode::wrong_network,
                           "it is of network " + hello->network.hex() + ", not of " + other->hex());
        network_ = hello->network;
        authority_.reset();
        audit_.begin();
    } else if (const auto* document = std::get_if<wire::CharterDocument>(&part)) {
        return learn_charter(state_, *network_, *document);
    } else if (const auto* frame = std::get_if<wire::NoticeFrame>(&part)) {
        SAFAR_TRY(auto notice, parse_notice(frame->notice));
        notices_.push_back(std::move(notice));
    } else if (const auto* frontier = std::get_if<BundleFrontier>(&part)) {
        settle_charter();
        if (authority_) audit_.state(*frontier, *authority_, forked_);
    } else if (const auto* batch = std::get_if<BundleBatch>(&part)) {
        if (authority_) audit_.batch(*batch, *authority_);
    } else if (const auto* gave_up = std::get_if<wire::ErrorFrame>(&part)) {
        broken_ = true;
        return failure(ErrorCode::malformed, "its maker could not finish it: " + gave_up->detail);
    }
    return success();
}

// Compartments follow: what rules over them is known.
void BundleVerifier::settle_charter() {
    if (authority_ || !state_) return;
    for (const RefusedNotice& refused : take_notices(*state_, std::exchange(notices_, {})))
        audit_.complain("notice " + refused.notice.hash.brief() + ": " + describe(refused.error));
    for (const auto& [hash, notice] : state_->notices())
        if (const auto* fork = std::get_if<ForkEvidence>(&notice.what))
            forked_.insert(fork->place.log);
    authority_ = state_->authority();
}

BundleVerifier::Report BundleVerifier::end() {
    if (!state_) audit_.complain("no charter that holds is in it: nothing of it is proven");
    Report out;
    out.audit = audit_.end();
    if (network_) out.network = network_->hex();
    if (state_) {
        out.network_name = state_->ruling().charter->network_name;
        out.epoch = state_->ruling().charter->epoch;
        out.notices = state_->notices().size();
    }
    return out;
}

std::string BundleVerifier::Report::text() const {
    std::string out = fmt::format("network  {} {}\nepoch    {}, notices {}\n", network,
                                  visible(network_name), epoch, notices);
    Table table({{"compartment"},
                 {"logs", Align::right},
                 {"batches", Align::right},
                 {"events", Align::right},
                 {"without bodies", Align::right},
                 {"frontier"}});
    const auto number = [](std::uint64_t n) { return grouped(static_cast<std::int64_t>(n)); };
    for (const auto& [name, held] : audit.compartments)
        table.row({name, number(held.logs), number(held.batches), number(held.events),
                   held.bare == 0 ? "" : number(held.bare), held.digest.hex().substr(0, 32)});
    if (!table.empty()) out += table.render();
    for (const std::string& problem : audit.problems) out += "problem: " + visible(problem) + "\n";
    if (audit.problems_all > audit.problems.size())
        out += fmt::format("and {} more\n", audit.problems_all - audit.problems.size());
    if (!good()) return out + "not verified: the frontiers above are of what holds\n";
    std::uint64_t bare = 0;
    for (const auto& [name, held] : audit.compartments) bare += held.bare;
    if (audit.compartments.empty()) return out + "verified: the charter; no compartment is in it\n";
    out += "verified: every batch is signed by a key that the charter lists, follows the one "
           "before it "
           "and unpacks to\nwhat was signed; nothing that is stated is missing.\n";
    if (bare > 0)
        out +=
            "What events of batches without bodies say was left out; their hashes are those that "
            "were signed.\n";
    return out + "Compare network, epoch, notices, compartments and frontiers with those of a node "
                 "(`safar status`, `safar digest`):\nwhat was left out whole shows there alone.\n";
}

json::object BundleVerifier::Report::json() const {
    json::array compartments, problems;
    for (const auto& [name, held] : audit.compartments)
        compartments.push_back(json::object{{"name", name},
                                            {"logs", held.logs},
                                            {"batches", held.batches},
                                            {"events", held.events},
                                            {"without_bodies", held.bare},
                                            {"frontier", held.digest.hex()}});
    for (const std::string& problem : audit.problems) problems.push_back(json::string(problem));
    return {{"network", network},
            {"network_name", network_name},
            {"epoch", epoch},
            {"notices", notices},
            {"compartments", std::move(compartments)},
            {"problems", std::move(problems)},
            {"problems_all", audit.problems_all},
            {"verified", good()}};
}

} // namespace safar::cli
