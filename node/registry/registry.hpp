// Commands become events here, and nowhere else: the only place that appends.
//
// A command is checked against the schema and the charter before anything is written; it returns
// when its events are durable. A read first waits until derived state holds what this node wrote
// before. `set` and import replace only what the author's own agency said; overruling another
// agency is a resolution and needs a reason (design.md section 5).
//
// Threads: every call may come from any thread. Two commands on one record are done one after the
// other, so that the second sees what the first said.
#pragma once

#include "node/registry/import_run.hpp"
#include "node/registry/node.hpp"

#include <array>

namespace safar {

struct FieldText {
    std::string field; // "name=value" as people write it
    std::string value;
};

struct RecordChange {
    RecordId record;
    Position position = 0;
    std::uint32_t events = 0; // 0: nothing to say, nothing was written
};

// Who asks; recorded with the event.
struct Actor {
    std::string name;
};

struct CreateCommand {
    std::string kind;
    std::vector<FieldText> fields;
    std::string basis;
    std::uint8_t quality = 0;            // 0 not stated, 1 to 5
    std::optional<ClaimedTime> at;       // when it happened; now if absent
    std::optional<RecordId> record = {}; // its id, of which nothing is held yet; drawn if absent
};
struct SetCommand {
    RecordId record;
    std::vector<FieldText> fields;
    bool replace = false; // overrule other agencies' values; needs `why`
    std::string why;
};
struct RetractCommand {
    RecordId record;
    std::string field, why;
};
struct ResolveCommand {
    RecordId record;
    std::string field;
    std::uint32_t pick = 0; // 1-based in FoldedField::live; 0: `value` instead
    std::optional<std::string> value;
    std::string why;
    // Of the value that was picked, as show_dot has it; "": whichever stands at that place by now.
    std::string dot = {};
};
// One event of a step in a workflow (node/casework decides what it says).
struct WorkCommand {
    RecordId record;
    std::string verb;
    std::vector<FieldText> fields;  // replace what the author's own agency said
    std::vector<FieldText> decided; // replace what anybody said; the same field may stand twice
    std::string why;
    std::optional<ClaimedTime> at = {}; // when it happened; now if absent
    // Fields whose values are said anew even where they stand already: an older word may be
    // replaced elsewhere.
    std::vector<std::string> anew = {};
};

// A record as read, with what its reader needs to name things.
struct RecordView {
    std::shared_ptr<const Schema> schema;
    const Kind* kind = nullptr; // null: a kind that the schema does not know
    std::string compartment;    // "" then
    Folded folded;
};
struct HistoryView {
    std::shared_ptr<const Schema> schema;
    const Kind* kind = nullptr;
    std::vector<HeldEvent> events; // in order of arrival
};

struct CompartmentSummary {
    std::string name;
    bool may_write = false, held = false;
    std::string right; // of this node: "writes", "reads", "relays", "observes", ""
    Hash frontier;
    std::optional<Hash> state;
    std::uint64_t logs = 0, batches = 0, events = 0, records = 0;
};

struct Verification {
    VerifyReport log;
    std::string derived;               // "same", or what differs and what to do
    std::vector<std::string> compared; // what `derived` rests on, for people
};
struct Rebuilt {
    Position position = 0;
    std::chrono::milliseconds took{0};
    std::vector<std::string> same, differs; // compartments by state digest before and after
};

// "3fa1b2c4.17.2.<32 hex digits>": log, sequence, assertion, leaf; the last alone is unique.
[[nodiscard]] std::string show_dot(const Dot& dot);

class Registry {
public:
    explicit Registry(Node& node) : node_(node) {}

