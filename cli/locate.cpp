#include "cli/locate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace safar::cli {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::vector<std::string> roots() {
    std::vector<std::string> out;
    if (auto given = environment("SAFAR_CONFIG"); !given.empty()) out.push_back(given);
    const fs::path bin = fs::path(own_path()).parent_path();
    out.push_back((bin.parent_path() / "share" / "safar").string());
    // A build tree inside its source tree: build/PRESET/cli/safar.
    std::error_code ec; // a directory beside the program may be somebody's own
    for (fs::path at = bin; at.has_parent_path() && at != at.root_path(); at = at.parent_path())
        if (fs::exists(at / "config" / "schema", ec)) {
            out.push_back((at / "config").string());
            break;
        }
#ifdef SAFAR_SOURCE_CONFIG
    out.push_back(SAFAR_SOURCE_CONFIG);
#endif
    return out;
}

bool executable(const fs::path& path) {
    std::error_code ec;
    return fs::is_regular_file(path, ec) && access(path.c_str(), X_OK) == 0;
}

} // namespace

std::string own_path() {
    std::error_code ec;
    const fs::path path = fs::read_symlink("/proc/self/exe", ec);
    return ec ? "" : path.string();
}

std::vector<std::string> config_directories(const std::string& what) {
    std::vector<std::string> out;
    for (const std::string& root : roots()) {
        const fs::path path = fs::path(root) / what;
        std::error_code ec;
        if (fs::is_directory(path, ec) &&
            std::find(out.begin(), out.end(), path.string()) == out.end())
            out.push_back(path.string());
    }
    return out;
}

Result<std::string> config_directory(const std::string& what) {
    if (auto found = config_directories(what); !found.empty()) return found.front();
    std::string searched;
    for (const std::string& root : roots())
        searched += (searched.empty() ? "" : ", ") + root + "/" + what;
    return failure(
        ErrorCode::not_found,
        fmt::format("no '{}' directory; searched {}. Name one with an option or set SAFAR_CONFIG",
                    what, searched));
}

Result<std::string> find_profile(const std::string& name, const std::string& extra) {
    std::error_code ec;
    if (name.find('/') != std::string::npos || name.ends_with(".toml")) {
        if (fs::is_regular_file(name, ec)) return name;
        return failure(ErrorCode::not_found, fmt::format("no import profile '{}'", name));
    }
    std::vector<std::string> places;
    if (!extra.empty()) places.push_back(extra);
    for (const std::string& place : config_directories("imports")) places.push_back(place);
    std::vector<std::string> known;
    for (const std::string& place : places) {
        const fs::path path = fs::path(place) / (name + ".toml");
        if (fs::is_regular_file(path, ec)) return path.string();
        for (const auto& entry : fs::directory_iterator(place, ec))
            if (entry.path().extension() == ".toml") known.push_back(entry.path().stem().string());
    }
    std::sort(known.begin(), known.end());
    std::string names;
    for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
    return failure(
        ErrorCode::not_found,
        fmt::format("no import profile '{}'; there are: {}. A path to a .toml file works too", name,
                    names.empty() ? "none" : names));
}

Result<std::string> find_safard() {
    if (auto given = environment("SAFARD"); !given.empty()) {
        if (executable(given)) return given;
        return failure(ErrorCode::not_found,
                       fmt::format("SAFARD names '{}', which is no program", given));
    }
    const fs::path bin = fs::path(own_path()).parent_path();
    for (const fs::path& path : {bin / "safard", bin.parent_path() / "node" / "safard"})
        if (executable(path)) return path.string();
    std::string path = environment("PATH");
    for (std::size_t start = 0; start <= path.size();) {
        const std::size_t end = std::min(path.find(':', start), path.size());
        if (auto at = fs::path(path.substr(start, end - start)) / "safard";
            end > start && executable(at))
            return at.string();
        start = end + 1;
    }
    return failure(ErrorCode::not_found,
                   "safard is not beside safar, in its build tree or on PATH; set SAFARD to it");
}

} // namespace safar::cli
