#include "tests/process/load.hpp"

#include "cli/api_client.hpp"

#include <gtest/gtest.h>

namespace safar::process {
using namespace std::chrono_literals;

std::optional<boost::json::value> call(const Federation& net, const std::string& agency,
                                       const std::string& target,
                                       const std::optional<boost::json::value>& body,
                                       std::string* why) {
    const cli::ApiClient client(net.directory(agency), 20s);
    auto answer = body ? client.post(target, *body) : client.get(target);
    if (answer) return std::move(answer.value().json);
    if (why != nullptr) *why = describe(answer.error());
    return std::nullopt;
}

std::string text_of(const Federation& net, const std::string& agency, const std::string& target) {
    std::string out;
    const cli::ApiClient client(net.directory(agency), 20s);
    static_cast<void>(client.download(target, [&](std::string_view bytes) -> Result<> {
        out += bytes;
        return success();
    }));
    return out;
}

std::optional<std::string> write_one(const Federation& net, const std::string& agency,
                                     std::string* why) {
    static const boost::json::value record = boost::json::parse(
        R"({"kind": "return", "fields": [["nationality", "Pakistan"], ["date", "2023-03-31"]]})");
    auto made = call(net, agency, "/v1/records", record, why);
    if (!made) return std::nullopt;
    return std::string(made->at("id").as_string());
}

bool shows(const Federation& net, const std::string& agency, const std::string& id) {
    return call(net, agency, "/v1/records/" + id).has_value();
}

Load::Load(const Federation& net, std::vector<std::string> agencies,
           std::chrono::milliseconds pause)
    : net_(net) {
    for (auto& agency : agencies)
        threads_.emplace_back([this, agency = std::move(agency), pause] { write(agency, pause); });
}
Load::~Load() { stop(); }

void Load::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Load::write(const std::string& agency, std::chrono::milliseconds pause) {
    while (!stopping_) {
        std::string why;
        if (auto id = write_one(net_, agency, &why)) {
            std::lock_guard lock(mutex_);
            acknowledged_.push_back({agency, *id});
        } else {
            {
                std::lock_guard lock(mutex_);
                ++refusals_[why.substr(0, why.find(':'))];
            }
            std::this_thread::sleep_for(5ms);
        }
        std::this_thread::sleep_for(pause);
    }
}

std::vector<Load::Acknowledged> Load::acknowledged() const {
    std::lock_guard lock(mutex_);
    return acknowledged_;
}
std::vector<std::string> Load::newest(const std::string& agency, std::size_t count) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (auto at = acknowledged_.rbegin(); at != acknowledged_.rend() && out.size() < count; ++at)
        if (at->agency == agency) out.push_back(at->id);
    return out;
}
std::map<std::string, std::uint64_t> Load::refusals() const {
    std::lock_guard lock(mutex_);
    return refusals_;
}

std::size_t count_lost(const Federation& net, const std::string& agency,
                       const std::vector<Load::Acknowledged>& written) {
    std::size_t lost = 0;
    for (const auto& each : written)
        if (!shows(net, agency, each.id) && ++lost == 1)
            ADD_FAILURE() << agency << " does not show " << each.id << ", acknowledged at "
                          << each.agency;
    return lost;
}

} // namespace safar::process
