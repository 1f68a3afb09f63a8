#include "tests/sim/runner.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace safar::sim {
namespace {

int exit_code(Outcome outcome) {
    switch (outcome) {
    case Outcome::ok: return 0;
    case Outcome::liveness: return exit_liveness;
    case Outcome::correctness: return exit_correctness;
    }
    return exit_crash;
}

std::string how_to_repeat(std::uint64_t seed, const RunnerOptions& options) {
    std::string out = fmt::format("safar-sim --replay {}", seed);
    if (options.run.nodes) out += fmt::format(" --nodes {}", *options.run.nodes);
    if (options.run.hostile) out += fmt::format(" --hostile {}", *options.run.hostile);
    if (options.run.length)
        out +=
            fmt::format(" --hours {}", static_cast<double>(options.run.length->count()) / 3.6e12);
    if (options.run.canary) out += " --canary";
    return out;
}

RunResult play(std::uint64_t seed, const RunnerOptions& options) {
    RunResult result = World(seed, options.run).run();
    if (!options.check_determinism) return result;
    RunResult again = World(seed, options.run).run();
    if (again.trace != result.trace) {
        result.outcome = Outcome::correctness;
        result.problems.push_back("determinism: two runs of one seed differ");
    }
    return result;
}

struct Child {
    pid_t pid = 0;
    int pipe = -1;
    std::string pending;
    std::uint64_t playing = 0;
};

// Lines: "B seed" before a seed is played; "P seed outcome problem"; "S seed trace outcome
// numbers".
void work(const RunnerOptions& options, std::size_t job, int out) {
    const auto write_line = [out](std::string line) {
        line += '\n';
        for (std::size_t at = 0; at < line.size();) {
            const ssize_t wrote = ::write(out, line.data() + at, line.size() - at);
            if (wrote <= 0) ::_exit(1);
            at += static_cast<std::size_t>(wrote);
        }
    };
    for (std::uint64_t seed = options.first + job; seed <= options.last; seed += options.jobs) {
        write_line(fmt::format("B {}", seed));
        RunResult result = play(seed, options);
        for (std::string problem : result.problems) {
            std::ranges::replace(problem, '\n', ' ');
            write_line(fmt::format("P {} {} {}", seed, static_cast<int>(result.outcome), problem));
        }
        write_line(fmt::format("S {} {:016x} {} {}", seed, result.trace,
                               static_cast<int>(result.outcome), result.statistics.pack()));
        if (options.fail_fast && result.outcome != Outcome::ok) return;
    }
}

class Runner {
public:
    explicit Runner(const RunnerOptions& options)
        : options_(options), terminal_(::isatty(2) != 0) {}

