// Clients that write at nodes without end and keep what was acknowledged to them; also plain
// questions to a node without a process for each.
#pragma once

#include "tests/process/federation.hpp"

#include <atomic>
#include <mutex>

namespace safar::process {

// POST and GET at an agency's socket. Nothing: no answer or an error, whose name goes to `why`.
[[nodiscard]] std::optional<boost::json::value>
call(const Federation& net, const std::string& agency, const std::string& target,
     const std::optional<boost::json::value>& body = std::nullopt, std::string* why = nullptr);
[[nodiscard]] std::string text_of(const Federation& net, const std::string& agency,
                                  const std::string& target);
// One record; its id once it is acknowledged.
[[nodiscard]] std::optional<std::string> write_one(const Federation& net, const std::string& agency,
                                                   std::string* why = nullptr);
[[nodiscard]] bool shows(const Federation& net, const std::string& agency, const std::string& id);

class Load {
public:
    // One client at each agency; `pause` after each answer.
    Load(const Federation& net, std::vector<std::string> agencies, std::chrono::milliseconds pause);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    void stop();

    struct Acknowledged {
        std::string agency, id;
    };
    [[nodiscard]] std::vector<Acknowledged> acknowledged() const;
    // The newest at one agency, at most `count`.
    [[nodiscard]] std::vector<std::string> newest(const std::string& agency,
                                                  std::size_t count) const;
    // What was answered instead, by its name.
    [[nodiscard]] std::map<std::string, std::uint64_t> refusals() const;

private:
    void write(const std::string& agency, std::chrono::milliseconds pause);

    const Federation& net_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::vector<Acknowledged> acknowledged_;
    std::map<std::string, std::uint64_t> refusals_;
    std::vector<std::thread> threads_;
};

// How many of `written` the agency does not show, with the first of them in the test's output.
std::size_t count_lost(const Federation& net, const std::string& agency,
                       const std::vector<Load::Acknowledged>& written);

} // namespace safar::process
