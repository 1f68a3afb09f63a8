// What the answer to one request may show, and the account of what it did show. Every handler that
// shows or takes a field's value asks here first; run_route then writes the account to the access
// log.
//
// Threads: one.
#pragma once

#include "node/access/rights.hpp"

namespace safar {

struct StatisticsQuery;

class Sight {
public:
    Sight() = default; // sees nothing
    Sight(User user, UserAction action, std::string purpose)
        : user_(std::move(user)), action_(action), purpose_(std::move(purpose)) {}

    // The record's compartment is open to the user at all. Errors: not_permitted; noted as a
    // refusal.
    [[nodiscard]] Result<> enter(std::string_view compartment, const RecordId* record = nullptr);
    // The same without an error or a note: lists leave such records out.
    [[nodiscard]] bool inside(std::string_view compartment) const;

    // Null: the field may be shown, and is noted as shown. Else why it is withheld; the text lives
    // until the next call. A field that the schema does not know counts as sensitive.
    [[nodiscard]] const std::string* hides(const Field* field, std::string_view compartment);
    // The same, noted neither way: for what stands in the user's own file.
    [[nodiscard]] const std::string* would_hide(const Field& field, std::string_view compartment) {
        return why_not(field.sensitivity, compartment);
    }
    // Nothing of the kind would be withheld. A kind that the schema does not know may hold
    // anything.
    [[nodiscard]] bool sees_all(const Kind* kind, std::string_view compartment);
    // The same of a text that may speak of any of them: where it may be shown, all are noted as
    // shown.
    [[nodiscard]] bool shows_all(const Kind* kind, std::string_view compartment);
    // The question asks about the field (a filter, a group), or writes it. Errors: not_permitted,
    // naming the field; noted as a refusal.
    [[nodiscard]] Result<> ask_about(const Field& field, std::string_view compartment);
    [[nodiscard]] Result<> write(const Field& field, std::string_view compartment);
    // ask_about for everything that a query filters, groups or sums by.
    [[nodiscard]] Result<> ask_about(const Kind& kind, const StatisticsQuery& query,
                                     std::string_view compartment);

    void subject(const RecordId& record) { subjects_.push_back(record); }

    // --- the account ---
    [[nodiscard]] const User& user() const { return user_; }
    [[nodiscard]] UserAction action() const { return action_; }
    [[nodiscard]] const std::string& purpose() const { return purpose_; }
    [[nodiscard]] const std::vector<RecordId>& subjects() const { return subjects_; }
    [[nodiscard]] const std::bitset<4>& shown() const { return shown_; }
    [[nodiscard]] bool guarded_shown() const;
    [[nodiscard]] const std::bitset<4>& withheld() const { return withheld_; }
    [[nodiscard]] const std::string& refused() const { return refused_; } // why; empty: it was not
    void refuse(std::string why, Sensitivity asked);

private:
    [[nodiscard]] const std::string* why_not(Sensitivity field_class, std::string_view compartment);

    User user_;
    UserAction action_ = UserAction::describe;
    std::string purpose_;
    std::vector<RecordId> subjects_;
    std::bitset<4> shown_, withheld_;
    std::string refused_;

    // Reasons are the same for every field of a class in a compartment.
    std::optional<std::string> cached_compartment_;
    std::array<std::optional<std::string>, 4> reasons_; // empty text: may be shown
};

} // namespace safar
