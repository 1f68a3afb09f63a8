#include "node/operate/backup.hpp"

#include "node/charter/durable_file.hpp"
#include "node/charter/identity.hpp"
#include "node/operate/rules.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/log/rocks_log.hpp"

#include <filesystem>
#include <set>

namespace safar {
namespace {

namespace fs = std::filesystem;

class Restore {
public:
    explicit Restore(const RestoreRequest& request) : request_(request) {}

    Result<Restored> run() {
        SAFAR_TRY(read_archive(request_.backup, [this](const std::string& name, std::uint64_t bytes,
                                                       const FileSource& source) {
            return take(name, bytes, source);
        }));
        for (const BackupFile& file : out_.manifest.files)
            if (!seen_.contains(file.path))
                return failure(ErrorCode::malformed,
                               request_.backup + ": '" + file.path +
                                   "' is missing: the copy is incomplete; take another backup");
        SAFAR_TRY(take_keys());
        SAFAR_TRY(check_store());
        return std::move(out_);
    }

private:
    Result<> take(const std::string& name, std::uint64_t bytes, const FileSource& source) {
        const std::string where = request_.backup + ": '" + name + "'";
        if (name == manifest_name) return take_manifest(where, bytes, source);
        if (!begun_) return failure(ErrorCode::malformed, where + " comes before the manifest");
        const BackupFile* file = out_.manifest.file(name);
        if (file == nullptr || !seen_.insert(name).second)
            return failure(ErrorCode::malformed, where + " is not in the manifest: somebody put it "
                                                         "there; remove it or take another backup");
        if (bytes != file->bytes)
            return failure(ErrorCode::malformed,
                           where + " has " + std::to_string(bytes) + " bytes, the manifest says " +
                               std::to_string(file->bytes) + ": take another backup");
        Hasher hasher("backup-file");
        const FileSource through = [&](std::span<std::byte> out) -> Result<std::size_t> {
            SAFAR_TRY(auto got, source(out));
            hasher.add(ByteView(out.data(), got));
            return got;
        };
        if (name.starts_with("keys/") && !request_.keys.empty()) {
            SAFAR_TRY(read_to_end(through));
        } else {
            SAFAR_TRY(write_from(request_.directory + "/" + name, bytes, through));
        }
        if (hasher.finish() != file->hash)
            return failure(ErrorCode::wrong_hash,
                           where +
                               " is damaged: its hash is not the manifest's; take another backup");
        return success();
    }

    Result<> take_manifest(const std::string& where, std::uint64_t bytes,
                           const FileSource& source) {
        if (bytes > manifest_bytes_max)
            return failure(ErrorCode::limit_exceeded, where + " is too long");
        std::string text(bytes, '\0');
        for (std::size_t at = 0; at < text.size();) {
            SAFAR_TRY(auto got, source(std::as_writable_bytes(std::span(text)).subspan(at)));
            if (got == 0) return failure(ErrorCode::malformed, where + " is cut off");
            at += got;
        }
        SAFAR_TRY(out_.manifest, parse_manifest(where, text));
        begun_ = true;
        return success();
    }

    static Result<> read_to_end(const FileSource& source) {
        Bytes piece(64u << 10);
        for (;;) {
            SAFAR_TRY(auto got, source(piece));
            if (got == 0) return success();
        }
    }

    // Those that were kept apart from the backup, for they may be newer; else the keys in it.
    Result<> take_keys() {
        if (out_.manifest.with_keys && !request_.keys.empty())
            out_.notes.push_back("the keys are those of " + request_.keys +
                                 "; the ones in the backup were left out");
        if (!request_.keys.empty()) {
            SAFAR_TRY(auto names, key_names());
            for (const std::string& name : names) {
                SAFAR_TRY(with_file(
                    request_.keys + "/" + name, [&](std::uint64_t bytes, const FileSource& source) {
                        return write_from(request_.directory + "/keys/" + name, bytes, source);
                    }));
            }
        }
        out_.has_keys = out_.manifest.with_keys || !request_.keys.empty();
        if (!out_.has_keys) return success();
        SAFAR_TRY(auto identity, load_identity(request_.directory));
        if (identity.id != out_.manifest.node)
            return failure(ErrorCode::identity_mismatch,
                           (request_.keys.empty() ? request_.backup : request_.keys) +
                               ": these are keys of node " + identity.id.brief() +
                               ", the backup is of node " + out_.manifest.node.brief() + " (" +
                               out_.manifest.agency + ")");
        return success();
    }

