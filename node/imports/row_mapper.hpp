// A profile bound to one file: its columns found, its constants read. Turns rows into event bodies.
#pragma once

#include "node/imports/csv_rows.hpp"
#include "node/imports/profile.hpp"

#include <unordered_map>

namespace safar {

struct MappedRow {
    EventBody body;           // all but `record`
    std::string external_id;  // without the occurrence
    std::uint64_t copies = 0; // records that the row stands for
};

// Labels repeat by the thousand, so what a cell means is looked up once per text and column.
class RowMapper {
public:
    // A hundred times the largest cell seen in a published table; more is a broken column.
    static constexpr std::int64_t copies_max = 1'000'000;

    // `header`: the file's first row. Errors: invalid_argument naming every column that is missing.
    [[nodiscard]] static Result<std::unique_ptr<RowMapper>>
    bind(const ImportRequest& request, Profile profile, std::shared_ptr<const Schema> schema,
         const CsvRow& header);

    enum class Verdict { record, skip, reject };
    // `reject`: its column and reason, nothing else.
    [[nodiscard]] Verdict map(const CsvRow& row, MappedRow& out, ImportReject& reject);

    [[nodiscard]] const std::string& column_name(std::size_t index) const; // "" past the end
    [[nodiscard]] const Profile& profile() const { return profile_; }

private:
    struct Cell { // what a text means in one column
        std::vector<Value> values;
        std::string error;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct BoundMap {
        const FieldMap* map = nullptr;
        const Field* field = nullptr;
        std::vector<std::size_t> columns;
        Cell constant; // of file and value maps, read once
        std::string reference_compartment;
        bool cached = false;
        std::unordered_map<std::string, Cell, TextHash, std::equal_to<>> cache; // never iterated
    };
    struct BoundTest {
        const RowTest* test = nullptr;
        std::vector<std::size_t> columns;
    };
    struct BoundFilter {
        std::size_t column = 0;
        std::string value;
    };

    RowMapper(Profile profile, std::shared_ptr<const Schema> schema)
        : profile_(std::move(profile)), schema_(std::move(schema)) {}

    [[nodiscard]] Result<> bind_columns(const ImportRequest& request);
    [[nodiscard]] Result<> bind_maps(const ImportRequest& request);
    std::size_t column(const std::string& name, std::vector<std::string>& missing) const;

    [[nodiscard]] bool is_wanted(const CsvRow& row);
    [[nodiscard]] bool passes(const BoundTest& bound, const CsvRow& row);
    [[nodiscard]] bool count_copies(const CsvRow& row, MappedRow& out, ImportReject& reject) const;
    [[nodiscard]] bool name_record(const CsvRow& row, MappedRow& out, ImportReject& reject) const;
    [[nodiscard]] bool fill_body(const CsvRow& row, EventBody& body, ImportReject& reject);
    [[nodiscard]] bool read_quality(const CsvRow& row, EventBody& body, ImportReject& reject) const;
    [[nodiscard]] bool check_required(const EventBody& body, ImportReject& reject) const;
    [[nodiscard]] const Cell& read(BoundMap& bound, const CsvRow& row);
    [[nodiscard]] Cell read_text(const BoundMap& bound, std::string_view text) const;
    [[nodiscard]] std::string_view joined(const BoundMap& bound, const CsvRow& row);

    Profile profile_;
    std::shared_ptr<const Schema> schema_;
    const Kind* kind_ = nullptr;
    std::uint16_t at_tag_ = 0;
    std::vector<std::string> header_;
    std::vector<std::string> captures_;
    std::string edition_;
    std::string id_prefix_;
    std::vector<BoundMap> maps_; // by field tag, then as written
    std::vector<BoundTest> drop_if_, keep_if_;
    std::vector<BoundFilter> filters_;
    std::vector<std::size_t> id_columns_;
    std::optional<std::size_t> expand_column_, quality_column_;
    Cell scratch_;
    std::string joined_, lowered_;
};

} // namespace safar
