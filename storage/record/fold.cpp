#include "storage/record/fold.hpp"

#include "storage/base/planted.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/record/dot_bytes.hpp"
#include "storage/record/reading.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace safar {
namespace {

using LeafPrefix = decltype(Dot::leaf);

// An assertion of an event that counts.
struct Entry {
    const HeldEvent* event = nullptr;
    const Field* field = nullptr; // null: without effect
    std::uint32_t index = 0;      // in the event
    std::vector<Dot> replaced_by;
};

// Where an event's assertions lie among the entries.
struct Place {
    const HeldEvent* event = nullptr;
    std::size_t first_entry = 0;
    std::size_t entries = 0;
    bool counts = false;
    std::vector<std::uint16_t> unreadable; // fields of which it asserts something ill-typed
};

auto identity(const HeldEvent& event) { return std::tie(event.log, event.sequence, event.leaf); }

LeafPrefix leaf_prefix(const Hash& leaf) {
    LeafPrefix out;
    std::ranges::copy(ByteView(leaf.raw).first(LeafPrefix::size), out.raw.begin());
    return out;
}

Dot dot_of(const HeldEvent& event, std::size_t index) {
    return {event.log, event.sequence, static_cast<std::uint16_t>(index), leaf_prefix(event.leaf)};
}

std::string shown(const HeldEvent& event) {
    return "event " + event.log.id.brief() + "/" + std::to_string(event.sequence);
}

// Works on one record; every step goes through the events in the order of their identity, so that
// the order of arrival cannot leak.
class Folder {
public:
    Folder(const Schema& schema, const Authority& authority, Folded& out)
        : schema_(schema), authority_(authority), out_(out) {}

    void run(std::span<const HeldEvent> events) {
        order(events);
        choose_kind();
        if (kind_) {
            collect();
            replace();
            group();
        } else {
            for (const Place& place : places_) ignore_event(*place.event);
        }
    }

private:
    void order(std::span<const HeldEvent> events) {
        places_.resize(events.size());
        for (std::size_t i = 0; i < events.size(); ++i) places_[i].event = &events[i];
        if (places_.size() < 2) return;
        auto before = [](const Place& a, const Place& b) {
            // A copy that holds its body stands before one without.
            return std::tuple(identity(*a.event), a.event->body_absent) <
                   std::tuple(identity(*b.event), b.event->body_absent);
        };
        auto same = [](const Place& a, const Place& b) {
            return identity(*a.event) == identity(*b.event);
        };
        if (!planted(Plant::merge_by_arrival)) std::ranges::sort(places_, before);
        places_.erase(std::ranges::unique(places_, same).begin(), places_.end());
    }

    [[nodiscard]] bool is_of_record(const HeldEvent& event) const {
        return event.body_absent || event.body.record == out_.id;
    }

    void choose_kind() {
        std::optional<std::uint16_t> lowest;
        for (const Place& place : places_) {
            const HeldEvent& event = *place.event;
            if (event.body_absent || !is_of_record(event)) continue;
            if (!lowest || event.body.kind < *lowest) lowest = event.body.kind;
            if (kind_ && kind_->tag <= event.body.kind) continue;
            if (const Kind* known = schema_.kind(event.body.kind)) kind_ = known;
        }
        out_.kind = kind_ ? kind_->tag : lowest.value_or(0);
    }

    void ignore_event(const HeldEvent& event) {
        if (event.body_absent) return;
        std::string why;
        if (!is_of_record(event))
            why = "is of another record";
        else if (!schema_.kind(event.body.kind))
            why = "is of kind " + std::to_string(event.body.kind) +
                  ", which the schema does not know";
        else
            why = "says the record is a " + schema_.kind(event.body.kind)->name + ", others a " +
                  kind_->name;
        out_.ignored.push_back(shown(event) + " " + why);
    }

    void collect() {
        std::size_t total = 0;
        for (const Place& place : places_) total += place.event->body.assertions.size();
        entries_.reserve(total);
        for (Place& place : places_) {
            const HeldEvent& event = *place.event;
            place.counts =
                event.body_absent || (is_of_record(event) && event.body.kind == kind_->tag);
            if (!place.counts) ignore_event(event);
            if (!place.counts || event.body_absent) continue;
            place.first_entry = entries_.size();
            place.entries = event.body.assertions.size();
            for (std::size_t i = 0; i < place.entries; ++i) collect_assertion(place, i);
        }
    }

    void collect_assertion(Place& place, std::size_t index) {
        const Assertion& said = place.event->body.assertions[index];
        const Field* field = kind_->field(said.field);
        bool readable = field && has_type(*field, said.value);
        entries_.push_back(
            {place.event, readable ? field : nullptr, static_cast<std::uint32_t>(index), {}});
        if (readable) return;
        place.unreadable.push_back(said.field);
        out_.ignored.push_back(
            shown(*place.event) + ", assertion " + std::to_string(index) +
            (field ? ": not of the type of field " + field->name
                   : ": no field " + std::to_string(said.field) + " in kind " + kind_->name));
    }

    void replace() {
        for (const Place& place : places_) {
            if (!place.counts) continue;
            for (const Dot& dot : place.event->replaces) replace_dot(place, dot);
        }
    }

