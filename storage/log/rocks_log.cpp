#include "storage/log/rocks_log.hpp"

#include "storage/log/log_core.hpp"
#include "storage/log/rocks_key_value.hpp"
#include "storage/log/rocks_store.hpp"
#include "storage/log/rocks_witness.hpp"
#include "storage/log/rocks_workers.hpp"

#include <filesystem>

namespace safar {

Result<std::unique_ptr<Log>> open_rocks_log(const RocksOptions& options, const Author& author,
                                            std::shared_ptr<const Authority> authority,
                                            std::vector<std::string>& notes) {
    LogParts parts;
    SAFAR_TRY(parts.store, RocksStore::open(options));
    parts.witness = std::make_unique<WitnessFile>(options.witness_path);
    auto workers = std::make_shared<Workers>();
    parts.parallel_for = [workers](std::size_t count,
                                   const std::function<void(std::size_t)>& body) {
        workers->run(count, body);
    };
    auto log = open_log(std::move(parts), author, std::move(authority), notes);
    if (!log && log.error().detail.find(options.directory) == std::string::npos)
        return failure(log.error().code, options.directory + ": " + log.error().detail);
    return log;
}

Result<> checkpoint_rocks_log(Log& log, const std::string& witness_path, const std::string& into) {
    // Derived state lies in the same database.
    auto* database = dynamic_cast<RocksKeyValue*>(&log.derived());
    if (database == nullptr)
        return failure(ErrorCode::invalid_argument, "this log is not kept on a disk");
    SAFAR_TRY(database->checkpoint(into + "/store"));
    std::error_code error;
    if (!std::filesystem::exists(witness_path, error)) return success(); // nothing was signed yet
    std::filesystem::copy_file(witness_path, into + "/witness", error);
    if (error)
        return failure(ErrorCode::storage_failed,
                       witness_path + ": can not be copied: " + error.message());
    return success();
}

} // namespace safar