    // The two in use; and what else belongs to them: keys that wait for their epoch, former ones,
    // and the node's id, without which a node whose keys have changed is another one.
    [[nodiscard]] Result<std::vector<std::string>> key_names() const {
        std::set<std::string> names{"signing.key", "tls.key"};
        std::error_code error;
        for (fs::directory_iterator at(request_.keys, error), end; !error && at != end;
             at.increment(error)) {
            const std::string name = at->path().filename().string();
            std::error_code gone;
            if (at->is_regular_file(gone) && (name.ends_with(".key") || name == "node"))
                names.insert(name);
        }
        if (error)
            return failure(ErrorCode::storage_failed,
                           request_.keys + ": can not be listed: " + error.message());
        return std::vector<std::string>(names.begin(), names.end());
    }

    // Every signature, hash and head, without a peer and without the node's own keys.
    Result<> check_store() {
        const Manifest& manifest = out_.manifest;
        auto loaded = load_rules(request_.directory);
        if (!loaded && loaded.error().code == ErrorCode::not_found)
            return failure(ErrorCode::malformed,
                           request_.backup + ": the charter of its node is not in it: take another "
                                             "backup");
        SAFAR_TRY(auto rules, std::move(loaded));
        if (!rules.may_sign(manifest.node, manifest.key))
            return failure(
                ErrorCode::bad_signature,
                request_.backup + ": '" + std::string(manifest_name) +
                    "' is signed by a key that the charter in it does not give to node " +
                    manifest.node.brief());
        RocksOptions options;
        options.directory = request_.directory + "/store";
        options.witness_path = request_.directory + "/witness";
        options.reserve_bytes = 64u << 20;
        const Bytes seed(SigningKey::seed_bytes); // nothing is signed here
        SAFAR_TRY(auto nobody, SigningKey::from_seed(seed));
        SAFAR_TRY(auto log,
                  open_rocks_log(options, Author{manifest.node, &nobody, &system_entropy()},
                                 rules.authority, out_.notes));
        for (const BackupHead& head : manifest.heads) {
            auto held = log->head(head.log);
            if (!held || held->number != head.number || held->hash != head.hash)
                return failure(ErrorCode::storage_corrupt,
                               request_.backup + ": the store has a log of " + head.compartment +
                                   " at batch " + std::to_string(held ? held->number : 0) +
                                   ", the manifest says " + std::to_string(head.number) +
                                   ": take another backup");
        }
        SAFAR_TRY(out_.checked, log->verify(/*deep=*/true, {}));
        if (!out_.checked.problems.empty())
            return failure(ErrorCode::storage_corrupt,
                           request_.backup + ": " + out_.checked.problems.front());
        return success();
    }

    const RestoreRequest& request_;
    Restored out_;
    bool begun_ = false;
    std::set<std::string> seen_;
};

} // namespace

Result<Restored> restore_backup(const RestoreRequest& request) {
    std::error_code error;
    const bool there = fs::exists(request.directory, error);
    if (there &&
        (!fs::is_directory(request.directory, error) || !fs::is_empty(request.directory, error)))
        return failure(ErrorCode::conflict,
                       request.directory +
                           ": is there already; restore into a new or empty directory, and never "
                           "over a node that may still run");
    SAFAR_TRY(make_directory(request.directory));
    auto restored = Restore(request).run();
    if (!restored) {
        for (const auto& entry : fs::directory_iterator(request.directory, error))
            fs::remove_all(entry.path(), error);
        if (!there) fs::remove(request.directory, error);
    }
    return restored;
}

} // namespace safar
