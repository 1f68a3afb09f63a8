// The state digest: H(count, hashes of all folded records, ascending). A record's hash covers its
// id, so the sorted hashes are the same wherever the same records are held, however they arrived.
#include "storage/crypto/sha256.hpp"
#include "storage/derive/derived_state.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t range_bytes = 4u << 20; // of a log, read at a time
constexpr std::size_t scan_entries = 65536;

// Which events are the only one of their record: one bit for each event of a log's batches.
struct LogBits {
    LogHandle log = 0;
    LogName name;
    std::uint64_t last = 0; // highest batch that counts
    std::vector<std::array<std::uint64_t, limits::batch_events_max / 64>> alone;
};

class Digester {
public:
    Digester(const DerivedState& state, std::string_view compartment) : state_(state) {
        std::shared_lock lock(state.state_);
        generation_ = state.generation_;
        schema_ = state.schema_;
        for (const auto& taken : state.mark_.taken) {
            auto info = state.names_.of(taken.log);
            if (info && info->compartment == compartment)
                logs_.push_back({taken.log, info->name, taken.number, {}});
        }
        authority_ = state.log_.authority();
    }

    Result<Hash> run(std::string_view compartment,
                     const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
        progress_ = &progress;
        for (LogBits& log : logs_) {
            log.alone.resize(log.last + 1);
            total_ += log.last;
        }
        SAFAR_TRY(scan_rows());
        SAFAR_TRY(scan_index());
        for (const LogBits& log : logs_) {
            SAFAR_TRY(hash_log(log));
        }
        SAFAR_TRY(hash_joined());
        std::shared_lock lock(state_.state_);
        if (generation_ != state_.generation_) return began_again();
        lock.unlock();
        std::ranges::sort(hashes_);
        Hasher hasher("state");
        Bytes head;
        ByteWriter writer(head);
        writer.sized(as_bytes(compartment));
        writer.integer(static_cast<std::uint64_t>(hashes_.size()));
        hasher.add(head);
        static_assert(sizeof(Hash) == Hash::size);
        hasher.add(std::as_bytes(std::span(hashes_)));
        return hasher.finish();
    }

private:
    [[nodiscard]] LogBits* counted(const EventPlace& place) {
        auto at = std::ranges::lower_bound(logs_, place.log, {}, &LogBits::log);
        return at != logs_.end() && at->log == place.log && place.batch <= at->last ? &*at
                                                                                    : nullptr;
    }

    // Marks the records of one event. One that meanwhile gets a second one is found in the index.
    Result<> scan_rows() {
        std::vector<std::uint16_t> kinds;
        {
            std::shared_lock lock(state_.state_);
            for (const auto& [kind, columns] : state_.columns_) kinds.push_back(kind);
        }
        for (std::uint16_t kind : kinds) {
            for (Row from = 0;; from += scan_entries) {
                std::shared_lock lock(state_.state_);
                auto at = state_.columns_.find(kind);
                if (generation_ != state_.generation_ || at == state_.columns_.end())
                    return began_again();
                Row until = std::min<Row>(at->second.rows(), from + scan_entries);
                for (Row row = from; row < until; ++row) {
                    Origin origin = at->second.origin(row);
                    if (origin.at != 0 && at->second.id(row) != nullptr)
                        note_alone(place_of(origin));
                }
                if (until < from + scan_entries) break;
            }
        }
        return success();
    }

    static Error began_again() {
        return failure(ErrorCode::busy, "derived state began again while it was hashed: ask again");
    }
    void note_alone(const EventPlace& place) {
        if (LogBits* log = counted(place))
            log->alone[place.batch][place.index / 64] |= 1ull << (place.index % 64);
    }

