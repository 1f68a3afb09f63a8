#include "cli/progress.hpp"

#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace safar::cli {

using namespace std::chrono;

std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t all,
                          double seconds) {
    constexpr std::size_t cells = 24;
    const double part =
        all == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const auto full = static_cast<std::size_t>(part * cells);
    std::string line =
        fmt::format("{} [{}{}] {:3.0f} %  {:.1f} MB/s", shorten(visible(label), 30),
                    std::string(full, '#'), std::string(cells - full, ' '), part * 100, rate / 1e6);
    const double left = rate > 0 ? static_cast<double>(all - std::min(done, all)) / rate : 0;
    if (done >= all)
        line += "  the node is finishing";
    else if (left >= 1)
        line += left < 90 ? fmt::format("  {:.0f} s left", left)
                          : fmt::format("  {:.0f} min left", left / 60);
    return line;
}

Progress::Progress(std::ostream& err, bool terminal, std::string label, std::uint64_t bytes)
    : err_(err), terminal_(terminal), label_(std::move(label)), bytes_(bytes),
      start_(steady_clock::now()), last_(start_) {}

Progress::~Progress() {
    if (drawn_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::at(std::uint64_t bytes) {
    const auto now = steady_clock::now();
    if (!terminal_ || now - start_ < seconds(1)) return;
    if (now - last_ < milliseconds(100) && bytes < bytes_) return;
    last_ = now;
    drawn_ = true;
    err_ << '\r' << progress_line(label_, bytes, bytes_, duration<double>(now - start_).count())
         << "\x1b[K" << std::flush;
}

} // namespace safar::cli
