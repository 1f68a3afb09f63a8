// Nodes that write, read, lose peers and make backups for a long time use no more memory and no
// more descriptors than at the beginning. What the store fills up to a bound (its write buffers, a
// cache) is taken off: half an hour of writing does not reach the bound, and growth up to it is no
// leak. SAFAR_SOAK_SECONDS=1800 for the long run.
#include "tests/process/load.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using namespace std::chrono_literals;

double resident_mib(pid_t pid) {
    std::istringstream in(slurp("/proc/" + std::to_string(pid) + "/statm"));
    double size = 0, resident = 0;
    in >> size >> resident;
    return resident * 4096 / (1 << 20);
}
double bounded_mib(const Federation& net, const std::string& agency) {
    const std::string metrics = text_of(net, agency, "/metrics"),
                      name = "\nsafar_store_memory_bytes ";
    const std::size_t at = metrics.find(name);
    EXPECT_NE(at, std::string::npos) << metrics;
    return at == std::string::npos ? 0 : std::stod(metrics.substr(at + name.size())) / (1 << 20);
}
std::size_t descriptors(pid_t pid) {
    std::size_t out = 0;
    for ([[maybe_unused]] const auto& each :
         fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
        ++out;
    return out;
}

struct Sample {
    double minutes;
    double mib; // resident, without what the store fills up to a bound
    std::size_t descriptors;
};
#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// MiB a minute, by least squares.
double slope(const std::vector<Sample>& of) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const Sample& each : of) {
        n += 1;
        x += each.minutes;
        y += each.mib;
        xx += each.minutes * each.minutes;
        xy += each.minutes * each.mib;
    }
    return (n * xy - x * y) / (n * xx - x * x);
}

TEST(Soak, MemoryAndDescriptorsStayWhereTheyWere) {
    if (sanitized) GTEST_SKIP() << "what a sanitizer keeps of freed memory is no leak";
    const std::chrono::seconds length(size_of_hunt("SAFAR_SOAK_SECONDS", 60));
    Federation net({"IOM", "FIA", "MOFA"});
    net.start_all();
    // Reads and changes of the same records, so that what is held hardly grows.
    std::vector<std::string> ids;
    for (int i = 0; i < 50; ++i) ids.push_back(write_one(net, "IOM").value_or(""));
    net.wait_equal({"IOM", "FIA", "MOFA"}, "return");
    std::map<std::string, std::vector<Sample>> samples;
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t calls = 0;
    for (unsigned round = 0; std::chrono::steady_clock::now() < begun + length; ++round) {
        for (const char* agency : {"IOM", "FIA", "MOFA"})
            for (int i = 0; i < 20; ++i) {
                const std::string& id = ids[(round * 20 + static_cast<unsigned>(i)) % ids.size()];
                EXPECT_TRUE(shows(net, agency, id));
                static_cast<void>(call(net, agency, "/v1/records?kind=return&limit=20"));
                calls += 2;
            }
        EXPECT_TRUE(write_one(net, "IOM"));
        if (round % 20 == 10) {
            // A peer that comes and goes, and a backup.
            net.kill("MOFA");
            net.start("MOFA");
            fs::remove(net.path("soak.tar"));
            EXPECT_EQ(net.safar("IOM", {"backup", net.path("soak.tar")}).exit_code, 0);
        }
        const double minutes =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count() / 60;
        if (std::chrono::steady_clock::now() > begun + length / 3) // warm by then
            for (const char* agency : {"IOM", "FIA"}) {
                const pid_t pid = net.pid(agency);
                samples[agency].push_back(
                    {minutes, resident_mib(pid) - bounded_mib(net, agency), descriptors(pid)});
            }
        std::this_thread::sleep_for(100ms);
    }
    for (const auto& [agency, all] : samples) {
        ASSERT_GT(all.size(), 4u);
        const double growth = slope(all), first = all.front().mib, last = all.back().mib;
        std::size_t least = all[0].descriptors, most = 0;
        for (const Sample& each : all) {
            least = std::min(least, each.descriptors);
            most = std::max(most, each.descriptors);
        }
        std::cout << agency << ": " << calls << " calls, " << first << " MiB, then " << last
                  << " MiB, " << growth << " MiB a minute; " << least << " to " << most
                  << " descriptors\n";
        // A short run's slope is noise; a leak of one call in a hundred shows in the long one.
        EXPECT_LT(growth, length > 10min ? 0.25 : 30.0) << agency;
        EXPECT_LT(last, first + 24) << agency;
        EXPECT_LT(most, least + 24) << agency;
    }
}

} // namespace
} // namespace safar::process
