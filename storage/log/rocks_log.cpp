#include "storage/log/rocks_log.hpp"

#include "storage/log/log_core.hpp"
#include "storage/log/rocks_store.hpp"
#include "storage/log/rocks_witness.hpp"
#include "storage/log/rocks_workers.hpp"

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
    return open_log(std::move(parts), author, std::move(authority), notes);
}

} // namespace safar
