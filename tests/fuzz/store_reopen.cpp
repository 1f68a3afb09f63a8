// A store on disk of which one file was damaged: opened as a node opens it, it is refused with a
// named reason, or holds a prefix of what was acknowledged, byte for byte; and the node signs
// nothing at a place where it may have signed before. Through RocksDB, so slow: tens a second.
#include "storage/log/rocks_log.hpp"
#include "tests/fuzz/scratch.hpp"
#include "tests/unit/storage/log/fixture.hpp"

namespace {
using namespace safar;
using namespace safar::fuzz;
namespace fs = std::filesystem;

struct World {
    fixture::Node us{1}, other{2};
    std::shared_ptr<fixture::TestAuthority> authority = std::make_shared<fixture::TestAuthority>(
        std::initializer_list<const fixture::Node*>{&us, &other});
    SeededEntropy entropy{7};
    Scratch scratch;
    std::map<std::string, std::string> files; // by path below the data directory
    std::map<BatchPlace, Bytes> acknowledged;
    std::vector<BatchPlace> journal;

    Result<std::unique_ptr<Log>> open(const std::string& directory) {
        std::vector<std::string> notes;
        RocksOptions options;
        options.directory = directory + "/store";
        options.witness_path = directory + "/witness";
        options.reserve_bytes = 1;
        options.write_buffer_bytes = 1u << 20;
        return open_rocks_log(options, {us.node, &us.key, &entropy}, authority, notes);
    }
    // Opened again and again: the last part lies in the write-ahead log, the rest in tables.
    World() {
        fixture::Writer chain(other);
        const std::string directory = scratch.path + "/made";
        fs::create_directory(directory);
        for (std::size_t run = 0; run < 3; ++run) {
            auto log = open(directory).value();
            for (const std::string& compartment : fixture::compartments)
                log->confirm_own_heads(other.node, log->frontier(compartment));
            const AppendRequest own[] = {fixture::request("return", 2),
                                         fixture::request("movement", 1)};
            for (auto& answer : log->append(own)) must(answer.has_value());
            const auto theirs = chain.write_many(2, run == 1 ? 200 : 3);
            for (const IngestOutcome& outcome : log->ingest(theirs)) must(outcome.fresh);
            must(log->put_setting("a setting", as_bytes("its value")).has_value());
            if (run < 2) continue;
            auto entries = log->read_journal(0, 1000);
            for (const JournalEntry& entry : entries.value()) {
                journal.push_back({entry.name, entry.number});
                acknowledged[journal.back()] = entry.batch->bytes;
            }
        }
        for (const auto& entry : fs::recursive_directory_iterator(directory))
            if (entry.is_regular_file())
                files[fs::relative(entry.path(), directory).string()] = slurp(entry.path());
    }
};

World& world() {
    static World made;
    return made;
}

// What the input does to one file.
void damage(Input& in, std::map<std::string, std::string>& files) {
    auto file = files.begin();
    std::advance(file, in.byte() % files.size());
    std::string& bytes = file->second;
    const std::uint8_t what = in.byte();
    const std::size_t where = std::size_t{in.byte()} << 16 | in.two();
    const std::size_t at = bytes.empty() ? 0 : where % bytes.size();
    switch (what % 7) {
    case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (in.byte() | 1));
        break;
    case 1: bytes.resize(at); break;
    case 2:
        for (std::size_t i = at; i < bytes.size() && i < at + 512; ++i) bytes[i] = 0;
        break;
    case 3: bytes += as_text(in.rest()); break;
    case 4: files.erase(file); break;
    case 5: { // it changes places with another
        auto second = files.begin();
        std::advance(second, in.byte() % files.size());
        bytes.swap(second->second);
        break;
    }
    default:
        const Bytes text = in.rest();
        bytes.replace(at, std::min(bytes.size() - at, text.size()), as_text(text));
    }
}

// RocksDB reads the properties of a table before it checks them, and where their last bytes claim
// an index that is not there it ends the process by an assertion (safard tells that as a refusal).
// They end five bytes before the block whose place the footer names first.
bool ends_rocksdb(const std::string& table) {
    constexpr std::size_t footer_bytes = 53, behind = 6;
    if (table.size() < footer_bytes) return false;
    std::size_t place = 0;
    for (std::size_t i = table.size() - footer_bytes + 1, shift = 0; shift < 32; ++i, shift += 7) {
        place |= (static_cast<std::size_t>(table[i]) & 0x7f) << shift;
        if ((table[i] & 0x80) == 0) break;
    }
    return place >= behind && place < table.size() && (table[place - behind] & 0x80) != 0;
}

void must_be_a_prefix(Log& log) {
    must(log.last_position() <= world().journal.size());
    for (Position at = 0; at < log.last_position(); ++at) {
        auto entry = log.read_journal(at, 1);
        if (!entry) { // found when it is read
            must(entry.error().code == ErrorCode::storage_corrupt);
            continue;
        }
        must(entry.value().size() == 1);
        const JournalEntry& held = entry.value().front();
        const BatchPlace place{held.name, held.number};
        must(place == world().journal[at]);
        must(held.batch->bytes == world().acknowledged.at(place));
    }
    for (const std::string& compartment : fixture::compartments)
        for (const FrontierEntry& entry : log.frontier(compartment))
            must(entry.head.number == 0 ||
                 world().acknowledged.contains({entry.log, entry.head.number}));
    auto setting = log.setting("a setting");
    must(!setting || !setting.value() || as_text(*setting.value()) == "its value");
}
} // namespace

// Made before the first execution, whose time is limited.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    world();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 256) return -1; // more than is read of it
    Input in(data, size);
    auto files = world().files;
    damage(in, files);
    for (const auto& [path, bytes] : files)
        if (path.ends_with(".sst") && ends_rocksdb(bytes)) return -1;
    const Scratch scratch;
    for (const auto& [path, bytes] : files) spill(scratch.path + "/" + path, bytes);

    auto log = world().open(scratch.path);
    if (!log) {
        must(!log.error().detail.empty());
        must(log.error().code == ErrorCode::storage_corrupt ||
             log.error().code == ErrorCode::unsupported_version ||
             log.error().code == ErrorCode::storage_failed);
        return 0;
    }
    must_be_a_prefix(*log.value());
    const AppendRequest own[] = {fixture::request("return", 1)};
    for (const auto& answer : log.value()->append(own))
        must(!answer || !world().acknowledged.contains({answer.value().log, 1}));
    return 0;
}
