// Which of the logs held belong to which compartment, and in which order their heads last changed:
// a frontier is read without looking at the logs of other compartments, and what changed since a
// look without looking at the rest.
#pragma once

#include "storage/log/authority.hpp"
#include "storage/log/books.hpp"

#include <map>
#include <string>

namespace safar {

class CompartmentIndex {
public:
    void rebuild(const Books& books, const Authority& authority);
    void changed(const LogName& log, const Authority& authority);

    using Logs = std::map<LogName, std::uint64_t>; // with the number of the last change
    [[nodiscard]] const Logs& logs(std::string_view compartment) const;
    // The logs whose heads changed after the change of that number, by name.
    [[nodiscard]] std::vector<LogName> changed_since(std::string_view compartment,
                                                     std::uint64_t change) const;
    [[nodiscard]] std::uint64_t last_change() const { return changes_; }

private:
    struct Compartment {
        Logs logs;
        std::map<std::uint64_t, LogName> order;
    };
    [[nodiscard]] const Compartment& find(std::string_view name) const;

    std::map<std::string, Compartment, std::less<>> compartments_;
    std::uint64_t changes_ = 0;
};

} // namespace safar
