// How long does a counting question take over columns in memory, beside merely summing as many
// bytes?
//   bench_stats [--smoke | ROWS]
#include "storage/column/columns.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <numeric>

using namespace safar;
using namespace safar::derive_test;

namespace {

// Processor time of this thread: wall time on a shared machine measures the neighbours.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void ask(const char* name, const Columns& columns, const Schema& schema,
         const StatisticsQuery& query) {
    std::vector<double> seconds;
    StatisticsTable table;
    for (int i = 0; i < 30; ++i) {
        double start = now();
        table = columns.count(schema, query).value();
        seconds.push_back(now() - start);
    }
    std::ranges::sort(seconds);
    std::printf("%-44s p50 %7.2f ms  best %7.2f ms  %6zu groups  %9llu records  sum %lld\n", name,
                1e3 * seconds[seconds.size() / 2], 1e3 * seconds[0], table.rows.size(),
                static_cast<unsigned long long>(table.count), static_cast<long long>(table.sum));
}

} // namespace

int main(int argc, char** argv) {
    std::uint32_t rows = 1'080'000;
    if (argc > 1)
        rows = std::strcmp(argv[1], "--smoke") == 0
                   ? 20'000
                   : static_cast<std::uint32_t>(std::stoul(argv[1]));
    auto schema = make_schema();
    Columns columns(*schema->kind("return"));
    std::vector<Bytes> bodies;
    for (std::uint32_t n = 0; n < 65536; ++n) {
        auto event = encode_event(made_up(n * 7919u), {}).value();
        ByteReader in(event);
        bodies.push_back(copy(read_event(in).value().clear));
    }
    BodyView body;
    double start = now();
    for (Row row = 0; row < rows; ++row)
        if (!read_body(bodies[row % bodies.size()], body) ||
            !columns.set_single(row, record(row), body))
            return 1;
    double set = now() - start;
    std::printf("%u rows set in %.3f s: %.3f us a row of ten fields, its body decoded\n", rows, set,
                1e6 * set / rows);

    std::vector<std::uint8_t> bytes(3u * rows, 1);
    start = now();
    std::uint64_t sum = std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
    std::printf("limit: reading 3 bytes a row %.2f ms (%llu)\n", 1e3 * (now() - start),
                static_cast<unsigned long long>(sum));

    ask("all", columns, *schema, {"return", {}, {}, "", {}, {}});
    ask("by country", columns, *schema, {"return", {"country"}, {}, "", {}, {}});
    ask("by country, type, sharing", columns, *schema,
        {"return", {"country", "return_type", "sharing"}, {}, "", {}, {}});
    ask("by country, type, year", columns, *schema,
        {"return", {"country", "return_type", "year"}, {}, "", {}, {}});
    ask("by country, type, month; sum", columns, *schema,
        {"return", {"country", "return_type", "month"}, {}, "persons", {}, {}});
    ask("by country, year where needs=food", columns, *schema,
        {"return", {"country", "year"}, {{"needs", {"Food"}}}, "", {}, {}});
    ask("by type where country=PAK since 2012", columns, *schema,
        {"return", {"return_type"}, {{"country", {"Pakistan"}}}, "", 15340, {}});
    ask("by date, country, type, needs, escorted", columns, *schema,
        {"return", {"date", "country", "return_type", "needs", "escorted"}, {}, "", {}, {}});
    return 0;
}
