// How close does the log come to a bare RocksDB that writes the same values, with the same options
// and as many syncs? Signed, hashed, packed and witnessed on one side, ready-made bytes on the
// other. And how fast does it take in what peers send, and open again after kill -9?
//
//     bench_append [--events N] [--sweep] [--smoke] [--directory DIR]
//
// append    one thread: append() of a group, then the next
// pipelined two threads: prepare() of the next group while append_prepared() syncs this one
// ingest    groups of 32 batches, every signature and leaf checked
// Group 1 syncs every 256 events, group 16 every 4,096. Ratios are against `bare` of the same
// group.
#include "storage/log/rocks_options.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <random>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace safar;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of all threads of this process: unlike elapsed time it hardly depends on who else uses the
// machine.
double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

const char* const compartment = "return";

class OneNode final : public Authority {
public:
    explicit OneNode(const SigningKey& key)
        : id_(key.id()), public_(key.public_key()), node_{key.id().raw} {
        network_.raw.fill(std::byte{1});
        charter_.raw.fill(std::byte{2});
        owner_ = {node_, "AAA", compartment};
        log_ = log_id(network_, node_, compartment);
    }
    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return 1; }
    const Hash& charter() const override { return charter_; }
    const LogOwner* owner(const LogId& log) const override {
        return log == log_ ? &owner_ : nullptr;
    }
    const PublicKey* key(const KeyId& key) const override {
        return key == id_ ? &public_ : nullptr;
    }
    Standing standing(const BatchHeader& header) const override {
        return header.log.id == log_ ? Standing::counts : Standing::unknown;
    }
    int rank(std::string_view) const override { return 0; }
    bool may_hold(const NodeId&, std::string_view) const override { return true; }
    std::vector<NodeId> keepers(std::string_view, std::uint64_t) const override { return {}; }
    NodeId node() const { return node_; }

private:
    KeyId id_;
    PublicKey public_;
    NodeId node_;
    NetworkId network_;
    Hash charter_;
    LogOwner owner_;
    LogId log_;
};

