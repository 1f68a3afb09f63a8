#include "node/exports/exported_reader.hpp"

#include "node/exports/cell.hpp"
#include "node/exports/content.hpp"
#include "node/imports/cells.hpp"
#include "node/imports/csv_rows.hpp"
#include "node/registry/iso_time.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace safar {
namespace {

namespace json = boost::json;

constexpr std::size_t line_bytes_max = 8u << 20;
constexpr std::size_t reject_row_bytes_max = 4096;
constexpr std::string_view withheld_mark = ":withheld";
const std::string export_source = "safar export";

Error invalid(std::string detail) {
    return failure(ErrorCode::invalid_argument, std::move(detail));
}

// The states before `state` on a shortest way from the initial one. A file has only the state that
// is read; at a network that never heard of those before it, it would lead nowhere.
std::vector<std::string> states_before(const Lattice& lattice, const std::string& state) {
    std::vector<std::pair<std::string, std::size_t>> reached{
        {lattice.initial, SIZE_MAX}}; // and from where
    for (std::size_t at = 0; at < reached.size(); ++at) {
        if (reached[at].first == state) {
            std::vector<std::string> out;
            for (std::size_t back = reached[at].second; back != SIZE_MAX;
                 back = reached[back].second)
                out.push_back(reached[back].first);
            return out;
        }
        for (const Lattice::Step& step : lattice.steps)
            if (step.from == reached[at].first &&
                std::ranges::count(reached, step.to, &decltype(reached)::value_type::first) == 0)
                reached.emplace_back(step.to, at);
    }
    return {}; // no state of it: said as it is, and flagged
}

// What both forms share.
class Base : public ExportedReader {
public:
    Base(ExportedFile file, std::shared_ptr<const Schema> schema)
        : file_(std::move(file)), schema_(std::move(schema)) {}

    const Kind* kind() const override { return kind_; }
    const std::vector<const Field*>& fields() const override { return fields_; }
    std::vector<ImportReject> take_rejects() override { return std::exchange(rejects_, {}); }
    ImportProgress progress() const override { return progress_; }

protected:
    Result<> set_kind(std::string_view name) {
        kind_ = schema_->kind(name);
        if (kind_ == nullptr)
            return invalid("the file holds records of kind " + quoted(name) +
                           ", which the schema in force does not have");
        return success();
    }
    Result<const Field*> field(std::string_view name) const {
        const Field* out = kind_->field(name);
        if (out == nullptr)
            return invalid("kind " + kind_->name + " has no field " + quoted(name) + " here");
        return out;
    }
    void reject(std::uint64_t line, std::string column, std::string reason, std::string_view row) {
        ++progress_.rejected;
        rejects_.push_back({line, std::move(column), std::move(reason),
                            std::string(row.substr(0, reject_row_bytes_max))});
    }
    // Assertions of one field's texts; the reason if they cannot be.
    std::optional<std::string> say(const Field& field, const std::vector<std::string>& texts,
                                   EventBody& body) const {
        if (texts.size() > 1 && !holds_many(field)) return "holds several values and may hold one";
        if (texts.size() > 1 && field.rule == Rule::each && !file_.own)
            return "holds what several agencies said, each its own; only they can say it again: "
                   "import the JSON "
                   "lines at each of them with --own";
        for (const std::string& text : texts) {
            auto value = parse_value(*schema_, field, text);
            if (!value) return value.error().detail;
            body.assertions.push_back({field.tag, std::move(value).value()});
        }
        return std::nullopt;
    }
    // The states that lead to the one that is read.
    void say_states_before(const Field& field, const std::string& state, EventBody& body) const {
        for (std::string& before : states_before(field.lattice, state))
            body.assertions.push_back({field.tag, Code{std::move(before)}});
    }
    [[nodiscard]] EventBody begin(const RecordId& id) const {
        EventBody body;
        body.kind = kind_->tag;
        body.record = id;
        body.verb = "recorded";
        body.source = export_source;
        return body;
    }
    // False: nothing was said, so there is nothing to write.
    bool finish(EventBody& body) {
        std::sort(body.assertions.begin(), body.assertions.end());
        if (body.assertions.empty()) ++progress_.skipped;
        return !body.assertions.empty();
    }

