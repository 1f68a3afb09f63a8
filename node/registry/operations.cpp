#include "node/registry/command_check.hpp"

namespace safar {

Result<ImportSummary> Registry::import_file(const ImportCommand& command, const Actor& actor,
                                            ByteSource source, const RejectSink& rejects) {
    auto charter = node_.charter();
    ImportRequest request = command.request;
    request.compartment_of = [charter](std::string_view kind) -> std::optional<std::string> {
        const CharterCompartment* compartment = charter->compartment_of_kind(kind);
        if (compartment == nullptr) return std::nullopt;
        return compartment->name;
    };
    SAFAR_TRY(auto reader,
              ImportReader::open(request, node_.derived().schema(), std::move(source)));
    return import_from(*reader, command.dry_run, actor, rejects);
}

Result<ImportSummary> Registry::import_from(ImportReader& reader, bool dry_run, const Actor& actor,
                                            const RejectSink& rejects) {
    std::unique_lock turn(import_turn_, std::defer_lock);
    if (!turn.try_lock_for(std::chrono::minutes(10)))
        return failure(ErrorCode::busy,
                       "another import has been running for 10 minutes; try again later");
    ++totals_.imports;
    Result<ImportSummary> summary = [&] {
        ImportRun run(node_, reader, actor.name, dry_run);
        return run.run(rejects);
    }();
    const ImportProgress progress = summary.has_value() ? summary.value().read : reader.progress();
    totals_.rows += progress.rows;
    totals_.rejected += progress.rejected;
    if (summary.has_value() && !dry_run) {
        totals_.events += summary.value().events;
        totals_.changed += summary.value().records_changed;
        totals_.unchanged += summary.value().records_unchanged;
    }
    return summary;
}

} // namespace safar
