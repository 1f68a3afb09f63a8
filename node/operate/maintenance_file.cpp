#include "node/operate/maintenance_file.hpp"

#include "node/charter/durable_file.hpp"
#include "node/charter/strict_toml.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <unistd.h>

namespace safar {
namespace {

constexpr std::size_t file_bytes_max = 4096;

std::string path_of(const std::string& directory) { return directory + "/maintenance.toml"; }

} // namespace

Result<std::optional<wire::Maintenance>> load_maintenance(const std::string& directory) {
    auto text = read_small_file(path_of(directory), file_bytes_max);
    if (!text.has_value() && text.error().code == ErrorCode::not_found)
        return std::optional<wire::Maintenance>();
    SAFAR_TRY(text);
    TomlProblems problems(path_of(directory));
    toml::table root = parse_toml(text.value(), problems);
    SAFAR_TRY(problems.result());
    TomlReader in(root, "maintenance", problems);
    constexpr auto time_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    wire::Maintenance out;
    out.from = in.number("from", 1, time_max);
    out.until = in.number("until", out.from + 1, out.from + wire::maintenance_seconds_max);
    out.why = in.text("why", wire::maintenance_why_bytes_max);
    in.done();
    SAFAR_TRY(problems.result());
    return std::optional(std::move(out));
}

Result<> save_maintenance(const std::string& directory,
                          const std::optional<wire::Maintenance>& notice) {
    const std::string path = path_of(directory);
    if (notice)
        return write_file_durably(
            path,
            fmt::format("# Announced to the peers with `safar maintenance`; seconds since 1970, "
                        "UTC.\nfrom = {}\nuntil = {}\nwhy = {}\n",
                        notice->from, notice->until, toml_quote(notice->why)),
            0600);
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return success();
    return failure(ErrorCode::storage_failed, path + ": " + std::strerror(errno));
}

} // namespace safar
