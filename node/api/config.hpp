// DIR/safard.toml: what an operator may choose. Nothing in it decides what is valid.
#pragma once

#include "storage/base/error.hpp"

#include <chrono>
#include <cstdint>

namespace safar {

struct NodeConfig {
    std::string listen;              // host:port for peers
    std::string agency, name;        // as the charter writes it; as people do
    std::string log_level = "info";  // trace, debug, info, warn, error
    std::uint64_t reserve_mib = 256; // 64 to 1048576; writes are refused below this much free disk
    std::chrono::milliseconds linger{2}; // 0 to 20
    std::string api_listen; // host:port for users elsewhere ([api] listen); empty: nobody comes
                            // from elsewhere
};

// Errors: "FILE line N: TABLE: KEY: what is wrong and what is allowed", the first problem:
// malformed (no TOML), limit_exceeded, invalid_argument. Unknown and repeated keys are refused.
[[nodiscard]] Result<NodeConfig> parse_config(const std::string& file, std::string_view text);
// Errors: not_found (no node here), and those of parse_config.
[[nodiscard]] Result<NodeConfig> load_config(const std::string& directory);

} // namespace safar
