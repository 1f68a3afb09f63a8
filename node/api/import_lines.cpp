#include "node/api/import_lines.hpp"

#include <cstring>

namespace safar {
namespace {

namespace json = boost::json;

// Rejects wait here, so that a client that sends everything before it reads cannot block itself;
// what exceeds it is sent while the body still comes.
constexpr std::size_t waiting_bytes_max = 1u << 20;

std::string line(json::object object) { return json::serialize(object) + "\n"; }

json::object reject_object(const ImportReject& reject, const std::string& withheld) {
    if (!withheld.empty())
        return {{"line", reject.line},
                {"column", ""},
                {"reason", "withheld: " + withheld},
                {"row", ""}};
    // A row may hold any bytes; JSON holds UTF-8.
    auto clean = [](const std::string& text) {
        json::error_code error;
        json::parser probe;
        probe.write(json::serialize(json::string(text)), error);
        if (!error) return text;
        std::string out = text;
        for (char& c : out)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
        return out;
    };
    return {{"line", reject.line},
            {"column", clean(reject.column)},
            {"reason", clean(reject.reason)},
            {"row", clean(reject.row)}};
}

json::object summary_object(const ImportSummary& summary) {
    return {{"rows", summary.read.rows},
            {"skipped", summary.read.skipped},
            {"rejected", summary.read.rejected},
            {"records", summary.read.records},
            {"new", summary.records_new},
            {"changed", summary.records_changed},
            {"unchanged", summary.records_unchanged},
            {"events", summary.events},
            {"batches", summary.batches},
            {"seconds", static_cast<double>(summary.took.count()) / 1000.0}};
}

} // namespace

ByteSource body_in_pieces(ApiRequest& request) {
    if (request.body_source) return request.body_source;
    return
        [&request, at = std::size_t{0}](std::span<std::byte> out) mutable -> Result<std::size_t> {
            const std::size_t count = std::min(out.size(), request.body.size() - at);
            std::memcpy(out.data(), request.body.data() + at, count);
            at += count;
            return count;
        };
}

Result<ApiReply>
answer_import(ApiRequest& request, const std::string& withheld,
              const std::function<Result<ImportSummary>(const RejectSink&)>& import) {
    ApiReply reply;
    reply.content_type = "application/x-ndjson";
    bool begun = false;
    std::optional<Error> gone;
    RejectSink sink = [&](const ImportReject& reject) {
        reply.body += line({{"reject", reject_object(reject, withheld)}});
        if (reply.body.size() < waiting_bytes_max || !request.send_part || gone) return;
        begun = true;
        if (auto sent = request.send_part(reply.body); !sent.has_value()) gone = sent.error();
        reply.body.clear();
    };
    auto summary = import(sink);
    if (summary.has_value()) {
        reply.body += line({{"summary", summary_object(summary.value())}});
        return reply;
    }
    if (!begun && reply.body.empty()) return summary.error();
    // The status is out already, or rejects are worth having: the last line says how it ended.
    reply.body += error_reply(summary.error()).body;
    if (!begun) reply.status = http_status(summary.error().code);
    return reply;
}

} // namespace safar
