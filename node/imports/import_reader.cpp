#include "node/imports/import_reader.hpp"

#include "node/imports/cells.hpp"
#include "node/imports/occurrences.hpp"
#include "node/imports/own_table.hpp"
#include "node/imports/row_mapper.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <cctype>

namespace safar {
namespace {

constexpr std::size_t reject_row_bytes_max = 4096;

// Text of a rejected row that can be shown: valid UTF-8, cut at a whole character.
std::string shown_row(std::string_view raw) {
    bool cut = raw.size() > reject_row_bytes_max;
    std::string out(raw.substr(0, reject_row_bytes_max));
    if (cut)
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80)
            out.pop_back();
    if (cut && !out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
    if (check_text(out)) return out;
    for (char& c : out) // not UTF-8, or control characters: what is ASCII stays
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
            static_cast<unsigned char>(c) >= 0x80)
            c = '?';
    return out;
}

// "#country+origin", "#Adm1 +name": a word after '#', then attributes.
bool is_hashtag(std::string_view text) {
    const auto take_word = [&] {
        text = trimmed(text);
        const auto end = std::ranges::find_if_not(
            text, [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); });
        const auto length = static_cast<std::size_t>(end - text.begin());
        text.remove_prefix(length);
        return length > 0;
    };
    if (!text.starts_with('#')) return false;
    text = trimmed(text.substr(1));
    if (text.empty() || !std::isalpha(static_cast<unsigned char>(text.front()))) return false;
    while (take_word()) {
        text = trimmed(text);
        if (text.empty()) return true;
        if (!text.starts_with('+')) return false;
        text.remove_prefix(1);
    }
    return false;
}

bool holds_tags(const CsvRow& row) {
    if (!row.problem.empty()) return false;
    bool any = false;
    for (std::string_view cell : row.cells) {
        if (trimmed(cell).empty()) continue;
        if (!is_hashtag(trimmed(cell))) return false;
        any = true;
    }
    return any;
}

class Reader final : public ImportReader {
public:
    // `tags`: the first row may hold HXL hashtags, and is then passed over.
    Reader(std::unique_ptr<CsvRows> rows, std::unique_ptr<RowMapper> mapper,
           std::string compartment, bool tags)
        : rows_(std::move(rows)), mapper_(std::move(mapper)), compartment_(std::move(compartment)),
          may_be_tags_(tags) {}

    Result<std::vector<ImportedRecord>> next(std::size_t records_max) override {
        std::vector<ImportedRecord> out;
        out.reserve(std::min<std::size_t>(records_max, 4096));
        while (out.size() < records_max && rejects_.size() < rejects_held_max) {
            if (copies_left_ == 0) {
                SAFAR_TRY(bool more, next_row());
                ended_ = !more;
                if (!more) break;
                continue;
            }
            yield(out);
        }
        return out;
    }

    bool ended() const override { return ended_; }

    std::vector<ImportReject> take_rejects() override { return std::exchange(rejects_, {}); }

    ImportProgress progress() const override {
        ImportProgress out = progress_;
        out.bytes_in = rows_->bytes_in();
        return out;
    }

private:
    // Reads one row; false: the end. After a row that yields records `copies_left_` is not 0.
    Result<bool> next_row() {
        SAFAR_TRY(bool more, rows_->next(row_));
        if (!more) return false;
        if (std::exchange(may_be_tags_, false) && holds_tags(row_)) return true;
        ++progress_.rows;
        if (!row_.problem.empty()) {
            reject({0, mapper_->column_name(row_.problem_cell), row_.problem, {}});
            return true;
        }
        ImportReject refused;
        switch (mapper_->map(row_, mapped_, refused)) {
        case RowMapper::Verdict::skip: ++progress_.skipped; return true;
        case RowMapper::Verdict::reject: reject(std::move(refused)); return true;
        case RowMapper::Verdict::record: break;
        }
        first_id_ = id_of(0);
        if (!mapper_->profile().id_repeats && occurrences_[first_id_] > 0) {
            reject({0,
                    {},
                    "repeats the key of an earlier row; if the register does so, the profile "
                    "must say id_repeats = true",
                    {}});
            return true;
        }
        copies_left_ = mapped_.copies;
        return true;
    }

