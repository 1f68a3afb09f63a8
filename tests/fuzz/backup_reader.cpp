// A backup of a small node, changed in its tar file, its files, its manifest, its signature, or not
// a backup at all: restored to what was backed up, or refused with a named reason and nothing left;
// never a file outside the directory. Whole backups open RocksDB, so those executions are slow.
#include "tests/fuzz/scratch.hpp"
#include "tests/unit/node/operate/backup_fixture.hpp"

namespace {
using namespace safar;
using namespace safar::fuzz;
using fuzz::slurp;
using fuzz::spill;

// One file in a tar file; `says` is the length that its header states.
struct Entry {
    std::string name, bytes;
    char type = '0';
    std::optional<std::uint64_t> says;
};

struct World : safar::testing::BackupFixture {
    void TestBody() override {}
    using BackupFixture::digest, BackupFixture::identity;
    World() {
        SetUp();
        spill(data + "/users.toml", "[[user]]\n");
        back_up(work / "b", /*with_keys=*/false);
        const std::string text = slurp(work / "b/backup.manifest");
        manifest = safar::testing::value_of(parse_manifest("made", text));
        for (const BackupFile& file : manifest.files)
            entries.push_back({file.path, slurp(work / ("b/" + file.path)), '0', {}});
        entries.insert(entries.begin(), {std::string(manifest_name), text, '0', {}});
        frontier = digest(data);
    }
    Manifest manifest;
    std::vector<Entry> entries;
    Hash frontier;
};

World& world() {
    static World made;
    return made;
}

std::string tar_of(const std::vector<Entry>& entries) {
    std::string out;
    for (const Entry& entry : entries) {
        std::string head(512, '\0');
        head.replace(0, std::min<std::size_t>(entry.name.size(), 100), entry.name, 0, 100);
        char size[13];
        std::snprintf(size, sizeof size, "%011llo",
                      static_cast<unsigned long long>(entry.says.value_or(entry.bytes.size())));
        head.replace(124, 11, size, 11);
        head[156] = entry.type;
        unsigned sum = 8 * ' ';
        for (char c : head) sum += static_cast<unsigned char>(c);
        std::snprintf(size, sizeof size, "%06o", sum);
        head.replace(148, 6, size, 6);
        out += head + entry.bytes + std::string((512 - entry.bytes.size() % 512) % 512, '\0');
    }
    return out + std::string(1024, '\0');
}

class Hostile {
public:
    Hostile(Input& in, std::string root) : in_(in), root_(std::move(root)) {}
    std::string tar() {
        if (in_.byte() % 8 == 0) return std::string(as_text(in_.rest()));
        for (int edits = 0; !in_.empty() && edits < 12; ++edits) edit();
        std::string out = tar_of(entries_);
        if (cut_) out.resize(*cut_ % out.size());
        return out;
    }

private:
    std::string path() {
        switch (in_.byte() % 8) {
        case 0: return "../outside";
        case 1: return root_ + "/outside";
        case 2: return "store/../../outside";
        case 3: return "keys/signing.key";
        case 4: return std::string(manifest_name);
        case 5: return "charter/0002.charter";
        case 6: return world().manifest.files[in_.byte() % world().manifest.files.size()].path;
        default: return std::string(as_text(in_.bytes(in_.byte() % 120)));
        }
    }
    Entry& entry() { return entries_[in_.byte() % entries_.size()]; }
    BackupFile& file() { return manifest_.files[in_.byte() % manifest_.files.size()]; }
    void edit() {
        const std::uint8_t op = in_.byte();
        if (entries_.empty() || manifest_.files.empty()) return;
        switch (op % 16) {
        case 0: return flip(entry().bytes);
        case 1: return entry().bytes.resize(in_.two());
        case 2: entry().name = path(); return;
        case 3: entry().says = std::uint64_t{in_.two()} << in_.byte() % 20; return;
        case 4: entry().type = static_cast<char>(in_.byte()); return;
        case 5: entries_.erase(entries_.begin() + in_.byte() % std::ssize(entries_)); return;
        case 6: entries_.push_back(Entry(entry())); return;
        case 7: return std::swap(entry(), entry());
        case 8: cut_ = std::size_t{in_.two()} << 4 | in_.byte() % 16; return;
        case 9: file().path = path(); return sign();
        case 10: file().bytes = in_.two(); return sign();
        case 11: file().hash.raw[0] ^= std::byte{1}; return sign();
        case 12: return add_file();
        case 13: return change_file();
        case 14: return change_facts();
        default: entry().bytes = std::string(as_text(in_.bytes(in_.byte()))); return;
        }
    }
    void flip(std::string& bytes) {
        if (bytes.empty()) return;
        char& at = bytes[(std::size_t{in_.byte()} << 16 | in_.two()) % bytes.size()];
        at = static_cast<char>(at ^ (in_.byte() | 1));
    }
    // A file of the attacker's own that the manifest knows.
    void add_file() {
        Entry added{path(), std::string(as_text(in_.bytes(in_.byte()))), '0', {}};
        manifest_.files.push_back({added.name, added.bytes.size(), hash(added.bytes)});
        entries_.push_back(std::move(added));
        sign();
    }
    // Changed with its line in the manifest.
    void change_file() {
        BackupFile& changed = file();
        for (Entry& entry : entries_)
            if (entry.name == changed.path) {
                flip(entry.bytes);
                changed.bytes = entry.bytes.size();
                changed.hash = hash(entry.bytes);
            }
        sign();
    }
    void change_facts() {
        const std::uint8_t which = in_.byte();
        switch (which % 6) {
        case 0: manifest_.node.raw[0] ^= std::byte{1}; break;
        case 1: manifest_.network.raw[0] ^= std::byte{1}; break;
        case 2: manifest_.with_keys = true; break;
        case 3: manifest_.heads[0].number += in_.byte(); break;
        case 4: manifest_.heads[0].hash.raw[0] ^= std::byte{1}; break;
        default: manifest_.agency = as_text(in_.bytes(in_.byte() % 32));
        }
        sign();
    }
    // By the node itself or by a stranger.
    void sign() {
        if (in_.byte() % 4 != 0) std::ranges::sort(manifest_.files, {}, &BackupFile::path);
        const Identity& node = *world().identity;
        const SigningKey& key = in_.byte() % 2 == 0 ? node.signing : node.tls;
        for (Entry& entry : entries_)
            if (entry.name == manifest_name) entry.bytes = write_manifest(manifest_, key);
    }
    static Hash hash(const std::string& bytes) {
        return tagged_hash("backup-file", {as_bytes(bytes)});
    }

