// Records out as a file, and such a file back in.
#include "node/api/import_lines.hpp"
#include "node/api/left_out.hpp"
#include "node/exports/cell.hpp"
#include "node/exports/exported_reader.hpp"
#include "node/exports/record_export.hpp"
#include "node/registry/command_check.hpp"
#include "storage/record/utf8.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::size_t part_bytes = 256u << 10;
constexpr std::size_t body_bytes_max = 256u << 10; // of a map of hashtags

enum class Form { csv, json_lines, digest, blank };

Result<Form> form_of(const ApiRequest& request) {
    const std::string_view text = request.parameter("format");
    if (text.empty() || text == "csv") return Form::csv;
    if (text == "jsonl") return Form::json_lines;
    if (text == "digest") return Form::digest;
    if (text == "template") return Form::blank;
    return failure(ErrorCode::invalid_argument,
                   "parameter 'format': is one of csv, jsonl, digest, template");
}

Result<std::string> whole_body(const ApiRequest& request) {
    if (!request.body_source) return request.body;
    std::string out;
    std::array<std::byte, 4096> piece;
    for (;;) {
        SAFAR_TRY(auto count, request.body_source(piece));
        if (count == 0) return out;
        out += as_text(std::span(piece).first(count));
        if (out.size() > body_bytes_max)
            return failure(ErrorCode::limit_exceeded,
                           "body: above " + std::to_string(body_bytes_max) + " bytes");
    }
}

// An answer in pieces, or whole where nothing takes pieces.
class Out {
public:
    Out(ApiRequest& request, ApiReply& reply) : request_(request), reply_(reply) {}
    Result<> add(std::string_view text) {
        reply_.body += text;
        if (reply_.body.size() < part_bytes || !request_.send_part) return success();
        begun_ = true;
        SAFAR_TRY(request_.send_part(reply_.body));
        reply_.body.clear();
        return success();
    }
    [[nodiscard]] bool begun() const { return begun_; }

private:
    ApiRequest& request_;
    ApiReply& reply_;
    bool begun_ = false;
};

std::vector<ExportColumn> columns_of(ApiRequest& request, const RecordExport& records) {
    std::vector<ExportColumn> out;
    for (const Field& field : records.kind().fields) {
        // The access log has the export already, whatever it shows.
        const std::string* why = request.sight.would_hide(field, records.compartment());
        out.push_back({&field, why == nullptr ? "" : *why});
    }
    return out;
}

json::object head_of(ApiContext& context, const RecordExport& records,
                     const std::vector<ExportColumn>& columns, const PassingOn* passing) {
    json::array fields;
    json::object withheld;
    for (const ExportColumn& column : columns) {
        if (column.withheld.empty())
            fields.push_back(json::string(column.field->name));
        else
            withheld[column.field->name] = column.withheld;
    }
    const auto charter = context.registry.node().charter();
    return {
        {"kind", records.kind().name},
        {"for",
         passing == nullptr ? context.registry.node().agency() : passing->question().recipient},
        {"compartment", records.compartment()},
        {"network", context.registry.node().authority()->network().hex()},
        {"charter", json::object{{"epoch", charter->epoch}, {"identity", charter->identity.hex()}}},
        {"agency", context.registry.node().agency()},
        {"fields", std::move(fields)},
        {"withheld", std::move(withheld)}};
}

json::object end_of(ContentDigest& digest) {
    return {{"records", digest.records()},
            {"content", digest.content().hex()},
            {"said", digest.said().hex()}};
}

// The record without the fields that do not go; nullopt: nothing of it does.
Result<std::optional<Folded>> part_that_goes(PassingOn* passing, const Kind& kind, Folded record) {
    if (passing == nullptr) return std::optional(std::move(record));
    SAFAR_TRY(auto verdict, passing->judge(kind, record));
    if (!verdict.goes) return std::optional<Folded>();
    std::erase_if(record.fields, [&](const FoldedField& folded) {
        const Field* field = kind.field(folded.field);
        return field == nullptr || !PassingOn::goes(verdict, *field);
    });
    return std::optional(std::move(record));
}

Result<> write_records(ApiContext& context, RecordExport& records,
                       const std::vector<ExportColumn>& columns, Form form,
                       const std::optional<HxlTags>& tags, PassingOn* passing,
                       ContentDigest& digest, Out& out) {
    const Kind& kind = records.kind();
    if (form == Form::json_lines) {
        SAFAR_TRY(out.add(
            json_text(json::object{{"export", head_of(context, records, columns, passing)}}) +
            "\n"));
    } else if (form == Form::csv) {
        SAFAR_TRY(out.add(csv_header(columns) + (tags ? csv_tags(*tags, kind, columns) : "")));
    }
    std::vector<const Field*> shown;
    for (const ExportColumn& column : columns)
        if (column.withheld.empty()) shown.push_back(column.field);
    for (;;) {
        SAFAR_TRY(auto some, records.next());
        if (some.empty()) break;
        for (Folded& whole : some) {
            SAFAR_TRY(auto record, part_that_goes(passing, kind, std::move(whole)));
            if (!record) continue;
            if (form != Form::csv) digest.add(kind, shown, *record);
            if (form == Form::csv) {
                SAFAR_TRY(out.add(as_utf8(csv_record(kind, columns, *record))));
            } else if (form == Form::json_lines) {
                SAFAR_TRY(out.add(json_text(json_record(kind, columns, *record)) + "\n"));
            }
        }
    }
    // It names those who forbade the recipient: a line of its own, which no row looks like and
    // which whoever keeps the file takes off.
    if (form != Form::digest && passing != nullptr) {
        SAFAR_TRY(out.add(json_text(json::object{{"left_out", left_out(*passing)}}) + "\n"));
    }
    if (form == Form::json_lines)
        return out.add(json_text(json::object{{"end", end_of(digest)}}) + "\n");
    return success();
}

