#include "tests/sim/core.hpp"

#include "storage/log/log_core.hpp"

#include <algorithm>

namespace safar::sim {

Core::Core(std::size_t number, const Member& who, const Founding& founding, std::uint64_t seed,
           Statistics& statistics)
    : index(number), member(who), agency(who.agency), id(who.id), entropy_(seed ^ (number + 1)),
      disk_(std::make_shared<Disk>(seed, who.agency, statistics)),
      charter_(std::make_shared<const CharterState>(CharterState::begin(founding.first).value())),
      identity_(identity_of(who)) {}

Result<> Core::start() {
    disk_->restart();
    plan = {};
    log_busy_until = NodeTime{0};
    start_notes.clear();
    LogParts parts{make_store(disk_), make_witness(disk_), one_after_another};
    SAFAR_TRY(log_, open_log(std::move(parts), Author{id, &member.signing, &entropy_},
                             charter_->authority(), start_notes));
    ++life;
    told = log_->last_position();
    note_rights();
    keep_.reset();
    book_ = {};
    if (const Bytes kept = kept_statements(); !kept.empty())
        book_ = StatementBook::load(kept).value();
    statements_ = std::make_unique<StatementRound>(identity_, *this, std::chrono::minutes(1));
    // What the log and the charter's notices know of forks, the other learns.
    static_cast<void>(tell_log_of_forks());
    note_forks();
    return success();
}

void Core::end(bool power) {
    statements_.reset();
    derived_.reset();
    log_.reset();
    ++life;
    disk_->crash(power);
}

void Core::put_back(const Copy& copy, bool whole) {
    disk_->put_back(*copy.disk, whole);
    if (whole) charter_ = copy.charter;
    for (std::size_t i = copy.acknowledged; i < acknowledged.size(); ++i)
        acknowledged[i].excused = true;
}

void Core::replace_disk() {
    disk_->replace();
    for (Acknowledged& each : acknowledged) each.excused = true;
}

Derived* Core::derived() {
    if (!derived_) {
        auto schema = charter_schema(*charter_->ruling().charter);
        SAFAR_ASSERT(schema.has_value());
        auto opened =
            Derived::open(*log_, std::make_shared<const Schema>(std::move(schema).value()));
        if (!opened) return nullptr;
        derived_ = std::move(opened).value();
    }
    for (;;) {
        auto taken = derived_->follow(64);
        if (!taken) return nullptr;
        if (taken.value() == 0) return derived_.get();
    }
}

void Core::ingest(std::vector<EncodedBatch> batches,
                  std::function<void(std::vector<IngestOutcome>)> done) {
    done(ingest(std::span<const EncodedBatch>(batches)));
}

void Core::adopt_charter(std::uint64_t, Bytes document, std::function<void(Result<>)> done) {
    done(adopt_epoch(as_text(document)));
}

void Core::adopt_notice(Bytes notice, std::function<void(Result<>)> done) {
    done(adopt_notice(notice));
}

Bytes Core::kept_statements() const {
    auto saved = log_->setting("statements");
    return saved ? saved.value().value_or(Bytes{}) : Bytes{};
}

std::vector<IngestOutcome> Core::ingest(std::span<const EncodedBatch> batches) {
    auto outcomes = log_->ingest(batches);
    if (std::ranges::any_of(outcomes,
                            [](const IngestOutcome& outcome) {
                                return !outcome.result &&
                                       outcome.result.error().code == ErrorCode::fork_detected;
                            }) ||
        log_->forks().size() != forks_noted_) // a write of unknown fate took place after all
        note_forks();
    return outcomes;
}

Result<Appended> Core::append(AppendRequest request) {
    auto answers = log_->append(std::span(&request, 1));
    SAFAR_ASSERT(answers.size() == 1);
    return std::move(answers.front());
}

Result<> Core::adopt_epoch(std::string_view text) {
    return change_charter([&](CharterState& state) { return state.take_epoch(text); });
}

Result<> Core::adopt_notice(ByteView bytes) {
    SAFAR_TRY(auto notice, parse_notice(bytes));
    return change_charter([&](CharterState& state) { return state.take_notice(notice); });
}

// As the node does it: durable first, then in force, then told to the log.
Result<> Core::change_charter(const Change& change) {
    if (disk_->died) return failure(ErrorCode::stopping, "the process has ended");
    CharterState next = *charter_;
    SAFAR_TRY(auto news, change(next));
    if (news == CharterState::News::nothing) return success();
    charter_ = std::make_shared<const CharterState>(std::move(next));
    note_rights();
    charter_changed = charter_changed || news == CharterState::News::epoch;
    if (news == CharterState::News::epoch) {
        SAFAR_TRY(auto schema, charter_schema(*charter_->ruling().charter));
        auto counted = log_->set_authority(charter_->authority());
        if (derived_) derived_->set_schema(std::make_shared<const Schema>(std::move(schema)));
        auto proofs = tell_log_of_forks();
        return counted ? proofs : counted;
    }
    return tell_log_of_forks();
}

void Core::note_rights() {
    for (const CharterCompartment& compartment : charter_->ruling().charter->compartments)
        if (compartment.may_carry(agency)) carried.insert(compartment.name);
}

Result<> Core::tell_log_of_forks() {
    Result<> all = success();
    for (const auto& [hash, notice] : charter_->notices()) {
        const auto* fork = std::get_if<ForkEvidence>(&notice.what);
        if (fork == nullptr) continue;
        const LogOwner* owner = log_->authority()->owner(fork->place.log.id);
        if (owner == nullptr || !log_->authority()->may_observe(id, owner->compartment)) continue;
        auto noted = log_->note_fork(*fork);
        if (!noted && noted.error().code != ErrorCode::not_permitted &&
            noted.error().code != ErrorCode::epoch_unknown)
            all = noted.error();
    }
    return all;
}

void Core::note_forks() {
    forks_noted_ = log_->forks().size();
    for (const ForkEvidence& fork : log_->forks()) {
        const Notice notice = make_fork_notice(fork);
        static_cast<void>(
            change_charter([&](CharterState& state) { return state.take_notice(notice); }));
    }
}

std::vector<std::string> Core::shared_compartments(const NodeId& peer) const {
    const Charter& now = *charter_->ruling().charter;
    const CharterNode* other = now.node(peer);
    std::vector<std::string> shared;
    if (other == nullptr || charter_->suspended(peer) || charter_->suspended(id)) return shared;
    const auto knows = [](const CharterCompartment& compartment, const std::string& who) {
        return compartment.may_carry(who) || compartment.observes(who);
    };
    for (const CharterCompartment& compartment : now.compartments)
        if (knows(compartment, agency) && knows(compartment, other->agency))
            shared.push_back(compartment.name);
    std::ranges::sort(shared);
    return shared;
}

std::optional<Bytes> Core::charter_document(std::uint64_t epoch) const {
    for (const HeldCharter& held : charter_->epochs())
        if (held.charter->epoch >= epoch) return safar::copy(as_bytes(held.text));
    return std::nullopt;
}

std::vector<Hash> Core::notices() const { return charter_->offers(); }

std::optional<Bytes> Core::notice(const Hash& hash) const { return charter_->offer(hash); }

bool Core::rules(const Hash& epoch) const {
    return std::ranges::any_of(charter_->epochs(), [&](const HeldCharter& held) {
        return held.charter->identity == epoch;
    });
}

bool Core::knows_epoch(const Hash& epoch) const {
    return rules(epoch) || std::ranges::any_of(charter_->notices(), [&](const auto& each) {
               const auto* rival = std::get_if<Charter>(&each.second.what);
               return rival != nullptr && rival->identity == epoch;
           });
}

std::vector<std::string> Core::shown() const {
    std::vector<std::string> out;
    for (const CharterCompartment& compartment : charter_->ruling().charter->compartments)
        if (compartment.may_carry(agency) || compartment.observes(agency))
            out.push_back(compartment.name);
    return out;
}

std::vector<std::string> Core::read() const {
    std::vector<std::string> out;
    for (const CharterCompartment& compartment : charter_->ruling().charter->compartments)
        if (compartment.may_hold(agency)) out.push_back(compartment.name);
    return out;
}

bool Core::carries(std::string_view compartment) const {
    const CharterCompartment* found = charter_->ruling().charter->compartment(compartment);
    return found != nullptr && found->may_carry(agency);
}

std::vector<Core::Pen> Core::pens() const {
    std::vector<Pen> out;
    for (const CharterCompartment& compartment : charter_->ruling().charter->compartments) {
        Pen pen{compartment.name, {}};
        for (const std::string& kind : compartment.kinds)
            if (compartment.may_write(agency) || charter_->lets(id, compartment, kind))
                pen.kinds.push_back(kind_tag(kind));
        if (!pen.kinds.empty()) out.push_back(std::move(pen));
    }
    return out;
}

} // namespace safar::sim
