// What a record says in the slots of an IATI part, as texts, days and money.
#pragma once

#include "node/exports/iati_map.hpp"
#include "storage/record/fold.hpp"

#include <functional>

namespace safar {

struct IatiRow {
    const Kind* kind = nullptr;
    std::string compartment;
    Folded folded;
};
struct IatiMoney {
    std::string amount, currency; // "-1234.56", "USD"
};
struct IatiOrganisation {
    std::string ref, name;
};

// "XM-DAC-47066 IOM", "XM-DAC-47066" or "IOM Pakistan".
[[nodiscard]] IatiOrganisation read_organisation(std::string_view text);

class IatiReader {
public:
    using Shows = std::function<bool(const Field& field, std::string_view compartment)>;
    // `activity`: for "@slot"; null: this is the activity. Everything given must outlive it.
    IatiReader(const Schema& schema, const IatiSlots& slots, const IatiRow& row, const Shows& shows,
               const IatiReader* activity)
        : schema_(&schema), slots_(&slots), row_(&row), shows_(&shows), activity_(activity) {}

    // Of the first source that says something; "" and empty lists where none does.
    [[nodiscard]] std::vector<std::string> texts(std::string_view slot) const;
    [[nodiscard]] std::string text(std::string_view slot) const;
    // The first day of a date, or the last where `end`; "" where there is none.
    [[nodiscard]] std::string day(std::string_view slot, bool end) const;
    [[nodiscard]] std::vector<IatiMoney> money(std::string_view slot) const;
    // The label of a code that texts(slot) gave; "" where it has none.
    [[nodiscard]] std::string label(std::string_view slot, const std::string& code) const;
    // A code of one digit: itself, or the variant that is; "" where there is none.
    [[nodiscard]] std::string digit(std::string_view slot) const;
    // ISO 3166-1 alpha-2 of a country code; the code itself where none is known.
    [[nodiscard]] std::string country(std::string_view slot, const std::string& code) const;
    [[nodiscard]] const IatiRow& row() const { return *row_; }

private:
    struct Found {
        const Field* field = nullptr; // null: a constant
        std::vector<Value> values;
    };
    [[nodiscard]] Found find(std::string_view slot) const;
    [[nodiscard]] const CodeList::Entry* entry(std::string_view slot,
                                               const std::string& code) const;

    const Schema* schema_;
    const IatiSlots* slots_;
    const IatiRow* row_;
    const Shows* shows_;
    const IatiReader* activity_;
};

} // namespace safar
