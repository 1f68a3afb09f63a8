// Every kind of file of a closed data directory, damaged in every way, while the node's peers go
// on: the start is refused with a name, or what is wrong is found and told, or the node comes to
// what its peers hold. Never silence. SAFAR_DAMAGE_MATRIX=600 for the long run; SAFAR_DAMAGE_SHOW=1
// prints what the operator reads in each case.
#include "tests/process/load.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <set>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

enum class Fault { flip, truncate, zero_page, remove, swap, old_copy };
constexpr Fault faults[] = {Fault::flip,   Fault::truncate, Fault::zero_page,
                            Fault::remove, Fault::swap,     Fault::old_copy};
std::string_view name(Fault fault) {
    constexpr std::string_view names[] = {"flip",   "truncate", "zero page",
                                          "delete", "swap",     "old copy"};
    return names[static_cast<int>(fault)];
}

std::string kind_of(const fs::path& file) {
    const std::string name = file.filename(), extension = file.extension();
    if (extension == ".log" && file.begin()->string() == "store") return "write-ahead log";
    if (extension == ".sst") return "sorted table";
    if (extension == ".blob") return "blob file";
    if (name.starts_with("MANIFEST")) return "MANIFEST";
    if (name.starts_with("OPTIONS")) return "OPTIONS";
    if (name == "CURRENT" || name == "IDENTITY" || name == "FORMAT" || name == "witness" ||
        name == "safard.toml")
        return name;
    if (file.begin()->string() == "charter") return "charter";
    if (name == "signing.key" || name == "tls.key") return name;
    if (file.begin()->string() == "access") return "access log";
    return ""; // locks, the socket, RocksDB's own diary
}

std::vector<fs::path> files_of(const fs::path& directory, const std::string& kind) {
    std::vector<fs::path> out;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (entry.is_regular_file() && entry.file_size() > 0)
            if (fs::path file = fs::relative(entry.path(), directory); kind_of(file) == kind)
                out.push_back(file);
    std::sort(out.begin(), out.end());
    return out;
}

// What a node can do without, wholly or in part: OPTIONS and IDENTITY are RocksDB's own, the
// witness has two slots, a comment is no configuration, the access log's head is written anew. Of
// any other a fault without a word would be a loss that only the peers made good.
bool may_be_without_effect(const std::string& kind) {
    static const std::set<std::string> kinds{"OPTIONS", "IDENTITY", "witness", "safard.toml",
                                             "access log"};
    return kinds.contains(kind);
}

// Two other agencies run all the time; the node in question is put back from a copy for each cell.
class DamageMatrix : public ::testing::Test {
protected:
    Federation net{{"IOM", "FIA", "MOFA"}};
    fs::path data = net.directory("IOM"), kept = net.path("kept"), old = net.path("old");
    std::mt19937_64 random{600};
    std::string written; // the last record before the damage

