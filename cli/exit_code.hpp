// How a command ends. The numbers are part of the contract with scripts (docs/man/safar.1) and
// follow sysexits.h where it has a word for the case.
#pragma once

#include "storage/base/error.hpp"

#include <optional>

namespace safar::cli {

enum class Exit : int {
    ok = 0,
    no = 1,             // the answer is "no": not found, problems found, in conflict
    usage = 2,          // the command line itself
    rejects = 3,        // an import or a bundle went through, but a part was rejected or is missing
    bad_data = 65,      // input that cannot be what it should be
    unreachable = 69,   // the node does not answer
    storage = 74,       // the node or this command could not read or write its files
    not_permitted = 77, // the charter or a signature says no
    bad_config = 78,    // configuration, installation or version
};

// What stopped a command: printed as "safar: <what>: <detail>".
struct Problem {
    Exit exit = Exit::no;
    std::string what;
    std::string detail;

    Problem(Exit how, std::string name, std::string text)
        : exit(how), what(std::move(name)), detail(std::move(text)) {}
    Problem(const Error& error); // NOLINT: errors of the layers below become problems as they pass
};

template <class T>
using Outcome = boost::outcome_v2::basic_result<T, Problem, boost::outcome_v2::policy::terminate>;

[[nodiscard]] Exit exit_for(ErrorCode code);
// The code of a name that the API sent; nullopt: a newer node's code.
[[nodiscard]] std::optional<ErrorCode> error_code_named(std::string_view text);
[[nodiscard]] Problem usage(std::string detail);

} // namespace safar::cli
