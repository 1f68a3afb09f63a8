#include "node/registry/node.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::string_view statements_key = "statements";

} // namespace

Node::Node(Log& log, Derived& derived, NodeSettings settings)
    : log_(log), derived_(derived), settings_(std::move(settings)) {
    state_ = std::make_shared<const CharterState>(settings_.charter);
    deriver_ = std::make_unique<DeriveThread>(derived_, log_, settings_.note);
    marks_ = std::make_unique<JournalMarks>(log_, settings_.clock);
    writer_ = std::make_unique<LogThread>(
        log_, LogThread::Settings{settings_.linger,
                                  [this](Position last, const std::vector<LogName>* touched) {
                                      if (marks_->committed(last, touched))
                                          writer_->run([this](Log&) { write_marks(); });
                                      deriver_->wake(last);
                                      if (on_change_) on_change_();
                                  }});
}

Node::~Node() { stop(); }

void Node::start(std::function<void()> on_change, std::function<void()> on_charter) {
    on_change_ = std::move(on_change);
    on_charter_ = std::move(on_charter);
    // What was acknowledged before a restart is this node's own write too: reads wait for it.
    remember_own(log_.last_position());
    if (auto begun = marks_->begin(system_entropy()); !begun && settings_.note)
        settings_.note("nothing can be asked about the past, and no feed is given: " +
                       describe(begun.error()));
    deriver_->start();
    writer_->start();
    // What the log and the charter's notices know of forks, the other learns.
    writer_->run([this](Log& log) {
        if (auto told = tell_log_of_forks(log, *charter_state()); !told && settings_.note)
            settings_.note("a fork that is known could not be noted in the log: " +
                           describe(told.error()));
        note_forks(log);
    });
}

void Node::stop() {
    if (std::exchange(stopped_, true)) return;
    writer_->stop();
    write_marks();
    deriver_->stop();
}

// On the log thread, or when it has ended.
void Node::write_marks() {
    if (auto written = marks_->write(); !written && settings_.note)
        settings_.note("when batches came could not be noted: " + describe(written.error()));
}

std::shared_ptr<const CharterState> Node::charter_state() const {
    std::shared_lock lock(charter_mutex_);
    return state_;
}

Result<Appended> Node::append(AppendRequest request) {
    SAFAR_TRY(auto appended, writer_->append(std::move(request)));
    remember_own(appended.position);
    return appended;
}

Result<std::vector<Appended>> Node::append_together(std::vector<AppendRequest> requests) {
    SAFAR_TRY(auto appended, writer_->append_together(std::move(requests)));
    for (const Appended& each : appended) remember_own(each.position);
    return appended;
}

void Node::remember_own(Position position) {
    Position seen = own_.load(std::memory_order_relaxed);
    while (seen < position && !own_.compare_exchange_weak(seen, position)) {
    }
}

Result<> Node::await_own_writes(std::chrono::milliseconds at_most) {
    return deriver_->wait_for(own_.load(), at_most);
}

std::shared_ptr<const Authority> Node::authority() const { return log_.authority(); }

std::shared_ptr<const Charter> Node::charter() const { return charter_state()->ruling().charter; }

std::vector<std::string> Node::shared_compartments(const NodeId& peer) const {
    auto state = charter_state();
    const Charter& now = *state->ruling().charter;
    const CharterNode* other = now.node(peer);
    std::vector<std::string> shared;
    // Who is suspended may have lost its key to somebody else: it hears of the charter and no more.
    if (other == nullptr || state->suspended(peer) || state->suspended(settings_.id)) return shared;
    for (const CharterCompartment& compartment : now.compartments)
        if ((compartment.may_carry(settings_.agency) || compartment.observes(settings_.agency)) &&
            (compartment.may_carry(other->agency) || compartment.observes(other->agency)))
            shared.push_back(compartment.name);
    std::sort(shared.begin(), shared.end());
    return shared;
}

std::optional<Bytes> Node::charter_document(std::uint64_t epoch) const {
    auto state = charter_state();
    // Numbers may be skipped: the next one that rules is the answer.
    for (const HeldCharter& held : state->epochs())
        if (held.charter->epoch >= epoch) return copy(as_bytes(held.text));
    return std::nullopt;
}

// No erasure can be said yet; when one can, this covers the set of them.
Hash Node::erasures_digest() const { return tagged_hash("erasures", {}); }

void Node::ingest(std::vector<EncodedBatch> batches,
                  std::function<void(std::vector<IngestOutcome>)> done) {
    writer_->ingest(
        std::move(batches), [this, done = std::move(done)](std::vector<IngestOutcome> outcomes) {
            if (std::any_of(outcomes.begin(), outcomes.end(),
                            [](const IngestOutcome& outcome) {
                                return !outcome.result &&
                                       outcome.result.error().code == ErrorCode::fork_detected;
                            }) ||
                log_.forks().size() != forks_noted_) // or a branch that an epoch admitted began
                note_forks(log_);                    // on the log thread
            if (std::any_of(outcomes.begin(), outcomes.end(), [](const IngestOutcome& outcome) {
                    return outcome.fresh &&
                           outcome.position == 0; // bodies of batches that were held without
                }))
                deriver_->look_again();
            done(std::move(outcomes));
        });
}

void Node::confirm_own_heads(const NodeId& peer, Frontier held_by_peer) {
    {
        std::lock_guard lock(confirmed_mutex_);
        auto [at, first] = confirmed_.try_emplace(peer);
        for (FrontierEntry& entry : held_by_peer)
            at->second.insert_or_assign(entry.log, entry.head);
        if (!first) return; // goes with what waits for the log thread
    }
    writer_->run([this, peer](Log& log) {
        Frontier held;
        {
            std::lock_guard lock(confirmed_mutex_);
            const auto taken = confirmed_.extract(peer); // lives as long as what is read of it
            for (const auto& [name, head] : taken.mapped()) held.push_back({name, head});
        }
        log.confirm_own_heads(peer, held);
    });
}

void Node::keep_statements(Bytes saved) {
    writer_->run([this, saved = std::move(saved)](Log& log) {
        if (auto kept = log.put_setting(statements_key, saved); !kept && settings_.note)
            settings_.note("statements of heads are not kept: " + describe(kept.error()));
    });
}

Bytes Node::kept_statements() const {
    auto saved = log_.setting(statements_key);
    return saved ? saved.value().value_or(Bytes{}) : Bytes{};
}

} // namespace safar