    void reject(ImportReject refused) {
        ++progress_.rejected;
        refused.line = row_.line;
        refused.row = shown_row(row_.raw);
        rejects_.push_back(std::move(refused));
    }

    void yield(std::vector<ImportedRecord>& out) {
        std::uint32_t occurrence = occurrences_[first_id_]++;
        ImportedRecord& record = out.emplace_back();
        record.line = row_.line;
        --copies_left_;
        if (copies_left_ == 0)
            record.body = std::move(mapped_.body);
        else
            record.body = mapped_.body;
        record.body.record = occurrence == 0 ? first_id_ : id_of(occurrence);
        ++progress_.records;
    }

    [[nodiscard]] RecordId id_of(std::uint32_t occurrence) const {
        const Profile& profile = mapper_->profile();
        return derived_record_id(profile.source, mapped_.external_id, compartment_, profile.kind,
                                 occurrence);
    }

    std::unique_ptr<CsvRows> rows_;
    std::unique_ptr<RowMapper> mapper_;
    std::string compartment_;
    CsvRow row_;
    MappedRow mapped_;
    RecordId first_id_; // of the key's occurrence 0
    std::uint64_t copies_left_ = 0;
    bool ended_ = false;
    bool may_be_tags_ = false;
    Occurrences occurrences_;
    std::vector<ImportReject> rejects_;
    ImportProgress progress_;
};

} // namespace

namespace {

// The profile of a file with this header.
Result<Profile> own_profile(const ImportRequest& request, const Schema& schema,
                            const CsvRow& header) {
    std::vector<std::string> names;
    for (std::string_view cell : header.cells) names.emplace_back(trimmed(cell));
    SAFAR_TRY(auto profile, profile_of_header(schema, request.own, names));
    if (!request.own.check) return profile;
    const Kind& kind = *schema.kind(std::string_view(profile.kind));
    std::vector<const Field*> fields;
    for (const FieldMap& map : profile.maps)
        fields.push_back(kind.field(std::string_view(map.field)));
    SAFAR_TRY(request.own.check(kind, fields));
    return profile;
}

} // namespace

Result<std::unique_ptr<ImportReader>> ImportReader::open(const ImportRequest& request,
                                                         std::shared_ptr<const Schema> schema,
                                                         ByteSource source) {
    const bool own = !request.own.kind.empty();
    Profile profile;
    profile.kind = request.own.kind;
    if (!own) {
        SAFAR_TRY(profile, parse_profile(request.profile_name, request.profile, *schema));
    }
    auto compartment = request.compartment_of(profile.kind);
    if (!compartment)
        return failure(ErrorCode::invalid_argument,
                       request.profile_name + ": kind " + quoted(profile.kind) +
                           " has no compartment in the charter; add the kind "
                           "to one in the next epoch");
    auto text =
        std::make_unique<TextSource>(std::move(source), request.file_name, profile.encoding);
    auto rows = std::make_unique<CsvRows>(std::move(text), profile.separator);
    CsvRow header;
    SAFAR_TRY(bool any, rows->next(header));
    if (!any)
        return failure(ErrorCode::invalid_argument,
                       request.file_name + " is empty; it has no header");
    if (!header.problem.empty())
        return failure(ErrorCode::invalid_argument,
                       request.file_name + ": the header: " + header.problem);
    if (own) {
        SAFAR_TRY(profile, own_profile(request, *schema, header));
    }
    SAFAR_TRY(auto mapper, RowMapper::bind(request, std::move(profile), std::move(schema), header));
    return std::make_unique<Reader>(std::move(rows), std::move(mapper), *std::move(compartment),
                                    /*tags=*/own);
}

} // namespace safar
