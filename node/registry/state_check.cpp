#include "node/registry/state_check.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/event/merkle.hpp"

#include <algorithm>
#include <unordered_map>

namespace safar {
namespace {

constexpr std::size_t range_bytes = 4u << 20;
constexpr std::size_t joined_at_once = 32768; // records of several events in memory

class StateCheck {
public:
    StateCheck(const Log& log, const Schema& schema, const Frontier& frontier)
        : log_(log), schema_(schema), frontier_(frontier), authority_(log.authority()) {}

    Result<CheckedState> run(std::string_view compartment) {
        SAFAR_TRY(list_joined());
        std::size_t from = 0;
        do {
            const std::size_t to = std::min(from + joined_at_once, joined_.size());
            SAFAR_TRY(pass(from, to, /*singles=*/from == 0));
            from = to;
        } while (from < joined_.size());
        out_.digest = digest(compartment);
        return std::move(out_);
    }

private:
    using Visit = std::function<void(const OpenBatch&, const std::string& agency, std::size_t index,
                                     EventBody body, std::vector<Dot> dots)>;

    // Every event that has an effect, in the order of its log.
    Result<> each_event(const Visit& visit) {
        for (const FrontierEntry& entry : frontier_) {
            const LogOwner* owner = authority_->owner(entry.log.id);
            const std::string agency = owner == nullptr ? "" : owner->agency;
            for (std::uint64_t number = 1; number <= entry.head.number;) {
                SAFAR_TRY(auto batches, log_.read_range(entry.log, number, range_bytes));
                if (batches.empty()) break;
                for (const auto& stored : batches) {
                    if (number > entry.head.number) break;
                    SAFAR_TRY(auto batch, open_batch(stored->bytes, LeafCheck::skip));
                    visit_batch(batch, agency, *authority_, visit);
                    ++number;
                }
            }
        }
        return success();
    }

    static void visit_batch(const OpenBatch& batch, const std::string& agency,
                            const Authority& authority, const Visit& visit) {
        for (std::size_t i = 0; i < batch.events.size(); ++i) {
            const EventView& event = batch.events[i];
            if (event.form == EventForm::erased) continue;
            auto body = decode_body(event.clear);
            if (!body.has_value() || !authority.may_say(batch.header, body.value().kind)) continue;
            auto dots = decode_dots(event.dots);
            if (!dots.has_value()) continue;
            visit(batch, agency, i, std::move(body.value()), std::move(dots.value()));
        }
    }

    // Records that have several events, ascending.
    Result<> list_joined() {
        std::vector<RecordId> ids;
        SAFAR_TRY(each_event([&](const OpenBatch&, const std::string&, std::size_t, EventBody body,
                                 std::vector<Dot>) { ids.push_back(body.record); }));
        std::sort(ids.begin(), ids.end());
        for (std::size_t i = 0; i < ids.size();) {
            std::size_t end = i + 1;
            while (end < ids.size() && ids[end] == ids[i]) ++end;
            if (end > i + 1) joined_.push_back(ids[i]);
            i = end;
        }
        return success();
    }

    Result<> pass(std::size_t from, std::size_t to, bool singles) {
        auto first = joined_.begin() + static_cast<std::ptrdiff_t>(from);
        auto last = joined_.begin() + static_cast<std::ptrdiff_t>(to);
        std::vector<std::vector<HeldEvent>> gathered(to - from);
        SAFAR_TRY(each_event([&](const OpenBatch& batch, const std::string& agency, std::size_t i,
                                 EventBody body, std::vector<Dot> dots) {
            auto at = std::lower_bound(first, last, body.record);
            const bool here = at != last && *at == body.record;
            if (!here &&
                (!singles || std::binary_search(joined_.begin(), joined_.end(), body.record)))
                return;
            HeldEvent event{batch.header.log,
                            batch.header.first_sequence + i,
                            leaf_hash(batch.events[i]),
                            agency,
                            std::move(dots),
                            std::move(body)};
            if (here)
                gathered[static_cast<std::size_t>(at - first)].push_back(std::move(event));
            else
                take(event.body.record, std::span(&event, 1));
        }));
        for (std::size_t i = 0; i < gathered.size(); ++i) take(joined_[from + i], gathered[i]);
        return success();
    }

    void take(const RecordId& id, std::span<const HeldEvent> events) {
        Folded record = fold(schema_, *authority_, id, events);
        if (schema_.kind(record.kind) == nullptr) return; // without effect on state
        ++out_.records[record.kind];
        for (const FoldedField& field : record.fields) out_.conflicts += field.conflict ? 1 : 0;
        hashes_.push_back(tagged_hash("state-record", {state_bytes(record)}));
    }

    Hash digest(std::string_view compartment) {
        std::sort(hashes_.begin(), hashes_.end());
        Hasher hasher("state");
        Bytes head;
        ByteWriter writer(head);
        writer.sized(as_bytes(compartment));
        writer.integer(static_cast<std::uint64_t>(hashes_.size()));
        hasher.add(head);
        hasher.add(std::as_bytes(std::span(hashes_)));
        return hasher.finish();
    }

    const Log& log_;
    const Schema& schema_;
    const Frontier& frontier_;
    std::shared_ptr<const Authority> authority_;
    std::vector<RecordId> joined_;
    std::vector<Hash> hashes_;
    CheckedState out_;
};

} // namespace

Result<CheckedState> check_state(const Log& log, const Schema& schema, std::string_view compartment,
                                 const Frontier& frontier) {
    return StateCheck(log, schema, frontier).run(compartment);
}

} // namespace safar
