// Nodes and their first charter, on files alone.
#pragma once

#include "tests/unit/cli/fake_node.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace safar::cli {

inline const std::string source_config = SAFAR_SOURCE_DIR "/config";

// Enrolments of the agencies, as `safar node init` prints them; the nodes are directories of
// `temp`.
inline std::vector<std::string> enrol(const TempDir& temp,
                                      const std::vector<std::string>& agencies) {
    std::vector<std::string> out;
    int port = 7400;
    for (const std::string& agency : agencies) {
        const Ran made =
            run_safar({"node", "init", temp.path() + "/" + agency, "--agency", agency, "--listen",
                       "127.0.0.1:" + std::to_string(port++), "--name", "The " + agency});
        EXPECT_EQ(made.code, 0) << made.err;
        out.push_back(temp.file(agency + ".toml", made.out));
    }
    return out;
}

// The words that draft it. FIA and IOM are its stewards, and both have to sign.
inline std::vector<std::string> draft(std::vector<std::string> more,
                                      const std::vector<std::string>& enrolments) {
    std::vector<std::string> out{"charter",   "draft", "--network", "Test",
                                 "--steward", "FIA",   "--steward", "IOM",
                                 "--quorum",  "2",     "--codes",   source_config + "/codes"};
    if (std::find(more.begin(), more.end(), "--schema") == more.end())
        out.insert(out.end(), {"--schema", source_config + "/schema"});
    out.insert(out.end(), more.begin(), more.end());
    out.insert(out.end(), enrolments.begin(), enrolments.end());
    return out;
}

} // namespace safar::cli