    int run() {
        start();
        while (std::ranges::any_of(children_, [](const Child& child) { return child.pipe >= 0; })) {
            std::vector<pollfd> wait;
            for (const Child& child : children_) wait.push_back({child.pipe, POLLIN, 0});
            if (::poll(wait.data(), wait.size(), -1) < 0) continue;
            for (std::size_t i = 0; i < wait.size(); ++i)
                if (wait[i].revents != 0) take(children_[i]);
        }
        return report();
    }

private:
    void start() {
        std::fflush(nullptr);
        for (std::size_t job = 0; job < options_.jobs; ++job) {
            int ends[2];
            if (::pipe(ends) != 0) std::abort();
            const pid_t pid = ::fork();
            if (pid == 0) {
                ::close(ends[0]);
                work(options_, job, ends[1]);
                ::_exit(0);
            }
            ::close(ends[1]);
            children_.push_back({pid, ends[0], {}, 0});
        }
    }
    void take(Child& child) {
        char buffer[65536];
        const ssize_t got = ::read(child.pipe, buffer, sizeof buffer);
        if (got > 0) {
            child.pending.append(buffer, static_cast<std::size_t>(got));
            for (std::size_t end; (end = child.pending.find('\n')) != std::string::npos;) {
                line(child, child.pending.substr(0, end));
                child.pending.erase(0, end + 1);
            }
            return;
        }
        ::close(std::exchange(child.pipe, -1));
        int status = 0;
        ::waitpid(child.pid, &status, 0);
        if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0)
            failed(child.playing, exit_crash,
                   WIFSIGNALED(status) ? fmt::format("crash: {}", ::strsignal(WTERMSIG(status)))
                                       : fmt::format("ended with code {}", WEXITSTATUS(status)));
    }
    void line(Child& child, const std::string& text) {
        std::string_view rest = std::string_view(text).substr(2);
        std::uint64_t seed = 0;
        const char* end = std::from_chars(rest.data(), rest.data() + rest.size(), seed).ptr;
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (!rest.empty()) rest.remove_prefix(1);
        if (text[0] == 'B') child.playing = seed;
        if (text[0] == 'P')
            failed(seed, exit_code(static_cast<Outcome>(rest[0] - '0')),
                   std::string(rest.substr(2)));
        if (text[0] != 'S') return;
        std::uint64_t trace = 0;
        std::from_chars(rest.data(), rest.data() + 16, trace, 16);
        traces_[seed] = trace;
        all_.add(Statistics::parse(rest.substr(19)));
        if (terminal_)
            fmt::print(stderr, "\r{} of {} seeds, {} broken ", all_.seeds,
                       options_.last - options_.first + 1, broken_.size());
    }
    void failed(std::uint64_t seed, int code, const std::string& what) {
        if (terminal_) fmt::print(stderr, "\r");
        fmt::print(stderr, "seed {}: {}\n  repeat: {}\n", seed, what,
                   how_to_repeat(seed, options_));
        worst_ = std::max(worst_, code == exit_crash ? 1000 : code);
        broken_.emplace(seed, what);
    }
    int report() {
        if (terminal_) fmt::print(stderr, "\n");
        Trace over;
        for (const auto& [seed, trace] : traces_) over.add(trace);
        const int code = worst_ == 1000 ? exit_crash : worst_;
        if (options_.json) {
            std::string seeds;
            for (const auto& [seed, what] : broken_)
                seeds += fmt::format("{}{}", seeds.empty() ? "" : ",", seed);
            fmt::print(
                "{{\"first\":{},\"last\":{},\"exit\":{},\"broken\":[{}],\"trace\":\"{:016x}\","
                "\"statistics\":{}}}\n",
                options_.first, options_.last, code, seeds, over.value(), all_.json());
        } else {
            fmt::print("{}trace of all: {:016x}\n{}\n", all_.text(), over.value(),
                       broken_.empty() ? std::string("every promise held")
                                       : fmt::format("{} seeds broke a promise", broken_.size()));
        }
        return code;
    }

    const RunnerOptions& options_;
    const bool terminal_;
    std::vector<Child> children_;
    std::map<std::uint64_t, std::uint64_t> traces_;
    std::map<std::uint64_t, std::string> broken_;
    Statistics all_;
    int worst_ = 0;
};

} // namespace

bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
    const char* end = text.data() + text.size();
    auto one = std::from_chars(text.data(), end, first);
    if (one.ec != std::errc{} || one.ptr == end || *one.ptr != ':') return false;
    auto two = std::from_chars(one.ptr + 1, end, last);
    return two.ec == std::errc{} && two.ptr == end && first <= last;
}

int run_seeds(const RunnerOptions& options) { return Runner(options).run(); }

int replay_seed(std::uint64_t seed, RunnerOptions options) {
    if (!options.json) options.run.say = [](const std::string& line) { fmt::print("{}\n", line); };
    RunResult result = play(seed, options);
    for (const std::string& problem : result.problems)
        fmt::print(stderr, "seed {}: {}\n", seed, problem);
    if (options.json)
        fmt::print("{{\"seed\":{},\"exit\":{},\"trace\":\"{:016x}\",\"statistics\":{}}}\n", seed,
                   exit_code(result.outcome), result.trace, result.statistics.json());
    else
        fmt::print("{}trace: {:016x}\n", result.statistics.text(), result.trace);
    return exit_code(result.outcome);
}

} // namespace safar::sim
