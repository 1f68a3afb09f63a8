// Files of one execution: in memory where there is such a place, since nothing asks for durability.
#pragma once

#include "tests/fuzz/input.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace safar::fuzz {

struct Scratch {
    Scratch() {
        const bool memory = ::access("/dev/shm", W_OK) == 0;
        path = std::string(memory ? "/dev/shm" : "/tmp") + "/safar-fuzz-XXXXXX";
        must(::mkdtemp(path.data()) != nullptr);
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::string path;
};

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void spill(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

} // namespace safar::fuzz
