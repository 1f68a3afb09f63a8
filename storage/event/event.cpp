#include "storage/event/event.hpp"

#include "storage/base/limits.hpp"
#include "storage/event/body_archive.hpp"
#include "storage/event/pack.hpp"

#include <algorithm>

namespace safar {
namespace {

bool strictly_ascending(const std::vector<Dot>& dots) {
    return std::adjacent_find(dots.begin(), dots.end(),
                              [](const Dot& a, const Dot& b) { return !(a < b); }) == dots.end();
}

Error too_large(std::string_view what, std::size_t is, std::size_t max) {
    return failure(ErrorCode::limit_exceeded, std::string(what) + ": " + std::to_string(is) +
                                                  ", at most " + std::to_string(max));
}

Result<> check_draft(const EventDraft& draft) {
    if (draft.body.assertions.size() > limits::event_assertions_max)
        return too_large("assertions in one event", draft.body.assertions.size(),
                         limits::event_assertions_max);
    if (draft.replaces.size() > limits::event_dots_max)
        return too_large("replaced dots in one event", draft.replaces.size(),
                         limits::event_dots_max);
    for (const Assertion& assertion : draft.body.assertions)
        if (const auto* text = std::get_if<Text>(&assertion.value);
            text != nullptr && text->text.size() > limits::text_bytes_max)
            return too_large("bytes of text in field " + std::to_string(assertion.field),
                             text->text.size(), limits::text_bytes_max);
    if (!strictly_ascending(draft.replaces))
        return failure(ErrorCode::non_canonical, "replaced dots are not strictly ascending");
    return success();
}

} // namespace

Bytes encode_value(const Value& value) { return encode_strict(value); }

Bytes encode_dots(const std::vector<Dot>& dots) {
    return dots.empty() ? Bytes{} : encode_strict(dots);
}

Result<std::vector<Dot>> decode_dots(ByteView dots) {
    if (dots.empty()) return std::vector<Dot>{};
    SAFAR_TRY(auto out, decode_strict<std::vector<Dot>>(dots, "replaced dots"));
    if (out.empty() || out.size() > limits::event_dots_max || !strictly_ascending(out))
        return failure(ErrorCode::malformed, "replaced dots: empty, too many or not ascending");
    return out;
}

Result<EventBody> decode_body(ByteView clear) {
    SAFAR_TRY(auto body, decode_strict<EventBody>(clear, "event body"));
    if (body.version != EventBody::version_now)
        return failure(ErrorCode::unsupported_version,
                       "event body of version " + std::to_string(body.version));
    if (body.assertions.size() > limits::event_assertions_max || body.quality > 5)
        return failure(ErrorCode::malformed, "event body: a number is out of its range");
    return body;
}

Result<Bytes> encode_event(const EventDraft& draft, const Salt& salt) {
    SAFAR_TRY(check_draft(draft));
    Bytes dots = encode_dots(draft.replaces);
    Bytes clear;
    clear.reserve(256);
    StrictOutput archive(clear);
    archive(draft.body);
    Bytes out;
    out.reserve(25 + dots.size() + clear.size());
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint8_t>(EventForm::clear));
    writer.bytes(salt.view());
    writer.sized(dots);
    writer.sized(clear);
    if (out.size() > limits::event_bytes_max)
        return too_large("bytes of one event", out.size(), limits::event_bytes_max);
    return out;
}

Result<EventView> read_event(ByteReader& in) {
    EventView event;
    const std::size_t start = in.position();
    auto form = in.integer<std::uint8_t>();
    if (!in.ok() || form > static_cast<std::uint8_t>(EventForm::erased))
        return failure(ErrorCode::malformed, "event form " + std::to_string(form));
    event.form = static_cast<EventForm>(form);
    if (event.form == EventForm::erased) {
        event.dots = in.sized();
        event.inner = read_id<Hash>(in);
    } else {
        event.salt = read_id<Salt>(in);
        event.dots = in.sized();
        event.clear = in.sized();
        if (event.form == EventForm::sealed) {
            event.fields_root = read_id<Hash>(in);
            event.sealed = in.sized();
        } else if (event.form == EventForm::withheld) {
            event.fields_root = read_id<Hash>(in);
            event.sealed_hash = read_id<Hash>(in);
        }
    }
    if (!in.ok()) return failure(ErrorCode::malformed, "event ends early");
    const std::size_t growth = event.form == EventForm::erased ? event_bare_growth_max : 0;
    if (in.position() - start > limits::event_bytes_max + growth)
        return too_large("bytes of one event", in.position() - start, limits::event_bytes_max);
    return event;
}

} // namespace safar
