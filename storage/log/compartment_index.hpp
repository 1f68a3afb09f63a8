// Which of the logs held belong to which compartment, and when a head in it last changed: a frontier
// is read without looking at the logs of other compartments, and not at all where nothing happened.
#pragma once

#include "storage/log/authority.hpp"
#include "storage/log/books.hpp"

#include <map>
#include <set>
#include <string>

namespace safar {

class CompartmentIndex {
public:
    void rebuild(const Books& books, const Authority& authority);
    void changed(const LogId& log, const Authority& authority);
    [[nodiscard]] const std::set<LogId>& logs(std::string_view compartment) const;
    // Another number than before whenever the frontier may be another.
    [[nodiscard]] std::uint64_t changes(std::string_view compartment) const;

private:
    struct Compartment {
        std::set<LogId> logs;
        std::uint64_t changes = 0;
    };
    std::map<std::string, Compartment, std::less<>> compartments_;
    std::uint64_t changes_ = 1, rebuilt_ = 1;
};

} // namespace safar
