// Reads a file of a known register through a mapping profile (config/imports/*.toml, no code) and
// yields records as event bodies. Pure over its byte source: no clock, no node.
#pragma once

#include "storage/event/event.hpp"
#include "storage/record/schema.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace safar {

struct ImportedRecord {
    std::uint64_t line = 0; // of the row, from 1, header included
    EventBody body;         // kind, record, verb, source, edition, at, quality and assertions set
};

struct ImportReject {
    std::uint64_t line = 0;
    std::string column; // name in the file's header; empty: the row as a whole
    std::string reason;
    std::string row; // as read, at most 4 KiB
};

// A file whose header names fields of a kind (own_table.hpp), read without a profile.
struct OwnTable {
    std::string kind;             // "": the file is read through a profile
    std::string source;           // part of record ids; "": the same for all such files
    std::vector<std::string> key; // columns that name a record; none: every cell
    std::function<std::string(const Kind& kind, const Field& field)>
        tag_of; // HXL hashtag; may be empty
    // Called once the header is read; its error ends the import.
    std::function<Result<>(const Kind& kind, const std::vector<const Field*>& fields)> check;
};

struct ImportRequest {
    std::string profile_name; // for messages
    std::string profile;      // TOML text
    OwnTable own = {};        // instead of a profile
    std::string file_name;    // for the edition, and to know .gz
    struct Filter {
        std::string column, value; // exact text of the cell; several filters: all must hold
    };
    std::vector<Filter> where;
    // Compartment of a kind, as the charter says; part of derived record ids.
    std::function<std::optional<std::string>(std::string_view kind)> compartment_of;
};

struct ImportProgress {
    std::uint64_t bytes_in = 0; // read from the source, compressed
    std::uint64_t rows = 0;     // data rows read
    std::uint64_t skipped = 0;  // dropped by the profile or the filters
    std::uint64_t rejected = 0;
    std::uint64_t records = 0; // yielded
};

// Fills `out`, returns how many bytes; 0: end. Errors end the import.
using ByteSource = std::function<Result<std::size_t>(std::span<std::byte> out)>;

class ImportReader {
public:
    // Rejects held for take_rejects(). With so many next() returns early and goes on once they are
    // taken.
    static constexpr std::size_t rejects_held_max = 10'000;

    // Errors: invalid_argument with profile, line and key; a header without a required column.
    [[nodiscard]] static Result<std::unique_ptr<ImportReader>>
    open(const ImportRequest& request, std::shared_ptr<const Schema> schema, ByteSource source);
    virtual ~ImportReader() = default;
    // Record ids are derived_record_id(source, external id, compartment, kind, occurrence), where
    // the occurrence counts all copies of one external id in the file, over rows, from 0.
    // Assertions are ascending by field and value. Memory: one row, a look-up per column, and 30 to
    // 60 bytes a key. At most `records_max` records more; fewer, or none, at the end and where
    // rejects wait to be taken. A malformed row goes to the rejects and the rest goes on. Errors:
    // of the source; malformed gzip.
    [[nodiscard]] virtual Result<std::vector<ImportedRecord>> next(std::size_t records_max) = 0;
    // The source has nothing more.
    [[nodiscard]] virtual bool ended() const = 0;
    [[nodiscard]] virtual std::vector<ImportReject> take_rejects() = 0;
    [[nodiscard]] virtual ImportProgress progress() const = 0;
};

} // namespace safar
