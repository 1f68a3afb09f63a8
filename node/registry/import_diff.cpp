#include "node/registry/import_diff.hpp"

#include <algorithm>

namespace safar {
namespace {

using Values = std::vector<Value>; // ascending, unique

void tidy(Values& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool contains(const Values& values, const Value& value) {
    return std::binary_search(values.begin(), values.end(), value);
}

Dot dot_of(const HeldEvent& event, std::size_t index) {
    Dot dot{event.log, event.sequence, static_cast<std::uint16_t>(index), {}};
    std::copy_n(event.leaf.raw.begin(), dot.leaf.raw.size(), dot.leaf.raw.begin());
    return dot;
}

struct Stands {
    Dot dot;
    Value value;
    bool from_source = false;
};

// What a field said through one source after each event that touched it.
struct Snapshot {
    std::string_view edition;
    Values values;
};

class Past {
public:
    Past(std::string_view agency, std::string_view source, std::span<const HeldEvent> events)
        : source_(source) {
        for (const HeldEvent& event : events) {
            replaced_.insert(replaced_.end(), event.replaces.begin(), event.replaces.end());
            if (event.agency != agency) continue;
            own_.push_back(&event);
            if (event.body.source != source) continue;
            said_ = true;
            last_edition_ = std::max(last_edition_, std::string_view(event.body.edition));
        }
        std::sort(replaced_.begin(), replaced_.end());
    }

    [[nodiscard]] bool said() const { return said_; }
    [[nodiscard]] std::string_view last_edition() const { return last_edition_; }

    // `together`: a field whose values are said all at once, so that each event says what stands.
    // (What it sets aside may be what a person said, and then it replaces no dot of the source's.)
    [[nodiscard]] std::vector<Snapshot> snapshots(std::uint16_t field, bool together) const {
        std::vector<Snapshot> out;
        std::vector<Stands> stands;
        for (const HeldEvent* event : own_) {
            if (event->body.source != source_) continue;
            bool touched = std::erase_if(stands, [&](const Stands& one) {
                               return std::binary_search(event->replaces.begin(),
                                                         event->replaces.end(), one.dot);
                           }) > 0;
            std::vector<Stands> said;
            if (add_assertions(*event, field, said)) {
                touched = true;
                if (together) stands.clear();
                stands.insert(stands.end(), said.begin(), said.end());
            }
            if (!touched) continue;
            Snapshot now{event->body.edition, {}};
            for (const Stands& one : stands) now.values.push_back(one.value);
            tidy(now.values);
            out.push_back(std::move(now));
        }
        return out;
    }

    // What nobody has replaced, whichever way the agency said it.
    [[nodiscard]] std::vector<Stands> live(std::uint16_t field) const {
        std::vector<Stands> out;
        for (const HeldEvent* event : own_) add_assertions(*event, field, out);
        std::erase_if(out, [&](const Stands& one) {
            return std::binary_search(replaced_.begin(), replaced_.end(), one.dot);
        });
        return out;
    }

private:
    bool add_assertions(const HeldEvent& event, std::uint16_t field,
                        std::vector<Stands>& out) const {
        bool any = false;
        const auto& assertions = event.body.assertions;
        for (std::size_t i = 0; i < assertions.size(); ++i) {
            if (assertions[i].field != field) continue;
            out.push_back({dot_of(event, i), assertions[i].value, event.body.source == source_});
            any = true;
        }
        return any;
    }

    std::string_view source_;
    std::vector<const HeldEvent*> own_;
    std::vector<Dot> replaced_;
    std::string_view last_edition_;
    bool said_ = false;
};

bool said_before(const std::vector<Snapshot>& past, std::string_view edition,
                 const Values& values) {
    return std::any_of(past.begin(), past.end(), [&](const Snapshot& then) {
        return (edition.empty() || then.edition >= edition) && then.values == values;
    });
}

void diff_field(const Field& field, const Past& past, std::string_view edition, Values wanted,
                RowDiff& out) {
    tidy(wanted);
    const bool together = field.rule != Rule::set && field.rule != Rule::ledger;
    std::vector<Snapshot> snapshots = past.snapshots(field.tag, together);
    const Values last = snapshots.empty() ? Values{} : snapshots.back().values;
    if (wanted == last || said_before(snapshots, edition, wanted)) return;

    std::vector<Stands> live = past.live(field.tag);
    if (together) {
        for (Value& value : wanted) out.assertions.push_back({field.tag, std::move(value)});
        for (const Stands& one : live) out.replaces.push_back(one.dot);
        return;
    }
    for (const Stands& one : live)
        if (one.from_source && contains(last, one.value) && !contains(wanted, one.value))
            out.replaces.push_back(one.dot);
    for (Value& value : wanted) {
        // An element that a person has retracted since is not news because another one changed.
        if (contains(last, value)) continue;
        const bool stands = field.rule == Rule::set &&
                            std::any_of(live.begin(), live.end(),
                                        [&](const Stands& one) { return one.value == value; });
        if (!stands) out.assertions.push_back({field.tag, std::move(value)});
    }
}

} // namespace

RowDiff diff_row(const Kind& kind, std::string_view agency, const EventBody& row,
                 std::span<const HeldEvent> events) {
    RowDiff out;
    Past past(agency, row.source, events);
    if (past.said() && !row.edition.empty() && row.edition < past.last_edition()) return out;

    std::vector<Assertion> said = row.assertions;
    std::sort(said.begin(), said.end());
    for (auto at = said.begin(); at != said.end();) {
        const std::uint16_t tag = at->field;
        Values wanted;
        for (; at != said.end() && at->field == tag; ++at) wanted.push_back(std::move(at->value));
        if (const Field* field = kind.field(tag); field != nullptr)
            diff_field(*field, past, row.edition, std::move(wanted), out);
    }
    std::sort(out.assertions.begin(), out.assertions.end());
    std::sort(out.replaces.begin(), out.replaces.end());
    return out;
}

} // namespace safar
