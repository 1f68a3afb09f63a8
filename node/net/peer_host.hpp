// What the network shell needs of the node around it. The node implements it; nothing here touches
// a socket, so tests drive the shell with a fake host.
#pragma once

#include "node/charter/charter.hpp"
#include "sync/session/session.hpp"

#include <functional>

namespace safar {

class PeerHost : public SessionView {
public:
    [[nodiscard]] virtual std::shared_ptr<const Charter> charter() const = 0;
    // Verifies and stores on the log thread, in order of the calls; `done` is called once, on any
    // thread. Returns at once.
    virtual void ingest(std::vector<EncodedBatch> batches,
                        std::function<void(std::vector<IngestOutcome>)> done) = 0;
    virtual void adopt_charter(std::uint64_t epoch, Bytes document,
                               std::function<void(Result<>)> done) = 0;
    virtual void adopt_notice(Bytes notice, std::function<void(Result<>)> done) = 0;
    // The node that an earlier epoch listed with this key, and the present one with another.
    [[nodiscard]] virtual std::optional<NodeId> node_with_former_tls_key(const PublicKey&) const {
        return {};
    }
    // Stopped by a suspension: it hears charter and notices and nothing else.
    [[nodiscard]] virtual bool suspended(const NodeId&) const { return false; }
    virtual void confirm_own_heads(const NodeId& peer, Frontier held_by_peer) = 0;
    // What was heard of heads, as StatementBook::save() wrote it: kept in the background, and given
    // back after a start. Empty: nothing was kept.
    virtual void keep_statements(Bytes) {}
    [[nodiscard]] virtual Bytes kept_statements() const { return {}; }
};

} // namespace safar
