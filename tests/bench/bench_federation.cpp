// How fast is a federation as its users meet it? Two real nodes on this machine's cores:
// import of the UK returns, catch-up of an empty node, live latency, reconnect, reads, statistics,
// start.
//
// Run: bench_federation FILE [PROFILE]    FILE: returns.csv.gz, or a smaller one of the same layout
// Prints one "name value unit" a line, and the digest of what was built.
#include "tests/bench/api_connection.hpp"
#include "tests/process/federation.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace safar::bench {
namespace {
using process::Federation;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::string file, profile = "uk-returns";

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}
void print(const char* name, double value, const char* unit) {
    std::printf("%-40s %14.3f %s\n", name, value, unit);
    std::fflush(stdout);
}
double percentile(std::vector<double> values, double p) {
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(p * static_cast<double>(values.size())))];
}

boost::json::value get(ApiConnection& api, const std::string& target) {
    auto answer = api.call("GET", target);
    if (answer.status != 200) throw std::runtime_error(target + ": " + answer.body);
    return boost::json::parse(answer.body);
}

std::uint64_t number(const boost::json::value& value) {
    return value.is_uint64() ? value.as_uint64() : static_cast<std::uint64_t>(value.as_int64());
}

// Records of kind return that this node can count: durable and derived.
std::uint64_t counted(ApiConnection& api) {
    return number(get(api, "/v1/statistics?kind=return").at("count"));
}

void wait_ready(const Federation& net, const std::string& agency) {
    for (auto end = Clock::now() + 60s; Clock::now() < end; std::this_thread::sleep_for(2ms)) {
        try {
            ApiConnection api(net.directory(agency));
            get(api, "/v1/status");
            return;
        } catch (const std::exception&) {
        }
    }
    throw std::runtime_error(agency + " does not answer");
}

void latencies(const char* name, std::vector<double> seconds) {
    for (double& value : seconds) value *= 1000;
    print((std::string(name) + ", p50").c_str(), percentile(seconds, 0.50), "ms");
    print((std::string(name) + ", p99").c_str(), percentile(seconds, 0.99), "ms");
}

TEST(Bench, Federation) {
    // Four compartments, as in every run that figures were quoted from: a hello names each.
    const std::vector<std::string> both{"IOM", "FIA"};
    Federation net(both,
                   {{"movement", {"movement", "incident", "population_flow"}, both, both},
                    {"return", {"return"}, both, both},
                    {"protection", {"person", "victim_case"}, both, both},
                    {"programme", {"programme", "contribution", "disbursement"}, both, both}});
    net.start("IOM");
    auto start = Clock::now();
    auto summary = net.ask("IOM", {"import", profile, file}).at("summary");
    const double import_seconds = since(start);
    const auto records = static_cast<double>(number(summary.at("records")));
    print("records", records, "records");
    print("import", records / import_seconds, "records/s");
    print("import, peak memory", static_cast<double>(process::peak_memory_mib(net.pid("IOM"))),
          "MiB");

    net.stop("IOM");
    net.start("IOM");
    start = Clock::now();
    net.start("FIA");
    {
        ApiConnection api(net.directory("FIA"));
        while (counted(api) < static_cast<std::uint64_t>(records)) std::this_thread::sleep_for(5ms);
    }
    const double catch_up_seconds = since(start);
    print("catch-up, verified, durable, derived", records / catch_up_seconds, "events/s");
    print("catch-up, peak memory", static_cast<double>(process::peak_memory_mib(net.pid("FIA"))),
          "MiB");
    net.wait_equal({"IOM", "FIA"}, "return");

    ApiConnection iom(net.directory("IOM")), fia(net.directory("FIA"));
    auto peer = [](ApiConnection& api) { return get(api, "/v1/peers").at(0); };
    print("catch-up, bytes on the wire",
          static_cast<double>(number(peer(fia).at("bytes_in"))) / records, "B/event");

    std::vector<double> times;
    for (int i = 0; i < 200; ++i) {
        auto made = iom.call(
            "POST", "/v1/records",
            R"({"kind":"return","fields":[["nationality","Pakistan"],["date","2023-03-31"]]})");
        start = Clock::now();
        ASSERT_EQ(made.status, 200) << made.body;
        std::string target =
            "/v1/records/" + std::string(boost::json::parse(made.body).at("id").as_string());
        while (fia.call("GET", target).status != 200) std::this_thread::sleep_for(300us);
        times.push_back(since(start));
        std::this_thread::sleep_for(i % 2 == 0 ? 5ms : 37ms); // in a stream, and alone
    }
    latencies("one new event, commit here to there", times);

    // A sample of record ids, in random order.
    std::vector<std::string> ids;
    const auto listed = get(fia, "/v1/records?kind=return&limit=10000");
    for (const auto& found : listed.at("records").as_array())
        ids.emplace_back(found.at("id").as_string());
    std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
    ids.resize(std::min<std::size_t>(ids.size(), 3000));
    times.clear();
    for (const auto& id : ids) {
        start = Clock::now();
        ASSERT_EQ(fia.call("GET", "/v1/records/" + id).status, 200);
        times.push_back(since(start));
    }
    latencies("record show over the API", times);

    times.clear();
    for (int i = 0; i < 40; ++i) {
        start = Clock::now();
        ASSERT_EQ(
            fia.call("GET", "/v1/statistics?kind=return&by=nationality,return_type,age").status,
            200);
        times.push_back(since(start));
    }
    latencies("statistics by three dimensions", times);

    net.stop("FIA");
    start = Clock::now();
    net.start("FIA");
    wait_ready(net, "FIA");
    print("start after a clean stop, until ready", since(start), "s");
    std::this_thread::sleep_for(1s);
    {
        ApiConnection again(net.directory("FIA"));
        auto now = peer(again);
        EXPECT_EQ(now.at("state").as_string(), "connected");
        print("reconnect when nothing differs, both ways",
              static_cast<double>(number(now.at("bytes_in")) + number(now.at("bytes_out"))), "B");
    }
    net.kill("FIA");
    start = Clock::now();
    net.start("FIA");
    wait_ready(net, "FIA");
    print("start after kill -9, until ready", since(start), "s");
    std::printf("digest %s\n", net.digest("FIA", "return", true).c_str());
}

} // namespace
} // namespace safar::bench

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (argc < 2) {
        std::fprintf(stderr,
                     "bench_federation FILE [PROFILE]: name the file of returns to import\n");
        return 2;
    }
    safar::bench::file = argv[1];
    if (argc > 2) safar::bench::profile = argv[2];
    return RUN_ALL_TESTS();
}
