// A run of the journal on its way into the index and the columns. Include only from
// storage/derive/*.cpp.
#pragma once

#include "storage/derive/derived_state.hpp"

namespace safar {

class Chunk {
public:
    Chunk(DerivedState& state, std::shared_ptr<const Schema> schema)
        : state_(state), schema_(std::move(schema)) {}

    // Opens at most `batches_max` batches after `after`; those that do not count are passed over.
    [[nodiscard]] Result<> read(Position after, std::size_t batches_max);
    [[nodiscard]] std::size_t positions() const { return position_ - after_; }
    [[nodiscard]] std::size_t events() const { return events_; }

    // Derives: rows of records of one event straight into the columns; the others are folded, and
    // their index entries and conflicts go into the store in one write.
    [[nodiscard]] Result<> apply();
    // Has apply() begun to change what is derived? Where it failed before, all of that stands.
    [[nodiscard]] bool changed() const { return changed_; }

private:
    struct Source {
        LogHandle log = 0;
        std::uint64_t number = 0;
        OpenBatchPtr batch;
    };
    struct Touch {
        RecordId id;
        std::uint16_t kind = 0; // 0: unknown to the schema
        std::uint16_t batch = 0;
        std::uint8_t index = 0;
        bool repeats = false; // asserts a field twice: only the fold can tell
        std::uint32_t group = 0;
    };
    // The touches of one record.
    struct Group {
        std::uint32_t first = 0, count = 0; // in order_
        bool folds = false;
        std::optional<RowPlace> before; // where the table has it
        RowPlace after;
        std::unique_ptr<IndexEntry> entry;    // where it folds: with this chunk's events
        std::vector<std::uint16_t> conflicts; // before
    };

    void touch(const Source& source, std::uint16_t batch);
    void no_effect(const EventPlace& place, NoEffect why);
    void note_mentions();              // of the event in body_
    void note_words(const Kind& kind); // the same
    void group();
    [[nodiscard]] Result<> look_up();
    void join(Group& group);
    [[nodiscard]] Result<> fold_groups();
    [[nodiscard]] Result<> fold_some(std::span<Group* const> groups);
    void write_conflicts(Group& group, const Folded& folded);
    [[nodiscard]] Result<> write_index();
    void settle();
    [[nodiscard]] EventPlace place(const Touch& touch) const {
        const Source& source = batches_[touch.batch];
        return {source.log, source.number, touch.index};
    }
    [[nodiscard]] const RecordId& id(const Group& group) const {
        return touches_[order_[group.first]].id;
    }
    [[nodiscard]] Mark mark_after() const;

    DerivedState& state_;
    std::shared_ptr<const Schema> schema_;
    std::vector<Source> batches_;
    std::vector<Mark::Taken> passed_;  // what did not count when it was read
    std::vector<Touch> touches_;       // in order of arrival
    std::vector<std::uint32_t> order_; // of touches, by record, then arrival
    std::vector<Group> groups_;        // ascending by record
    std::vector<KeyValue::Write> conflicts_, mentions_, words_, no_effects_; // ascending by key
    std::int64_t conflicts_more_ = 0;
    std::uint64_t not_understood_ = 0;
    std::size_t events_ = 0;
    bool changed_ = false;
    Position after_ = 0, position_ = 0;
    BodyView body_; // reused
};

} // namespace safar
