// The promises, checked from outside: what was acknowledged is there, logs only grow, nobody forked
// itself, all verdicts are equal, every byte holds under a second reading, records say what a
// second fold says, and a store that is opened again is the same.
#include "tests/sim/governance.hpp"
#include "tests/sim/model.hpp"
#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace safar::sim {
namespace {

// Checks see the disk as it is.
class Calm {
public:
    explicit Calm(Core& core) : core_(core), rates_(core.disk().rates) { core.disk().rates = {}; }
    ~Calm() { core_.disk().rates = rates_; }
    Calm(const Calm&) = delete;
    Calm& operator=(const Calm&) = delete;

private:
    Core& core_;
    DiskRates rates_;
};

Raw hash_of(const EncodedBatch& batch) {
    const RawView header = batch.header();
    return plain_hash("header", {header.subspan(8, 32), header});
}

std::optional<Raw> hash_at(const Core& core, const BatchPlace& place) {
    auto held = core.log().read_range(place.log, place.number, 1);
    if (!held || held.value().empty()) return std::nullopt;
    return hash_of(*held.value().front());
}

// The batch after the head came without bodies.
bool next_is_bare(const Core& core, const FrontierEntry& entry) {
    auto held = core.log().read_range(entry.log, entry.head.number + 1, 1);
    return held && !held.value().empty() && read_plain(held.value().front()->bytes).bare;
}

// What counts of a log; nullopt where some of it can not be read. A branch that was admitted lies
// in ranges of its own.
std::optional<std::vector<std::shared_ptr<const EncodedBatch>>>
up_to_head(const Log& log, const FrontierEntry& entry) {
    std::vector<std::shared_ptr<const EncodedBatch>> out;
    while (out.size() < entry.head.number) {
        auto range = log.read_range(entry.log, out.size() + 1, ~std::size_t{0} >> 1);
        if (!range || range.value().empty()) return std::nullopt;
        out.insert(out.end(), range.value().begin(), range.value().end());
    }
    out.resize(entry.head.number);
    return out;
}

bool same(const Raw& a, const Hash& b) { return std::ranges::equal(a, b.raw); }

std::string text_of(const LogName& log, std::uint64_t number) {
    return "batch " + std::to_string(number) + " of log " + log.brief();
}

} // namespace

void World::check_node(Core& core) {
    Calm calm(core);
    if (core.disk().damaged || core.disk().died) return;
    check_acknowledged(core);
    check_prefixes(core);
}

const Core* World::holder_of(const Acknowledged& what) const {
    const auto found = std::ranges::find_if(cores_, [&](const auto& core) {
        if (core->member.hostile || !core->up() || core->disk().died) return false;
        // What lies beyond a cut is nobody's to pass on, nor is the body that an observer lacks,
        // nor anything that who is suspended holds.
        if (core->state().suspended(core->id)) return false;
        const auto head = core->log().head(what.place.log);
        const LogOwner* owner = core->log().authority()->owner(what.place.log.id);
        if (!takes_part(*core) || !head || head->number < what.place.number) return false;
        if (owner == nullptr || !core->carries(owner->compartment)) return false;
        auto held = hash_at(*core, what.place);
        return held && same(*held, what.hash);
    });
    return found == cores_.end() ? nullptr : found->get();
}

// Does it share that compartment with others?
bool World::shares(const Core& core, const Acknowledged& what) const {
    const LogOwner* owner = core.log().authority()->owner(what.place.log.id);
    const auto shown = core.shown();
    return takes_part(core) && !core.state().suspended(core.id) && owner != nullptr &&
           std::ranges::find(shown, owner->compartment) != shown.end();
}

void World::check_acknowledged(Core& core) {
    for (Acknowledged& each : core.acknowledged) {
        ++statistics_.checks;
        // What went with an older copy comes back where a peer has it, once all have met.
        const Core* holder = nullptr;
        if (each.excused) {
            if (!healed_ || !shares(core, each) || !level()) continue;
            holder = holder_of(each);
            if (holder == nullptr) continue;
        }
        auto held = hash_at(core, each.place);
        if (held && same(*held, each.hash)) continue;
        return complain(Outcome::correctness,
                        "acknowledged: " + core.agency + " lost " +
                            text_of(each.place.log, each.place.number) +
                            (holder == nullptr ? "" : ", which " + holder->agency + " holds"));
    }
}

