// What does the network cost between two nodes? Everything is real but the disk: TLS 1.3 on
// loopback, sessions, signatures and leaves checked; logs in memory.
//
//     bench_net [--events N] [--smoke]
//
// ingest    the same batches given to a log directly, without network: the limit
// catch-up  a node that has nothing fetches them from its peer, both on this machine
// push      one event appended at one node, until the other's log shows it
#include "tests/unit/node/net/net_fixture.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

using namespace safar;
using namespace safar::testing;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<EncodedBatch> all_batches(const Log& log) {
    std::vector<EncodedBatch> out;
    for (const FrontierEntry& entry : log.frontier("movement"))
        for (std::uint64_t next = 1; next <= entry.head.number;) {
            auto range = value_of(log.read_range(entry.log, next, 4u << 20));
            for (const auto& batch : range) out.push_back(*batch);
            next += range.size();
        }
    return out;
}

void report(const char* what, std::size_t events, double seconds, double cpu) {
    std::printf("%-9s %9.0f events/s   %5.2f us CPU an event\n", what,
                static_cast<double>(events) / seconds, 1e6 * cpu / static_cast<double>(events));
}

} // namespace

int main(int argc, char** argv) {
    std::size_t events = 400'000;
    int pushes = 2'000;
    for (int i = 1; i < argc; ++i) {
        std::string_view option = argv[i];
        if (option == "--events" && i + 1 < argc) events = std::strtoull(argv[++i], nullptr, 10);
        if (option == "--smoke") events = 5'000, pushes = 50;
    }
    spdlog::set_level(spdlog::level::off);
    LocalNetwork network;
    RunningNode iom(network.iom, network.charter, network.address(0));
    iom.append("movement", events);

    std::vector<EncodedBatch> batches = all_batches(iom.host().log());
    std::size_t bytes = 0;
    for (const EncodedBatch& batch : batches) bytes += batch.bytes.size();
    Identity other = network.fia.identity();
    SeededEntropy entropy(3);
    auto log = make_memory_log(Author{other.id, &other.signing, &entropy},
                               make_authority(network.charter));
    double cpu = cpu_seconds();
    auto start = Clock::now();
    for (std::size_t at = 0; at < batches.size(); at += 32)
        (void)log->ingest(
            std::span(batches).subspan(at, std::min<std::size_t>(32, batches.size() - at)));
    double ingest = since(start);
    report("ingest", events, ingest, cpu_seconds() - cpu);
    batches.clear();

    cpu = cpu_seconds();
    RunningNode mofa(network.mofa, network.charter, network.address(1));
    if (!eventually([&] { return mofa.connected(network.iom); })) return 1;
    start = Clock::now();
    if (!eventually([&] { return iom.host().digest("movement") == mofa.host().digest("movement"); },
                    milliseconds(120'000)))
        return 1;
    double caught = since(start);
    report("catch-up", events, caught, cpu_seconds() - cpu);
    std::printf("          %.2f of ingest, %.0f MB/s of packed batches\n", ingest / caught,
                static_cast<double>(bytes) / caught / 1e6);

    std::vector<double> waits;
    for (int i = 0; i < pushes; ++i) {
        iom.host().append("movement", 1);
        Position before = mofa.host().log().last_position();
        Hash wanted = iom.host().digest("movement");
        start = Clock::now();
        iom.net().on_local_change();
        while (mofa.host().log().last_position() == before) std::this_thread::yield();
        waits.push_back(since(start));
        if (mofa.host().digest("movement") != wanted) return 1;
    }
    std::sort(waits.begin(), waits.end());
    std::printf("push      p50 %.3f ms, p99 %.3f ms\n", 1e3 * waits[waits.size() / 2],
                1e3 * waits[waits.size() * 99 / 100]);
    return 0;
}