    void SetUp() override {
        net.start_all();
        const std::string csv = net.path("returns.csv");
        std::ofstream out(csv);
        out << "\"Date\",\"Year\",\"Quarter\",\"Nationality\",\"Region\",\"Return type "
               "group\",\"Return type\","
               "\"Age\",\"Sex\",\"Return destination group\",\"Number of returns\"\n";
        for (int i = 0; i < 300; ++i)
            out << "2023-03-31,2023,1,\"Country " << i << "\",\"Asia South\",\"Voluntary return\","
                << "\"Other verified returns\",\"18 to 29\",\"Male\",\"Home country\",20\n";
        out.close();
        net.ask("IOM", {"import", "uk-returns", csv});
        write_some();
        close_and_keep(old); // flushed: tables and blobs
        net.start("IOM");
        write_some();
        close_and_keep(net.path("between"));
        net.start("IOM");
        write_some();
        net.wait_equal({"IOM", "FIA", "MOFA"}, "return");
        // Killed, so that a write-ahead log with something in it is left.
        net.kill("IOM");
        keep(kept);
    }
    void write_some() {
        for (int i = 0; i < 10; ++i)
            written = write_one(net, "IOM").value_or("nothing was written");
    }
    void keep(const fs::path& where) {
        ASSERT_EQ(run({"/bin/cp", "-a", data, where}).exit_code, 0);
    }
    void close_and_keep(const fs::path& where) {
        net.stop("IOM");
        keep(where);
    }
    void put_back() {
        fs::remove_all(data);
        ASSERT_EQ(run({"/bin/cp", "-a", kept, data}).exit_code, 0);
    }
    // False: nothing would change.
    bool damage(const fs::path& file, Fault fault) {
        const fs::path at = data / file;
        const std::string before = slurp(at);
        std::string text = before;
        const std::size_t size = text.size();
        switch (fault) {
        case Fault::flip: text[random() % size] ^= static_cast<char>(1u << (random() % 8)); break;
        case Fault::truncate: text.resize(random() % size); break;
        case Fault::zero_page: {
            const std::size_t page = random() % size / 4096 * 4096;
            std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(page),
                        std::min<std::size_t>(4096, size - page), '\0');
            break;
        }
        case Fault::remove: return fs::remove(at);
        case Fault::swap: return swap(file);
        case Fault::old_copy:
            if (!fs::exists(old / file)) return false;
            text = slurp(old / file);
            break;
        }
        if (text == before) return false;
        std::ofstream(at, std::ios::binary) << text;
        return true;
    }
    // With another of its kind, here or at another agency.
    bool swap(const fs::path& file) {
        for (const fs::path& other : files_of(data, kind_of(file)))
            if (other != file) {
                fs::rename(data / file, data / "swapped");
                fs::rename(data / other, data / file);
                fs::rename(data / "swapped", data / other);
                return true;
            }
        const fs::path theirs = net.directory("FIA");
        const auto others = files_of(theirs, kind_of(file));
        if (others.empty() || slurp(theirs / others[0]) == slurp(data / file)) return false;
        fs::copy_file(theirs / others[0], data / file, fs::copy_options::overwrite_existing);
        return true;
    }
    // What the log of the node says since `from`, the lines that an operator has to read.
    std::string told(std::size_t from) const {
        std::istringstream lines(net.log_of("IOM").substr(from));
        std::string out;
        for (std::string line; std::getline(lines, line);)
            if (line.find("event=note") != std::string::npos ||
                line.find("event=refused") != std::string::npos)
                out += line.substr(line.find("event=")) + "\n";
        return out;
    }
    // What became of one cell; a failure of the test where it is silent.
    std::string judge(const fs::path& file, std::size_t from) {
        if (auto code = net.try_start("IOM")) {
            EXPECT_TRUE(*code == 74 || *code == 75 || *code == 78) << "exit code " << *code;
            const std::string why = told(from);
            EXPECT_THAT(why, HasSubstr("event=refused"));
            // The file, or the directory where only RocksDB knows more.
            EXPECT_TRUE(why.find(file.filename()) != std::string::npos ||
                        why.find(data / "store") != std::string::npos ||
                        why.find(data / *file.begin()) != std::string::npos)
                << why;
            return "refused";
        }
        const Ran verified = net.safar("IOM", {"verify", "--deep"});
        const bool reads_whole = net.safar("IOM", {"access", "verify"}).exit_code == 0;
        const std::string notes = told(from);
        // What was lost and told comes again from the peers; what is damaged within the store does
        // not by itself.
        if (verified.exit_code != 0 && notes.find("the store lost") == std::string::npos) {
            net.kill("IOM");
            return "found by verify";
        }
        EXPECT_TRUE(write_one(net, "IOM")); // signs nothing at a place where it has signed
        net.wait_equal({"IOM", "FIA", "MOFA"}, "return", 30s);
        EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));
        for (const char* agency : {"IOM", "FIA", "MOFA"}) {
            EXPECT_TRUE(shows(net, agency, written)) << agency;
            EXPECT_EQ(call(net, agency, "/v1/status")->at("forks").as_int64(), 0) << agency;
        }
        net.kill("IOM");
        if (!notes.empty()) return "told, and come again";
        if (!reads_whole) return "found by verify";
        EXPECT_TRUE(may_be_without_effect(kind_of(file))) << "not a word of it";
        return "without effect";
    }
};