void World::check_prefixes(Core& core) {
    Calm calm(core);
    if (core.disk().damaged) return seen_[core.index].clear();
    const auto authority = core.log().authority();
    for (const std::string& compartment : core.shown())
        for (const FrontierEntry& entry : core.log().frontier(compartment)) {
            ++statistics_.checks;
            const Seen now{entry.head, authority->may_hold(core.id, compartment),
                           authority->revision()};
            auto [before, fresh] = seen_[core.index].try_emplace(entry.log, now);
            if (fresh) continue;
            const Seen then = std::exchange(before->second, now);
            const Head& was = then.head;
            if (was.number == 0) continue;
            // Who observed and is to hold bodies now has to get them first; its disk may be late to
            // let heads fall.
            const bool cut = entry.head.forked || authority->restricted(entry.log.id) ||
                             (now.bodies && (!then.bodies || next_is_bare(core, entry)));
            // A charter in between may have cut it, and the disk be late to let it rise again.
            if (entry.head.number < was.number && !cut && then.charter != now.charter &&
                !(healed_ && level())) {
                before->second = then;
                continue;
            }
            if (entry.head.number < was.number && !cut)
                return complain(Outcome::correctness, "prefix: " + core.agency + " held " +
                                                          text_of(entry.log, was.number) +
                                                          " and now ends at " +
                                                          std::to_string(entry.head.number));
            auto held = hash_at(core, {entry.log, was.number});
            if (!cut && (!held || !same(*held, was.hash)))
                return complain(Outcome::correctness, "prefix: at " + core.agency + " " +
                                                          text_of(entry.log, was.number) +
                                                          " has become another");
        }
}

// A fork of an honest node is its own: nobody else has its key.
void World::check_forks() {
    std::map<std::string, std::pair<const Core*, std::set<BatchPlace>>> verdicts; // by compartment
    std::set<BatchPlace> all;
    for (auto& core : cores_) {
        if (!honest(*core) || !core->up()) continue;
        std::map<std::string, std::set<BatchPlace>> here;
        for (const std::string& compartment : core->shown()) here[compartment];
        for (const ForkEvidence& fork : core->log().forks()) {
            ++statistics_.checks;
            all.insert(fork.place);
            const LogOwner* owner = core->log().authority()->owner(fork.place.log.id);
            if (owner == nullptr) continue;
            // What it knew of a compartment before it lost the right to is not kept level; nor is a
            // proof that closes nothing, as where a header names an epoch that has become void: who
            // never held that epoch can not check it.
            if (auto shown = here.find(owner->compartment);
                shown != here.end() && closes(fork, *core->log().authority()))
                shown->second.insert(fork.place);
            if (owner->agency[0] == 'A')
                return complain(Outcome::correctness,
                                "self-fork: " + owner->agency + " signed two of " +
                                    text_of(fork.place.log, fork.place.number) + ", seen at " +
                                    core->agency);
        }
        if (!healed_ || !takes_part(*core) || core->state().suspended(core->id)) continue;
        for (auto& [compartment, places] : here) {
            auto [before, fresh] = verdicts.try_emplace(compartment, core.get(), places);
            if (fresh || before->second.second == places) continue;
            std::vector<BatchPlace> differ;
            std::ranges::set_symmetric_difference(before->second.second, places,
                                                  std::back_inserter(differ));
            return complain(
                Outcome::correctness,
                "forks: " + core->agency + " and " + before->second.first->agency +
                    " judge differently in " + compartment + ": only " +
                    (places.contains(differ[0]) ? core->agency : before->second.first->agency) +
                    " knows " + text_of(differ[0].log, differ[0].number));
        }
    }
    if (healed_) statistics_.forks_found = all.size();
}

