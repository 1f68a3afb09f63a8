#include "cli/demo_data.hpp"

#include "cli/files.hpp"
#include "cli/import_commands.hpp"
#include "cli/locate.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <sstream>

namespace safar::cli {

Result<std::vector<DemoImport>> published_imports(const DemoNetwork& network) {
    const auto profile = [&](const char* name) {
        return network.config() + "/imports/" + name + ".toml";
    };
    const auto file = [&](const char* name) {
        return std::vector{network.config() + "/published/" + name};
    };
    return std::vector<DemoImport>{
        {"IOM",
         profile("published-returns"),
         file("uk_returns.csv"),
         {},
         "returns of Pakistanis from the UK, ten years"},
        {"FIA",
         profile("published-nrm"),
         file("uk_nrm.csv"),
         {"Quarter=2022-Q2"},
         "trafficking referrals, 2nd quarter of 2022"},
        {"IOM",
         profile("published-nrm"),
         file("uk_nrm.csv"),
         {"Quarter=2022-Q3"},
         "trafficking referrals, 3rd quarter of 2022"},
        {"UNODC",
         profile("published-nrm"),
         file("uk_nrm.csv"),
         {"Quarter=2022-Q4"},
         "trafficking referrals, 4th quarter of 2022"},
        {"NCHR",
         profile("published-nrm"),
         file("uk_nrm.csv"),
         {"Quarter=2023-Q1"},
         "trafficking referrals, 1st quarter of 2023"},
        {"IOM",
         profile("published-routes"),
         file("missing_routes.csv"),
         {},
         "dead and missing from Pakistan, by route"},
        {"UNODC",
         profile("published-routes"),
         file("missing_routes.csv"),
         {},
         "the same register, read by a second agency"},
        {"IOM",
         profile("published-world"),
         file("missing_world.csv"),
         {},
         "dead and missing in the world, by year"},
        {"MOPHRD",
         profile("published-flows"),
         file("unhcr_flows.csv"),
         {},
         "asylum in Romania; Afghan refugees and returns"},
        {"IOM",
         profile("published-contributions"),
         file("contributions.csv"),
         {},
         "a donor's contribution"},
    };
}

Result<std::vector<DemoImport>> real_imports(const std::string& data) {
    std::string nrm_profile, returns_profile, incidents_profile, flows_profile;
    SAFAR_TRY(nrm_profile, find_profile("uk-nrm", ""));
    SAFAR_TRY(returns_profile, find_profile("uk-returns", ""));
    SAFAR_TRY(incidents_profile, find_profile("iom-missing-migrants-2019", ""));
    SAFAR_TRY(flows_profile, find_profile("unhcr-flows", ""));
    std::vector<std::string> referrals;
    for (const char* quarter : {"2022_q2", "2022_q3", "2022_q4", "2023_q1"})
        referrals.push_back(fmt::format("{}/uk-nrm/nrm_referrals_{}.csv.gz", data, quarter));
    const std::string incidents = data + "/iom-missing-migrants/";
    std::vector<DemoImport> out{
        {"FIA",
         nrm_profile,
         referrals,
         {"First responder type=Police"},
         "trafficking referrals by the police (published as totals only)"},
        {"IOM",
         nrm_profile,
         referrals,
         {"First responder type=Government agency"},
         "trafficking referrals by government agencies"},
        {"UNODC",
         nrm_profile,
         referrals,
         {"First responder type=Local Authority"},
         "trafficking referrals by local authorities"},
        {"NCHR",
         nrm_profile,
         referrals,
         {"First responder type=NGO and third sector"},
         "trafficking referrals by civil society"},
        {"IOM",
         incidents_profile,
         {incidents + "2019-12-31_global.csv.gz"},
         {},
         "deaths on routes, edition of 31 December 2019"},
        {"UNODC",
         incidents_profile,
         {incidents + "2020-01-08_global.csv.gz"},
         {},
         "the same register, edition of 8 January 2020"},
        {"MOPHRD",
         flows_profile,
         {data + "/unhcr/flows.csv.gz"},
         {},
         "refugees and asylum-seekers by origin and asylum"},
        {"IOM",
         returns_profile,
         {data + "/uk-returns/returns.csv.gz"},
         {},
         "returns from the UK: a million people"},
    };
    std::error_code ec;
    for (const DemoImport& each : out)
        for (const std::string& file : each.files)
            if (!std::filesystem::is_regular_file(file, ec))
                return failure(
                    ErrorCode::not_found,
                    fmt::format("'{}' is missing; --data wants a directory that has uk-returns/, "
                                "uk-nrm/, iom-missing-migrants/ and unhcr/",
                                file));
    return out;
}

Outcome<Exit> fill(const DemoNetwork& network, const std::vector<DemoImport>& imports,
                   std::ostream& out, std::ostream& err, bool err_is_terminal) {
    for (const DemoImport& each : imports) {
        std::int64_t rejected = 0, fresh = 0, events = 0;
        for (const std::string& file : each.files) {
            const ImportOptions one{each.profile, file, each.where, /*dry_run=*/false};
            auto report = import_file(network.client(each.agency), one, err, err_is_terminal,
                                      [](auto, const auto&) {});
            if (!report) {
                Problem problem = report.error();
                problem.detail =
                    fmt::format("{} importing {}: {}", each.agency, file, problem.detail);
                return problem;
            }
            fresh += report.value().fresh;
            events += report.value().events;
            rejected += report.value().rejected;
        }
        out << fmt::format("  {:7} {}: {} new records, {} events", each.agency, each.what,
                           grouped(fresh), grouped(events));
        if (rejected > 0) out << fmt::format(", {} rows rejected", grouped(rejected));
        out << '\n' << std::flush;
    }
    return Exit::ok;
}

Result<std::vector<std::vector<std::string>>> read_published(const DemoNetwork& network,
                                                             const std::string& name) {
    SAFAR_TRY(auto text, read_file(network.config() + "/published/" + name));
    std::vector<std::vector<std::string>> out;
    std::istringstream in(text);
    std::string line;
    std::getline(in, line); // header
    while (std::getline(in, line)) {
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
        out.push_back(std::move(cells));
    }
    return out;
}

} // namespace safar::cli