    ExportedFile file_;
    std::shared_ptr<const Schema> schema_;
    const Kind* kind_ = nullptr;
    std::vector<const Field*> fields_;
    std::vector<ImportReject> rejects_;
    ImportProgress progress_;
};

class CsvReader final : public Base {
public:
    CsvReader(ExportedFile file, std::shared_ptr<const Schema> schema, ByteSource source)
        : Base(std::move(file), std::move(schema)),
          rows_(std::make_unique<TextSource>(std::move(source), file_.file_name, Encoding::utf8),
                ',') {}

    Result<> open_file() {
        CsvRow row;
        SAFAR_TRY(bool any, rows_.next(row));
        if (!any || !row.problem.empty() || row.cells.size() < 2 || row.cells[0] != "id" ||
            row.cells[1] != "kind")
            return invalid(
                "the first row is not that of an export: it begins with the columns id and kind");
        std::vector<std::string> names(row.cells.begin() + 2, row.cells.end());
        SAFAR_TRY(ahead_, rows_.next(row_));
        if (ahead_ && row_.problem.empty() && !row_.cells.empty() &&
            row_.cells[0].starts_with('#')) {
            SAFAR_TRY(ahead_, rows_.next(row_)); // HXL hashtags
        }
        if (!ahead_) return success();
        if (!row_.problem.empty() || row_.cells.size() < 2)
            return invalid("line " + std::to_string(row_.line) +
                           " is no row of an export: " + row_.problem);
        SAFAR_TRY(set_kind(row_.cells[1]));
        for (const std::string& name : names) {
            const bool withheld = name.ends_with(withheld_mark);
            columns_.push_back(nullptr);
            if (withheld) continue;
            SAFAR_TRY(columns_.back(), field(name));
            fields_.push_back(columns_.back());
        }
        return success();
    }

    Result<std::vector<ImportedRecord>> next(std::size_t records_max) override {
        std::vector<ImportedRecord> out;
        while (out.size() < records_max && rejects_.size() < rejects_held_max && ahead_) {
            take(out);
            SAFAR_TRY(ahead_, rows_.next(row_));
        }
        progress_.bytes_in = rows_.bytes_in();
        return out;
    }

    bool ended() const override { return !ahead_; }

private:
    void take(std::vector<ImportedRecord>& out) {
        ++progress_.rows;
        if (!row_.problem.empty()) return reject(row_.line, "", row_.problem, row_.raw);
        if (row_.cells.size() != columns_.size() + 2)
            return reject(row_.line, "",
                          "has " + std::to_string(row_.cells.size()) + " cells; the header has " +
                              std::to_string(columns_.size() + 2),
                          row_.raw);
        auto id = parse_id(row_.cells[0]);
        if (!id) return reject(row_.line, "id", "is not a record id of 26 characters", row_.raw);
        if (row_.cells[1] != kind_->name)
            return reject(row_.line, "kind", "the file began with records of kind " + kind_->name,
                          row_.raw);
        EventBody body = begin(*id);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Field* field = columns_[i];
            if (field == nullptr || row_.cells[i + 2].empty()) continue;
            auto texts = read_cell(row_.cells[i + 2], holds_many(*field));
            if (!texts) return reject(row_.line, field->name, texts.error().detail, row_.raw);
            if (auto why = say(*field, texts.value(), body))
                return reject(row_.line, field->name, *why, row_.raw);
            if (field->rule == Rule::status) say_states_before(*field, texts.value().front(), body);
        }
        // A table says nothing of who said it when; the record's own date is the nearest there is.
        if (const Field* time = kind_->field(std::string_view(kind_->time_field)))
            for (const Assertion& said : body.assertions)
                if (const Date* date = std::get_if<Date>(&said.value);
                    date != nullptr && said.field == time->tag)
                    body.at = claimed_time(*date);
        if (!finish(body)) return;
        ++progress_.records;
        out.push_back({row_.line, std::move(body)});
    }