// The sets are read batch by batch; the root is what nodes compare.
void World::check_equal_sets() {
    for (const std::string& compartment : all_compartments) {
        std::map<Hash, std::set<Raw>> by_root;
        std::map<std::set<Raw>, Hash> by_set;
        for (auto& core : cores_) {
            const auto shown = core->shown();
            if (!takes_part(*core) || !core->up() ||
                std::ranges::find(shown, compartment) == shown.end())
                continue;
            std::set<Raw> set;
            const Frontier frontier = core->log().frontier(compartment);
            for (const FrontierEntry& entry : frontier)
                for (std::uint64_t number = 1; number <= entry.head.number; ++number)
                    if (auto hash = hash_at(*core, {entry.log, number})) set.insert(*hash);
            if (!core->carries(compartment)) continue;
            const Hash root = frontier_digest(frontier);
            ++statistics_.checks;
            if (by_root.try_emplace(root, set).first->second != set)
                return complain(Outcome::correctness,
                                "equal roots over different sets in " + compartment);
            // Forked heads are part of the root, and of no set.
            const bool forked =
                std::ranges::any_of(frontier, [](const auto& e) { return e.head.forked; });
            if (!forked && by_set.try_emplace(set, root).first->second != root)
                return complain(Outcome::correctness,
                                "equal sets under different roots in " + compartment);
        }
    }
}

void World::check_batches(Core& core) {
    if (core.disk().damaged) return;
    std::map<Raw, const Member*> keys;
    for (const Member& member : founding_.members)
        keys[plain_hash("key", {member.signing.public_key().view()})] = &member;
    std::map<BatchPlace, Hash> chain;
    for (Position after = 0;;) {
        auto entries = core.log().read_journal(after, 500);
        if (!entries)
            return complain(Outcome::correctness, core.agency + ": the journal can not be read");
        if (entries.value().empty()) return;
        for (const JournalEntry& entry : entries.value()) {
            after = entry.position;
            ++statistics_.checks;
            const ByteView stored = entry.batch->bytes;
            const Raw raw_hash = hash_of(*entry.batch);
            const Hash hash = *Hash::from(raw_hash);
            auto known = verified_.find(hash);
            if (known != verified_.end() && std::ranges::equal(known->second, stored)) continue;
            const PlainBatch plain = read_plain(stored);
            std::string problem = plain.problem;
            auto key = keys.find(plain.key);
            if (problem.empty() && key == keys.end()) problem = "nobody's key";
            if (problem.empty() &&
                !signed_by(plain, stored, key->second->signing.public_key().view()))
                problem = "its signature is wrong";
            if (problem.empty() && plain.number > 1) {
                auto before = hash_at(core, {entry.name, entry.number - 1});
                if (entry.counts && (!before || *before != plain.previous))
                    problem = "it does not follow the batch before it";
            }
            if (!problem.empty())
                return complain(Outcome::correctness, "validity: " + core.agency + " holds " +
                                                          text_of(entry.name, entry.number) + ": " +
                                                          problem);
            verified_.insert_or_assign(hash, copy(stored));
        }
    }
}

namespace {

std::string difference(const ModelRecord& said, const ModelRecord& model) {
    std::string out;
    if (said.kind != model.kind) out += fmt::format(" kind {} and not {}", said.kind, model.kind);
    std::set<std::uint16_t> fields;
    for (const auto* record : {&said, &model})
        for (const auto& [tag, field] : record->fields) fields.insert(tag);
    const auto shown = [](const ModelRecord& record, std::uint16_t tag) {
        const auto found = record.fields.find(tag);
        if (found == record.fields.end()) return std::string("nothing");
        std::string text = fmt::format("{} live, reads", found->second.live.size());
        for (const Raw& value : found->second.reading) text += " " + to_hex(value);
        return text + (found->second.first.empty() ? "" : ", first " + to_hex(found->second.first));
    };
    for (const std::uint16_t tag : fields)
        if (shown(said, tag) != shown(model, tag))
            out += fmt::format(" field {}: {}; in the model {}", tag, shown(said, tag),
                               shown(model, tag));
    return out;
}

} // namespace

