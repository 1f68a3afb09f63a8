// safar-scale: what a node pays for many agencies and compartments. Production logs and sessions of
// two and three nodes over lines with delay, in virtual time; measured: bytes said, processor time,
// memory, and how long it takes.
//
//     safar-scale                                     200 agencies, 50 compartments
//     safar-scale --batches 39 --events 256           with 10^8 events
//     safar-scale --agencies 50 --compartments 10 --json
#include "tests/sim/signatures.hpp"
#include "tests/unit/sync/session/harness.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>

namespace {

using namespace safar;
using namespace safar::testing;

double seconds_now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
std::size_t heap() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

struct Settings {
    std::size_t agencies = 200, compartments = 50, events = 32, batches = 1, apart = 0,
                delay_ms = 15;
};

std::string agency(std::size_t i) { return "A" + std::to_string(i); }

std::vector<std::string> compartment_names(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back("c" + std::to_string(1000 + i));
    return out;
}

// Every agency's log of every compartment, and what would be written in each next.
class Authors {
public:
    Authors(Federation& net, const Settings& settings) : net_(net), settings_(settings) {
        for (std::size_t i = 0; i < settings.agencies; ++i)
            for (const std::string& name : compartment_names(settings.compartments)) {
                BatchContext next;
                next.network = net.authority->network();
                next.log = {log_id(next.network, net[agency(i)].id, name),
                            entropy_.draw<Incarnation>()};
                next.epoch = 1;
                next.charter = net.authority->charter();
                logs_.push_back({next, &net.key(agency(i))});
            }
    }
    [[nodiscard]] std::size_t logs() const { return logs_.size(); }
    // One batch in the logs from..until, taken in at `node`. Their bytes.
    std::size_t write(TestNode& node, std::size_t from, std::size_t until) {
        std::size_t bytes = 0;
        for (std::size_t at = from; at < until; at += 64) {
            std::vector<EncodedBatch> group;
            for (std::size_t i = at; i < std::min(until, at + 64); ++i)
                group.push_back(next(logs_[i]));
            for (const EncodedBatch& batch : group) bytes += batch.bytes.size();
            const double began = seconds_now();
            for (const auto& outcome : node.writable().ingest(group))
                SAFAR_ASSERT(outcome.result.has_value());
            ingest_seconds += seconds_now() - began;
        }
        return bytes;
    }
    double ingest_seconds = 0;

private:
    struct Writer {
        BatchContext next;
        const SigningKey* key;
    };
    EncodedBatch next(Writer& writer) {
        std::vector<EventDraft> drafts(settings_.events);
        for (EventDraft& draft : drafts) {
            draft.body.verb = "recorded";
            draft.body.assertions = {{1, Text{"a movement at a border point"}}, {2, Integer{7}}};
        }
        std::size_t taken = 0;
        auto built = build_batch(writer.next, *writer.key, entropy_, drafts, taken).value();
        ++writer.next.number;
        writer.next.previous = built.hash;
        writer.next.first_sequence = built.header.last_sequence() + 1;
        return std::move(built.encoded);
    }
    Federation& net_;
    const Settings& settings_;
    SeededEntropy entropy_{1};
    std::vector<Writer> logs_;
};

struct Meeting {
    std::string name;
    std::size_t said = 0, batches = 0; // bytes, both ways; bytes of batches that one side lacked
    double cpu = 0, seconds = 0;       // processor time of all nodes; on the line
    std::size_t held = 0;              // heap of the sessions when level
};

// Until each of them has as many batches as the best, and has said so.
Meeting meet(Federation& net, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& lines,
             std::size_t batches_in_all, std::size_t bytes_lacking, NodeTime delay) {
    Meeting out{name, 0, bytes_lacking, 0, 0, 0};
    const std::size_t before = heap();
    const double began = seconds_now();
    const NodeTime began_at = net.now;
    for (const auto& [a, b] : lines) {
        net.connect(a, b);
        net.end(a, b).delay = net.end(b, a).delay = delay;
    }
    const auto level = [&] {
        return std::ranges::all_of(lines, [&](const auto& line) {
            return net[line.first].log().last_position() >= batches_in_all &&
                   net[line.second].log().last_position() >= batches_in_all &&
                   net.end(line.first, line.second).session->status().ready;
        });
    };
    while (!level()) net.run(NodeTime(std::chrono::milliseconds(1)));
    out.seconds = std::chrono::duration<double>(net.now - began_at).count();
    net.run(std::chrono::milliseconds(200)); // what is still to be said of it
    out.cpu = seconds_now() - began;
    out.held = heap() - std::min(before, heap());
    for (const auto& [a, b] : lines) {
        out.said += net.end(a, b).sent + net.end(b, a).sent;
        net.cut(a, b);
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    bool json = false;
    CLI::App app{"Measures what many agencies and compartments cost a node.", "safar-scale"};
    app.footer("\nExample: safar-scale --agencies 200 --compartments 50");
    app.add_option("--agencies", settings.agencies)->check(CLI::Range(3, 2000));
    app.add_option("--compartments", settings.compartments)->check(CLI::Range(1, 1000));
    app.add_option("--events", settings.events, "in each batch")->check(CLI::Range(1, 256));
    app.add_option("--batches", settings.batches, "in each log")->check(CLI::Range(1, 10'000));
    app.add_option("--apart", settings.apart,
                   "batches written while nodes are apart (default: in every tenth log)");
    app.add_option("--delay", settings.delay_ms, "of a line, one way, in milliseconds")
        ->check(CLI::Range(0, 10'000));
    app.add_flag("--json", json);
    CLI11_PARSE(app, argc, argv);
    sim::use_stand_in_signatures(true); // 200 us a batch come on top, see the benchmarks

    std::vector<Federation::MemberSpec> members;
    for (std::size_t i = 0; i < settings.agencies; ++i)
        members.push_back({agency(i), compartment_names(settings.compartments)});
    Federation net(members);
    Authors authors(net, settings);
    const std::size_t logs = authors.logs();
    const std::size_t apart =
        std::clamp<std::size_t>(settings.apart == 0 ? logs / 10 : settings.apart, 1, logs);
    const NodeTime delay = std::chrono::milliseconds(settings.delay_ms);
    TestNode &first = net["A0"], &second = net["A1"];

    const std::size_t heap_before = heap();
    std::size_t stored = 0;
    for (std::size_t i = 0; i < settings.batches; ++i) stored += authors.write(first, 0, logs);
    std::size_t batches = logs * settings.batches;
    const std::size_t log_heap = heap() - heap_before - stored;
    const double ingest = authors.ingest_seconds / static_cast<double>(batches);

    std::vector<Meeting> meetings;
    meetings.push_back(meet(net, "a join", {{"A0", "A1"}}, batches, stored, delay));
    meetings.push_back(meet(net, "nothing differs", {{"A0", "A1"}}, batches, 0, delay));
    std::size_t lacking = authors.write(first, 0, 1);
    meetings.push_back(meet(net, "one log differs", {{"A0", "A1"}}, ++batches, lacking, delay));
    // Each side of a partition has gone on: half of the logs here, half there.
    lacking =
        authors.write(first, 1, 1 + apart / 2) + authors.write(second, 1 + apart / 2, 1 + apart);
    batches += apart;
    meetings.push_back(meet(net, "apart", {{"A0", "A1"}}, batches, lacking, delay));
    // A third one is away, and the others go on; it meets both.
    static_cast<void>(meet(net, "", {{"A0", "A2"}}, batches, 0, delay));
    lacking = authors.write(first, 0, apart);
    batches += apart;
    static_cast<void>(meet(net, "", {{"A0", "A1"}}, batches, 0, delay));
    meetings.push_back(
        meet(net, "hub back", {{"A2", "A0"}, {"A2", "A1"}}, batches, lacking, delay));

    const double n = static_cast<double>(logs);
    if (json) {
        fmt::print("{{\"logs\":{},\"events\":{},\"stored_bytes\":{},\"heap_bytes\":{},\"ingest_"
                   "us\":{:.1f},\"delay_ms\":{}",
                   logs, logs * settings.batches * settings.events, stored, log_heap, ingest * 1e6,
                   settings.delay_ms);
        for (const Meeting& each : meetings)
            fmt::print(",\"{}\":{{\"bytes\":{},\"batch_bytes\":{},\"cpu_s\":{:.4f},\"s\":{:.3f},"
                       "\"session_heap\":{}}}",
                       each.name, each.said, each.batches, each.cpu, each.seconds, each.held);
        fmt::print("}}\n");
        return 0;
    }
    fmt::print("{} agencies, {} compartments: {} logs, {} events in batches of {} ({} bytes); "
               "lines of {} ms\n",
               settings.agencies, settings.compartments, logs,
               logs * settings.batches * settings.events, settings.events,
               stored / (logs * settings.batches), settings.delay_ms);
    fmt::print("memory beside the batches       {:8.0f} bytes a log\n",
               static_cast<double>(log_heap) / n);
    fmt::print("taking a batch in               {:8.1f} us, without its signature\n", ingest * 1e6);
    fmt::print("two sessions that are level     {:8.0f} bytes a log\n",
               static_cast<double>(meetings[0].held) / n);
    fmt::print("{:16} {:>14} {:>14} {:>12} {:>12}\n", "", "batches, bytes", "beside them",
               "cpu of all", "on the line");
    for (const Meeting& each : meetings)
        fmt::print("{:16} {:14} {:14} {:10.3f} s {:10.2f} s\n", each.name, each.batches,
                   each.said - std::min(each.said, each.batches), each.cpu, each.seconds);
    return 0;
}