    CsvRows rows_;
    CsvRow row_;
    bool ahead_ = false;                // row_ is the next one
    std::vector<const Field*> columns_; // null: withheld
};

class JsonReader final : public Base {
public:
    JsonReader(ExportedFile file, std::shared_ptr<const Schema> schema, ByteSource source)
        : Base(std::move(file), std::move(schema)),
          text_(std::move(source), file_.file_name, Encoding::utf8) {}

    Result<> open_file() {
        SAFAR_TRY(bool any, next_line());
        json::error_code ec;
        json::value value = any ? json::parse(line_, ec) : json::value();
        const json::object* head = member(value, "export");
        if (ec || head == nullptr || !head->contains("kind"))
            return invalid(
                "the first line is not that of an export: {\"export\": {\"kind\": ...}}");
        SAFAR_TRY(set_kind(text(*head, "kind")));
        if (const json::value* names = head->if_contains("fields");
            names != nullptr && names->is_array())
            for (const json::value& name : names->as_array()) {
                const std::string_view shown =
                    name.is_string() ? std::string_view(name.as_string()) : "";
                SAFAR_TRY(const Field* known, field(shown));
                fields_.push_back(known);
            }
        return success();
    }

    Result<std::vector<ImportedRecord>> next(std::size_t records_max) override {
        std::vector<ImportedRecord> out;
        while (out.size() < records_max && rejects_.size() < rejects_held_max && !ended_) {
            SAFAR_TRY(bool any, next_line());
            if (!any) {
                ended_ = true;
                reject(number_, "",
                       "the file ends early: its last line does not say {\"end\": ...}", "");
                break;
            }
            take(out);
        }
        progress_.bytes_in = text_.bytes_in();
        return out;
    }

    bool ended() const override { return ended_; }

private:
    static const json::object* member(const json::value& value, std::string_view name) {
        const json::value* out = value.is_object() ? value.as_object().if_contains(name) : nullptr;
        return out == nullptr ? nullptr : out->if_object();
    }
    static std::string_view text(const json::object& object, std::string_view name) {
        const json::value* value = object.if_contains(name);
        return value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                      : std::string_view();
    }

    // Into line_; false: the end.
    Result<bool> next_line() {
        for (;;) {
            if (std::size_t at = buffer_.find('\n', from_); at != std::string::npos) {
                line_.assign(buffer_, from_, at - from_);
                from_ = at + 1;
                ++number_;
                return true;
            }
            buffer_.erase(0, std::exchange(from_, 0));
            if (buffer_.size() > line_bytes_max)
                return invalid("line " + std::to_string(number_ + 1) + " is above " +
                               std::to_string(line_bytes_max) + " bytes");
            SAFAR_TRY(auto more, text_.read(buffer_));
            if (more == 0) return false; // an unfinished line is none
        }
    }

    void take(std::vector<ImportedRecord>& out) {
        json::error_code ec;
        const json::value value = json::parse(line_, ec);
        if (ec || !value.is_object()) {
            ++progress_.rows;
            return reject(number_, "", "is no JSON object", line_);
        }
        if (const json::object* end = member(value, "end")) {
            ended_ = true;
            const json::value* said = end->if_contains("records");
            if (said == nullptr || !said->is_int64() ||
                static_cast<std::uint64_t>(said->as_int64()) != progress_.rows)
                reject(number_, "", "says another number of records than there are lines", line_);
            return;
        }
        if (member(value, "left_out") != nullptr) return; // an answer kept as it came
        ++progress_.rows;
        auto id = parse_id(text(value.as_object(), "id"));
        if (!id) return reject(number_, "id", "is not a record id of 26 characters", line_);
        if (text(value.as_object(), "kind") != kind_->name)
            return reject(number_, "kind", "the file began with records of kind " + kind_->name,
                          line_);
        EventBody body = begin(*id);
        std::string column;
        if (auto why = file_.own ? read_own(value, body, column) : read_fields(value, body, column))
            return reject(number_, column, *why, line_);
        if (!finish(body)) return;
        ++progress_.records;
        out.push_back({number_, std::move(body)});
    }

