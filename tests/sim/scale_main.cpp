// safar-scale: what a node pays for many agencies and compartments. Two production logs and two sessions over pipes without
// delay; measured: bytes said, processor time and memory for N logs of one batch each. What follows from it for a
// given network is computed and said to be so.
//
//     safar-scale                         200 agencies, 50 compartments
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

struct Network {
    Network(std::size_t agencies, std::size_t compartments) {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < compartments; ++i) names.push_back("c" + std::to_string(1000 + i));
        std::vector<FakeAuthority::Member> members;
        for (std::size_t i = 0; i < agencies; ++i) {
            keys.push_back(make_key("agency " + std::to_string(i)));
            members.push_back({"A" + std::to_string(i), fill(i), keys.back().public_key(), names});
        }
        authority = std::make_shared<FakeAuthority>(members);
        for (std::size_t i = 0; i < 2; ++i)
            nodes.push_back(std::make_unique<TestNode>(members[i].agency, keys[i], members[i].node, authority, i + 1));
        compartment_names = names;
    }
    static NodeId fill(std::size_t i) { return NodeId{tagged_hash("scale", {as_bytes(std::to_string(i))}).raw}; }
    // One batch of `events` in every log.
    std::vector<EncodedBatch> batches(std::size_t events) {
        std::vector<EncodedBatch> out;
        SeededEntropy entropy(1);
        for (std::size_t agency = 0; agency < keys.size(); ++agency)
            for (const std::string& name : compartment_names) {
                BatchContext context;
                context.network = authority->network();
                context.log = {log_id(context.network, fill(agency), name), entropy.draw<Incarnation>()};
                context.epoch = 1;
                context.charter = authority->charter();
                std::vector<EventDraft> drafts(events);
                for (EventDraft& draft : drafts) {
                    draft.body.verb = "recorded";
                    draft.body.assertions = {{1, Text{"a movement at a border point"}}, {2, Integer{7}}};
                }
                std::size_t taken = 0;
                out.push_back(build_batch(context, keys[agency], entropy, drafts, taken).value().encoded);
            }
        return out;
    }
    std::vector<SigningKey> keys;
    std::shared_ptr<FakeAuthority> authority;
    std::vector<std::unique_ptr<TestNode>> nodes;
    std::vector<std::string> compartment_names;
};

struct Exchange {
    std::size_t bytes = 0, frames = 0;
    double cpu = 0;
    std::size_t held = 0; // heap of both sessions when level
};

// Two sessions until neither has anything to say.
Exchange meet(Network& net) {
    Exchange out;
    const std::size_t before = heap();
    const double began = seconds_now();
    NodeTime now{std::chrono::hours(1)};
    std::array<std::unique_ptr<Session>, 2> sessions;
    for (std::size_t i : {0u, 1u})
        sessions[i] = std::make_unique<Session>(net.nodes[i]->id, net.nodes[1 - i]->id, *net.nodes[i], net.nodes[i]->plan, now);
    std::array<std::vector<Bytes>, 2> to;
    std::function<void(std::size_t, std::vector<Action>)> perform = [&](std::size_t from, std::vector<Action> actions) {
        for (Action& action : actions) {
            if (auto* send = std::get_if<SendBytes>(&action)) {
                out.bytes += send->bytes.size();
                ++out.frames;
                to[1 - from].push_back(std::move(send->bytes));
            } else if (auto* ingest = std::get_if<IngestBatches>(&action)) {
                const auto outcomes = net.nodes[from]->writable().ingest(ingest->batches);
                perform(from, sessions[from]->on_ingested(outcomes, now));
            } else if (auto* close = std::get_if<ClosePeer>(&action)) {
                fmt::print(stderr, "closed: {}\n", close->detail);
                std::exit(1);
            }
        }
    };
    for (std::size_t i : {0u, 1u}) perform(i, sessions[i]->start(now));
    for (int quiet = 0; quiet < 4;) {
        bool moved = false;
        for (std::size_t i : {0u, 1u})
            for (const Bytes& bytes : std::exchange(to[i], {})) {
                moved = true;
                perform(i, sessions[i]->on_bytes(bytes, now));
            }
        now += std::chrono::milliseconds(30);
        for (std::size_t i : {0u, 1u})
            if (sessions[i]->next_deadline() <= now) perform(i, sessions[i]->on_tick(now));
        quiet = moved ? 0 : quiet + 1;
    }
    out.cpu = seconds_now() - began;
    out.held = heap() - std::min(before, heap());
    return out;
}

} // namespace

