// What does a commit cost the journal's marks, by the number of logs that a node holds: looking at
// those that have grown, beside looking at all?
//   bench_marks [--smoke | LOGS]
#include "node/registry/journal_marks.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>

using namespace safar;
using namespace safar::derive_test;

namespace {

double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

} // namespace

int main(int argc, char** argv) {
    std::size_t logs = 1000;
    const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
    if (argc > 1) logs = smoke ? 20 : std::stoul(argv[1]);
    Network network;
    std::vector<LogName> names;
    SigningKey key = SigningKey::from_seed(Bytes(SigningKey::seed_bytes, std::byte{0xee})).value();
    SeededEntropy entropy(5);
    auto log = make_memory_log(Author{filled<NodeId>(0xee), &key, &entropy}, network.authority);
    for (std::size_t i = 0; i < logs; ++i) {
        AgencyLog& source = network.add("IOM", "return-" + std::to_string(i));
        std::vector<EventDraft> drafts{made_up(static_cast<std::uint32_t>(i))};
        static_cast<void>(source.write(drafts));
        Network::ingest(*log, source.batches);
        names.push_back(source.context.log);
    }
    JournalMarks marks(*log, {});
    if (!marks.begin(entropy)) return 1;
    const std::size_t commits = smoke ? 100 : 20'000;
    double took[2];
    for (int all = 1; all >= 0; --all) {
        const double begun = now();
        for (std::size_t i = 0; i < commits / (all ? 100 : 1); ++i) {
            const std::vector<LogName> touched{names[i % names.size()]};
            static_cast<void>(marks.committed(log->last_position(), all ? nullptr : &touched));
        }
        took[all] = (now() - begun) / static_cast<double>(commits / (all ? 100 : 1));
        std::printf("%zu logs, a commit to one of them, %s %10.3f us\n", logs,
                    all ? "all looked at:     " : "that one looked at:", 1e6 * took[all]);
    }
    std::printf("%.0f times\n", took[1] / took[0]);
    return 0;
}
