// Random single-byte changes to a closed data directory: each is found by `safar verify --deep`, or
// the node refuses to open, or state and every stored batch are shown to be unchanged (dead space).
#include "tests/process/federation.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

namespace safar::process {
namespace fs = std::filesystem;
namespace {

unsigned cells() {
    const char* set = std::getenv("SAFAR_DAMAGE_CELLS");
    return set != nullptr ? static_cast<unsigned>(std::atoi(set)) : 50;
}

bool counts(const fs::path& file) {
    std::string name = file.filename();
    return !name.starts_with("LOG") && !name.starts_with("OPTIONS") && name != "LOCK" &&
           name != "safar.sock";
}

void flip(const fs::path& file, std::uintmax_t offset, unsigned mask) {
    std::fstream io(file, std::ios::in | std::ios::out | std::ios::binary);
    io.seekg(static_cast<std::streamoff>(offset));
    char byte = static_cast<char>(io.get());
    io.seekp(static_cast<std::streamoff>(offset));
    io.put(static_cast<char>(byte ^ static_cast<char>(mask)));
}

TEST(Damage, NoSingleByteChangesAnythingSilently) {
    Federation net({"IOM"});
    net.start("IOM");
    // Enough that blobs and sorted files exist: imported, then typed.
    std::string csv = net.directory("IOM") + ".csv";
    {
        std::ofstream out(csv);
        out << "\"Date\",\"Year\",\"Quarter\",\"Nationality\",\"Region\",\"Return type "
               "group\",\"Return type\","
               "\"Age\",\"Sex\",\"Return destination group\",\"Number of returns\"\n";
        for (int i = 0; i < 500; ++i)
            out << "2023-03-31,2023,1,\"Country " << i << "\",\"Asia South\",\"Voluntary return\","
                << "\"Other verified returns\",\"18 to 29\",\"Male\",\"Home country\",20\n";
    }
    net.ask("IOM", {"import", "uk-returns", csv});
    net.ask("IOM", {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    const std::string state = net.digest("IOM", "return", true);
    net.stop("IOM");
    net.start("IOM"); // so that the log is flushed into sorted and blob files
    net.ask("IOM", {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    const std::string state_now = net.digest("IOM", "return", true);
    ASSERT_NE(state, state_now);
    net.stop("IOM");

    const fs::path data = net.directory("IOM"), kept = net.directory("IOM") + ".kept";
    fs::rename(data, kept);
    std::vector<std::pair<fs::path, std::uintmax_t>> files;
    std::uintmax_t bytes = 0;
    bool blob_seen = false;
    for (const auto& entry : fs::recursive_directory_iterator(kept))
        if (entry.is_regular_file() && counts(entry.path()) && entry.file_size() > 0) {
            files.emplace_back(fs::relative(entry.path(), kept), entry.file_size());
            bytes += entry.file_size();
            blob_seen |= entry.path().extension() == ".blob";
        }
    EXPECT_TRUE(blob_seen) << "no blob file was made: nothing of them is tested";

    std::mt19937_64 random(50);
    std::map<std::string, int> verdicts;
    for (unsigned cell = 0; cell < cells(); ++cell) {
        // Every other cell by file, so that small files are hit too; the rest by byte.
        std::size_t chosen = random() % files.size();
        if (cell % 2 == 1) {
            std::uintmax_t at = random() % bytes;
            for (chosen = 0; at >= files[chosen].second; ++chosen) at -= files[chosen].second;
        }
        const auto& [file, size] = files[chosen];
        const std::uintmax_t offset = random() % size;
        const unsigned mask = 1u << (random() % 8);
        SCOPED_TRACE(file.string() + " byte " + std::to_string(offset) + " ^ " +
                     std::to_string(mask));
        fs::remove_all(data);
        fs::copy(kept, data, fs::copy_options::recursive);
        flip(data / file, offset, mask);
        if (auto code = net.try_start("IOM")) {
            ++verdicts["refused to open"];
            EXPECT_NE(*code, 0);
            EXPECT_LT(*code, 128) << "ended by a signal:\n" << net.log_of("IOM");
            continue;
        }
        Ran verified = net.safar("IOM", {"verify", "--deep"});
        if (verified.exit_code != 0) {
            ++verdicts["found by verify"];
        } else {
            ++verdicts["unchanged"];
            EXPECT_EQ(net.digest("IOM", "return", true), state_now);
        }
        net.kill("IOM");
    }
    for (const auto& [verdict, count] : verdicts) std::cout << verdict << ": " << count << '\n';
}

// RocksDB reads the properties of a table before it checks them. Where their last bytes claim an
// index that is not there, an assertion of its own ends the process.
TEST(Damage, AnAssertionOfRocksDbIsARefusalWithAName) {
    Federation net({"IOM"});
    net.start("IOM");
    net.ask("IOM", {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    net.stop("IOM");
    fs::path table;
    for (const auto& entry : fs::directory_iterator(net.directory("IOM") + "/store"))
        if (entry.path().extension() == ".sst") table = entry.path();
    ASSERT_FALSE(table.empty());
    // The footer, the last 53 bytes, names the place of the block behind them: a number of seven
    // bits a byte. Between the two are five bytes.
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(-52, std::ios::end);
    std::streamoff place = 0;
    for (int shift = 0, byte = 0x80; (byte & 0x80) != 0; shift += 7) {
        byte = file.get();
        place |= std::streamoff{byte & 0x7f} << shift;
    }
    file.seekp(place - 11);
    file.write("\xff\xff\xff\xff\xff\xff", 6);
    file.close();
    EXPECT_EQ(net.try_start("IOM"), 74) << net.log_of("IOM");
    EXPECT_NE(net.log_of("IOM").find("event=refused code=storage_corrupt detail=\"" +
                                     net.directory("IOM") + "/store"),
              std::string::npos)
        << net.log_of("IOM");
}

} // namespace
} // namespace safar::process
