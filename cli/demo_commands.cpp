// A federation to try: up, a tour through it, down.
#include "cli/app.hpp"
#include "cli/demo_data.hpp"
#include "cli/demo_process.hpp"
#include "cli/demo_tour.hpp"
#include "cli/files.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <sstream>

namespace safar::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds catch_up_patience{120}; // without any progress

struct UpOptions {
    std::string data;
    bool fresh = false;
};

Outcome<Exit> start_all(const DemoNetwork& network, std::ostream& out) {
    for (const DemoAgency& agency : network.agencies()) {
        const bool there = running_daemon(network.pid_file(agency.code)).has_value();
        SAFAR_TRY(network.start(agency.code));
        out << fmt::format("  {:7} {}\n", agency.code, there ? "runs already" : "started")
            << std::flush;
    }
    return Exit::ok;
}

// Published totals and real files would be counted on top of each other.
Outcome<Exit> fill_once(const DemoNetwork& network, const std::string& data, std::ostream& out,
                        Context& context) {
    const std::string marker = network.root() + "/imported";
    const std::string wanted = data.empty() ? "published\n" : data + "\n";
    if (auto held = read_file(marker)) {
        if (!data.empty() && held.value() != wanted)
            return usage(fmt::format(
                "this demo holds other data already ({}); --fresh throws it away and starts again",
                held.value().substr(0, held.value().size() - 1)));
        out << "The nodes hold their data already.\n";
        return Exit::ok;
    }
    out << (data.empty() ? "Published figures are expanded into records, each agency its part:\n"
                         : "Real files are imported, each agency its part:\n")
        << std::flush;
    SAFAR_TRY(auto imports, data.empty() ? published_imports(network) : real_imports(data));
    SAFAR_TRY(fill(network, imports, out, context.err, context.err_is_terminal));
    SAFAR_TRY(replace_file(marker, wanted));
    return Exit::ok;
}

Outcome<Exit> up(Context& context, const UpOptions& options) {
    SAFAR_TRY(auto network, DemoNetwork::open());
    std::ostringstream silent;
    std::ostream& out = context.json ? silent : context.out;
    std::string data = options.data;
    if (!data.empty()) {
        std::error_code ec;
        data = std::filesystem::absolute(data, ec).lexically_normal().string();
        SAFAR_TRY(real_imports(data)); // a missing file is told before anything starts
    }
    if (options.fresh) {
        SAFAR_TRY(network.wipe());
    }
    if (!network.founded()) {
        out << fmt::format("Founding a network of {} agencies in {}:\n", network.agencies().size(),
                           network.root())
            << std::flush;
        SAFAR_TRY(network.found(out));
    }
    out << "Starting the nodes:\n" << std::flush;
    SAFAR_TRY(start_all(network, out));
    SAFAR_TRY(fill_once(network, data, out, context));
    out << "Waiting until all nodes hold the same ..." << std::flush;
    SAFAR_TRY(network.await_equal(catch_up_patience));
    out << " they do.\n\nThe demo is up. safar demo tour shows you round, safar demo down stops "
           "it.\n";
    if (!context.json) return Exit::ok;
    json::array nodes;
    for (const DemoAgency& agency : network.agencies())
        nodes.push_back(
            json::object{{"agency", agency.code}, {"directory", network.directory(agency.code)}});
    context.out << json::object{{"root", network.root()}, {"nodes", nodes}} << '\n';
    return Exit::ok;
}

// The tour or the story.
Outcome<Exit> narrate(Context& context, Outcome<Exit> (*part)(Context&, const DemoNetwork&)) {
    SAFAR_TRY(auto network, DemoNetwork::open());
    for (const DemoAgency& agency : network.agencies())
        if (!network.founded() || !running_daemon(network.pid_file(agency.code)))
            return Problem(Exit::unreachable, "demo",
                           "the demo is not running; start it with: safar demo up");
    if (!context.json) return part(context, network);
    std::ostringstream told;
    Context sub{told, context.err, false, false, {}, false, context.timeout_seconds, {}};
    auto outcome = part(sub, network);
    context.out << json::object{{"good", outcome.has_value()}, {"told", told.str()}} << '\n';
    return outcome;
}

Outcome<Exit> down(Context& context) {
    SAFAR_TRY(auto network, DemoNetwork::open());
    json::array stopped;
    for (const DemoAgency& agency : network.agencies())
        if (stop_daemon(network.pid_file(agency.code)))
            stopped.push_back(json::string(agency.code));
    if (context.json)
        context.out << json::object{{"stopped", stopped}} << '\n';
    else
        context.out << (stopped.empty()
                            ? std::string("Nothing of the demo was running.\n")
                            : fmt::format("Stopped {} nodes; what they hold stays in {}.\n",
                                          stopped.size(), network.root()));
    return Exit::ok;
}

} // namespace

void add_demo_commands(CLI::App& app, Context& context) {
    CLI::App& demo =
        add_group(app, "demo", "A federation of five agencies on this machine, to try");
    const auto options = std::make_shared<UpOptions>();
    auto& up_command =
        add_command(demo, context, "up", "Found it, or start it again, and fill it with data",
                    "safar demo up\nsafar demo up --data ~/data   (the real files, instead of "
                    "published totals)",
                    [&context, options] { return up(context, *options); });
    up_command
        .add_option("--data", options->data,
                    "Directory with uk-returns/, uk-nrm/, iom-missing-migrants/, unhcr/")
        ->type_name("DIR");
    up_command.add_flag("--fresh", options->fresh, "Throw away what an earlier demo left");
    add_command(demo, context, "tour",
                "Ask the nodes, disagree, cut a line, heal it; every answer is checked",
                "safar demo tour", [&context] { return narrate(context, demo_tour); });
    add_command(demo, context, "story",
                "One worker's journey through five agencies, worked on from all of them",
                "safar demo story", [&context] { return narrate(context, demo_story); });
    add_command(demo, context, "down", "Stop the nodes that the demo started", "safar demo down",
                [&context] { return down(context); });
}

} // namespace safar::cli
