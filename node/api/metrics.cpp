#include "node/api/metrics.hpp"

#include "node/api/api.hpp"
#include "node/api/operate_facts.hpp"

#include <array>
#include <fstream>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <unistd.h>

namespace safar {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

const prometheus::Histogram::BucketBoundaries latency_buckets{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   10.0};

class Families {
public:
    // The reference is good until the next call.
    MetricFamily& add(std::string name, std::string help, MetricType type) {
        out_.push_back({std::move(name), std::move(help), type, {}});
        return out_.back();
    }
    void value(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family.metric.push_back(std::move(metric));
    }
    void single(std::string name, std::string help, MetricType type, double number) {
        value(add(std::move(name), std::move(help), type), number);
    }
    [[nodiscard]] const std::vector<MetricFamily>& all() const { return out_; }

private:
    std::vector<MetricFamily> out_;
};

void add_compartments(Families& out, Registry& registry) {
    auto compartments = registry.compartments("", /*state=*/false);
    if (!compartments.has_value()) return;
    struct Column {
        const char *name, *help;
        std::uint64_t CompartmentSummary::*member;
    };
    constexpr std::array columns{
        Column{"safar_batches", "Batches held.", &CompartmentSummary::batches},
        Column{"safar_events", "Events held.", &CompartmentSummary::events},
        Column{"safar_records", "Records derived.", &CompartmentSummary::records},
        Column{"safar_logs", "Logs held.", &CompartmentSummary::logs},
    };
    for (const Column& column : columns) {
        MetricFamily& family = out.add(column.name, column.help, MetricType::Gauge);
        for (const CompartmentSummary& one : compartments.value())
            if (one.held)
                out.value(family, static_cast<double>(one.*column.member),
                          {{"compartment", one.name}});
    }
}

void add_each_peer(Families& out, const std::vector<PeerStatus>& peers) {
    struct Column {
        const char *name, *help;
        MetricType type;
        double (*read)(const PeerStatus&);
    };
    const std::array columns{
        Column{"safar_peer_connected", "1 while a session stands.", MetricType::Gauge,
               [](const PeerStatus& p) { return p.state == "connected" ? 1.0 : 0.0; }},
        Column{"safar_peer_state_seconds",
               "Since a session with the peer stands, or since none does.", MetricType::Gauge,
               [](const PeerStatus& p) {
                   return std::chrono::duration<double>(std::chrono::system_clock::now() - p.since)
                       .count();
               }},
        Column{"safar_peer_maintenance", "1 while the peer is away as it announced.",
               MetricType::Gauge,
               [](const PeerStatus& p) {
                   return in_maintenance(p, std::chrono::system_clock::now()) ? 1.0 : 0.0;
               }},
        Column{"safar_peer_behind_here", "Batches that the peer has and this node lacks.",
               MetricType::Gauge,
               [](const PeerStatus& p) { return static_cast<double>(p.session.behind_here); }},
        Column{"safar_peer_behind_there", "Batches that this node has and the peer lacks.",
               MetricType::Gauge,
               [](const PeerStatus& p) { return static_cast<double>(p.session.behind_there); }},
        Column{"safar_peer_bytes_in", "Bytes taken in the last session.", MetricType::Gauge,
               [](const PeerStatus& p) { return static_cast<double>(p.session.bytes_in); }},
        Column{"safar_peer_bytes_out", "Bytes given in the last session.", MetricType::Gauge,
               [](const PeerStatus& p) { return static_cast<double>(p.session.bytes_out); }},
    };
    for (const Column& column : columns) {
        MetricFamily& family = out.add(column.name, column.help, column.type);
        for (const PeerStatus& peer : peers)
            out.value(family, column.read(peer),
                      {{"agency", peer.agency}, {"node", peer.node.brief()}});
    }
}

void add_network(Families& out, const ApiContext& context) {
    // Without an answer of its thread the figures are left out: no zero that nobody counted.
    if (context.peers)
        if (auto peers = context.peers(); peers.has_value()) add_each_peer(out, peers.value());
    if (context.statements)
        if (auto report = context.statements(); report.has_value())
            out.single("safar_split_views", "Logs of which signed statements do not fit together.",
                       MetricType::Gauge, static_cast<double>(report.value().splits.size()));
    if (context.door) {
        DoorCounts door = context.door();
        MetricFamily& family =
            out.add("safar_door_total", "What came to the door for peers.", MetricType::Counter);
        out.value(family, static_cast<double>(door.accepted), {{"outcome", "accepted"}});
        out.value(family, static_cast<double>(door.refused_by_limit),
                  {{"outcome", "refused_by_limit"}});
        out.value(family, static_cast<double>(door.handshakes_failed),
                  {{"outcome", "handshake_failed"}});
        out.value(family, static_cast<double>(door.truncated), {{"outcome", "truncated"}});
    }
}

// What alerts need beside the counts (config/monitoring).
void add_operation(Families& out, const ApiContext& context) {
    auto gauge = [&](const char* name, const char* help, double value) {
        out.single(name, help, MetricType::Gauge, value);
    };
    if (auto disk = disk_facts(context.operate)) {
        gauge("safar_disk_free_bytes", "Free on the disk of the data directory.",
              static_cast<double>(disk->free));
        gauge("safar_disk_reserve_bytes", "Free disk below which nothing is written.",
              static_cast<double>(disk->reserve));
    }
    gauge("safar_last_backup_timestamp_seconds", "When a backup was last carried away; 0: never.",
          static_cast<double>(last_backup(context.operate).value_or(0)));
    Node& node = context.registry.node();
    auto charter = node.charter();
    gauge("safar_charter_epoch", "Charter epoch in force.", static_cast<double>(charter->epoch));
    auto authority = node.authority();
    std::uint64_t own = 0;
    for (const CharterCompartment& compartment : charter->compartments)
        for (const FrontierEntry& entry : node.log().frontier(compartment.name))
            if (const LogOwner* owner = authority->owner(entry.log.id);
                owner != nullptr && owner->node == node.id())
                ++own;
    gauge("safar_own_logs", "Logs that this node has signed, one a compartment and incarnation.",
          static_cast<double>(own));
}

void add_imports(Families& out, const Registry& registry) {
    const auto& totals = registry.import_totals();
    auto counter = [&](const char* name, const char* help, std::uint64_t value) {
        out.single(name, help, MetricType::Counter, static_cast<double>(value));
    };
    counter("safar_imports_total", "Imports begun.", totals.imports);
    counter("safar_import_rows_total", "Rows read by imports.", totals.rows);
    counter("safar_import_rejected_total", "Rows that imports rejected.", totals.rejected);
    counter("safar_import_events_total", "Events that imports wrote.", totals.events);
    counter("safar_import_changed_total", "Known records that imports changed.", totals.changed);
    counter("safar_import_unchanged_total", "Known records that imports left as they were.",
            totals.unchanged);
}

} // namespace

