// What is in a bundle, counted as it passes: for `safar bundle inspect` and `make`.
#pragma once

#include "sync/bundle/bundle_reader.hpp"

namespace safar {

struct BundleContents {
    struct LogPart {
        std::uint64_t stated = 0; // batches that the maker holds
        bool forked = false;
        std::uint64_t first = 0, last = 0; // batch numbers in the bundle; 0: none
        std::uint64_t batches = 0, events = 0, bytes = 0;
    };
    struct Compartment {
        std::string name;
        std::map<LogName, LogPart> logs;
        [[nodiscard]] LogPart sum() const;
    };

    std::optional<wire::Hello> hello;
    std::vector<std::uint64_t> epochs; // ascending
    std::uint64_t notices = 0;
    std::vector<Compartment> compartments;
    std::string given_up; // the maker's reason, where it could not go on

    void add(const BundlePart& part);
};

} // namespace safar