    std::optional<std::string> read_fields(const json::value& value, EventBody& body,
                                           std::string& column) {
        const json::object* given = member(value, "fields");
        if (given == nullptr) return "has no \"fields\"";
        for (const auto& one : *given) {
            column = one.key();
            const Field* field = kind_->field(std::string_view(column));
            if (field == nullptr || std::count(fields_.begin(), fields_.end(), field) == 0)
                return "is not among the fields that the first line names";
            std::vector<std::string> texts;
            if (one.value().is_string()) {
                texts.emplace_back(one.value().as_string());
            } else if (one.value().is_array()) {
                for (const json::value& each : one.value().as_array()) {
                    if (!each.is_string()) return "holds something that is no text";
                    texts.emplace_back(each.as_string());
                }
            } else {
                return "is neither a text nor a list of texts";
            }
            if (auto why = say(*field, texts, body)) return why;
            if (field->rule == Rule::status && !texts.empty())
                say_states_before(*field, texts.front(), body);
        }
        return read_said(value, {}, body, column);
    }

    std::optional<std::string> read_own(const json::value& value, EventBody& body,
                                        std::string& column) {
        return read_said(value, file_.agency, body, column);
    }

    // When it was said, and with `agency` what: the latest time stands for the record.
    std::optional<std::string> read_said(const json::value& value, std::string_view agency,
                                         EventBody& body, std::string& column) {
        const json::value* said = value.as_object().if_contains("said");
        if (said == nullptr || !said->is_array()) return "has no list \"said\"";
        for (const json::value& one : said->as_array()) {
            const json::object* entry = one.if_object();
            if (entry == nullptr) return "\"said\" holds something that is no object";
            if (!agency.empty() && text(*entry, "agency") != agency) continue;
            column = text(*entry, "field");
            if (auto stated = text(*entry, "at"); !stated.empty()) {
                auto at = parse_time(stated);
                if (!at) return at.error().detail;
                const bool first = body.at == ClaimedTime{};
                body.at = first ? at.value() : std::max(body.at, at.value());
            }
            if (agency.empty()) continue;
            const Field* field = kind_->field(std::string_view(column));
            if (field == nullptr || std::count(fields_.begin(), fields_.end(), field) == 0)
                return "is not among the fields that the first line names";
            const std::string stated(text(*entry, "value"));
            if (auto why = say(*field, {stated}, body)) return why;
            const json::object* read = member(value, "fields");
            if (field->rule == Rule::status && read != nullptr && text(*read, column) == stated)
                say_states_before(*field, stated, body);
        }
        return std::nullopt;
    }

    TextSource text_;
    std::string buffer_, line_;
    std::size_t from_ = 0;
    std::uint64_t number_ = 0;
    bool ended_ = false;
};

template <class Reader>
Result<std::unique_ptr<ExportedReader>> opened(std::unique_ptr<Reader> reader) {
    SAFAR_TRY(reader->open_file());
    return std::unique_ptr<ExportedReader>(std::move(reader));
}

} // namespace

Result<std::unique_ptr<ExportedReader>> ExportedReader::open(const ExportedFile& file,
                                                             std::shared_ptr<const Schema> schema,
                                                             ByteSource source) {
    if (file.own && !file.json_lines)
        return invalid("a CSV file does not say who said what, so an agency's own cannot be taken "
                       "from it; export JSON lines");
    if (file.json_lines)
        return opened(std::make_unique<JsonReader>(file, std::move(schema), std::move(source)));
    return opened(std::make_unique<CsvReader>(file, std::move(schema), std::move(source)));
}

} // namespace safar
