// Where an IATI activity finds its values: kinds and fields by name, as data
// (config/standards/iati.toml).
#pragma once

#include "storage/record/schema.hpp"

namespace safar {

// A slot's source: fields in order of preference, separated by '|'. "?field" may be missing in the
// schema, "#field" is the number of its values, "@name" what the activity itself has in that slot,
// "=text" a constant.
using IatiSlots = std::map<std::string, std::string, std::less<>>;

struct IatiPart {
    std::string kind; // of the records that it is made of
    std::string
        of; // their field that refers to what they belong to; "": they are the programme itself
    bool otherwise = false; // only where the parts before it in the list gave nothing
    bool negate = false;    // money goes the other way
    // Only records whose field reads so ("" for not stated).
    std::map<std::string, std::vector<std::string>> only;
    IatiSlots slots;
};

struct IatiMap {
    std::string kind; // of a programme
    IatiSlots activity;
    std::vector<IatiPart> dates, tags, markers; // of the programme itself
    std::vector<IatiPart> budgets, transactions, results, indicators;
};

// Errors: invalid_argument (a section or slot that there is not; a field that its kind does not
// have). A part whose kind the schema does not have is left out: a catalogue need not have every
// kind.
[[nodiscard]] Result<IatiMap> parse_iati_map(std::string_view text, const Schema& schema);

} // namespace safar
