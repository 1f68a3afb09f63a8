#include "node/access/entry.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/record/utf8.hpp"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <fmt/format.h>

namespace safar {
namespace {

namespace json = boost::json;

constexpr std::string_view hash_mark = R"(,"hash":")";
constexpr std::size_t hash_tail = 64 + 2; // digits, "}
constexpr std::string_view entry_purpose = "access-entry", point_purpose = "access-point";

Bytes signed_bytes(const SignedPoint& claim) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(claim.node.raw);
    writer.integer(claim.point.number);
    writer.bytes(claim.point.hash.raw);
    return out;
}

json::array names_of(const std::vector<Sensitivity>& classes) {
    json::array out;
    for (Sensitivity one : classes) out.emplace_back(name(one));
    return out;
}

template <class Id> bool hex_member(const json::object& object, std::string_view key, Id& out) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return false;
    const json::string& text = value->get_string();
    return from_hex({text.data(), text.size()}, out.raw);
}

} // namespace

std::string show_access_time(AccessTime time) {
    using namespace std::chrono;
    const auto whole = floor<milliseconds>(time);
    const auto day = floor<days>(whole);
    const year_month_day date(day);
    const hh_mm_ss clock(whole - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::string_view name(AccessOutcome outcome) {
    constexpr std::array<std::string_view, 4> names{"allowed", "withheld", "refused", "failed"};
    return names[static_cast<std::size_t>(outcome)];
}

std::string encode_entry(const AccessEntry& entry, AccessPoint& point) {
    json::array roles;
    for (std::size_t i = 0; i < user_role_count; ++i)
        if (entry.roles[i]) roles.emplace_back(name(static_cast<UserRole>(i)));
    json::object object{{"n", point.number + 1},
                        {"time", show_access_time(entry.time)},
                        {"user", entry.user},
                        {"roles", std::move(roles)},
                        {"action", entry.action},
                        {"subject", json::value_from(entry.subject)},
                        {"purpose", entry.purpose},
                        {"outcome", name(entry.outcome)},
                        {"classes", names_of(entry.classes)}};
    if (!entry.withheld.empty()) object["withheld"] = names_of(entry.withheld);
    if (!entry.certificate.empty()) object["certificate"] = entry.certificate;
    if (!entry.note.empty()) object["note"] = entry.note;
    std::string line = as_utf8(json::serialize(object));
    line.pop_back(); // the brace: the hash comes before it
    ++point.number;
    point.hash = entry_hash(point.hash, line);
    line += hash_mark;
    line += point.hash.hex();
    return line + "\"}\n";
}

std::optional<LinePlace> place_of(std::string_view line) {
    constexpr std::string_view start = R"({"n":)";
    if (!line.starts_with(start) || line.size() < start.size() + hash_mark.size() + hash_tail ||
        !line.ends_with("\"}"))
        return std::nullopt;
    LinePlace out{};
    out.hashed = line.substr(0, line.size() - hash_tail - hash_mark.size());
    if (line.substr(out.hashed.size(), hash_mark.size()) != hash_mark) return std::nullopt;
    std::string_view digits = line.substr(line.size() - hash_tail, 64);
    if (!from_hex(digits, out.stated.raw) || out.stated.hex() != digits) return std::nullopt;
    auto [end, error] =
        std::from_chars(line.data() + start.size(), line.data() + out.hashed.size(), out.number);
    if (error != std::errc{} || end == line.data() + out.hashed.size() || *end != ',')
        return std::nullopt;
    return out;
}

Hash entry_hash(const Hash& before, std::string_view hashed) {
    return tagged_hash(entry_purpose, {before.raw, as_bytes(hashed)});
}

SignedPoint sign_point(const NodeId& node, const SigningKey& key, const AccessPoint& point) {
    SignedPoint out{node, key.public_key(), point, {}};
    out.signature = key.sign(point_purpose, signed_bytes(out));
    return out;
}

bool holds(const SignedPoint& claim) {
    return verify(claim.key, point_purpose, signed_bytes(claim), claim.signature);
}

std::string encode_signed(const SignedPoint& claim, std::uint32_t segment) {
    return json::serialize(json::object{{"segment", segment},
                                        {"node", claim.node.hex()},
                                        {"key", claim.key.hex()},
                                        {"after", claim.point.number},
                                        {"hash", claim.point.hash.hex()},
                                        {"signature", claim.signature.hex()}}) +
           "\n";
}

std::optional<SignedPoint> decode_signed(std::string_view line, std::uint32_t& segment) {
    json::error_code error;
    json::value value = json::parse({line.data(), line.size()}, error);
    if (error || !value.is_object()) return std::nullopt;
    const json::object& object = value.get_object();
    SignedPoint out;
    const json::value *number = object.if_contains("after"), *file = object.if_contains("segment");
    if (number == nullptr || file == nullptr || !hex_member(object, "node", out.node) ||
        !hex_member(object, "key", out.key) || !hex_member(object, "hash", out.point.hash) ||
        !hex_member(object, "signature", out.signature))
        return std::nullopt;
    json::error_code wrong_number, wrong_file;
    out.point.number = number->to_number<std::uint64_t>(wrong_number);
    segment = file->to_number<std::uint32_t>(wrong_file);
    if (wrong_number || wrong_file) return std::nullopt;
    return out;
}

} // namespace safar