TEST_F(DamageMatrix, NoFaultOfOneFileIsSilent) {
    const unsigned cells = size_of_hunt("SAFAR_DAMAGE_MATRIX", 60);
    const bool show = std::getenv("SAFAR_DAMAGE_SHOW") != nullptr;
    std::vector<std::string> kinds;
    for (const auto& entry : fs::recursive_directory_iterator(kept))
        if (entry.is_regular_file()) kinds.push_back(kind_of(fs::relative(entry.path(), kept)));
    std::sort(kinds.begin(), kinds.end());
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    std::erase(kinds, "");
    std::vector<std::pair<std::string, Fault>> order;
    for (const auto& kind : kinds)
        for (Fault fault : faults) order.emplace_back(kind, fault);

    std::map<std::string, std::map<std::string, unsigned>> verdicts; // by kind
    unsigned done = 0;
    for (unsigned round = 0; done < cells && round < cells; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        for (const auto& [kind, fault] : order) {
            if (done == cells || ::testing::Test::HasFailure()) break;
            const auto files = files_of(kept, kind);
            if (files.empty()) continue;
            const fs::path file = files[random() % files.size()];
            SCOPED_TRACE(file.string() + ": " + std::string(name(fault)));
            put_back();
            if (!damage(file, fault)) continue;
            ++done;
            const std::size_t from = net.log_of("IOM").size();
            const std::string verdict = judge(file, from);
            ++verdicts[kind][verdict];
            if (show)
                std::cout << file.string() << " | " << name(fault) << " | " << verdict << " | "
                          << told(from) << "\n";
        }
    }
    EXPECT_EQ(done, cells);
    std::cout << done << " cells\n";
    for (const auto& [kind, by_verdict] : verdicts) {
        std::cout << "  " << kind << ":";
        for (const auto& [verdict, count] : by_verdict)
            std::cout << ' ' << count << ' ' << verdict << ';';
        std::cout << '\n';
    }
}

// What docs/operating.md says about a damaged store, done: the sentence names the file or the loss,
// the store is moved away, the peers fill a new one, and nothing is signed twice.
TEST_F(DamageMatrix, TheOperatorIsToldWhatToDoAndItHelps) {
    struct Case {
        const char *what, *told;
        bool starts;
        std::function<void()> damage;
    };
    const auto newest_log = [&] { return files_of(data, "write-ahead log").back(); };
    const auto table = [&] { return files_of(data, "sorted table").front(); };
    const Case cases[] = {
        {"write-ahead log with a flipped byte", "checksum mismatch", false,
         [&] {
             std::string text = slurp(data / newest_log());
             text[text.size() / 3] ^= 1;
             std::ofstream(data / newest_log(), std::ios::binary) << text;
         }},
        {"write-ahead log deleted", "the store lost acknowledged batches", true,
         [&] { fs::remove(data / newest_log()); }},
        {"table of another node", "store/MANIFEST-", false,
         [&] {
             net.stop("FIA"); // so that it has tables
             const auto theirs = files_of(net.directory("FIA"), "sorted table");
             ASSERT_FALSE(theirs.empty());
             fs::copy_file(fs::path(net.directory("FIA")) / theirs.front(), data / table(),
                           fs::copy_options::overwrite_existing);
             net.start("FIA");
         }},
        {"MANIFEST deleted", "No such file", false,
         [&] { fs::remove(data / files_of(data, "MANIFEST").front()); }},
        {"CURRENT deleted", "store/CURRENT is missing", false,
         [&] { fs::remove(data / "store/CURRENT"); }},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.what);
        put_back();
        each.damage();
        const std::size_t from = net.log_of("IOM").size();
        const auto code = net.try_start("IOM");
        EXPECT_EQ(code.has_value(), !each.starts);
        const std::string why = told(from);
        EXPECT_THAT(why, HasSubstr(each.told));
        std::cout << each.what << ":\n" << why;
        if (code) {
            EXPECT_EQ(*code, 74);
            EXPECT_THAT(why, HasSubstr("move the directory `store` away"));
            fs::rename(data / "store", data / "store.damaged");
            net.start("IOM");
        }
        EXPECT_TRUE(write_one(net, "IOM"));
        net.wait_equal({"IOM", "FIA", "MOFA"}, "return", 30s);
        EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));
        for (const char* agency : {"IOM", "FIA", "MOFA"})
            EXPECT_EQ(net.ask(agency, {"status"}).at("forks").as_int64(), 0) << agency;
        net.kill("IOM");
    }
}

} // namespace
} // namespace safar::process
