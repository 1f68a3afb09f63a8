#include "node/casework/journey.hpp"

#include "node/registry/steady.hpp"

#include <algorithm>
#include <set>

namespace safar {
namespace {

constexpr std::size_t mentions_max = 100'000;
constexpr std::uint32_t far = 3; // references away from the subject

std::string day_about(const HeldEvent& event, const RecordView& view) {
    if (view.kind != nullptr && event.body.kind == view.kind->tag &&
        !view.kind->time_field.empty()) {
        const Field* field = view.kind->field(std::string_view(view.kind->time_field));
        for (const Assertion& each : event.body.assertions)
            if (each.field == field->tag) return show_value(each.value);
    }
    return day_of(event.body.at);
}

class JourneyReader {
public:
    JourneyReader(Registry& registry, const OpenTo& inside)
        : registry_(registry), inside_(inside) {}

    Result<Journey> read(const RecordId& subject) {
        SAFAR_TRY(auto view, registry_.show(subject));
        seen_.insert(subject);
        out_.records.push_back({std::move(view), subject, false});
        SAFAR_TRY(follow_links());
        std::size_t from = 0;
        for (std::uint32_t distance = 0; distance < far && !out_.truncated; ++distance) {
            const std::size_t until = out_.records.size();
            for (; from < until && !out_.truncated; ++from) {
                SAFAR_TRY(add_mentions(from));
                if (!out_.records[from].aside) {
                    SAFAR_TRY(add_mentioned(from));
                }
            }
        }
        SAFAR_TRY(read_events());
        return std::move(out_);
    }

private:
    // The cluster of the subject: components over links that somebody calls "same".
    Result<> follow_links() {
        for (std::size_t i = 0; i < out_.records.size() && !out_.truncated; ++i) {
            const RecordId id = out_.records[i].view.folded.id;
            SAFAR_TRY(auto mentions, registry_.node().derived().mentions(id, mentions_max));
            for (const RecordId& by : mentions) {
                SAFAR_TRY(auto link, registry_.show(by));
                if (link.kind == nullptr || !link.kind->casework.link || !is_open(inside_, link))
                    continue;
                SAFAR_TRY(follow_link(link, id));
            }
        }
        return success();
    }

    Result<> follow_link(const RecordView& link, const RecordId& from) {
        const LinkKind& terms = *link.kind->casework.link;
        auto verdicts = values_of(link, terms.verdict);
        auto says = [&](std::string_view word) {
            return std::find(verdicts.begin(), verdicts.end(), word) != verdicts.end();
        };
        if (!says("same")) return success();
        for (const std::string& end : {terms.a, terms.b})
            for (const std::string& text : values_of(link, end)) {
                auto other = parse_id(text);
                if (!other || *other == from || seen_.contains(*other)) continue;
                auto view = registry_.show(*other);
                if (!view.has_value() || !is_open(inside_, view.value())) continue; // not held here
                add(std::move(view).value(), from);
                out_.linked.push_back({*other, link.folded.id, says("different")});
            }
        return success();
    }

    Result<> add_mentions(std::size_t at) {
        const RecordId id = out_.records[at].view.folded.id;
        SAFAR_TRY(auto mentions, registry_.node().derived().mentions(id, mentions_max));
        for (const RecordId& by : mentions) {
            if (seen_.contains(by)) continue;
            auto view = registry_.show(by);
            if (!view.has_value() || !is_open(inside_, view.value()) ||
                !refers(view.value(), id, /*as_subject=*/out_.records[at].aside))
                continue;
            if (view.value().kind->casework.link) continue; // followed already, or "different"
            add(std::move(view).value(), id);
            if (out_.truncated) break;
        }
        return success();
    }

    Result<> add_mentioned(std::size_t at) {
        const RecordId id = out_.records[at].view.folded.id;
        std::vector<RecordId> mentioned;
        for (const FoldedField& field : out_.records[at].view.folded.fields)
            for (const Value& value : field.reading)
                if (const auto* reference = std::get_if<Reference>(&value))
                    mentioned.push_back(reference->record);
        for (const RecordId& to : mentioned) {
            if (seen_.contains(to)) continue;
            auto view = registry_.show(to);
            if (!view.has_value() || !is_open(inside_, view.value())) continue; // not held here
            add(std::move(view).value(), id, /*aside=*/true);
            if (out_.truncated) break;
        }
        return success();
    }

    // The index remembers references that were taken back. `as_subject`: what the record is about.
    static bool refers(const RecordView& view, const RecordId& to, bool as_subject) {
        if (view.kind == nullptr) return false;
        const auto& flow = view.kind->casework.workflow;
        for (const FoldedField& field : view.folded.fields) {
            const Field* known = view.kind->field(field.field);
            if (as_subject && (!flow || known == nullptr || known->name != flow->subject)) continue;
            for (const Value& value : field.reading)
                if (const auto* reference = std::get_if<Reference>(&value);
                    reference && reference->record == to)
                    return true;
        }
        return false;
    }

    void add(RecordView view, const RecordId& through, bool aside = false) {
        if (out_.records.size() >= journey_records_max) {
            out_.truncated = true;
            return;
        }
        seen_.insert(view.folded.id);
        out_.records.push_back({std::move(view), through, aside});
    }

    Result<> read_events() {
        for (std::size_t i = 0; i < out_.records.size(); ++i) {
            const RecordView& view = out_.records[i].view;
            SAFAR_TRY(auto entry, registry_.node().derived().entry(view.folded.id));
            if (!entry) continue;
            SAFAR_TRY(auto events, registry_.node().derived().events(*entry));
            for (HeldEvent& event : events) {
                std::string on = day_about(event, view);
                out_.entries.push_back({i, std::move(event), std::move(on)});
            }
        }
        std::sort(out_.entries.begin(), out_.entries.end(),
                  [](const JourneyEntry& a, const JourneyEntry& b) {
                      return std::tuple(std::string_view(a.on), a.event.body.at.microseconds,
                                        a.record, a.event.sequence) <
                             std::tuple(std::string_view(b.on), b.event.body.at.microseconds,
                                        b.record, b.event.sequence);
                  });
        return success();
    }

    Registry& registry_;
    const OpenTo& inside_;
    std::set<RecordId> seen_;
    Journey out_;
};

} // namespace

Result<Journey> read_journey(Registry& registry, const RecordId& subject, const OpenTo& inside) {
    return steady(registry.node(), [&] { return JourneyReader(registry, inside).read(subject); });
}

std::vector<Acknowledgement> acknowledgements(const Charter& charter, const Journey& journey) {
    std::vector<Acknowledgement> out;
    for (std::size_t i = 0; i < journey.records.size(); ++i) {
        const RecordView& view = journey.records[i].view;
        if (view.kind == nullptr) continue;
        for (const WorkTask& task : view.kind->casework.tasks) {
            const std::string state = state_of(view);
            if (task.unless.empty() ||
                std::find(task.when.begin(), task.when.end(), state) == task.when.end())
                continue;
            Acknowledgement one{i, task.title, {}, {}};
            const FoldedField* said =
                view.folded.field(view.kind->field(std::string_view(task.unless))->tag);
            for (const std::string& agency : awaited(charter, view, task)) {
                bool done = said != nullptr &&
                            std::any_of(said->live.begin(), said->live.end(),
                                        [&](const Said& s) { return s.agency == agency; });
                (done ? one.done : one.missing).push_back(agency);
            }
            out.push_back(std::move(one));
        }
    }
    return out;
}

} // namespace safar
