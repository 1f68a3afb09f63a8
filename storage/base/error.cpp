#include "storage/base/error.hpp"

#include "storage/base/planted.hpp"

#include <cstdio>
#include <cstdlib>

namespace safar {

Blame blame(ErrorCode code) {
    switch (code) {
    case ErrorCode::malformed:
    case ErrorCode::limit_exceeded:
    case ErrorCode::non_canonical:
    case ErrorCode::bad_signature:
    case ErrorCode::bad_key:
    case ErrorCode::wrong_hash:
    case ErrorCode::out_of_order:
    case ErrorCode::identity_mismatch:
    case ErrorCode::wrong_network:
    case ErrorCode::body_missing: return Blame::sender;
    case ErrorCode::fork_detected:
        if (planted(Plant::ban_the_relay)) return Blame::sender;
        [[fallthrough]];
    case ErrorCode::log_closed: return Blame::author;
    case ErrorCode::gap:
    case ErrorCode::duplicate:
    case ErrorCode::unknown_author:
    case ErrorCode::epoch_unknown:
    case ErrorCode::quarantined:
    case ErrorCode::not_found:
    case ErrorCode::timed_out:
    case ErrorCode::unreachable:
    case ErrorCode::unsupported_version: // somebody has yet to install a release: not for an hour
        return Blame::nobody;
    default: return Blame::us;
    }
}

std::string_view name(ErrorCode code) {
    switch (code) {
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    case ErrorCode::non_canonical: return "non_canonical";
    case ErrorCode::bad_signature: return "bad_signature";
    case ErrorCode::bad_key: return "bad_key";
    case ErrorCode::wrong_hash: return "wrong_hash";
    case ErrorCode::out_of_order: return "out_of_order";
    case ErrorCode::identity_mismatch: return "identity_mismatch";
    case ErrorCode::wrong_network: return "wrong_network";
    case ErrorCode::unsupported_version: return "unsupported_version";
    case ErrorCode::body_missing: return "body_missing";
    case ErrorCode::gap: return "gap";
    case ErrorCode::duplicate: return "duplicate";
    case ErrorCode::unknown_author: return "unknown_author";
    case ErrorCode::epoch_unknown: return "epoch_unknown";
    case ErrorCode::quarantined: return "quarantined";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::unreachable: return "unreachable";
    case ErrorCode::fork_detected: return "fork_detected";
    case ErrorCode::log_closed: return "log_closed";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_permitted: return "not_permitted";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::storage_full: return "storage_full";
    case ErrorCode::storage_corrupt: return "storage_corrupt";
    case ErrorCode::storage_failed: return "storage_failed";
    case ErrorCode::busy: return "busy";
    case ErrorCode::stopping: return "stopping";
    }
    return "unknown";
}

std::string describe(const Error& error) {
    return std::string(name(error.code)) + ": " + error.detail;
}

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "safar: broken invariant: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

} // namespace safar