// The header of a table of the kind's own fields, to be filled in and read with `safar import
// --kind`.
Result<ApiReply> blank_table(const Schema& schema, const std::string& name,
                             const std::optional<HxlTags>& tags) {
    SAFAR_TRY(const Kind* kind, find_kind(schema, name));
    std::string names, hashtags;
    for (const Field& field : kind->fields) {
        if (!names.empty()) names += ',';
        append_csv(names, field.name);
        if (&field != &kind->fields.front()) hashtags += ',';
        if (tags) append_csv(hashtags, tags->of(*kind, field));
    }
    ApiReply reply;
    reply.content_type = "text/csv; charset=utf-8";
    // A row of nothing but commas is a record of which nothing is said.
    const bool tagged = tags && hashtags.find('#') != std::string::npos;
    reply.body = names + "\n" + (tagged ? hashtags + "\n" : "");
    return reply;
}

// May whoever asks write what the file gives? Why its rejected rows are withheld, "" where they are
// not.
Result<std::string> check_writes(ApiContext& context, ApiRequest& request,
                                 const ExportedReader& reader) {
    std::string out;
    if (reader.kind() == nullptr) return out;
    const std::string compartment = compartment_of(context, reader.kind());
    SAFAR_TRY(request.sight.enter(compartment));
    for (const Field* field : reader.fields()) {
        SAFAR_TRY(request.sight.write(*field, compartment));
        if (const std::string* why = request.sight.would_hide(*field, compartment)) out = *why;
    }
    return out;
}

} // namespace

Result<ApiReply> export_records(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto form, form_of(request));
    StatisticsQuery query;
    query.kind = request.parameter("kind");
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(query.where, filters(request, *schema, query.kind));
    SAFAR_TRY(auto text, whole_body(request));
    std::optional<HxlTags> tags;
    if (!text.empty()) {
        SAFAR_TRY(tags, parse_hxl(text));
    }
    if (const Kind* kind = schema->kind(std::string_view(query.kind))) {
        const std::string compartment = compartment_of(context, kind);
        SAFAR_TRY(request.sight.enter(compartment));
        SAFAR_TRY(request.sight.ask_about(*kind, query, compartment));
    }
    if (form == Form::blank) return blank_table(*schema, query.kind, tags);
    SAFAR_TRY(auto passing, open_passing_on(context, request));
    SAFAR_TRY(auto records, RecordExport::open(context.registry.node(), query));
    const auto columns = columns_of(request, records);
    ApiReply reply;
    reply.content_type = form == Form::csv      ? "text/csv; charset=utf-8"
                         : form == Form::digest ? "application/json"
                                                : "application/x-ndjson";
    request.part_type = reply.content_type;
    Out out(request, reply);
    ContentDigest digest;
    auto written = write_records(context, records, columns, form, tags, passing.get(), digest, out);
    if (!written.has_value() && !out.begun()) return written.error();
    // Rows are out already: a last line that no row can look like says why there are no more.
    if (!written.has_value()) reply.body += error_reply(written.error()).body;
    if (!written.has_value() || form != Form::digest) return reply;
    json::object end = end_of(digest);
    if (passing) end["left_out"] = left_out(*passing);
    return json_reply(end);
}

Result<ApiReply> import_exported(ApiContext& context, ApiRequest& request) {
    ExportedFile file;
    file.file_name = request.parameter("file");
    file.agency = context.registry.node().agency();
    const std::string_view format = request.parameter("format");
    if (format != "csv" && format != "jsonl")
        return failure(ErrorCode::invalid_argument, "parameter 'format': is csv or jsonl");
    file.json_lines = format == "jsonl";
    SAFAR_TRY(file.own, flag_parameter(request, "own"));
    SAFAR_TRY(auto dry_run, flag_parameter(request, "dry_run"));
    SAFAR_TRY(auto reader, ExportedReader::open(file, context.registry.node().derived().schema(),
                                                body_in_pieces(request)));
    SAFAR_TRY(auto withheld, check_writes(context, request, *reader));
    return answer_import(request, withheld, [&](const RejectSink& rejects) {
        return context.registry.import_from(*reader, dry_run, {request.actor}, rejects);
    });
}

} // namespace safar::handlers
