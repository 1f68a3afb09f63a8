// One import: rows in, as few events out as say what is new.
//
// Parsing and comparing run on the caller's thread, signing and syncing on the log thread, deriving
// on the derive thread, all at once; a bounded number of events is under way between them. Atomic
// per batch, idempotent, and resumable by running it again.
#pragma once

#include "node/imports/import_reader.hpp"
#include "node/registry/node.hpp"

#include <deque>
#include <future>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace safar {

struct ImportCommand {
    ImportRequest request; // compartment_of is filled in by the registry
    bool dry_run = false;  // compare and count, write nothing
};

struct ImportSummary {
    ImportProgress read;
    std::uint64_t records_new = 0, records_changed = 0, records_unchanged = 0;
    std::uint64_t events = 0, batches = 0;
    std::chrono::milliseconds took{0};
};

// Takes each rejected row. On the caller's thread.
using RejectSink = std::function<void(const ImportReject&)>;

class ImportRun {
public:
    ImportRun(Node& node, ImportReader& reader, std::string actor, bool dry_run);
    // Waits for what is still under way, since it refers to this object.
    ~ImportRun();

    // Returns when everything is durable and derived. Errors: those of the reader, not_permitted,
    // those of Log::append; what was appended before stays.
    [[nodiscard]] Result<ImportSummary> run(const RejectSink& rejects);

private:
    struct Flight {
        std::vector<RecordId> ids;
        std::size_t events = 0;
        std::vector<std::future<Result<Appended>>> parts;
    };
    struct Rounds; // a chunk's records, so that each id occurs once in each round

    [[nodiscard]] Result<> take(std::vector<ImportedRecord> chunk);
    [[nodiscard]] Result<> take_round(std::vector<ImportedRecord> round);
    // False: no log would take it, and its row is rejected.
    [[nodiscard]] Result<bool> add_draft(std::uint64_t line, EventDraft draft,
                                         std::map<std::string, AppendRequest>& out);
    void reject(std::uint64_t line, std::string reason);
    [[nodiscard]] Result<> launch(std::map<std::string, AppendRequest> requests);
    [[nodiscard]] Result<> land_one();
    [[nodiscard]] Result<> land_all();
    [[nodiscard]] Result<const std::string*> compartment_of(std::uint16_t kind);
    void count_heads(bool before);

    Node& node_;
    ImportReader& reader_;
    const RejectSink* rejects_ = nullptr; // while run() lasts
    std::string actor_;
    bool dry_run_;
    std::shared_ptr<const Schema> schema_;
    std::shared_ptr<const Charter> charter_;
    std::map<std::uint16_t, std::string> compartments_; // by kind
    std::unordered_set<RecordId> flying_;               // written, perhaps not derived yet
    std::deque<Flight> flights_;
    std::size_t flying_events_ = 0;
    std::unordered_set<RecordId> dry_new_; // dry run: what would be new by now
    std::uint64_t rejected_ = 0;           // here, after the reader had let them pass
    ImportSummary summary_;
};

} // namespace safar
