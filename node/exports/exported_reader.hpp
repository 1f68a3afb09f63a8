// Reads a file that `safar export` wrote, CSV or JSON lines, back into records with the ids that
// they had.
#pragma once

#include "node/imports/import_reader.hpp"

namespace safar {

struct ExportedFile {
    std::string file_name; // to know .gz
    bool json_lines = false;
    std::string agency; // who imports
    bool own = false;   // only what this agency said (JSON lines)
};

class ExportedReader : public ImportReader {
public:
    // Reads what comes before the first record. Errors: invalid_argument (no such file, an unknown
    // kind or field), malformed, those of the source.
    [[nodiscard]] static Result<std::unique_ptr<ExportedReader>>
    open(const ExportedFile& file, std::shared_ptr<const Schema> schema, ByteSource source);

    // Null: the file holds no record.
    [[nodiscard]] virtual const Kind* kind() const = 0;
    // Those that the file gives.
    [[nodiscard]] virtual const std::vector<const Field*>& fields() const = 0;
};

} // namespace safar
