// POST /v1/import: a profile, then a file, in one body of any length; the answer is NDJSON.
#include "node/api/import_lines.hpp"
#include "node/exports/hxl.hpp"
#include "node/imports/profile.hpp"
#include "node/registry/command_check.hpp"
#include "storage/record/text.hpp"
#include "storage/record/utf8.hpp"

namespace safar::handlers {
namespace {

constexpr std::size_t profile_bytes_max = 256u << 10;

Result<> read_exactly(const ByteSource& source, std::span<std::byte> out) {
    while (!out.empty()) {
        SAFAR_TRY(auto count, source(out));
        if (count == 0)
            return failure(
                ErrorCode::invalid_argument,
                "body: ends inside the profile; it is u32 length, the profile's text, the file");
        out = out.subspan(count);
    }
    return success();
}

Result<std::string> read_profile(const ByteSource& source, bool may_be_empty) {
    std::array<std::byte, 4> raw;
    SAFAR_TRY(read_exactly(source, raw));
    auto size = ByteReader(raw).integer<std::uint32_t>();
    if (size == 0 && may_be_empty) return std::string();
    if (size == 0 || size > profile_bytes_max)
        return failure(ErrorCode::invalid_argument,
                       "body: states a profile of " + std::to_string(size) +
                           " bytes; allowed: 1 to " + std::to_string(profile_bytes_max) +
                           " (u32 little-endian length, the profile's text, then the file)");
    std::string text(size, '\0');
    SAFAR_TRY(read_exactly(source, std::as_writable_bytes(std::span(text))));
    return text;
}

// May whoever asks write these fields? Then why rejected rows are withheld, as below.
Result<std::string> check_writes(ApiRequest& request, const std::string& compartment,
                                 const std::vector<const Field*>& fields) {
    SAFAR_TRY(request.sight.enter(compartment));
    std::string out;
    for (const Field* field : fields) {
        SAFAR_TRY(request.sight.write(*field, compartment));
        if (const std::string* why = request.sight.would_hide(*field, compartment)) out = *why;
    }
    return out;
}

// A table of the kind's own fields; `tags`: hashtags as TOML, or "". `withheld` is filled in when
// the header has been read, and must live as long as the import.
Result<OwnTable> own_table(ApiContext& context, ApiRequest& request, const std::string& tags,
                           std::string& withheld) {
    OwnTable out;
    out.kind = request.parameter("kind");
    out.source = request.parameter("source");
    // Goes into every event, which peers read.
    if (auto checked = check_text(out.source); !checked)
        return failure(ErrorCode::invalid_argument,
                       "parameter 'source': " + checked.error().detail);
    for (std::string_view key : request.parameters("key")) out.key.emplace_back(key);
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(find_kind(*schema, out.kind));
    if (!tags.empty()) {
        SAFAR_TRY(auto known, parse_hxl(tags));
        out.tag_of = [known](const Kind& kind, const Field& field) {
            return known.of(kind, field);
        };
    }
    out.check = [&](const Kind& kind, const std::vector<const Field*>& fields) -> Result<> {
        SAFAR_TRY(withheld, check_writes(request, compartment_of(context, &kind), fields));
        return success();
    };
    return out;
}

// May whoever asks write the fields that the profile fills? Then why its rejected rows are
// withheld, "" where they are not: a reject repeats what the file says.
Result<std::string> why_rows_are_withheld(ApiContext& context, ApiRequest& request,
                                          const ImportCommand& command) {
    const auto schema = context.registry.node().derived().schema();
    auto profile = parse_profile(command.request.profile_name, command.request.profile, *schema);
    if (!profile.has_value()) return profile.error();
    const Kind* kind = schema->kind(std::string_view(profile.value().kind));
    std::vector<const Field*> fields;
    for (const FieldMap& map : profile.value().maps)
        if (const Field* field =
                kind == nullptr ? nullptr : kind->field(std::string_view(map.field)))
            fields.push_back(field);
    return check_writes(request, compartment_of(context, kind), fields);
}

} // namespace

Result<ApiReply> import_file(ApiContext& context, ApiRequest& request) {
    const ByteSource source = body_in_pieces(request);
    ImportCommand command;
    command.request.profile_name = request.parameter("profile");
    // A profile may take the edition from it.
    command.request.file_name = as_utf8(std::string(request.parameter("file")));
    SAFAR_TRY(command.dry_run, flag_parameter(request, "dry_run"));
    for (std::string_view where : request.parameters("where")) {
        std::size_t equals = where.find('=');
        if (equals == std::string_view::npos || equals == 0)
            return failure(ErrorCode::invalid_argument, "parameter 'where': needs column=value");
        command.request.where.push_back(
            {std::string(where.substr(0, equals)), std::string(where.substr(equals + 1))});
    }
    const bool own = !request.parameter("kind").empty();
    SAFAR_TRY(command.request.profile, read_profile(source, /*may_be_empty=*/own));
    std::string withheld;
    if (own) {
        SAFAR_TRY(command.request.own,
                  own_table(context, request, command.request.profile, withheld));
    } else {
        SAFAR_TRY(withheld, why_rows_are_withheld(context, request, command));
    }
    return answer_import(request, withheld, [&](const RejectSink& rejects) {
        return context.registry.import_file(command, {request.actor}, source, rejects);
    });
}

} // namespace safar::handlers
