#include "node/registry/bundle_make.hpp"

#include <algorithm>
#include <future>

namespace safar {
namespace {

std::string mark_key(const std::string& agency) { return "bundle/" + agency; }

Result<> check_agency(const Charter& charter, const std::string& agency) {
    if (charter.agency(agency) != nullptr) return success();
    std::string codes;
    for (const CharterAgency& listed : charter.agencies)
        codes += (codes.empty() ? "" : ", ") + listed.code;
    return failure(ErrorCode::not_found,
                   "no agency '" + agency.substr(0, 100) + "'; the charter lists: " + codes);
}

Result<> remember(Node& node, const std::string& agency, const BundleMark& contained) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto future = promise->get_future();
    node.writer().run([promise = std::move(promise), key = mark_key(agency),
                       value = encode_bundle_mark(contained)](Log& log) {
        promise->set_value(log.put_setting(key, value));
    });
    try {
        return future.get();
    } catch (const std::future_error&) { // a writer that has stopped drops the task and its promise
        return failure(ErrorCode::stopping, "the node is stopping");
    }
}

Result<> write_parts(const Node& node, const CharterState& state, const std::string& agency,
                     const BundleMark& after, BundleMark& contained, BundleWriter& writer) {
    wire::Hello hello;
    hello.network = NetworkId{state.epochs().front().charter->identity.raw};
    hello.node = node.id();
    hello.epoch = state.ruling().charter->epoch;
    hello.charter = state.state_hash();
    hello.erasures = node.erasures_digest();
    const auto shared = bundle_compartments(state, node.id(), agency);
    std::vector<wire::CompartmentDigest> digests;
    for (const std::string& name : shared)
        digests.push_back({name, frontier_digest(node.log().frontier(name))});
    hello.shared = wire::shared_digest(digests);
    SAFAR_TRY(writer.hello(hello));
    for (const HeldCharter& held : state.epochs()) {
        SAFAR_TRY(writer.charter(held.charter->epoch, as_bytes(held.text)));
    }
    for (const auto& [hash, notice] : state.notices()) {
        SAFAR_TRY(writer.notice(notice.bytes));
    }
    for (const std::string& name : shared) {
        const bool bodies = state.ruling().charter->compartment(name)->may_carry(agency);
        SAFAR_TRY(writer.compartment(node.log(), name, bodies, after, contained));
    }
    return success();
}

} // namespace

std::vector<std::string> bundle_compartments(const CharterState& state, const NodeId& self,
                                             std::string_view agency) {
    const Charter& now = *state.ruling().charter;
    const CharterNode* own = now.node(self);
    std::vector<std::string> shared;
    // As between peers: who is suspended hears of the charter and no more.
    const bool heard =
        std::any_of(now.nodes.begin(), now.nodes.end(), [&](const CharterNode& node) {
            return node.agency == agency && !state.suspended(node.id);
        });
    if (own == nullptr || !heard || state.suspended(self)) return shared;
    for (const CharterCompartment& compartment : now.compartments)
        // Bodies for who holds them, where this node does; else headers for who observes.
        if ((compartment.may_carry(own->agency) &&
             (compartment.may_carry(agency) || compartment.observes(agency))) ||
            (compartment.observes(own->agency) && compartment.observes(agency)))
            shared.push_back(compartment.name);
    std::sort(shared.begin(), shared.end());
    return shared;
}

Result<> make_bundle(Node& node, const std::string& agency, bool since_last,
                     BundleWriter::Sink sink) {
    const auto state = node.charter_state();
    SAFAR_TRY(check_agency(*state->ruling().charter, agency));
    BundleMark after, contained;
    if (since_last) {
        SAFAR_TRY(auto kept, node.log().setting(mark_key(agency)));
        if (kept) {
            SAFAR_TRY(after, decode_bundle_mark(*kept));
        }
    }
    BundleWriter writer(std::move(sink));
    if (auto written = write_parts(node, *state, agency, after, contained, writer);
        !written.has_value()) {
        writer.give_up(written.error());
        return written.error();
    }
    SAFAR_TRY(writer.end());
    return remember(node, agency, contained);
}

} // namespace safar