    void replace_dot(const Place& by, const Dot& dot) {
        // A dot carries half of the leaf; nothing of that prefix sorts before the prefix and zeros.
        Hash from;
        std::ranges::copy(dot.leaf.raw, from.raw.begin());
        auto key = std::tie(dot.log, dot.sequence, from);
        auto at = std::ranges::lower_bound(places_, key, {},
                                           [](const Place& p) { return identity(*p.event); });
        for (; at != places_.end(); ++at) {
            const HeldEvent& target = *at->event;
            if (target.log != dot.log || target.sequence != dot.sequence ||
                leaf_prefix(target.leaf) != dot.leaf)
                break;
            if (&*at == &by || dot.field_index >= at->entries) continue;
            Entry& entry = entries_[at->first_entry + dot.field_index];
            if (!entry.field || std::ranges::count(by.unreadable, entry.field->tag) > 0) continue;
            Dot replacer = dot_of(*by.event, 0);
            // One event's dots come together: a repeated one is the last.
            if (entry.replaced_by.empty() || entry.replaced_by.back() != replacer)
                entry.replaced_by.push_back(replacer);
        }
    }

    void group() {
        std::vector<Entry*> by_field;
        by_field.reserve(entries_.size());
        for (Entry& entry : entries_)
            if (entry.field) by_field.push_back(&entry);
        auto tag = [](const Entry* entry) { return entry->field->tag; };
        if (!std::ranges::is_sorted(by_field, {}, tag)) std::ranges::stable_sort(by_field, {}, tag);
        std::size_t groups = 0;
        for (std::size_t i = 0; i < by_field.size(); ++i)
            groups += i == 0 || by_field[i]->field != by_field[i - 1]->field;
        out_.fields.reserve(groups);
        for (std::size_t from = 0, to = 0; from < by_field.size(); from = to) {
            while (to < by_field.size() && by_field[to]->field == by_field[from]->field) ++to;
            fold_field(*by_field[from]->field, std::span(by_field).subspan(from, to - from));
        }
    }

    void fold_field(const Field& rule, std::span<Entry* const> entries) {
        FoldedField& field = out_.fields.emplace_back();
        field.field = rule.tag;
        auto live = static_cast<std::size_t>(std::ranges::count_if(
            entries, [](const Entry* entry) { return entry->replaced_by.empty(); }));
        field.live.reserve(live);
        field.replaced.reserve(entries.size() - live);
        for (Entry* entry : entries) {
            auto& said = entry->replaced_by.empty() ? field.live : field.replaced;
            said.emplace_back();
            say(*entry, said.back());
        }
        prefer(rule, field.live);
        if (field.replaced.size() > 1) std::ranges::sort(field.replaced, {}, &Said::dot);
        apply_rule(schema_, rule, field);
    }

    static void say(Entry& entry, Said& said) {
        const EventBody& body = entry.event->body;
        said.dot = dot_of(*entry.event, entry.index);
        said.field = entry.field->tag;
        said.value = body.assertions[entry.index].value;
        said.agency = entry.event->agency;
        said.verb = body.verb;
        said.source = body.source;
        said.edition = body.edition;
        said.basis = body.basis;
        said.actor = body.actor;
        said.quality = body.quality;
        said.at = body.at;
        said.replaced_by = std::move(entry.replaced_by);
    }

    // By the verbs that the field prefers, by authority rank, then by hash of dot and value: an
    // order nobody can choose by waiting.
    void prefer(const Field& rule, std::vector<Said>& live) const {
        if (live.size() < 2) return;
        const auto verb_rank = [&](const Said& said) { // listed last: lowest
            auto at = std::ranges::find(rule.prefer, said.verb);
            return at == rule.prefer.end() ? 0 : -1 - static_cast<int>(at - rule.prefer.begin());
        };
        struct Key {
            int verb = 0, rank = 0;
            Hash hash;
            std::size_t from = 0;
        };
        std::vector<Key> keys(live.size());
        for (std::size_t i = 0; i < live.size(); ++i) {
            Bytes dot = dot_bytes(live[i].dot);
            keys[i] = {verb_rank(live[i]),
                       planted(Plant::order_by_claimed_time)
                           ? static_cast<int>(live[i].at.microseconds >> 20)
                           : authority_.rank(live[i].agency),
                       tagged_hash("preference", {dot, encode_value(live[i].value)}), i};
        }
        std::ranges::sort(keys, {}, [](const Key& key) {
            return std::tie(key.verb, key.rank, key.hash, key.from);
        });
        std::vector<Said> sorted;
        sorted.reserve(live.size());
        for (const Key& key : keys) sorted.push_back(std::move(live[key.from]));
        live = std::move(sorted);
    }

    const Schema& schema_;
    const Authority& authority_;
    Folded& out_;
    const Kind* kind_ = nullptr;
    std::vector<Place> places_;  // ascending by identity
    std::vector<Entry> entries_; // of the events that count, in that order
};

} // namespace

const FoldedField* Folded::field(std::uint16_t tag) const {
    auto at = std::ranges::lower_bound(fields, tag, {}, &FoldedField::field);
    return at != fields.end() && at->field == tag ? &*at : nullptr;
}

Folded fold(const Schema& schema, const Authority& authority, const RecordId& id,
            std::span<const HeldEvent> events) {
    Folded out;
    out.id = id;
    Folder(schema, authority, out).run(events);
    return out;
}

} // namespace safar