    // Of the others, lists the first places.
    Result<> scan_index() {
        const Bytes prefix{std::byte{'r'}};
        Bytes from = prefix;
        Result<> outcome = success();
        for (bool more = true; more;) {
            std::size_t seen = 0;
            SAFAR_TRY(state_.store_.scan(prefix, from, [&](ByteView key, ByteView value) {
                if (seen == scan_entries) {
                    from = copy(key);
                    return false;
                }
                ++seen;
                auto entry = decode_entry(value);
                if (entry)
                    note(entry.value());
                else
                    outcome = std::move(entry).error();
                return outcome.has_value();
            }));
            SAFAR_TRY(outcome);
            more = seen == scan_entries && from != prefix;
            if (seen < scan_entries) more = false;
        }
        std::ranges::sort(joined_);
        return success();
    }

    void note(const IndexEntry& entry) {
        const EventPlace* first = nullptr;
        std::size_t count = 0;
        for (const EventPlace& place : entry.places)
            if (counted(place) != nullptr && ++count == 1) first = &place;
        if (count == 1) note_alone(*first);
        if (count > 1) joined_.push_back(*first);
    }

    void hash_record(const RecordId& id, std::span<const HeldEvent> events) {
        Folded record = fold(*schema_, *authority_, id, events);
        if (schema_->kind(record.kind) == nullptr) return; // without effect on state
        hashes_.push_back(tagged_hash("state-record", {state_bytes(record)}));
    }

    Result<> hash_log(const LogBits& log) {
        auto info = state_.names_.of(log.log);
        if (!info) return success();
        for (std::uint64_t number = 1; number <= log.last;) {
            SAFAR_TRY(auto batches, state_.log_.read_range(log.name, number, range_bytes));
            if (batches.empty()) break;
            for (const auto& stored : batches) {
                if (number > log.last) break;
                SAFAR_TRY(auto batch, open_batch(stored->bytes, LeafCheck::skip));
                for (std::size_t i = 0; i < batch.events.size(); ++i) {
                    if ((log.alone[number][i / 64] >> (i % 64) & 1) == 0) continue;
                    if (auto event = held_event(batch, *info, i))
                        hash_record(event->body.record, std::span(&*event, 1));
                }
                ++number;
                ++done_;
            }
            if (*progress_) (*progress_)(done_, total_);
        }
        return success();
    }

    // Records of several events, in the order of their first: neighbours share batches.
    Result<> hash_joined() {
        for (std::size_t at = 0; at < joined_.size(); at += fold_records) {
            auto some = std::span(joined_).subspan(at, std::min(fold_records, joined_.size() - at));
            std::vector<std::vector<EventPlace>> firsts;
            for (const EventPlace& place : some) firsts.push_back({place});
            SAFAR_TRY(auto events, state_.source_.read(firsts));
            std::vector<RecordId> ids;
            for (const auto& event : events)
                if (!event.empty()) ids.push_back(event[0].body.record);
            std::ranges::sort(ids);
            SAFAR_TRY(hash_ids(ids));
        }
        return success();
    }

    Result<> hash_ids(const std::vector<RecordId>& ids) {
        std::vector<Bytes> keys;
        for (const RecordId& id : ids) keys.push_back(record_key(id));
        SAFAR_TRY(auto values, state_.store_.get_many(keys));
        std::vector<std::vector<EventPlace>> places(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (!values[i]) continue;
            SAFAR_TRY(auto entry, decode_entry(*values[i]));
            for (const EventPlace& place : entry.places)
                if (counted(place) != nullptr) places[i].push_back(place);
        }
        SAFAR_TRY(auto events, state_.source_.read(places));
        for (std::size_t i = 0; i < ids.size(); ++i) hash_record(ids[i], events[i]);
        return success();
    }

    const DerivedState& state_;
    std::shared_ptr<const Schema> schema_;
    std::shared_ptr<const Authority> authority_;
    std::uint64_t generation_ = 0;
    std::vector<LogBits> logs_;      // ascending by log
    std::vector<EventPlace> joined_; // first place of each record of several events
    std::vector<Hash> hashes_;
    std::uint64_t done_ = 0, total_ = 0;
    const std::function<void(std::uint64_t, std::uint64_t)>* progress_ = nullptr;
};

} // namespace

Result<Hash> DerivedState::state_digest(
    std::string_view compartment,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) const {
    return Digester(*this, compartment).run(compartment, progress);
}

} // namespace safar
