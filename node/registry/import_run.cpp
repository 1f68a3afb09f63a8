#include "node/registry/import_run.hpp"

#include "node/registry/command_check.hpp"
#include "node/registry/event_reader.hpp"
#include "node/registry/import_diff.hpp"
#include "node/registry/steady.hpp"
#include "storage/base/limits.hpp"

#include <algorithm>
#include <numeric>

namespace safar {
namespace {

constexpr std::size_t chunk_records = 4096;        // read and looked up together: 16 batches
constexpr std::size_t flying_events_max = 32768;   // about 40 MiB of drafts
constexpr std::chrono::minutes derive_patience{5}; // for one chunk

// An upper bound, so that the many small events need not be encoded twice.
bool may_be_too_large(const EventDraft& draft) {
    constexpr std::size_t value_bytes_max = 64; // of any but a text or a code
    const EventBody& body = draft.body;
    if (body.assertions.size() > limits::event_assertions_max ||
        draft.replaces.size() > limits::event_dots_max)
        return true;
    std::size_t bytes = 256 + sizeof(Dot) * draft.replaces.size() + body.verb.size() +
                        body.source.size() + body.edition.size() + body.basis.size() +
                        body.actor.size();
    for (const Assertion& one : body.assertions) {
        bytes += value_bytes_max;
        if (const Text* text = std::get_if<Text>(&one.value)) bytes += text->text.size();
        if (const Code* code = std::get_if<Code>(&one.value)) bytes += code->code.size();
    }
    return bytes > limits::event_bytes_max;
}

} // namespace

// The n-th time an id occurs in a chunk it goes to round n: a row must see what the row before it
// said, and that has to be written first. Files that repeat ids are rare, and cost a sync a round.
struct ImportRun::Rounds {
    std::vector<std::vector<ImportedRecord>> rounds;
    std::unordered_map<RecordId, std::size_t> next;
    void add(ImportedRecord record, bool flying) {
        auto [at, fresh] = next.try_emplace(record.body.record, flying ? 1 : 0);
        const std::size_t round = at->second++;
        if (rounds.size() <= round) rounds.resize(round + 1);
        rounds[round].push_back(std::move(record));
    }
};

ImportRun::ImportRun(Node& node, ImportReader& reader, std::string actor, bool dry_run)
    : node_(node), reader_(reader), actor_(std::move(actor)), dry_run_(dry_run),
      schema_(node.derived().schema()), charter_(node.charter()) {}

ImportRun::~ImportRun() {
    for (Flight& flight : flights_)
        for (auto& part : flight.parts) part.wait();
}

Result<ImportSummary> ImportRun::run(const RejectSink& rejects) {
    const auto start = std::chrono::steady_clock::now();
    rejects_ = &rejects;
    SAFAR_TRY(node_.deriver().wait_for(node_.log().last_position(), derive_patience));
    count_heads(/*before=*/true);
    auto tell_rejects = [&] {
        for (const ImportReject& reject : reader_.take_rejects()) rejects(reject);
    };
    for (;;) {
        auto chunk = reader_.next(chunk_records);
        tell_rejects();
        if (!chunk.has_value()) return chunk.error();
        if (chunk.value().empty() && reader_.ended()) break;
        SAFAR_TRY(take(std::move(chunk.value())));
    }
    SAFAR_TRY(land_all());
    count_heads(/*before=*/false);
    summary_.read = reader_.progress();
    summary_.read.rejected += rejected_;
    summary_.read.records -= rejected_;
    summary_.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    return summary_;
}

Result<> ImportRun::take(std::vector<ImportedRecord> chunk) {
    Rounds rounds;
    rounds.next.reserve(chunk.size());
    for (ImportedRecord& record : chunk) {
        const bool flying = flying_.contains(record.body.record);
        rounds.add(std::move(record), flying);
    }
    for (std::size_t i = 0; i < rounds.rounds.size(); ++i) {
        if (i > 0) {
            SAFAR_TRY(land_all());
        }
        SAFAR_TRY(take_round(std::move(rounds.rounds[i])));
    }
    return success();
}

Result<> ImportRun::take_round(std::vector<ImportedRecord> round) {
    if (round.empty()) return success();
    // Looked up in the order of ids, written in the order of the file.
    std::vector<std::uint32_t> order(round.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return round[a].body.record < round[b].body.record; });
    std::vector<RecordId> ids;
    ids.reserve(round.size());
    for (std::uint32_t i : order) ids.push_back(round[i].body.record);
    SAFAR_TRY(auto entries,
              steady(
                  node_, [&] { return node_.derived().entries(ids); }, derive_patience));
    SAFAR_ASSERT(entries.size() == ids.size());

