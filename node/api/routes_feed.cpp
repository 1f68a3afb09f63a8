// GET /v1/feed: changes in the order of the node's journal, as JSON lines.
#include "node/api/json.hpp"
#include "node/api/left_out.hpp"
#include "node/exports/feed.hpp"
#include "node/registry/iso_time.hpp"

#include <map>

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::uint64_t events_default = 500, events_max = 2000;
constexpr std::size_t batches_max = 2000; // read for one answer, whoever may see them
constexpr std::size_t batches_at_a_time = 16;
// After which an answer ends with what there is, and where to go on: who waits gives up after a
// while.
constexpr std::chrono::seconds answer_time{5};
constexpr std::size_t answer_bytes = 4u << 20; // after which an answer ends early
constexpr std::uint64_t wait_max_s = 20;
constexpr std::chrono::milliseconds look_up{250}; // is the node stopping?

json::object event_object(ApiRequest& request, const Schema& schema, const FeedEvent& one,
                          std::string cursor, const PassingOn::Verdict* verdict) {
    const HeldEvent& event = one.event;
    const Kind* kind = schema.kind(event.body.kind);
    json::array fields;
    bool guarded_here = kind == nullptr;
    for (const Assertion& assertion : event.body.assertions) {
        const Field* field = kind == nullptr ? nullptr : kind->field(assertion.field);
        guarded_here = guarded_here || field == nullptr || guarded(field->sensitivity);
        json::object said{{"field", field_name(kind, assertion.field)}};
        if (verdict != nullptr && (field == nullptr || !PassingOn::goes(*verdict, *field)))
            said["withheld"] = "no consent to pass it on";
        else if (const std::string* why = request.sight.hides(field, one.compartment))
            said["withheld"] = *why;
        else
            said["value"] = show_value(assertion.value);
        fields.push_back(std::move(said));
    }
    if (guarded_here) request.sight.subject(event.body.record);
    return {{"cursor", std::move(cursor)},
            {"position", one.cursor.position},
            {"id", show_id(event.body.record)},
            {"kind", kind == nullptr ? "kind " + std::to_string(event.body.kind) : kind->name},
            {"compartment", one.compartment},
            {"verb", event.body.verb},
            {"agency", event.agency},
            {"at", show_time(event.body.at)},
            {"source", event.body.source},
            {"edition", event.body.edition},
            {"fields", std::move(fields)},
            {"replaces", event.replaces.size()},
            {"event", json::object{{"log", event.log.id.hex()},
                                   {"incarnation", event.log.incarnation.hex()},
                                   {"sequence", event.sequence},
                                   {"leaf", event.leaf.hex()}}}};
}

// What of the event's record goes to somebody else; nullopt: nothing. A record is judged as it
// stands now.
Result<std::optional<PassingOn::Verdict>> judge(Registry& registry, PassingOn& passing,
                                                const HeldEvent& event,
                                                std::map<RecordId, PassingOn::Verdict>& judged) {
    auto known = judged.find(event.body.record);
    if (known == judged.end()) {
        auto view = registry.show(event.body.record);
        if (!view.has_value() && view.error().code != ErrorCode::not_found)
            return std::move(view).error();
        PassingOn::Verdict verdict;
        verdict.goes = view.has_value() && view.value().kind != nullptr;
        if (verdict.goes) {
            SAFAR_TRY(verdict, passing.judge(*view.value().kind, view.value().folded));
        }
        known = judged.emplace(event.body.record, std::move(verdict)).first;
    }
    if (!known->second.goes) return std::optional<PassingOn::Verdict>();
    return std::optional(known->second);
}

// Until there is something to read, `seconds` have passed or the node stops.
Result<> wait_for_news(Node& node, const ApiRequest& request, const FeedCursor& from,
                       std::uint64_t seconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < until) {
        SAFAR_TRY(auto there, await_feed(node, from, look_up));
        if (there) break;
        std::byte none{};
        if (request.body_source) { // says whether the node is stopping
            SAFAR_TRY(request.body_source(std::span(&none, 1)));
        }
    }
    return success();
}

} // namespace

Result<ApiReply> feed(ApiContext& context, ApiRequest& request) {
    Node& node = context.registry.node();
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, events_max, events_default));
    SAFAR_TRY(auto wait, number_parameter(request, "wait", 0, wait_max_s, 0));
    SAFAR_TRY(auto from, parse_cursor(node, request.parameter("since")));
    SAFAR_TRY(node.await_own_writes());
    const auto schema = node.derived().schema();
    SAFAR_TRY(auto passing, open_passing_on(context, request));
    std::map<RecordId, PassingOn::Verdict>
        judged; // at most a record an event of the answer, and those left out
    ApiReply reply;
    reply.content_type = "application/x-ndjson";
    std::optional<Error> failed;
    std::size_t taken = 0;
    const auto visit = [&](FeedEvent& event) {
        if (failed || !request.sight.inside(event.compartment)) return false;
        std::optional<PassingOn::Verdict> verdict;
        if (passing) {
            auto outcome = judge(context.registry, *passing, event.event, judged);
            if (!outcome) {
                failed = outcome.error();
                return false;
            }
            verdict = std::move(outcome).value();
            if (!verdict) return false;
        }
        auto cursor = show_cursor(node, event.cursor);
        if (!cursor) {
            failed = cursor.error();
            return false;
        }
        reply.body += json_text(event_object(request, *schema, event, std::move(cursor).value(),
                                             verdict ? &*verdict : nullptr)) +
                      "\n";
        ++taken;
        return true;
    };
    FeedPart part{from, true, {}};
    // Of the first part: if it changes meanwhile, the next answer tells.
    std::optional<Hash> standing;
    // In small parts, so that an answer of large events, or of few that may be seen, ends in time.
    auto until = std::chrono::steady_clock::now() + answer_time;
    std::size_t batches = 0; // at most
    for (bool waited = wait == 0;;) {
        const std::size_t wanted = std::min<std::size_t>(limit - taken, 64);
        SAFAR_TRY(part, read_feed(node, part.cursor, wanted, batches_at_a_time, visit));
        if (!standing) standing = part.standing;
        batches += batches_at_a_time;
        if (failed) return *failed;
        if (taken >= limit || reply.body.size() >= answer_bytes) break;
        const bool enough =
            (taken == 0 && batches >= batches_max) || std::chrono::steady_clock::now() >= until;
        if (part.more && !enough) continue;
        if (part.more || waited || taken > 0) break;
        SAFAR_TRY(wait_for_news(node, request, part.cursor, wait));
        waited = true;
        until = std::chrono::steady_clock::now() + answer_time;
    }
    SAFAR_TRY(auto cursor, show_cursor(node, part.cursor));
    json::object end{{"cursor", std::move(cursor)},
                     {"events", taken},
                     {"more", part.more},
                     {"standing", standing->hex()}};
    if (passing) end["left_out"] = left_out(*passing);
    reply.body += json_text(json::object{{"end", std::move(end)}}) + "\n";
    return reply;
}

} // namespace safar::handlers
