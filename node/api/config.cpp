#include "node/api/config.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/strict_toml.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace safar {
namespace {

constexpr std::size_t config_bytes_max = 64u << 10;
constexpr std::array<std::string_view, 5> levels{"trace", "debug", "info", "warn", "error"};

// "host:port", "[::1]:port"; the net shell resolves it.
bool is_listen_address(std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos && (host.front() != '[' || host.back() != ']'))
        return false;
    if (port.empty() || port.size() > 5) return false;
    std::uint32_t number = 0;
    for (char digit : port) {
        if (digit < '0' || digit > '9') return false;
        number = number * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return number <= 65535;
}

} // namespace

Result<NodeConfig> parse_config(const std::string& file, std::string_view text) {
    TomlProblems problems(file);
    toml::table root = parse_toml(text, problems);
    SAFAR_TRY(problems.result());
    TomlReader in(root, "configuration", problems);
    NodeConfig out;
    out.listen = in.text("listen", 256);
    if (!problems.any() && !is_listen_address(out.listen))
        in.refuse("listen", "needs host:port, for example \"0.0.0.0:7400\" (port 0 to 65535)");
    out.agency = in.text("agency", limits::code_bytes_max);
    out.name = in.text("name", limits::title_bytes_max, Need::optional);
    if (root.contains("log_level")) {
        out.log_level = in.text("log_level", 16);
        if (!problems.any() &&
            std::find(levels.begin(), levels.end(), out.log_level) == levels.end())
            in.refuse("log_level", "is one of trace, debug, info, warn, error");
    }
    if (root.contains("reserve_mib")) out.reserve_mib = in.number("reserve_mib", 64, 1u << 20);
    if (root.contains("linger_ms"))
        out.linger = std::chrono::milliseconds(in.number("linger_ms", 0, 20));
    if (root.contains("api")) {
        if (const toml::table* table = in.table("api"); table != nullptr) {
            TomlReader api(*table, "[api]", problems);
            out.api_listen = api.text("listen", 256);
            if (!problems.any() && !is_listen_address(out.api_listen))
                api.refuse("listen",
                           "needs host:port, for example \"0.0.0.0:7500\" (port 0 to 65535)");
            if (!problems.any() && out.api_listen == out.listen && !out.listen.ends_with(":0"))
                api.refuse("listen",
                           "is where the peers come to already; people need another port");
            api.done();
        }
    }
    in.done();
    SAFAR_TRY(problems.result());
    return out;
}

Result<NodeConfig> load_config(const std::string& directory) {
    const std::string path = directory + "/safard.toml";
    auto text = read_small_file(path, config_bytes_max);
    if (!text.has_value() && text.error().code == ErrorCode::not_found &&
        std::filesystem::exists(directory + "/keys/signing.key"))
        return failure(ErrorCode::not_found,
                       path +
                           " is missing, and the node's keys are there: put the file back from a "
                           "backup, or write it anew with the node's own `agency` and `listen`");
    if (!text.has_value() && text.error().code == ErrorCode::not_found)
        return failure(ErrorCode::not_found,
                       "no node in " + directory + ": create one with `safar node init`");
    SAFAR_TRY(text);
    return parse_config(path, text.value());
}

} // namespace safar
