// An absence on purpose: what this node has told its peers.
#include "node/api/json.hpp"
#include "node/operate/maintenance_file.hpp"
#include "node/registry/iso_time.hpp"
#include "storage/record/text.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

std::uint64_t now_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

Result<std::uint64_t> seconds_of(const std::string& text, std::string_view name) {
    auto time = parse_time(text);
    if (!time.has_value() || time.value().microseconds <= 0)
        return failure(ErrorCode::invalid_argument,
                       "'" + std::string(name) +
                           "': needs a time in UTC such as 2026-03-01T20:00:00Z");
    return static_cast<std::uint64_t>(time.value().microseconds / 1'000'000);
}

Result<wire::Maintenance> read_notice(BodyReader& body, const std::string& until) {
    wire::Maintenance out;
    SAFAR_TRY(auto from, body.optional_text("from"));
    SAFAR_TRY(out.why, body.text("why"));
    SAFAR_TRY(out.until, seconds_of(until, "until"));
    out.from = now_seconds();
    if (from) {
        SAFAR_TRY(out.from, seconds_of(*from, "from"));
    }
    if (out.until <= now_seconds())
        return failure(ErrorCode::invalid_argument, "'until' has passed already");
    if (out.until <= out.from)
        return failure(ErrorCode::invalid_argument, "'until' lies before 'from'");
    if (out.until - out.from > wire::maintenance_seconds_max)
        return failure(ErrorCode::limit_exceeded, "a maintenance lasts 31 days at most");
    if (out.why.empty() || out.why.size() > wire::maintenance_why_bytes_max ||
        !check_text(out.why).has_value() || out.why.find_first_of("\n\t") != std::string::npos)
        return failure(ErrorCode::invalid_argument,
                       "'why': one line of text, at most 200 bytes, that peers will read");
    return out;
}

ApiReply notice_reply(const std::optional<wire::Maintenance>& notice) {
    if (!notice) return json_reply(json::object{{"announced", false}});
    json::object out = maintenance_object(*notice);
    out["announced"] = true;
    return json_reply(out);
}

} // namespace

Result<ApiReply> maintenance(ApiContext& context, ApiRequest&) {
    std::optional<wire::Maintenance> notice;
    if (!context.operate.directory.empty()) {
        SAFAR_TRY(notice, load_maintenance(context.operate.directory));
    }
    if (notice && notice->until <= now_seconds()) notice.reset();
    return notice_reply(notice);
}

// Without `until` the announcement is withdrawn.
Result<ApiReply> maintenance_change(ApiContext& context, ApiRequest& request) {
    if (context.operate.directory.empty() || !context.announce)
        return failure(ErrorCode::not_found, "this node has no peers to tell");
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto until, body.optional_text("until"));
    std::optional<wire::Maintenance> notice;
    if (until) {
        SAFAR_TRY(notice, read_notice(body, *until));
    }
    SAFAR_TRY(body.done());
    SAFAR_TRY(save_maintenance(context.operate.directory, notice));
    context.announce(notice);
    return notice_reply(notice);
}

} // namespace safar::handlers