// About 350 bytes an event once encoded, as packable as register rows are.
EventDraft draft(std::mt19937_64& random, std::uint64_t n) {
    static const char* const districts[] = {"Gujrat",     "Mandi Bahauddin", "Sialkot",
                                            "Gujranwala", "Peshawar",        "Quetta"};
    static const char* const countries[] = {"GRC", "ITA", "TUR", "DEU", "ARE", "OMN", "SAU", "GBR"};
    EventDraft out;
    out.body.kind = 3;
    for (auto& byte : out.body.record.raw) byte = static_cast<std::byte>(random());
    out.body.verb = "recorded";
    out.body.source = "returns-register";
    out.body.edition = "2020-01-08";
    out.body.actor = "import";
    out.body.quality = 3;
    out.body.at = {1'577'836'800'000'000 + static_cast<std::int64_t>(n) * 1'000'000};
    out.body.assertions = {
        {1, Text{"case " + std::to_string(random() % 100'000'000)}},
        {2, Code{countries[random() % 8]}},
        {3, Text{districts[random() % 6]}},
        {4, Date{static_cast<std::int32_t>(17000 + random() % 2000), Date::Precision::day}},
        {5, Integer{static_cast<std::int64_t>(random() % 60)}},
        {6, Code{random() % 9 == 0 ? "F" : "M"}},
        {7, Money{static_cast<std::int64_t>(random() % 500'000), "PKR"}},
        {8, Flag{random() % 2 == 0}},
        {9, Text{"arrived by air with " + std::to_string(random() % 40) +
                 " others, assisted by the reception desk"}},
        {10, Code{"VOL"}},
        {11, Text{"escort " + std::to_string(random() % 1'000'000'000)}},
        {12, Integer{static_cast<std::int64_t>(random() % 1'000'000)}}};
    return out;
}

// The same group of drafts serves every group: building drafts is not what is measured.
std::vector<AppendRequest> make_group(std::size_t batches) {
    std::mt19937_64 random(20200108);
    std::vector<AppendRequest> out(batches);
    std::uint64_t n = 0;
    for (auto& request : out) {
        request.compartment = compartment;
        for (std::size_t i = 0; i < limits::batch_events_max; ++i)
            request.drafts.push_back(draft(random, n++));
    }
    return out;
}

struct Bench {
    std::string root;
    const SigningKey& key;
    std::shared_ptr<const OneNode> charter;

    RocksOptions options(const std::string& name) const {
        RocksOptions out;
        out.directory = root + "/" + name + "/store";
        out.witness_path = root + "/" + name + "/witness";
        return out;
    }
    std::unique_ptr<Log> open(const std::string& name) const {
        std::vector<std::string> notes;
        auto log = open_rocks_log(options(name), {charter->node(), &key, &system_entropy()},
                                  charter, notes);
        if (!log) die(describe(log.error()));
        return std::move(log).value();
    }
    [[noreturn]] static void die(const std::string& why) {
        std::fprintf(stderr, "bench_append: %s\n", why.c_str());
        std::exit(1);
    }
};

void check(const std::vector<Result<Appended>>& answers) {
    for (const auto& answer : answers)
        if (!answer) Bench::die(describe(answer.error()));
}

struct Measure {
    double seconds = 0, cpu = 0;
    std::vector<double> groups; // seconds each
    double at(double share) {
        std::sort(groups.begin(), groups.end());
        return groups.empty() ? 0
                              : groups[static_cast<std::size_t>(
                                    share * static_cast<double>(groups.size() - 1))];
    }
};

void print(const char* what, std::size_t events, std::size_t group, Measure m, double bare) {
    std::printf(
        "  %-10s group %2zu  %9.0f events/s  p50 %6.2f ms  p99 %6.2f ms  cpu %5.2f us an event",
        what, group, static_cast<double>(events) / m.seconds, m.at(0.5) * 1e3, m.at(0.99) * 1e3,
        m.cpu * 1e6 / static_cast<double>(events));
    if (bare > 0) std::printf("  %3.0f %% of bare", 100 * bare / m.seconds);
    std::printf("\n");
}

Measure run_append(Log& log, const std::vector<AppendRequest>& group, std::size_t groups) {
    Measure out;
    const double cpu = cpu_seconds();
    auto start = Clock::now();
    for (std::size_t i = 0; i < groups; ++i) {
        auto one = Clock::now();
        check(log.append(group));
        out.groups.push_back(since(one));
    }
    out.seconds = since(start);
    out.cpu = cpu_seconds() - cpu;
    return out;
}

Measure run_pipelined(Log& log, const std::vector<AppendRequest>& group, std::size_t groups) {
    constexpr std::size_t ahead_max = 3;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<PreparedAppend> ready;
    Measure out;
    const double cpu = cpu_seconds();
    auto start = Clock::now();
    std::thread preparing([&] {
        for (std::size_t i = 0; i < groups; ++i) {
            PreparedAppend prepared = log.prepare(group);
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return ready.size() < ahead_max; });
            ready.push_back(std::move(prepared));
            changed.notify_all();
        }
    });
    for (std::size_t i = 0; i < groups; ++i) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !ready.empty(); });
        PreparedAppend prepared = std::move(ready.front());
        ready.pop_front();
        changed.notify_all();
        lock.unlock();
        auto one = Clock::now();
        check(log.append_prepared({&prepared, 1}));
        out.groups.push_back(since(one));
    }
    preparing.join();
    out.seconds = since(start);
    out.cpu = cpu_seconds() - cpu;
    return out;
}

// The same values into the same database, and nothing else: no journal, heads or witness.
Measure run_bare(const RocksOptions& options,
                 const std::vector<std::shared_ptr<const EncodedBatch>>& values,
                 std::size_t group) {
    std::filesystem::create_directories(options.directory);
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    auto status = rocksdb::DB::Open(rocks_db_options(options), options.directory,
                                    rocks_families(options), &handles, &db);
    if (!status.ok()) Bench::die(status.ToString());
    rocksdb::WriteOptions durable;
    durable.sync = true;
    Measure out;
    const double cpu = cpu_seconds();
    auto start = Clock::now();
    for (std::size_t i = 0; i < values.size(); i += group) {
        auto one = Clock::now();
        rocksdb::WriteBatch batch;
        for (std::size_t k = i; k < std::min(i + group, values.size()); ++k) {
            std::uint64_t key = __builtin_bswap64(k + 1);
            batch.Put(handles[1], rocksdb::Slice(reinterpret_cast<const char*>(&key), sizeof key),
                      slice(values[k]->bytes));
        }
        if (status = db->Write(durable, &batch); !status.ok()) Bench::die(status.ToString());
        out.groups.push_back(since(one));
    }
    out.seconds = since(start);
    out.cpu = cpu_seconds() - cpu;
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
    return out;
}

std::vector<std::shared_ptr<const EncodedBatch>> read_all(Log& log) {
    return log.read_range(*log.name_of(1), 1, SIZE_MAX).value();
}

void run_ingest(const Bench& bench, const std::vector<std::shared_ptr<const EncodedBatch>>& values,
                std::size_t events) {
    constexpr std::size_t group = 32;
    auto log = bench.open("ingest");
    Measure out;
    std::vector<std::vector<EncodedBatch>> groups;
    for (std::size_t i = 0; i < values.size(); i += group) {
        groups.emplace_back();
        for (std::size_t k = i; k < std::min(i + group, values.size()); ++k)
            groups.back().push_back(*values[k]);
    }
    const double cpu = cpu_seconds();
    auto start = Clock::now();
    for (const auto& one_group : groups) {
        auto one = Clock::now();
        for (auto& outcome : log->ingest(one_group))
            if (!outcome.result) Bench::die(describe(outcome.result.error()));
        out.groups.push_back(since(one));
    }
    out.seconds = since(start);
    out.cpu = cpu_seconds() - cpu;
    print("ingest", events, group, out, 0);
    std::printf("  frontier   %s\n", frontier_digest(log->frontier(compartment)).hex().c_str());
}

// A child appends everything and dies; how long until the store is open again? The child is this
// program anew (--die ROOT EVENTS): RocksDB's threads do not survive a fork.
void append_and_die(const Bench& bench, std::size_t events) {
    auto log = bench.open("killed");
    run_append(*log, make_group(16),
               std::max<std::size_t>(1, events / (16 * limits::batch_events_max)));
    ::kill(::getpid(), SIGKILL);
}

void run_reopen(const Bench& bench, std::size_t events) {
    const std::string count = std::to_string(events);
    ::fflush(stdout);
    pid_t child = ::fork();
    if (child == 0) {
        ::execl("/proc/self/exe", "bench_append", "--die", bench.root.c_str(), count.c_str(),
                nullptr);
        ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) Bench::die("the child that should have been killed was not");
    auto start = Clock::now();
    auto log = bench.open("killed");
    double seconds = since(start);
    std::printf("  reopen     after a kill: %.2f s, %llu batches\n", seconds,
                static_cast<unsigned long long>(log->last_position()));
    start = Clock::now();
    auto report = log->verify(true, {});
    std::printf("  verify     deep: %.2f s, %zu problems\n", since(start),
                report.value().problems.size());
}

void run(const Bench& bench, std::size_t events) {
    std::printf("%zu events\n", events);
    std::vector<std::shared_ptr<const EncodedBatch>> values;
    for (std::size_t batches : {std::size_t{1}, std::size_t{16}}) {
        const std::vector<AppendRequest> group = make_group(batches);
        const std::size_t group_events = batches * limits::batch_events_max;
        const std::size_t groups = std::max<std::size_t>(1, events / group_events);
        const std::string suffix = std::to_string(events) + "-" + std::to_string(batches);
        Measure plain, piped;
        {
            auto log = bench.open("plain-" + suffix);
            plain = run_append(*log, group, groups);
        }
        {
            auto log = bench.open("piped-" + suffix);
            piped = run_pipelined(*log, group, groups);
            values = read_all(*log);
        }
        Measure bare = run_bare(bench.options("bare-" + suffix), values, batches);
        print("bare", groups * group_events, batches, bare, 0);
        print("append", groups * group_events, batches, plain, bare.seconds);
        print("pipelined", groups * group_events, batches, piped, bare.seconds);
        if (batches != 16) continue;
        std::size_t stored = 0, raw = 0;
        for (const auto& value : values) {
            stored += value->bytes.size();
            raw += open_batch(value->bytes, LeafCheck::skip).value().raw.size();
        }
        std::printf("  size       %zu bytes an event, %zu packed\n", raw / (groups * group_events),
                    stored / (groups * group_events));
        run_ingest(bench, values, groups * group_events);
        values.clear();
        run_reopen(bench, events);
    }
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("  peak RSS   %ld MiB (holds all batches once for bare and ingest)\n",
                usage.ru_maxrss / 1024);
}

} // namespace

int main(int argc, char** argv) {
    auto key = SigningKey::from_seed(Bytes(SigningKey::seed_bytes, std::byte{1})).value();
    if (argc == 4 && std::string_view(argv[1]) == "--die")
        append_and_die({argv[2], key, std::make_shared<OneNode>(key)},
                       std::strtoull(argv[3], nullptr, 10));
    std::vector<std::size_t> sizes{1'000'000};
    std::string directory = "/tmp";
    for (int i = 1; i < argc; ++i) {
        std::string_view argument = argv[i];
        if (argument == "--smoke")
            sizes = {10'000};
        else if (argument == "--sweep")
            sizes = {10'000, 100'000, 1'000'000};
        else if (argument == "--events" && i + 1 < argc)
            sizes = {std::strtoull(argv[++i], nullptr, 10)};
        else if (argument == "--directory" && i + 1 < argc)
            directory = argv[++i];
        else
            Bench::die("unknown argument " + std::string(argument) +
                       "; known: --events N, --sweep, --smoke, --directory DIR");
    }
    std::string root = directory + "/safar-bench-XXXXXX";
    if (::mkdtemp(root.data()) == nullptr)
        Bench::die(directory + ": can not create a directory there");
    for (std::size_t events : sizes) {
        Bench bench{root + "/" + std::to_string(events), key, std::make_shared<OneNode>(key)};
        run(bench, events);
        std::filesystem::remove_all(bench.root);
    }
    std::filesystem::remove_all(root);
}
