#include "cli/bundle_verify.hpp"

#include "cli/table.hpp"

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
        broken_ = !part || (!learnt && learnt.error().code == ErrorCode::wrong_network);
    }
}

void BundleVerifier::end_file(const std::string& file) {
    if (!broken_ && !reader_.whole()) audit_.complain(file + ": " + reader_.where());
    reader_ = BundleReader();
    broken_ = false;
}

Result<> BundleVerifier::learn(const BundlePart& part) {
    if (const auto* hello = std::get_if<wire::Hello>(&part)) {
        const std::string name = hello->network.hex();
        if (!expected_.empty() && name != expected_)
            return failure(ErrorCode::wrong_network, "it is of network " + name);
        if (network_ && *network_ != hello->network)
            return failure(ErrorCode::wrong_network,
                           "it is of network " + name + ", the one before of " + network_->hex());
        network_ = hello->network;
    } else if (const auto* document = std::get_if<wire::CharterDocument>(&part)) {
        authority_.reset();
        return learn_charter(state_, *network_, *document);
    } else if (const auto* frame = std::get_if<wire::NoticeFrame>(&part)) {
        authority_.reset();
        SAFAR_TRY(auto notice, parse_notice(frame->notice));
        if (!state_)
            return failure(ErrorCode::epoch_unknown, "a notice, and no charter that holds");
        SAFAR_TRY(state_->take_notice(notice));
    } else if (const auto* frontier = std::get_if<BundleFrontier>(&part)) {
        audit_.state(*frontier);
    } else if (const auto* batch = std::get_if<BundleBatch>(&part)) {
        if (!authority_ && state_) authority_ = state_->authority();
        // Without a charter nothing is proven, and what the frontier states is missing.
        if (authority_) audit_.batch(*batch, *authority_);
    } else if (const auto* gave_up = std::get_if<wire::ErrorFrame>(&part)) {
        return failure(ErrorCode::malformed, "its maker could not finish it: " + gave_up->detail);
    }
    return success();
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
    return out + (good() ? "verified: every batch is signed by a key that the charter lists, "
                           "follows the one before it "
                           "and unpacks to\nwhat was signed; nothing that is stated is missing. "
                           "The network is the one "
                           "named above: compare it with the\none that you know, and the frontiers "
                           "with those of `safar "
                           "digest`, where an end that was left out would show.\n"
                         : "not verified: the frontiers above are of what holds\n");
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