struct ApiMetrics::State {
    struct PerRoute {
        prometheus::Histogram latency{latency_buckets};
        std::array<std::atomic<std::uint64_t>, 6> by_class{}; // status / 100
    };
    std::vector<std::unique_ptr<PerRoute>> routes;
    std::atomic<std::uint64_t> refused{0}, handshakes_refused{0};
};

ApiMetrics::ApiMetrics() : state_(std::make_unique<State>()) {
    for (std::size_t i = 0; i < api_routes().size(); ++i)
        state_->routes.push_back(std::make_unique<State::PerRoute>());
}
ApiMetrics::~ApiMetrics() = default;

void ApiMetrics::observe(std::size_t route, unsigned status, double seconds) {
    State::PerRoute& one = *state_->routes.at(route);
    one.latency.Observe(seconds);
    ++one.by_class[std::min(status / 100, 5u)];
}

void ApiMetrics::refused_connection() { ++state_->refused; }
void ApiMetrics::refused_handshake() { ++state_->handshakes_refused; }

std::string ApiMetrics::text(ApiContext& context) const {
    Families out;
    Node& node = context.registry.node();
    add_compartments(out, context.registry);
    out.single("safar_log_position", "Batches received, in this node's journal.", MetricType::Gauge,
               static_cast<double>(node.log().last_position()));
    out.single("safar_derived_position", "Position up to which derived state is true.",
               MetricType::Gauge, static_cast<double>(node.deriver().position()));
    out.single("safar_conflicts", "Open conflicts.", MetricType::Gauge,
               static_cast<double>(node.derived().conflict_count()));
    out.single("safar_quarantined_batches", "Batches kept apart.", MetricType::Gauge,
               static_cast<double>(node.log().quarantined().size()));
    out.single("safar_forks", "Logs that a fork closes.", MetricType::Gauge,
               static_cast<double>(forked_logs(node).size()));
    out.single("safar_fork_proofs", "Proofs of forks that are kept, settled ones too.",
               MetricType::Gauge, static_cast<double>(node.log().forks().size()));
    add_network(out, context);
    add_imports(out, context.registry);
    add_operation(out, context);

    MetricFamily& latency =
        out.add("safar_request_seconds", "Time to answer a request.", MetricType::Histogram);
    for (std::size_t i = 0; i < state_->routes.size(); ++i) {
        ClientMetric metric = state_->routes[i]->latency.Collect();
        if (metric.histogram.sample_count == 0) continue;
        const Route& route = api_routes()[i];
        metric.label = {{"method", std::string(route.method)},
                        {"route", std::string(route.pattern)}};
        latency.metric.push_back(std::move(metric));
    }
    MetricFamily& requests = out.add("safar_requests_total",
                                     "Requests answered, by class of status.", MetricType::Counter);
    for (std::size_t i = 0; i < state_->routes.size(); ++i)
        for (std::size_t status = 0; status < 6; ++status)
            if (std::uint64_t count = state_->routes[i]->by_class[status]; count > 0)
                out.value(requests, static_cast<double>(count),
                          {{"method", std::string(api_routes()[i].method)},
                           {"route", std::string(api_routes()[i].pattern)},
                           {"status", std::to_string(status) + "xx"}});
    out.single("safar_connections_refused_total", "API connections above the limit.",
               MetricType::Counter, static_cast<double>(state_->refused));
    out.single(
        "safar_api_handshakes_refused_total",
        "Connections to the API from elsewhere without TLS, or with a certificate of nobody here.",
        MetricType::Counter, static_cast<double>(state_->handshakes_refused));
    out.single("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
               static_cast<double>(resident_bytes()));
    out.single(
        "safar_store_memory_bytes",
        "Memory in the store's write buffers and its cache of blocks, which fill up to a bound.",
        MetricType::Gauge, static_cast<double>(node.log().bounded_memory()));
    std::chrono::duration<double> up = std::chrono::steady_clock::now() - context.started;
    out.single("safar_uptime_seconds", "Since the node started.", MetricType::Gauge, up.count());
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, out.all());
    return text.str();
}

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total = 0, resident = 0;
    if (!(statm >> total >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace safar
