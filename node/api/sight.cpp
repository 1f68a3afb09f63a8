#include "node/api/sight.hpp"

#include "storage/column/columns.hpp"

#include <algorithm>

namespace safar {
namespace {

std::size_t at(Sensitivity field_class) { return static_cast<std::size_t>(field_class); }

constexpr std::string_view how_to_ask =
    ": name what you read it for (--purpose TEXT, SAFAR_PURPOSE, header Safar-Purpose)";

} // namespace

Result<> Sight::enter(std::string_view compartment, const RecordId* record) {
    Decision decision = authorise(user_, action_, Sensitivity::public_, compartment);
    if (decision) return success();
    if (record != nullptr) subject(*record);
    refuse(decision.reason, Sensitivity::public_);
    return failure(ErrorCode::not_permitted, decision.reason);
}

bool Sight::inside(std::string_view compartment) const {
    return authorise(user_, action_, Sensitivity::public_, compartment).allowed;
}

const std::string* Sight::why_not(Sensitivity field_class, std::string_view compartment) {
    if (cached_compartment_ != compartment) {
        cached_compartment_ = std::string(compartment);
        reasons_ = {};
    }
    auto& reason = reasons_[at(field_class)];
    if (!reason) {
        Decision decision = authorise(user_, action_, field_class, compartment);
        if (!decision)
            reason = decision.reason;
        else if (guarded(field_class) && !user_.single && purpose_.empty())
            reason = std::string(name(field_class)) + std::string(how_to_ask);
        else
            reason = "";
    }
    return reason->empty() ? nullptr : &*reason;
}

const std::string* Sight::hides(const Field* field, std::string_view compartment) {
    const Sensitivity field_class = field == nullptr ? Sensitivity::sensitive : field->sensitivity;
    const std::string* reason = why_not(field_class, compartment);
    (reason == nullptr ? shown_ : withheld_).set(at(field_class));
    return reason;
}

Result<> Sight::ask_about(const Field& field, std::string_view compartment) {
    if (const std::string* reason = why_not(field.sensitivity, compartment)) {
        refuse(*reason, field.sensitivity);
        return failure(ErrorCode::not_permitted, "field '" + field.name + "': " + *reason);
    }
    shown_.set(at(field.sensitivity)); // an empty answer tells as well
    return success();
}

Result<> Sight::write(const Field& field, std::string_view compartment) {
    Decision decision = authorise(user_, action_, field.sensitivity, compartment);
    if (decision) return success();
    refuse(decision.reason, field.sensitivity);
    return failure(ErrorCode::not_permitted, "field '" + field.name + "': " + decision.reason);
}

Result<> Sight::ask_about(const Kind& kind, const StatisticsQuery& query,
                          std::string_view compartment) {
    const auto ask = [&](std::string_view name) -> Result<> {
        const Field* field = kind.field(name);
        const bool period = name == "year" || name == "quarter" || name == "month";
        if (field == nullptr && period) field = kind.field(std::string_view(kind.time_field));
        if (field == nullptr)
            return success(); // no such field: the registry says so, or what it means
        return ask_about(*field, compartment);
    };
    for (const auto& filter : query.where) {
        SAFAR_TRY(ask(filter.dimension));
    }
    for (const std::string& name : query.by) {
        SAFAR_TRY(ask(name));
    }
    if (!query.sum.empty()) {
        SAFAR_TRY(ask(query.sum));
    }
    if (query.since || query.until) {
        SAFAR_TRY(ask("year"));
    }
    return success();
}

bool Sight::sees_all(const Kind* kind, std::string_view compartment) {
    if (kind == nullptr) return why_not(Sensitivity::sensitive, compartment) == nullptr;
    return std::all_of(kind->fields.begin(), kind->fields.end(), [&](const Field& field) {
        return would_hide(field, compartment) == nullptr;
    });
}

bool Sight::shows_all(const Kind* kind, std::string_view compartment) {
    if (!sees_all(kind, compartment)) return false;
    if (kind == nullptr)
        shown_.set(at(Sensitivity::sensitive));
    else
        for (const Field& field : kind->fields) shown_.set(at(field.sensitivity));
    return true;
}

bool Sight::guarded_shown() const {
    return shown_[at(Sensitivity::personal)] || shown_[at(Sensitivity::sensitive)];
}

void Sight::refuse(std::string why, Sensitivity asked) {
    refused_ = std::move(why);
    shown_.set(at(asked));
}

} // namespace safar