    // --- commands. Errors: invalid_argument (which field, what would be accepted), not_found,
    //     not_permitted (the compartment, and who may write it), and those of Log::append ---
    [[nodiscard]] Result<RecordChange> create(const CreateCommand& command, const Actor& actor);
    // All become durable at once, or none; what goes into one compartment is one batch while it
    // fits. Errors also: conflict (something is held of a record whose id is given).
    [[nodiscard]] Result<std::vector<RecordChange>>
    create_together(std::span<const CreateCommand> commands, const Actor& actor);
    // For CreateCommand::record, where one command refers to another. Errors: not_permitted.
    [[nodiscard]] Result<RecordId> fresh_id(std::string_view kind);
    [[nodiscard]] Result<RecordChange> set(const SetCommand& command, const Actor& actor);
    [[nodiscard]] Result<RecordChange> retract(const RetractCommand& command, const Actor& actor);
    [[nodiscard]] Result<RecordChange> resolve(const ResolveCommand& command, const Actor& actor);
    // "IOM-7K3QM2XD-17": for people to read out; no node gives one twice, whoever it can reach. The
    // middle is drawn once a run (40 bits), the end counts in it.
    [[nodiscard]] std::string fresh_number();
    // `check` sees the record as it stands, before anything else here may change it; its error is
    // returned.
    [[nodiscard]] Result<RecordChange>
    work(const WorkCommand& command, const Actor& actor,
         const std::function<Result<>(const RecordView&)>& check);
    // Several records in one commit: all or nothing. `check` sees them in the order of `commands`,
    // before anything else here may change any of them.
    [[nodiscard]] Result<std::vector<RecordChange>>
    work_together(std::span<const WorkCommand> commands, const Actor& actor,
                  const std::function<Result<>(std::span<const RecordView>)>& check);
    // One import runs at a time; others wait their turn. What was written before an error stays,
    // and running the same import again writes only the rest.
    [[nodiscard]] Result<ImportSummary> import_file(const ImportCommand& command,
                                                    const Actor& actor, ByteSource source,
                                                    const RejectSink& rejects);

    // The same for records that somebody else reads, ids and all (node/exports).
    [[nodiscard]] Result<ImportSummary> import_from(ImportReader& reader, bool dry_run,
                                                    const Actor& actor, const RejectSink& rejects);

    // --- reads. A kind or compartment that this node may not hold is refused, never counted as
    // nothing:
    //     not_permitted (the compartment, and who holds it) ---
    [[nodiscard]] Result<RecordView> show(const RecordId& id);
    [[nodiscard]] Result<HistoryView> history(const RecordId& id);
    [[nodiscard]] Result<std::vector<RecordView>> find(const StatisticsQuery& query,
                                                       std::size_t limit, bool& truncated);
    [[nodiscard]] Result<std::vector<Conflict>>
    conflicts(std::size_t limit, const Derived::WantedConflict& wanted = {});
    [[nodiscard]] Result<StatisticsTable> statistics(const StatisticsQuery& query);
    // All compartments of the charter; with `state` the state digests of those held (reads
    // everything). `only`: one compartment, which this node may hold. Errors: not_found,
    // not_permitted.
    [[nodiscard]] Result<std::vector<CompartmentSummary>> compartments(std::string_view only,
                                                                       bool state);

    // --- operations ---
    [[nodiscard]] Result<Verification> verify(bool deep);
    [[nodiscard]] Result<Rebuilt> rebuild();

    [[nodiscard]] Node& node() { return node_; }
    struct ImportTotals {
        std::atomic<std::uint64_t> imports{0}, rows{0}, rejected{0}, events{0}, changed{0},
            unchanged{0};
    };
    [[nodiscard]] const ImportTotals& import_totals() const { return totals_; }

private:
    [[nodiscard]] Result<RecordView> view_of(const RecordId& id) const;
    [[nodiscard]] Error not_here(const Error& error) const;
    struct Drafted {
        const RecordView* view = nullptr;
        EventDraft draft;
    };
    [[nodiscard]] Result<RecordChange> write(const RecordView& view, EventDraft draft);
    [[nodiscard]] Result<std::vector<RecordChange>> write_together(std::vector<Drafted> drafts);
    [[nodiscard]] Result<EventDraft> created(const CreateCommand& command, const Actor& actor,
                                             RecordView& view);
    [[nodiscard]] Result<EventDraft> worked(const WorkCommand& command, const Actor& actor,
                                            const RecordView& view) const;
    [[nodiscard]] std::mutex& stripe(const RecordId& id);
    [[nodiscard]] std::vector<std::unique_lock<std::mutex>>
    lock_records(std::span<const RecordId> ids);
    [[nodiscard]] static std::string draw_run();
    [[nodiscard]] RecordId fresh_record_id(const std::string& compartment);

    Node& node_;
    std::array<std::mutex, 64> stripes_;
    std::mutex homes_mutex_;
    std::map<std::string, LogName> homes_; // by compartment: where this run's events went
    std::string run_ = draw_run();
    std::atomic<std::uint64_t> numbers_{0};
    std::timed_mutex import_turn_;
    ImportTotals totals_;
};

} // namespace safar