    Input& in_;
    std::string root_;
    std::vector<Entry> entries_ = world().entries;
    Manifest manifest_ = world().manifest;
    std::optional<std::size_t> cut_;
};

// Every file and directory below `root`, without what lies in `left_out`.
std::set<std::string> list(const std::string& root, const std::string& left_out) {
    std::set<std::string> out;
    for (auto at = std::filesystem::recursive_directory_iterator(root);
         at != std::filesystem::recursive_directory_iterator(); ++at) {
        out.insert(at->path().string());
        if (at->path() == left_out) at.disable_recursion_pending();
    }
    return out;
}
} // namespace

// Made before the first execution, whose time is limited.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    world();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return -1; // more than is read of it
    Input in(data, size);
    const Scratch scratch;
    const std::string backup = scratch.path + "/b.tar", into = scratch.path + "/in/it";
    std::filesystem::create_directory(scratch.path + "/in");
    spill(backup, Hostile(in, scratch.path).tar());

    auto restored = restore_backup({backup, into, ""});
    std::set<std::string> expected{backup, scratch.path + "/in"};
    if (restored) expected.insert(into);
    must(list(scratch.path, into) == expected);
    if (restored)
        must(world().digest(into) == world().frontier);
    else
        must(!restored.error().detail.empty() && blame(restored.error().code) != Blame::nobody);
    return 0;
}