void World::check_model(Core& core) {
    Derived* derived = core.derived();
    if (derived == nullptr)
        return complain(Outcome::correctness, core.agency + ": no derived state");
    const Charter& charter = *core.state().ruling().charter;
    std::map<std::string, int> rank;
    for (const CharterAgency& agency : charter.agencies)
        rank.emplace(agency.code, static_cast<int>(rank.size()));
    std::vector<PlainEvent> events;
    const Governance governance(core.state());
    for (const std::string& compartment : core.read())
        for (const FrontierEntry& entry : core.log().frontier(compartment)) {
            const auto held = up_to_head(core.log(), entry);
            if (!held)
                return complain(Outcome::correctness, core.agency + ": a log can not be read");
            const LogOwner* owner = core.log().authority()->owner(entry.log.id);
            for (const auto& stored : *held) {
                PlainBatch batch = read_plain(stored->bytes);
                const bool lost = batch.epoch > charter.epoch; // as in check_counted
                for (PlainEvent& event : batch.events) {
                    if (event.readable && !lost && !governance.may_say(batch, event.kind)) continue;
                    event.agency = owner->agency;
                    events.push_back(std::move(event));
                }
            }
        }
    for (const auto& [record, model] : model_fold(events, rank, has_later(charter))) {
        ++statistics_.checks;
        auto folded = derived->record(*RecordId::from(record));
        ModelRecord said;
        if (folded) {
            said.kind = folded.value().kind;
            for (const FoldedField& field : folded.value().fields) {
                ModelField& to = said.fields[field.field];
                for (const Said& live : field.live) to.live.insert(encode_dots({live.dot}));
                for (const Value& value : field.reading) to.reading.insert(encode_value(value));
                const bool single = field.field == field::note || field.field == field::later;
                if (single && !field.reading.empty()) to.first = encode_value(field.reading[0]);
            }
        }
        for (auto& [tag, field] : said.fields) { // encode_dots begins with a count
            std::set<Raw> dots;
            for (const Raw& dot : field.live) dots.insert(Raw(dot.begin() + 4, dot.end()));
            field.live = std::move(dots);
        }
        if (said == model) continue;
        return complain(Outcome::correctness, "model: record " + RecordId::from(record)->brief() +
                                                  " says something else at " + core.agency + ":" +
                                                  difference(said, model));
    }
}

void World::check_reopened(Core& core) {
    std::map<std::string, std::pair<Hash, Hash>> before;
    const auto digests = [&] {
        std::map<std::string, std::pair<Hash, Hash>> out;
        Derived* derived = core.derived();
        for (const std::string& compartment : core.shown()) {
            auto state =
                derived == nullptr ? Result<Hash>(Hash{}) : derived->state_digest(compartment, {});
            out[compartment] = {frontier_digest(core.log().frontier(compartment)),
                                state ? state.value() : Hash{}};
        }
        return out;
    };
    before = digests();
    auto report = core.log().verify(/*deep=*/true, {});
    if (!report) return complain(Outcome::correctness, "verify: " + core.agency + ": fails");
    for (const std::string& problem : report.value().problems) // what its start told is no news
        if (std::ranges::find(core.start_notes, problem) == core.start_notes.end())
            return complain(Outcome::correctness, "verify: " + core.agency + ": " + problem);
    network_->went_down(core, false);
    core.end(/*power=*/false);
    if (auto started = core.start(); !started)
        return complain(Outcome::correctness,
                        "reopen: " + core.agency + ": " + describe(started.error()));
    ++statistics_.checks;
    if (digests() != before)
        complain(Outcome::correctness, "reopen: " + core.agency + " is another after a restart");
}

// One byte of one stored batch, on every hundredth seed: somebody must see it.
void World::plant_canary() {
    if (seed_ % 100 != 37) return;
    for (auto& core : cores_)
        if (honest(*core) && core->disk().flip_in_a_batch()) return;
}

} // namespace safar::sim
