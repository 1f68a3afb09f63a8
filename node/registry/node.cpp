#include "node/registry/node.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar {

Node::Node(Log& log, Derived& derived, NodeSettings settings)
    : log_(log), derived_(derived), settings_(std::move(settings)) {
    SAFAR_ASSERT(!settings_.charters.empty());
    deriver_ = std::make_unique<DeriveThread>(derived_, log_, settings_.note);
    writer_ = std::make_unique<LogThread>(
        log_, LogThread::Settings{settings_.linger, [this](Position last) {
                                      deriver_->wake(last);
                                      if (on_change_) on_change_();
                                  }});
}

Node::~Node() { stop(); }

void Node::start(std::function<void()> on_change) {
    on_change_ = std::move(on_change);
    // What was acknowledged before a restart is this node's own write too: reads wait for it.
    remember_own(log_.last_position());
    deriver_->start();
    writer_->start();
}

void Node::stop() {
    if (std::exchange(stopped_, true)) return;
    writer_->stop();
    deriver_->stop();
}

HeldCharter Node::held_charter() const {
    std::shared_lock lock(charter_mutex_);
    return settings_.charters.back();
}

Result<Appended> Node::append(AppendRequest request) {
    SAFAR_TRY(auto appended, writer_->append(std::move(request)));
    remember_own(appended.position);
    return appended;
}

void Node::remember_own(Position position) {
    Position seen = own_.load(std::memory_order_relaxed);
    while (seen < position && !own_.compare_exchange_weak(seen, position)) {
    }
}

Result<> Node::await_own_writes() { return deriver_->wait_for(own_.load()); }

std::shared_ptr<const Authority> Node::authority() const { return log_.authority(); }

std::shared_ptr<const Charter> Node::charter() const {
    std::shared_lock lock(charter_mutex_);
    return settings_.charters.back().charter;
}

std::vector<std::string> Node::shared_compartments(const NodeId& peer) const {
    auto now = charter();
    const CharterNode* other = now->node(peer);
    std::vector<std::string> shared;
    if (other == nullptr) return shared;
    for (const CharterCompartment& compartment : now->compartments)
        if (compartment.may_hold(settings_.agency) && compartment.may_hold(other->agency))
            shared.push_back(compartment.name);
    std::sort(shared.begin(), shared.end());
    return shared;
}

std::optional<Bytes> Node::charter_document(std::uint64_t epoch) const {
    std::shared_lock lock(charter_mutex_);
    for (const HeldCharter& held : settings_.charters)
        if (held.charter->epoch == epoch) return copy(as_bytes(held.text));
    return std::nullopt;
}

// No erasure can be said yet; when one can, this covers the set of them.
Hash Node::erasures_digest() const { return tagged_hash("erasures", {}); }

void Node::ingest(std::vector<EncodedBatch> batches,
                  std::function<void(std::vector<IngestOutcome>)> done) {
    writer_->ingest(std::move(batches), std::move(done));
}

void Node::adopt_charter(std::uint64_t epoch, Bytes document, std::function<void(Result<>)> done) {
    // On the log thread: what the new epoch admits and what it stops is decided between two groups.
    writer_->run([this, epoch, document = std::move(document), done = std::move(done)](Log& log) {
        done(adopt(log, epoch, as_text(document)));
    });
}

Result<> Node::adopt(Log& log, std::uint64_t epoch, std::string_view text) {
    {
        std::shared_lock lock(charter_mutex_);
        for (const HeldCharter& held : settings_.charters) {
            if (held.charter->epoch != epoch) continue;
            SAFAR_TRY(auto offered, parse_charter(text));
            if (offered.identity == held.charter->identity) return success();
            return failure(ErrorCode::wrong_network,
                           "epoch " + std::to_string(epoch) + " of the charter is " +
                               held.charter->identity.brief() + " here and " +
                               offered.identity.brief() + " there");
        }
    }
    if (!settings_.adopt)
        return failure(ErrorCode::epoch_unknown, "this node takes no later epoch of the charter");
    SAFAR_TRY(auto adopted, settings_.adopt(text));
    SAFAR_TRY(auto schema, charter_schema(adopted));
    auto charter = std::make_shared<const Charter>(std::move(adopted));
    log.set_authority(make_authority(charter));
    {
        std::unique_lock lock(charter_mutex_);
        settings_.charters.push_back({charter, std::string(text)});
    }
    derived_.set_schema(std::make_shared<const Schema>(std::move(schema)));
    if (settings_.note)
        settings_.note("charter epoch " + std::to_string(charter->epoch) + " is in force");
    return success();
}

void Node::confirm_own_heads(Frontier held_by_peer) {
    writer_->run([held = std::move(held_by_peer)](Log& log) { log.confirm_own_heads(held); });
}

void Node::confirm_alone() {
    auto now = charter();
    if (now->nodes.size() != 1) return;
    writer_->run([now](Log& log) {
        Frontier all;
        for (const CharterCompartment& compartment : now->compartments) {
            Frontier part = log.frontier(compartment.name);
            all.insert(all.end(), part.begin(), part.end());
        }
        std::sort(all.begin(), all.end(),
                  [](const FrontierEntry& a, const FrontierEntry& b) { return a.log < b.log; });
        log.confirm_own_heads(all);
    });
}

} // namespace safar
