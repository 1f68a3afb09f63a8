#include "cli/exit_code.hpp"

namespace safar::cli {

namespace {

std::string words(std::string_view code) {
    std::string out(code);
    for (char& c : out)
        if (c == '_') c = ' ';
    return out;
}

} // namespace

Problem::Problem(const Error& error)
    : exit(exit_for(error.code)), what(words(name(error.code))), detail(error.detail) {}

Exit exit_for(ErrorCode code) {
    switch (code) {
    case ErrorCode::malformed:
    case ErrorCode::limit_exceeded:
    case ErrorCode::non_canonical:
    case ErrorCode::bad_key:
    case ErrorCode::wrong_hash:
    case ErrorCode::out_of_order:
    case ErrorCode::body_missing:
    case ErrorCode::invalid_argument:
    case ErrorCode::wrong_network: return Exit::bad_data;
    case ErrorCode::unreachable:
    case ErrorCode::timed_out:
    case ErrorCode::busy:
    case ErrorCode::stopping: return Exit::unreachable;
    case ErrorCode::storage_full:
    case ErrorCode::storage_corrupt:
    case ErrorCode::storage_failed:
    case ErrorCode::fork_detected:
    case ErrorCode::log_closed: return Exit::storage;
    case ErrorCode::bad_signature:
    case ErrorCode::unknown_author:
    case ErrorCode::quarantined:
    case ErrorCode::identity_mismatch:
    case ErrorCode::not_permitted: return Exit::not_permitted;
    case ErrorCode::unsupported_version: return Exit::bad_config;
    case ErrorCode::not_found:
    case ErrorCode::duplicate:
    case ErrorCode::gap: // what comes before it is wanted first: no node need be waited for
    case ErrorCode::epoch_unknown:
    case ErrorCode::conflict: return Exit::no;
    }
    return Exit::no;
}

std::optional<ErrorCode> error_code_named(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::stopping); ++i)
        if (auto code = static_cast<ErrorCode>(i); name(code) == text) return code;
    return std::nullopt;
}

Problem usage(std::string detail) { return {Exit::usage, "usage", std::move(detail)}; }

} // namespace safar::cli