int main(int argc, char** argv) {
    std::size_t agencies = 200, compartments = 50, events = 32;
    bool json = false;
    CLI::App app{"Measures what many agencies and compartments cost a node.", "safar-scale"};
    app.footer("\nExample: safar-scale --agencies 200 --compartments 50");
    app.add_option("--agencies", agencies)->check(CLI::Range(2, 2000));
    app.add_option("--compartments", compartments)->check(CLI::Range(1, 1000));
    app.add_option("--events", events, "in each batch")->check(CLI::Range(1, 256));
    app.add_flag("--json", json);
    CLI11_PARSE(app, argc, argv);
    sim::use_stand_in_signatures(true); // 200 us a batch come on top, see the benchmarks
    Network net(agencies, compartments);
    const auto batches = net.batches(events);
    const std::size_t logs = batches.size();
    std::size_t stored = 0;
    for (const EncodedBatch& batch : batches) stored += batch.bytes.size();
    const std::size_t heap_before = heap();
    double began = seconds_now();
    for (std::size_t at = 0; at < logs; at += 64)
        for (const auto& outcome : net.nodes[0]->writable().ingest(std::span(batches).subspan(at, std::min<std::size_t>(64, logs - at))))
            SAFAR_ASSERT(outcome.result.has_value());
    const double ingest = seconds_now() - began;
    const std::size_t log_heap = heap() - heap_before - stored;
    const Exchange join = meet(net), again = meet(net);
    net.nodes[0]->append(net.compartment_names[0], 1);
    const Exchange changed = meet(net);
    const double n = static_cast<double>(logs);
    if (json) {
        fmt::print("{{\"logs\":{},\"stored_bytes\":{},\"heap_bytes\":{},\"ingest_cpu_s\":{:.3f},\"join\":{{\"bytes\":{},\"cpu_s\":{:.3f},"
                   "\"session_heap\":{}}},\"equal\":{{\"bytes\":{},\"cpu_s\":{:.4f}}},\"one_changed\":{{\"bytes\":{},\"cpu_s\":{:.4f}}}}}\n",
                   logs, stored, log_heap, ingest, join.bytes, join.cpu, join.held, again.bytes, again.cpu, changed.bytes, changed.cpu);
        return 0;
    }
    fmt::print("{} agencies, {} compartments: {} logs, one batch of {} events in each ({} bytes)\n", agencies, compartments, logs,
               events, stored / logs);
    fmt::print("memory of a log beside its batches            {:10.0f} bytes\n", static_cast<double>(log_heap) / n);
    fmt::print("taking a batch in, without its signature      {:10.1f} us\n", ingest * 1e6 / n);
    fmt::print("a join: everything said, over what is stored   {:10.0f} bytes a log\n", (static_cast<double>(join.bytes) - static_cast<double>(stored)) / n);
    fmt::print("a join: processor time of both nodes          {:10.1f} us a log\n", join.cpu * 1e6 / n);
    fmt::print("memory of two sessions that are level         {:10.0f} bytes a log\n", static_cast<double>(join.held) / n);
    fmt::print("meeting again, nothing differs                {:10} bytes, {:.2f} ms\n", again.bytes, again.cpu * 1e3);
    fmt::print("meeting again, one log differs                {:10} bytes, {:.2f} ms\n", changed.bytes, changed.cpu * 1e3);
    return 0;
}
