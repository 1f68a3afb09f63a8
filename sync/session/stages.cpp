// The order of a session: hello, charter, frontiers of what differs.
#include "sync/session/state.hpp"

namespace safar {

// Looks at the charter and the frontiers as they are now.
void Session::State::open() {
    context.authority = context.view.authority();
    context.shared = context.view.shared_compartments(context.peer);
    std::erase_if(context.shared, [](const std::string& name) {
        return name.empty() || name.size() > wire::name_bytes_max;
    });
    if (context.shared.size() > wire::compartments_max)
        context.shared.resize(wire::compartments_max);
    digests = frontiers.open();
}

Result<> Session::State::on_hello(ByteView payload) {
    if (stage != Stage::hello) return failure(ErrorCode::out_of_order, "hello came twice");
    SAFAR_TRY(auto versions, wire::peek_versions(payload));
    if (versions.max < wire::version_min || versions.min > wire::version_max)
        return failure(ErrorCode::unsupported_version,
                       "this node speaks wire versions " + std::to_string(wire::version_min) +
                           " to " + std::to_string(wire::version_max) + ", the peer " +
                           std::to_string(versions.min) + " to " + std::to_string(versions.max) +
                           "; upgrade the older one");
    SAFAR_TRY(theirs, wire::decode<wire::Hello>(payload));
    if (theirs.network != context.authority->network())
        return failure(ErrorCode::wrong_network, "this node belongs to network " +
                                                     context.authority->network().hex() +
                                                     ", the peer to " + theirs.network.hex());
    if (theirs.node != context.peer)
        return failure(ErrorCode::identity_mismatch, "the certificate names node " +
                                                         context.peer.hex() + ", the hello names " +
                                                         theirs.node.hex());
    context.status.ready = true;
    context.same_charter = theirs.epoch == ours.epoch && theirs.charter == ours.charter;
    notices.open(context.same_charter);
    summary_expected = !context.same_charter || theirs.shared != ours.shared;
    if (!summary_expected) { // nothing differs, so nothing more is said
        stage = Stage::live;
        frontiers.all_equal();
        return success();
    }
    ask_charter_or_go_live();
    return success();
}

void Session::State::ask_charter_or_go_live() {
    if (theirs.epoch <= context.authority->epoch()) return go_live();
    stage = Stage::charter;
    charter_wanted = context.authority->epoch() + 1;
    charter_asked_at = context.now;
    context.out.send(wire::CharterAsk{charter_wanted});
}

void Session::State::go_live() {
    if (stage == Stage::charter) open(); // under the charter now in force
    stage = Stage::live;
    charter_wanted = 0;
    charter_asked_at = never;
    notices.ask_again();
    context.out.send(wire::Summary{digests});
    if (early_summary) frontiers.on_summary(*std::exchange(early_summary, std::nullopt));
}

Result<> Session::State::on_charter_ask(ByteView payload) {
    SAFAR_TRY(auto ask, wire::decode<wire::CharterAsk>(payload));
    if (ask.epoch <= charter_served || charter_due != 0)
        return failure(ErrorCode::out_of_order, "asks for charter epoch " +
                                                    std::to_string(ask.epoch) +
                                                    " again, or before the last one came");
    charter_due = ask.epoch;
    return success();
}

void Session::State::serve_charter() {
    if (charter_due == 0) return;
    charter_served = std::exchange(charter_due, 0);
    auto document = context.view.charter_document(charter_served).value_or(Bytes{});
    if (document.size() > limits::charter_bytes_max) document.clear();
    context.out.send(wire::CharterDocument{charter_served, std::move(document)});
}

Result<> Session::State::on_charter_document(ByteView payload) {
    SAFAR_TRY(auto message, wire::decode<wire::CharterDocument>(payload));
    if (stage != Stage::charter || charter_adopting || message.epoch != charter_wanted)
        return failure(ErrorCode::out_of_order, "sends charter epoch " +
                                                    std::to_string(message.epoch) +
                                                    ", which was not asked for");
    charter_asked_at = never;
    if (message.document.empty()) { // it does not hold what it knows of: go on with what we have
        go_live();
        return success();
    }
    charter_adopting = true;
    context.out.act(AdoptCharter{message.epoch, std::move(message.document)});
    return success();
}

Result<> Session::State::on_summary(ByteView payload) {
    SAFAR_TRY(auto summary, wire::decode<wire::Summary>(payload));
    if (summary_heard || !summary_expected)
        return failure(ErrorCode::out_of_order, "sends a summary twice, or where nothing differs");
    summary_heard = true;
    if (stage == Stage::live)
        frontiers.on_summary(summary);
    else
        early_summary = std::move(summary);
    return success();
}

} // namespace safar
