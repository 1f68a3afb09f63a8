// POST /v1/import: a profile, then a file, in one body of any length; the answer is NDJSON.
#include "node/api/import_lines.hpp"
#include "node/imports/profile.hpp"

namespace safar::handlers {
namespace {

constexpr std::size_t profile_bytes_max = 256u << 10;

Result<> read_exactly(const ByteSource& source, std::span<std::byte> out) {
    while (!out.empty()) {
        SAFAR_TRY(auto count, source(out));
        if (count == 0)
            return failure(ErrorCode::invalid_argument,
                           "body: ends inside the profile; it is u32 length, the profile's text, the file");
        out = out.subspan(count);
    }
    return success();
}

Result<std::string> read_profile(const ByteSource& source) {
    std::array<std::byte, 4> raw;
    SAFAR_TRY(read_exactly(source, raw));
    auto size = ByteReader(raw).integer<std::uint32_t>();
    if (size == 0 || size > profile_bytes_max)
        return failure(ErrorCode::invalid_argument,
                       "body: states a profile of " + std::to_string(size) + " bytes; allowed: 1 to " +
                           std::to_string(profile_bytes_max) +
                           " (u32 little-endian length, the profile's text, then the file)");
    std::string text(size, '\0');
    SAFAR_TRY(read_exactly(source, std::as_writable_bytes(std::span(text))));
    return text;
}

// May whoever asks write the fields that the profile fills? Then why its rejected rows are withheld, "" where
// they are not: a reject repeats what the file says.
Result<std::string> why_rows_are_withheld(ApiContext& context, ApiRequest& request, const ImportCommand& command) {
    const auto schema = context.registry.node().derived().schema();
    auto profile = parse_profile(command.request.profile_name, command.request.profile, *schema);
    if (!profile.has_value()) return profile.error();
    const Kind* kind = schema->kind(std::string_view(profile.value().kind));
    const std::string compartment = compartment_of(context, kind);
    SAFAR_TRY(request.sight.enter(compartment));
    std::string out;
    for (const FieldMap& map : profile.value().maps) {
        const Field* field = kind == nullptr ? nullptr : kind->field(std::string_view(map.field));
        if (field == nullptr) continue;
        SAFAR_TRY(request.sight.write(*field, compartment));
        if (const std::string* why = request.sight.would_hide(*field, compartment)) out = *why;
    }
    return out;
}

} // namespace

Result<ApiReply> import_file(ApiContext& context, ApiRequest& request) {
    SAFAR_ASSERT(request.body_source != nullptr);
    ImportCommand command;
    command.request.profile_name = request.parameter("profile");
    command.request.file_name = request.parameter("file");
    SAFAR_TRY(command.dry_run, flag_parameter(request, "dry_run"));
    for (std::string_view where : request.parameters("where")) {
        std::size_t equals = where.find('=');
        if (equals == std::string_view::npos || equals == 0)
            return failure(ErrorCode::invalid_argument, "parameter 'where': needs column=value");
        command.request.where.push_back(
            {std::string(where.substr(0, equals)), std::string(where.substr(equals + 1))});
    }
    SAFAR_TRY(command.request.profile, read_profile(request.body_source));

    SAFAR_TRY(auto withheld, why_rows_are_withheld(context, request, command));
    return answer_import(request, withheld, [&](const RejectSink& rejects) {
        return context.registry.import_file(command, {request.actor}, request.body_source, rejects);
    });
}

} // namespace safar::handlers
