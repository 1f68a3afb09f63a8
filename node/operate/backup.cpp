#include "node/operate/backup.hpp"

#include "node/charter/durable_file.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/log/rocks_log.hpp"

#include <filesystem>
#include <map>

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

Result<> copy_beside_store(const BackupPlan& plan, const std::string& into) {
    SAFAR_TRY(copy_file(plan.directory + "/safard.toml", into + "/safard.toml"));
    SAFAR_TRY(copy_file(plan.directory + "/store/FORMAT", into + "/store/FORMAT"));
    std::error_code error;
    // The access log grows meanwhile, and goes along as far as it went when it was opened. Its head
    // goes first: it may be older than the log, never newer.
    for (const char* name : {"/users.toml", "/access/head"}) {
        if (!fs::exists(plan.directory + name, error)) continue;
        SAFAR_TRY(copy_file(plan.directory + name, into + name));
    }
    SAFAR_TRY(copy_folder(plan.directory, "access", into));
    if (plan.with_keys) {
        SAFAR_TRY(copy_folder(plan.directory, "keys", into));
    }
    return success();
}

Result<> list_files(const std::string& directory, Manifest& out) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (entry.is_regular_file())
            names.push_back(fs::relative(entry.path(), directory).string());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        SAFAR_TRY(auto file, describe_file(directory, name));
        out.files.push_back(std::move(file));
    }
    return success();
}

} // namespace

Result<> copy_moment(Log& log, const std::string& directory, const std::string& into) {
    SAFAR_TRY(checkpoint_rocks_log(log, directory + "/witness", into));
    return copy_folder(directory, "charter", into);
}

Result<> drop_backup(const std::string& directory) {
    std::error_code error;
    fs::remove_all(directory + "/backup", error);
    if (error)
        return failure(ErrorCode::storage_failed,
                       directory + "/backup: can not be removed: " + error.message());
    return success();
}

Result<BackupMade> make_backup(BackupPlan plan, const SigningKey& key) {
    SAFAR_TRY(drop_backup(plan.directory));
    const std::string into = plan.directory + "/backup/" + plan.facts.node.brief();
    auto made = [&]() -> Result<BackupMade> {
        SAFAR_TRY(make_directory(plan.directory + "/backup"));
        SAFAR_TRY(make_directory(into));
        try { // of <filesystem>
            SAFAR_TRY(plan.capture(into, plan.facts));
            SAFAR_TRY(copy_beside_store(plan, into));
            plan.facts.with_keys = plan.with_keys;
            SAFAR_TRY(list_files(into, plan.facts));
        } catch (const fs::filesystem_error& problem) {
            return failure(ErrorCode::storage_failed, std::string(problem.what()));
        }
        return BackupMade{into, write_manifest(plan.facts, key), plan.facts.files.size(),
                          plan.facts.bytes()};
    }();
    if (!made) (void)drop_backup(plan.directory);
    return made;
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
        SAFAR_TRY(with_file(
            from + "/" + file.path, [&](std::uint64_t, const FileSource& source) -> Result<> {
                Counted counted(source);
                SAFAR_TRY(out->add(file.path, file.bytes, counted.source()));
                if (counted.finish() != file.hash)
                    return failure(ErrorCode::wrong_hash,
                                   from + "/" + file.path +
                                       ": reads differently than a moment ago: look at this disk "
                                       "(`safar verify --deep`), then back up again");
                return success();
            }));
    }
    return out->finish();
}

} // namespace safar
