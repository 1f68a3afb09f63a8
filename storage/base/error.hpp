// Errors are values. Result<T> carries a T or an Error; a broken invariant stops the program
// instead.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>

namespace safar {

// Who is to blame, and so what happens to a session (tests/process/hostile: the catalogue).
enum class Blame { nobody, sender, author, us };

// Closed list: every code is told to a peer or a person at most once, by its name.
enum class ErrorCode {
    // sender: bytes it could have checked
    malformed,         // does not parse, or breaks a stated bound of its format
    limit_exceeded,    // a length or count above limits.hpp; refused before allocation
    non_canonical,     // an unsigned frame that does not re-encode to the same bytes
    bad_signature,     // the signature does not verify under the named key
    bad_key,           // a small-order or non-canonical public key
    wrong_hash,        // leaves, root, chain or claimed id do not match the bytes
    out_of_order,      // a frame that the session's state does not allow
    identity_mismatch, // the peer claims another node than its certificate names
    wrong_network,     // bytes of another federation
    body_missing,      // a body is absent and no erasure names its leaf
    // nobody: time and distance
    unsupported_version, // no common wire or format version
    gap,                 // earlier batches are missing; what came is not held
    duplicate,           // already held
    unknown_author,      // no epoch knows the key or log; may be offered again
    epoch_unknown,       // the batch names a charter epoch not held here yet; waits
    quarantined,         // kept apart: the key is known and may not (yet) say this
    not_found,
    timed_out,
    unreachable,
    // author: what it signed
    fork_detected, // two signed headers at one place of a log
    log_closed,    // the log is forked or cut; nothing follows it
    // us: commands, configuration, storage
    invalid_argument,
    not_permitted,
    conflict,
    storage_full,
    storage_corrupt,
    storage_failed, // unknown whether it was stored: look before writing again
    busy,
    stopping,
};

[[nodiscard]] Blame blame(ErrorCode code);
[[nodiscard]] std::string_view name(ErrorCode code);

struct Error {
    ErrorCode code;
    std::string detail; // for people: what was wrong, where, what to do
};

template <class T = void>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

[[nodiscard]] inline Error failure(ErrorCode code, std::string detail) {
    return Error{code, std::move(detail)};
}
[[nodiscard]] inline auto success() { return boost::outcome_v2::success(); }

// "malformed: batch header ends after 12 of 260 bytes"
[[nodiscard]] std::string describe(const Error& error);

} // namespace safar

#define SAFAR_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)

// Checks a broken invariant of ours in every build; never judges input.
#define SAFAR_ASSERT(condition)                                                                    \
    ::safar::assert_holds(static_cast<bool>(condition), #condition, __FILE__, __LINE__)

namespace safar {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
inline void assert_holds(bool holds, const char* condition, const char* file, int line) {
    if (!holds) [[unlikely]]
        assertion_failed(condition, file, line);
}
} // namespace safar
