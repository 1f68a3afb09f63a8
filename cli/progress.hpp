// How far an upload is: a bar on a terminal, nothing elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace safar::cli {

class Progress {
public:
    Progress(std::ostream& err, bool terminal, std::string label, std::uint64_t bytes);
    ~Progress(); // wipes the line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    // Draws at most ten times a second, and not in the first one.
    void at(std::uint64_t bytes);

private:
    std::ostream& err_;
    bool terminal_;
    bool drawn_ = false;
    std::string label_;
    std::uint64_t bytes_;
    std::chrono::steady_clock::time_point start_, last_;
};

// "trafficking.csv [#####     ]  50 %  12.0 MB/s  3 s left"
[[nodiscard]] std::string progress_line(const std::string& label, std::uint64_t done,
                                        std::uint64_t all, double seconds);

} // namespace safar::cli
