// Own batches: packed, placed in the chain, signed, stored under one sync.
#include "storage/log/log_core.hpp"

#include "storage/base/planted.hpp"

#include <algorithm>

namespace safar {

struct LogCore::PlacedPart {
    LogName log;
    std::uint64_t first_sequence = 0;
    std::vector<LogRow> rows;            // the log's row after each batch
    std::vector<Position> positions;     // of each batch, once staged
    std::vector<std::size_t> last_event; // of each batch, counted from the part's first
    std::vector<Hash> leaves;            // of all events
};

namespace {

Error refused(const Authority& authority, const LogId& log, std::string_view compartment,
              Standing standing) {
    std::string where = "compartment " + std::string(compartment);
    if (authority.owner(log) == nullptr || standing == Standing::unknown)
        return failure(ErrorCode::not_permitted,
                       "charter epoch " + std::to_string(authority.epoch()) +
                           " lists no log of this node in " + where +
                           ": have the agency added to its writers by a new epoch");
    return failure(ErrorCode::not_permitted,
                   "charter epoch " + std::to_string(authority.epoch()) +
                       " does not let this node write to " + where +
                       " now: the epoch ended this key or right, a delegation is over (`safar "
                       "delegate list`), "
                       "or a steward suspended it (`safar charter notices`); ask the stewards");
}

// Which batch of the part holds event number `event`?
std::size_t batch_of(const std::vector<std::size_t>& last_event, std::size_t event) {
    return static_cast<std::size_t>(std::lower_bound(last_event.begin(), last_event.end(), event) -
                                    last_event.begin());
}

} // namespace

PreparedAppend LogCore::prepare(std::span<const AppendRequest> requests) const {
    struct Guarded final : Entropy {
        Guarded(Entropy& in, std::mutex& m) : source(in), mutex(m) {}
        void fill(std::span<std::byte> out) override {
            std::lock_guard lock(mutex);
            source.fill(out);
        }
        Entropy& source;
        std::mutex& mutex;
    };
    Guarded entropy(*author_.entropy, entropy_);
    return prepare_append(requests, entropy, parts_.parallel_for);
}

std::vector<Result<Appended>> LogCore::append(std::span<const AppendRequest> requests) {
    PreparedAppend prepared = prepare(requests);
    return append_prepared({&prepared, 1});
}

LogName LogCore::own_log(const Draft& draft, const Authority& authority,
                         std::string_view compartment) const {
    LogName name;
    name.id = log_id(authority.network(), author_.node, compartment);
    if (auto born = draft.born.find(name.id); born != draft.born.end()) {
        name.incarnation = born->second;
        return name;
    }
    if (auto current = own_.signable(name.id)) {
        name.incarnation = *current;
        return name;
    }
    std::lock_guard lock(entropy_);
    name.incarnation = author_.entropy->draw<Incarnation>();
    return name;
}

Result<LogCore::PlacedPart> LogCore::place_part(const Draft& draft, const Authority& authority,
                                                PreparedAppend::Part& part) const {
    PlacedPart out;
    out.log = own_log(draft, authority, part.compartment);
    LogRow row = row_of(draft, out.log);
    if (authority.epoch() < row.head.epoch)
        return failure(ErrorCode::not_permitted,
                       "this node's log in " + part.compartment +
                           " was signed under charter epoch " + std::to_string(row.head.epoch) +
                           ", now only epoch " + std::to_string(authority.epoch()) +
                           " is held: adopt the newer charter first");
    out.first_sequence = row.head.last_sequence + 1;
    for (PreparedBatch& batch : part.batches) {
        if (row.head.last_sequence > limits::sequence_max - limits::batch_events_max)
            return failure(ErrorCode::limit_exceeded, "this log has used up its sequence numbers");
        BatchContext context{authority.network(),        out.log,       row.head.number + 1,
                             row.head.last_sequence + 1, row.head.hash, authority.epoch(),
                             authority.charter()};
        PlacedHeader placed = place_batch(context, author_.key->id(), batch);
        if (Standing standing = authority.standing(placed.header); standing != Standing::counts)
            return refused(authority, out.log.id, part.compartment, standing);
        row = extended(row, Offer{placed.header, placed.hash, {}, Standing::counts});
        out.rows.push_back(row);
        out.leaves.insert(out.leaves.end(), batch.leaves.begin(), batch.leaves.end());
        out.last_event.push_back(out.leaves.size() - 1);
    }
    return out;
}

void LogCore::stage_part(Draft& draft, const PreparedAppend::Part& part, PlacedPart& placed) const {
    if (own_.signable(placed.log.id) != placed.log.incarnation)
        draft.born[placed.log.id] = placed.log.incarnation;
    for (std::size_t i = 0; i < part.batches.size(); ++i)
        placed.positions.push_back(stage(draft, placed.rows[i], part.batches[i].stored));
}

// True: something of the group is refused, and so now is the rest of it.
bool LogCore::refuse_all_for_one(PreparedAppend& group, std::vector<Result<PlacedPart>>& placed) {
    std::optional<Error> why;
    for (const PreparedAppend::Request& request : group.requests)
        if (request.refused && !why) why = *request.refused;
    for (const auto& part : placed)
        if (!part && !why) why = part.error();
    if (!why) return false;
    for (PreparedAppend::Request& request : group.requests)
        if (!request.refused) request.refused = *why;
    return true;
}

std::vector<Result<Appended>> LogCore::append_prepared(std::span<PreparedAppend> groups) {
    std::lock_guard lock(writing_);
    Result<> stored = finish_recount();
    if (stored && author_.key == nullptr)
        stored =
            failure(ErrorCode::not_permitted, "this node has no signing key: it can only receive");

    const auto authority = this->authority();
    Draft draft = start_draft();
    std::vector<std::vector<Result<PlacedPart>>> placed(groups.size());
    std::vector<PreparedBatch*> to_sign;
    for (std::size_t g = 0; stored && g < groups.size(); ++g) {
        // Each part is a log of its own: none is placed behind another.
        for (PreparedAppend::Part& part : groups[g].parts)
            placed[g].push_back(place_part(draft, *authority, part));
        if (groups[g].together && refuse_all_for_one(groups[g], placed[g])) continue;
        for (std::size_t p = 0; p < placed[g].size(); ++p) {
            if (!placed[g][p]) continue;
            stage_part(draft, groups[g].parts[p], placed[g][p].value());
            for (PreparedBatch& batch : groups[g].parts[p].batches) to_sign.push_back(&batch);
        }
    }
    // The draft already points at these bytes; the signature is written into them in place.
    parts_.parallel_for(to_sign.size(), [&](std::size_t i) {
        sign_placed_batch(*author_.key, authority->network(), *to_sign[i]);
    });
    if (stored && !draft.changes.empty()) stored = commit(draft);
    if (planted(Plant::acknowledge_before_sync)) stored = success();

    std::vector<Result<Appended>> answers;
    for (std::size_t g = 0; g < groups.size(); ++g)
        for (const PreparedAppend::Request& request : groups[g].requests) {
            if (request.refused) {
                answers.emplace_back(*request.refused);
            } else if (!stored) {
                answers.emplace_back(stored.error());
            } else if (const auto& part = placed[g][request.part]; !part) {
                answers.emplace_back(part.error());
            } else {
                const PlacedPart& at = part.value();
                auto first = at.leaves.begin() + static_cast<std::ptrdiff_t>(request.first);
                answers.emplace_back(Appended{
                    at.log, at.first_sequence + request.first,
                    std::vector<Hash>(first, first + static_cast<std::ptrdiff_t>(request.events)),
                    at.positions[batch_of(at.last_event, request.first + request.events - 1)]});
            }
        }
    return answers;
}

} // namespace safar
