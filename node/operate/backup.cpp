#include "node/operate/backup.hpp"

#include "node/charter/durable_file.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/log/rocks_log.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace safar {
namespace {

namespace fs = std::filesystem;

// Counts and hashes what goes through `source`.
class Counted {
public:
    explicit Counted(const FileSource& source) : source_(source) {}
    [[nodiscard]] FileSource source() {
        return [this](std::span<std::byte> out) -> Result<std::size_t> {
            SAFAR_TRY(auto got, source_(out));
            hasher_.add(ByteView(out.data(), got));
            bytes_ += got;
            return got;
        };
    }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] Hash finish() { return hasher_.finish(); }

private:
    const FileSource& source_;
    Hasher hasher_{"backup-file"};
    std::uint64_t bytes_ = 0;
};

Result<BackupFile> describe_file(const std::string& directory, const std::string& name) {
    BackupFile out;
    out.path = name;
    SAFAR_TRY(
        with_file(directory + "/" + name, [&](std::uint64_t, const FileSource& source) -> Result<> {
            Counted counted(source);
            const FileSource through = counted.source();
            Bytes piece(256u << 10);
            for (;;) {
                SAFAR_TRY(auto got, through(piece));
                if (got == 0) break;
            }
            out.bytes = counted.bytes();
            out.hash = counted.finish();
            return success();
        }));
    return out;
}

// A plain copy: small files, and keys, which must not share an inode with a copy.
Result<> copy_file(const std::string& from, const std::string& to) {
    return with_file(from, [&](std::uint64_t bytes, const FileSource& source) {
        return write_from(to, bytes, source);
    });
}

Result<> copy_folder(const std::string& directory, const std::string& folder,
                     const std::string& into) {
    const std::string from = directory + "/" + folder;
    std::error_code error, ignored;
    if (!fs::exists(from, error) && !error) return success();
    for (fs::recursive_directory_iterator at(from, error), end; !error && at != end;
         at.increment(error)) {
        const std::string to = into + "/" + at->path().lexically_relative(directory).string();
        if (!at->is_regular_file(ignored) || fs::exists(to, ignored)) continue;
        SAFAR_TRY(copy_file(at->path().string(), to));
    }
    if (error)
        return failure(ErrorCode::storage_failed, from + ": can not be listed: " + error.message());
    return success();
}

Result<> copy_beside_store(const std::string& directory, const std::string& into) {
    SAFAR_TRY(copy_file(directory + "/safard.toml", into + "/safard.toml"));
    SAFAR_TRY(copy_file(directory + "/store/FORMAT", into + "/store/FORMAT"));
    std::error_code error;
    // The access log grows meanwhile, and goes along as far as it went when it was opened. Its head
    // goes first: it may be older than the log, never newer.
    for (const char* name : {"/users.toml", "/access/head"}) {
        if (!fs::exists(directory + name, error)) continue;
        SAFAR_TRY(copy_file(directory + name, into + name));
    }
    return copy_folder(directory, "access", into);
}

Result<> list_files(const std::string& directory, Manifest& out) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (entry.is_regular_file())
            names.push_back(fs::relative(entry.path(), directory).string());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        if (!is_inner_path(name)) // nobody could read the manifest that names it
            return failure(
                ErrorCode::invalid_argument,
                "'" + name +
                    "' in the data directory has a name that no backup can hold: none of "
                    "the node's own files has it; move that file away");
        SAFAR_TRY(auto file, describe_file(directory, name));
        out.files.push_back(std::move(file));
    }
    return success();
}

// Of a name that no copy ever had, so that who carries an older one away never takes it for that.
Result<std::string> fresh_directory(const std::string& shelf) {
    SAFAR_TRY(make_directory(shelf));
    std::string made = shelf + "/XXXXXX";
    if (::mkdtemp(made.data()) == nullptr)
        return failure(errno == ENOSPC || errno == EDQUOT ? ErrorCode::storage_full
                                                          : ErrorCode::storage_failed,
                       shelf + ": no directory can be made there: " + std::strerror(errno));
    return made;
}

// As fresh_directory() names one, and not somebody's backup, which has its manifest in it.
bool is_copy(const fs::path& path) {
    const std::string name = path.filename().string();
    std::error_code error;
    return name.size() == 6 &&
           std::ranges::all_of(name,
                               [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; }) &&
           fs::symlink_status(path, error).type() == fs::file_type::directory &&
           !fs::exists(path / manifest_name, error);
}

