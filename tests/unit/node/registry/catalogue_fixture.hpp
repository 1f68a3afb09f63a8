// The whole catalogue of config/schema and config/codes in force at nodes in memory: IOM, FIA and
// MOFA write all of it.
#pragma once

#include "node/charter/code_expansion.hpp"
#include "tests/unit/node/registry/registry_fixture.hpp"

#include <fstream>
#include <set>
#include <sstream>

namespace safar::testing {

inline std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline const std::string config_folder = SAFAR_SOURCE_DIR "/config/";
inline const char* const iso_codes = "/usr/share/iso-codes/json/";

// Referrals lie in a compartment of their own, as in the demo's network.
inline HeldCharter catalogue_charter(const Network& network) {
    CharterDraft draft = network.draft();
    draft.documents.clear();
    const std::set<std::string> exchanged{"consent", "referral", "disclosure"};
    std::vector<std::string> exchange, rest;
    for (const auto& entry : std::filesystem::directory_iterator(config_folder + "schema")) {
        const std::string kind = entry.path().stem().string();
        draft.documents.push_back({"schema/" + kind + ".toml", file_text(entry.path().string())});
        (exchanged.contains(kind) ? exchange : rest).push_back(kind);
    }
    for (const auto& entry : std::filesystem::directory_iterator(config_folder + "codes")) {
        const std::string name = "codes/" + entry.path().filename().string();
        auto text = expand_code_list({name, file_text(entry.path().string())},
                                     [](std::string_view file) -> Result<std::string> {
                                         return file_text(iso_codes + std::string(file));
                                     });
        draft.documents.push_back({name, value_of(std::move(text))});
    }
    std::sort(exchange.begin(), exchange.end());
    std::sort(rest.begin(), rest.end());
    draft.compartments = {{"exchange", "Referrals", exchange, {"IOM", "FIA", "MOFA"}, {}},
                          {"protection", "Everything else", rest, {"IOM", "FIA", "MOFA"}, {}}};
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

} // namespace safar::testing
