// A log on a disk, and what a test does to its files.
#pragma once

#include "log_contract.hpp"

#include <fstream>

namespace safar {

namespace fs = std::filesystem;

class RocksLogTest : public LogFixture {
protected:
    void SetUp() override {
        use(std::make_unique<RocksHost>());
        open();
    }
    [[nodiscard]] RocksHost& rocks() { return static_cast<RocksHost&>(*host); }

    // What a kill -9 at this moment would leave: the files as they are, nothing flushed.
    void crash_and_keep_image() {
        auto image = std::make_unique<RocksHost>();
        fs::copy(rocks().directory.path(), image->directory.path(), fs::copy_options::recursive);
        log.reset();
        use(std::move(image));
    }
    [[nodiscard]] fs::path write_ahead_log() {
        fs::path newest;
        for (const auto& entry : fs::directory_iterator(rocks().options().directory))
            if (entry.path().extension() == ".log" && fs::file_size(entry) > 0 &&
                entry.path() > newest)
                newest = entry.path();
        return newest;
    }
    [[nodiscard]] std::size_t files(const std::string& extension) {
        std::size_t out = 0;
        for (const auto& entry : fs::directory_iterator(rocks().options().directory))
            out += entry.path().extension() == extension;
        return out;
    }
    [[nodiscard]] long losses_told() const {
        return std::ranges::count_if(notes, [](const std::string& note) {
            return note.find("acknowledged") != std::string::npos;
        });
    }
    Result<std::unique_ptr<Log>> try_open() {
        notes.clear();
        return host->open(author(), charter, notes);
    }
};

inline void flip(const fs::path& path, std::uint64_t at, unsigned char with) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    char byte = 0;
    file.get(byte);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(static_cast<unsigned char>(byte) ^ with));
}

} // namespace safar
