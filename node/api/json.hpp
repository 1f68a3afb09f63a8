// Between the API's JSON and the registry's values.
#pragma once

#include "node/api/api.hpp"

#include <boost/json.hpp>

namespace safar {

// A request's body, read member by member; what nobody asked for is refused by done().
class BodyReader {
public:
    // Errors: invalid_argument, with the offset where the JSON breaks.
    [[nodiscard]] static Result<BodyReader> parse(std::string_view body);

    // Errors: invalid_argument naming the member and what it should be.
    [[nodiscard]] Result<std::string> text(std::string_view name);
    [[nodiscard]] Result<std::optional<std::string>> optional_text(std::string_view name);
    [[nodiscard]] Result<bool> flag(std::string_view name); // false if absent
    [[nodiscard]] Result<std::uint32_t> number(std::string_view name,
                                               std::uint32_t max); // 0 if absent
    [[nodiscard]] Result<std::optional<std::vector<std::string>>> texts(std::string_view name);
    [[nodiscard]] Result<std::vector<FieldText>> fields(std::string_view name);
    [[nodiscard]] Result<std::vector<FieldText>>
    optional_fields(std::string_view name); // none if absent
    [[nodiscard]] Result<> done() const;

private:
    [[nodiscard]] const boost::json::value* find(std::string_view name);
    boost::json::object object_;
    std::vector<std::string> known_;
};

// {from, until, why}
[[nodiscard]] boost::json::object maintenance_object(const wire::Maintenance& notice);
// Serialized. What peers say may be no UTF-8, which JSON has to be: such bytes are U+FFFD.
[[nodiscard]] std::string json_text(const boost::json::value& value);
[[nodiscard]] ApiReply json_reply(const boost::json::value& value);

// "" where the charter in force has none for the kind, or the schema does not know the kind.
[[nodiscard]] std::string compartment_of(ApiContext& context, const Kind* kind);
[[nodiscard]] Result<RecordId> captured_id(const ApiRequest& request);
// A whole number of a parameter, `otherwise` if absent. Errors: invalid_argument with the range.
[[nodiscard]] Result<std::uint64_t> number_parameter(const ApiRequest& request,
                                                     std::string_view name, std::uint64_t min,
                                                     std::uint64_t max, std::uint64_t otherwise);
// "0" or "1"; false if absent.
[[nodiscard]] Result<bool> flag_parameter(const ApiRequest& request, std::string_view name);
// where=dimension=v1,v2 (repeatable), of a text or point field one value. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<StatisticsQuery::Filter>>
filters(const ApiRequest& request, const Schema& schema, std::string_view kind);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char at);

// {id, events, position}
[[nodiscard]] ApiReply change_reply(const RecordChange& change);
// Id, kind and compartment.
[[nodiscard]] boost::json::object record_head(const RecordView& view);
// Names a field by its name, or by its tag where the schema does not know it ("field 17").
[[nodiscard]] std::string field_name(const Kind* kind, std::uint16_t tag);
[[nodiscard]] std::string_view rule_name(Rule rule);
[[nodiscard]] boost::json::array shown_values(const std::vector<Value>& values);
// Under which kind an event's fields are named and withheld: its own, which need not be the
// record's (it is without effect then). `compartment`: the record's, where the schema does not know
// the event's kind.
struct SaidOf {
    const Kind* kind = nullptr;
    std::string compartment;
};
[[nodiscard]] SaidOf said_of(ApiContext& context, const Schema& schema, const EventBody& body,
                             const std::string& compartment);
// What an event asserts, field by field; values that `sight` hides are named with the reason.
[[nodiscard]] boost::json::array shown_asserts(Sight& sight, const EventBody& body,
                                               const Kind* kind, std::string_view compartment);
// Stands for an event's text that may not be shown.
inline constexpr std::string_view withheld_text = "withheld";
// Who said it, when and on what basis. `open`: the basis may be shown.
[[nodiscard]] boost::json::object said_object(const Said& said, bool open);
// The same where nobody looks up which event said it: its basis may speak of the whole record.
[[nodiscard]] boost::json::object shown_said(Sight& sight, const Said& said,
                                             const RecordView& view);

} // namespace safar