    std::vector<const RecordEntry*> known;
    constexpr std::int32_t fresh = -1, elsewhere = -2;
    std::vector<std::int32_t> place(round.size(), fresh); // in `known`
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (!entries[i]) continue;
        // An event of another kind would turn the record into one of that kind.
        if (entries[i]->kind != round[order[i]].body.kind) {
            place[order[i]] = elsewhere;
            continue;
        }
        place[order[i]] = static_cast<std::int32_t>(known.size());
        known.push_back(&*entries[i]);
    }
    SAFAR_TRY(auto histories, read_events(node_.log(), known));

    std::map<std::string, AppendRequest> requests;
    for (std::size_t i = 0; i < round.size(); ++i) {
        const std::uint64_t line = round[i].line;
        EventDraft draft{std::move(round[i].body), {}};
        if (place[i] == elsewhere) {
            reject(line, "names record " + show_id(draft.body.record) +
                             ", which is of another kind than the file's");
            continue;
        }
        if (place[i] == fresh) {
            const bool repeated = dry_run_ && dry_new_.contains(draft.body.record);
            if (repeated) {
                ++summary_.records_unchanged;
                continue;
            }
            const RecordId id = draft.body.record;
            SAFAR_TRY(bool added, add_draft(line, std::move(draft), requests));
            if (!added) continue;
            if (dry_run_) dry_new_.insert(id);
            ++summary_.records_new;
            continue;
        }
        const Kind* kind = schema_->kind(draft.body.kind);
        SAFAR_ASSERT(kind != nullptr);
        RowDiff diff = diff_row(*kind, node_.agency(), draft.body,
                                histories[static_cast<std::size_t>(place[i])]);
        if (diff.empty()) {
            ++summary_.records_unchanged;
            continue;
        }
        draft.body.assertions = std::move(diff.assertions);
        draft.replaces = std::move(diff.replaces);
        SAFAR_TRY(bool added, add_draft(line, std::move(draft), requests));
        if (added) ++summary_.records_changed;
    }
    return launch(std::move(requests));
}

Result<const std::string*> ImportRun::compartment_of(std::uint16_t kind) {
    auto known = compartments_.find(kind);
    if (known == compartments_.end()) {
        const Kind* named = schema_->kind(kind);
        SAFAR_ASSERT(named != nullptr); // the reader yields kinds of this schema only
        SAFAR_TRY(const CharterCompartment* compartment,
                  writable_compartment(node_, *charter_, named->name));
        known = compartments_.emplace(kind, compartment->name).first;
    }
    return &known->second;
}

Result<bool> ImportRun::add_draft(std::uint64_t line, EventDraft draft,
                                  std::map<std::string, AppendRequest>& out) {
    SAFAR_TRY(const std::string* compartment, compartment_of(draft.body.kind));
    draft.body.actor = actor_;
    if (may_be_too_large(draft))
        if (auto fits = check_draft_size(draft); !fits) {
            reject(line, "makes an event that is too large: " + fits.error().detail);
            return false;
        }
    AppendRequest& request = out[*compartment];
    request.compartment = *compartment;
    request.drafts.push_back(std::move(draft));
    return true;
}

void ImportRun::reject(std::uint64_t line, std::string reason) {
    ++rejected_;
    (*rejects_)({line, {}, std::move(reason), {}});
}

Result<> ImportRun::launch(std::map<std::string, AppendRequest> requests) {
    if (requests.empty()) return success();
    Flight flight;
    for (auto& [name, request] : requests) flight.events += request.drafts.size();
    summary_.events += flight.events;
    if (dry_run_) return success();
    while (!flights_.empty() && flying_events_ + flight.events > flying_events_max) {
        SAFAR_TRY(land_one());
    }

    flight.ids.reserve(flight.events);
    for (auto& [name, request] : requests) {
        for (const EventDraft& draft : request.drafts) flight.ids.push_back(draft.body.record);
        auto promise = std::make_shared<std::promise<Result<Appended>>>();
        flight.parts.push_back(promise->get_future());
        node_.writer().append(std::move(request), [promise](Result<Appended> outcome) {
            promise->set_value(std::move(outcome));
        });
    }
    flying_.insert(flight.ids.begin(), flight.ids.end());
    flying_events_ += flight.events;
    flights_.push_back(std::move(flight));
    return success();
}

Result<> ImportRun::land_one() {
    Flight flight = std::move(flights_.front());
    flights_.pop_front();
    flying_events_ -= flight.events;
    std::optional<Error> failed;
    for (auto& part : flight.parts) {
        auto outcome = part.get();
        if (outcome.has_value())
            node_.remember_own(outcome.value().position);
        else if (!failed)
            failed = outcome.error();
        if (outcome.has_value() && !failed)
            if (auto derived = node_.deriver().wait_for(outcome.value().position, derive_patience);
                !derived.has_value())
                failed = derived.error();
    }
    if (failed) return *failed;
    for (const RecordId& id : flight.ids) flying_.erase(id);
    return success();
}

Result<> ImportRun::land_all() {
    while (!flights_.empty()) {
        SAFAR_TRY(land_one());
    }
    return success();
}

// Batches written = how far the heads of this node's logs moved. (A command given meanwhile counts
// too.)
void ImportRun::count_heads(bool before) {
    auto authority = node_.log().authority();
    for (const CharterCompartment& compartment : charter_->compartments)
        for (const FrontierEntry& entry : node_.log().frontier(compartment.name)) {
            const LogOwner* owner = authority->owner(entry.log.id);
            if (owner == nullptr || owner->node != node_.id()) continue;
            summary_.batches = before ? summary_.batches - entry.head.number
                                      : summary_.batches + entry.head.number;
        }
}

} // namespace safar
