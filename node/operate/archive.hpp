// A backup on disk: a directory, or one tar file (ustar) where its name ends in ".tar". Both are
// whole or have no manifest: a directory gets it last, a tar file its name.
#pragma once

#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"

#include <functional>
#include <memory>

namespace safar {

// Fills `out` with the next bytes of a file; 0: its end. Errors: storage_failed with the path.
using FileSource = std::function<Result<std::size_t>(std::span<std::byte> out)>;

class ArchiveWriter {
public:
    // Errors: conflict (`path` is there already, and no empty directory).
    [[nodiscard]] static Result<> check(const std::string& path);
    // Errors: those of check(), storage_failed.
    [[nodiscard]] static Result<std::unique_ptr<ArchiveWriter>> create(const std::string& path);
    virtual ~ArchiveWriter() =
        default; // without finish(): what was written is of no use, and says so

    // Exactly `bytes` out of `source`. The manifest first. Errors: storage_full, storage_failed;
    // malformed (the source has more or less).
    [[nodiscard]] virtual Result<> add(const std::string& name, std::uint64_t bytes,
                                       const FileSource& source) = 0;
    [[nodiscard]] virtual Result<> finish() = 0; // durable
};

// Gives every file of an archive to `visit`, the manifest first; it may stop reading early. Errors:
// not_found (no backup there), malformed with path and reason, storage_failed, and what `visit`
// says.
using VisitFile =
    std::function<Result<>(const std::string& name, std::uint64_t bytes, const FileSource& source)>;
[[nodiscard]] Result<> read_archive(const std::string& path, const VisitFile& visit);

// Calls `body` with a source over what a file holds at this moment, and its length: what is
// appended meanwhile is not given. Errors: not_found, storage_failed.
[[nodiscard]] Result<>
with_file(const std::string& path,
          const std::function<Result<>(std::uint64_t bytes, const FileSource&)>& body);
// Creates `path` with mode 0600 in a directory that is made (0700) if absent, fills it from
// `source`, syncs it. Errors: storage_full, storage_failed; malformed: not exactly `bytes` came.
[[nodiscard]] Result<> write_from(const std::string& path, std::uint64_t bytes,
                                  const FileSource& source);

} // namespace safar