Result<> carry_file(const std::string& path, const BackupFile& file, ArchiveWriter& out) {
    return with_file(path, [&](std::uint64_t, const FileSource& source) -> Result<> {
        Counted counted(source);
        SAFAR_TRY(out.add(file.path, file.bytes, counted.source()));
        if (counted.finish() != file.hash)
            return failure(ErrorCode::wrong_hash,
                           path + ": reads differently than a moment ago: look at this disk "
                                  "(`safar verify --deep`), then back up again");
        return success();
    });
}

} // namespace

Result<> copy_moment(Log& log, const std::string& directory, const std::string& into) {
    SAFAR_TRY(checkpoint_rocks_log(log, directory + "/witness", into));
    return copy_folder(directory, "charter", into);
}

Result<BackupMade> BackupShelf::make(BackupPlan plan, const SigningKey& key) {
    std::lock_guard lock(mutex_);
    SAFAR_TRY(clear());
    auto made = [&]() -> Result<BackupMade> {
        SAFAR_TRY(auto into, fresh_directory(shelf_));
        try { // of <filesystem>
            return fill(into, std::move(plan), key);
        } catch (const fs::filesystem_error& problem) {
            return failure(ErrorCode::storage_failed, std::string(problem.what()));
        }
    }();
    if (!made) (void)clear();
    return made;
}

Result<BackupMade> BackupShelf::fill(const std::string& into, BackupPlan plan,
                                     const SigningKey& key) const {
    Manifest& facts = plan.facts;
    SAFAR_TRY(plan.capture(into, facts));
    SAFAR_TRY(copy_beside_store(directory_, into));
    if (plan.with_keys) {
        SAFAR_TRY(copy_folder(directory_, "keys", into));
    }
    facts.with_keys = plan.with_keys;
    SAFAR_TRY(list_files(into, facts));
    if (facts.file("store/CURRENT") == nullptr) // without it a store reads as an empty one
        return failure(ErrorCode::storage_failed,
                       into + ": the copy of the store is gone: somebody removed it while the "
                              "backup was made; back up again");
    return BackupMade{into, write_manifest(facts, key), facts.files.size(), facts.bytes()};
}

Result<> BackupShelf::let_go(const std::string& copy) {
    std::lock_guard lock(mutex_);
    if (fs::path(copy).parent_path() != shelf_ || !is_copy(copy)) return success();
    return clear(); // of copies none but the newest is there
}

Result<> BackupShelf::clear() const {
    std::error_code error, more;
    if (!fs::exists(shelf_, error) && !error) return success();
    std::vector<fs::path> copies;
    for (fs::directory_iterator at(shelf_, error), end; !error && at != end; at.increment(error))
        if (is_copy(at->path())) copies.push_back(at->path());
    for (const fs::path& copy : copies)
        if (fs::remove_all(copy, more); more) error = more;
    if (error)
        return failure(ErrorCode::storage_failed,
                       shelf_ + ": can not be removed: " + error.message());
    fs::remove(shelf_, more); // only where nothing is in it that somebody else put there
    return success();
}

Result<> carry_backup(const std::string& from, const std::string& manifest,
                      const std::string& target) {
    SAFAR_TRY(auto facts, parse_manifest(std::string(manifest_name), manifest));
    SAFAR_TRY(auto out, ArchiveWriter::create(target));
    std::string_view left = manifest;
    SAFAR_TRY(out->add(std::string(manifest_name), manifest.size(),
                       [&](std::span<std::byte> into) -> Result<std::size_t> {
                           const std::size_t count = std::min(left.size(), into.size());
                           std::memcpy(into.data(), left.data(), count);
                           left.remove_prefix(count);
                           return count;
                       }));
    for (const BackupFile& file : facts.files) {
        const std::string path = from + "/" + file.path;
        auto carried = carry_file(path, file, *out);
        std::error_code error;
        if (!carried && !fs::exists(path, error) && !error)
            return failure(ErrorCode::conflict,
                           from + ": is gone: another backup of this node was begun and took its "
                                  "place; let that one end, then back up again");
        SAFAR_TRY(carried);
    }
    return out->finish();
}

} // namespace safar
