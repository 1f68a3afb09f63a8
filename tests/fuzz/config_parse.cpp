// Any text as safard.toml: refused with the file, and the line or the key that is wrong; or read
// within its stated ranges, and read the same when it is written again.
#include "node/api/config.hpp"
#include "node/charter/strict_toml.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace {
using namespace safar;
using namespace safar::fuzz;

std::string write(const NodeConfig& config) {
    std::string out =
        fmt::format("listen = {}\nagency = {}\nlog_level = {}\nreserve_mib = {}\nlinger_ms = {}\n",
                    toml_quote(config.listen), toml_quote(config.agency),
                    toml_quote(config.log_level), config.reserve_mib, config.linger.count());
    if (!config.name.empty()) out += fmt::format("name = {}\n", toml_quote(config.name));
    if (!config.api_listen.empty())
        out += fmt::format("[api]\nlisten = {}\n", toml_quote(config.api_listen));
    return out;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in(data, size);
    std::string text;
    switch (in.byte() % 4) { // halves of a good one around what the input says
    case 0: break;
    case 1: text = "listen = \"0.0.0.0:7400\"\n"; break;
    case 2: text = "listen = \"[::1]:7400\"\nagency = \"IOM\"\n"; break;
    default: text = "agency = \"IOM\"\nlisten = ";
    }
    text += as_text(in.rest());
    const auto config = parse_config("safard.toml", text);
    if (!config) {
        const std::string& detail = config.error().detail; // "safard.toml line 3: ..."
        unsigned long line = 0;
        int after = 0;
        must(std::sscanf(detail.c_str(), "safard.toml line %lu: %n", &line, &after) == 1);
        must(line > 0 && line <= 1u + static_cast<unsigned long>(std::ranges::count(text, '\n')));
        must(static_cast<std::size_t>(after) < detail.size());
        must(config.error().code == ErrorCode::invalid_argument ||
             config.error().code == ErrorCode::malformed ||
             config.error().code == ErrorCode::limit_exceeded);
        return 0;
    }
    const NodeConfig& read = config.value();
    must(!read.listen.empty() && !read.agency.empty() && read.linger.count() <= 20);
    must(read.reserve_mib >= 64 && read.reserve_mib <= (1u << 20));
    const std::string written = write(read);
    must(write(parse_config("again", written).value()) == written);
    return 0;
}
