// How fast does derived state follow the journal, beside opening the same batches and decoding
// their bodies alone? How long do a start after a clean stop, a digest, a rebuild and a point read
// take?
//   bench_derive [--smoke | EVENTS]
#include "storage/log/rocks_log.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace safar;
using namespace safar::derive_test;

namespace {

// Processor time of this thread: wall time on a shared machine measures the neighbours.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Resident memory now and at its highest, MB.
std::pair<double, double> memory() {
    std::ifstream status("/proc/self/status");
    double now_mb = 0, peak_mb = 0;
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) now_mb = std::stod(line.substr(6)) / 1024;
        if (line.starts_with("VmHWM:")) peak_mb = std::stod(line.substr(6)) / 1024;
    }
    return {now_mb, peak_mb};
}

void print(const char* name, double seconds, std::size_t events) {
    std::printf("%-34s %8.3f s %8.3f us/event %9.0f events/s   rss %4.0f MB peak %4.0f MB\n", name,
                seconds, 1e6 * seconds / static_cast<double>(events),
                static_cast<double>(events) / seconds, memory().first, memory().second);
}

void print_latency(const char* name, std::vector<double> seconds) {
    std::ranges::sort(seconds);
    std::printf("%-34s p50 %.1f us  p99 %.1f us\n", name, 1e6 * seconds[seconds.size() / 2],
                1e6 * seconds[seconds.size() * 99 / 100]);
}

std::unique_ptr<Log> open_log(const std::string& directory, const Author& author,
                              Network& network) {
    std::vector<std::string> notes;
    RocksOptions options;
    options.directory = directory + "/store";
    options.witness_path = directory + "/witness";
    return open_rocks_log(options, author, network.authority, notes).value();
}

} // namespace

int main(int argc, char** argv) {
    std::size_t events = 1'000'000;
    if (argc > 1) events = std::strcmp(argv[1], "--smoke") == 0 ? 20'000 : std::stoul(argv[1]);
    const std::size_t batches = events / 256;
    events = batches * 256;
    const std::string directory = "/tmp/bench_derive." + std::to_string(getpid());
    std::filesystem::create_directories(directory);

    Network network;
    AgencyLog& source = network.add("IOM", "return");
    auto schema = make_schema();
    SigningKey key = SigningKey::from_seed(Bytes(SigningKey::seed_bytes, std::byte{0xee})).value();
    SeededEntropy entropy(5);
    Author author{filled<NodeId>(0xee), &key, &entropy};
    auto log = open_log(directory, author, network);
    for (std::size_t b = 0; b < batches; ++b) {
        std::vector<EventDraft> drafts;
        for (std::size_t i = 0; i < 256; ++i)
            drafts.push_back(made_up(static_cast<std::uint32_t>(b * 256 + i)));
        static_cast<void>(source.write(drafts));
        if (source.batches.size() < 256 && b + 1 < batches) continue;
        Network::ingest(*log, source.batches);
        source.batches.clear();
        source.leaves.clear();
    }
    std::printf("%zu events in %zu batches, ten fields each; rss %.0f MB\n", events, batches,
                memory().first);

    double start = now();
    std::size_t bytes = 0;
    BodyView body;
    for (Position at = 0; at < log->last_position();) {
        auto journal = log->read_journal(at, 64).value();
        for (const auto& entry : journal) {
            auto open = open_batch(entry.batch->bytes, LeafCheck::skip).value();
            for (const EventView& event : open.events)
                bytes += read_body(event.clear, body) ? event.clear.size() : 0;
            at = entry.position;
        }
    }
    double floor = now() - start;
    print("limit: read, unpack, decode", floor, events);

    auto derived = Derived::open(*log, schema).value();
    start = now();
    follow_all(*derived);
    double followed = now() - start;
    print("follow", followed, events);
    std::printf("%-34s %.2f of the limit\n", "", floor / followed);
    start = now();
    if (!derived->checkpoint()) return 1;
    print("checkpoint", now() - start, events);

    StatisticsQuery query{"return", {"country", "return_type", "year"}, {}, "", {}, {}};
    auto table = derived->count(query).value();
    std::printf("counted %llu in %zu groups\n", static_cast<unsigned long long>(table.count),
                table.rows.size());

    start = now();
    Hash digest = derived->state_digest("return", {}).value();
    print("state digest", now() - start, events);
    std::printf("digest %s\n", digest.hex().c_str());

    std::vector<double> reads;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        start = now();
        if (!derived->record(record((i * 7919u) % static_cast<std::uint32_t>(events)))) return 1;
        reads.push_back(now() - start);
    }
    print_latency("read of one record (fold)", reads);

    derived.reset();
    log.reset();
    start = now();
    log = open_log(directory, author, network);
    double opened = now() - start;
    start = now();
    derived = Derived::open(*log, schema).value();
    print("start after a clean stop", now() - start, events);
    std::printf("(the log itself: %.3f s)\n", opened);

    // A second edition: one field of every fifth record changes.
    std::vector<EventDraft> drafts;
    std::size_t changes = 0;
    for (std::uint32_t n = 0; n < events; n += 5) {
        drafts.push_back(say(record(n), {{9, Code{"LKA"}}}));
        if (drafts.size() < 256) continue;
        static_cast<void>(source.write(drafts));
        drafts.clear();
        changes += 256;
    }
    Network::ingest(*log, source.batches);
    start = now();
    follow_all(*derived);
    print("follow changes of known records", now() - start, std::max<std::size_t>(1, changes));
    std::printf("conflicts %llu\n", static_cast<unsigned long long>(derived->conflict_count()));
    start = now();
    Hash changed = derived->state_digest("return", {}).value();
    print("state digest, a fifth joined", now() - start, events + changes);

    start = now();
    if (!derived->rebuild({})) return 1;
    print("rebuild", now() - start, events + changes);
    bool same = derived->state_digest("return", {}).value() == changed;
    std::printf("%s after the rebuild\n", same ? "same digest" : "ANOTHER DIGEST");
    derived.reset();
    log.reset();
    std::filesystem::remove_all(directory);
    return same ? 0 : 1;
}
