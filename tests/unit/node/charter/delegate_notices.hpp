// Two notices of which one rests on the other: FIA lets UKF's node write, and that node forks.
#pragma once

#include "charter_fixture.hpp"
#include "node/charter/notice.hpp"
#include "storage/event/batch.hpp"

namespace safar::testing {

struct DelegateNotices {
    const Network& network;
    const HeldCharter& first;
    NetworkId id{first.charter->identity.raw};

    [[nodiscard]] Notice delegation() const {
        Delegation what;
        what.network = id;
        what.epoch = first.charter->identity;
        what.agency = "FIA";
        what.node = network.ukf.id();
        what.compartment = "movement";
        what.kinds = {"movement"};
        what.until_epoch = 2;
        const std::string text = value_of(write_delegation(what, network.fia.signing));
        return make_delegation_notice(text, value_of(parse_delegation(text)));
    }
    // UKF may write there by the delegation alone, and signed two first batches.
    [[nodiscard]] Notice fork() const {
        SeededEntropy entropy{11};
        BatchContext place;
        place.network = id;
        place.log = {log_id(id, network.ukf.id(), "movement"), entropy.draw<Incarnation>()};
        place.epoch = 1;
        place.charter = first.charter->identity;
        const auto batch = [&](const char* text) {
            EventDraft draft;
            draft.body.kind = 1;
            draft.body.verb = "recorded";
            draft.body.assertions = {{1, Text{text}}};
            std::size_t taken = 0;
            return value_of(
                build_batch(place, network.ukf.signing, entropy, std::span(&draft, 1), taken));
        };
        const BuiltBatch a = batch("one"), b = batch("another");
        const auto signature = [&](const BuiltBatch& built) {
            return sign_header(network.ukf.signing, id, built.encoded.header());
        };
        return make_fork_notice(make_evidence({place.log, 1}, a.encoded.header(), signature(a),
                                              b.encoded.header(), signature(b)));
    }
};

} // namespace safar::testing
