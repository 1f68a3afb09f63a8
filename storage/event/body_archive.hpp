// How the types of a clear part go through the strict archive. Include only from .cpp files.
#pragma once

#include "storage/event/event.hpp"
#include "storage/event/strict_archive.hpp"

#include <concepts>

namespace safar {

template <class Archive> void serialize(Archive& archive, Text& v) { archive(v.text); }
template <class Archive> void serialize(Archive& archive, Integer& v) { archive(v.number); }
template <class Archive> void serialize(Archive& archive, Code& v) { archive(v.code); }
template <class Archive> void serialize(Archive& archive, Money& v) {
    archive(v.minor_units, v.currency);
}
template <class Archive> void serialize(Archive& archive, Point& v) {
    archive(v.latitude_e7, v.longitude_e7);
}
template <class Archive> void serialize(Archive& archive, Flag& v) { archive(v.yes); }
template <class Archive> void serialize(Archive& archive, Reference& v) { archive(v.record); }
template <class Archive> void serialize(Archive& archive, ClaimedTime& v) {
    archive(v.microseconds);
}

inline void save(StrictOutput& archive, const Date& v) {
    archive(v.days, static_cast<std::uint8_t>(v.precision));
}
inline void load(StrictInput& archive, Date& v) {
    std::uint8_t precision = 0;
    archive(v.days, precision);
    if (precision > 3) StrictInput::refuse("date precision out of range");
    v.precision = static_cast<Date::Precision>(precision);
}

// Constrained, since every alternative converts to Value.
template <std::same_as<Value> V> void save(StrictOutput& archive, const V& value) {
    archive(static_cast<std::uint8_t>(value.index() + 1));
    std::visit([&](const auto& held) { archive(held); }, value);
}
template <std::size_t Index = 0>
void load_alternative(StrictInput& archive, Value& value, std::size_t index) {
    if constexpr (Index == std::variant_size_v<Value>) {
        StrictInput::refuse("unknown value type");
    } else if (index == Index) {
        archive(value.emplace<Index>());
    } else {
        load_alternative<Index + 1>(archive, value, index);
    }
}
inline void load(StrictInput& archive, Value& value) {
    std::uint8_t tag = 0;
    archive(tag);
    if (tag == 0) StrictInput::refuse("value type 0");
    load_alternative(archive, value, tag - 1u);
}

template <class Archive> void serialize(Archive& archive, Assertion& v) {
    archive(v.field, v.value);
}
template <class Archive> void serialize(Archive& archive, LogName& v) {
    archive(v.id, v.incarnation);
}
template <class Archive> void serialize(Archive& archive, Dot& v) {
    archive(v.log, v.sequence, v.field_index, v.leaf);
}
template <class Archive> void serialize(Archive& archive, EventBody& v) {
    archive(v.version, v.kind, v.record, v.verb, v.source, v.edition, v.basis, v.actor, v.quality,
            v.at, v.assertions);
}

} // namespace safar
