// Nodes of a small network in memory: real charter, keys, log, derived state and threads; no
// socket.
#pragma once

#include "node/registry/registry.hpp"
#include "storage/log/memory_log.hpp"
#include "tests/unit/node/charter/charter_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::testing {

inline const char* const trip_kind = R"(kind = "movement"
tag = 1
title = "A movement"
time = "date"

[[field]]
tag = 1
name = "name"
type = "text"
required = true

[[field]]
tag = 2
name = "group"
type = "code"
codes = "group"
role = "dimension"

[[field]]
tag = 3
name = "means"
type = "code"
codes = "group"
rule = "set"
role = "dimension"

[[field]]
tag = 4
name = "date"
type = "date"

[[field]]
tag = 5
name = "persons"
type = "integer"
role = "measure"

[[field]]
tag = 6
name = "opinion"
type = "text"
rule = "each"
)";

inline const char* const group_codes = R"(name = "group"
title = "Groups"
open = false
codes = [["A", "Alpha"], ["B", "Beta"], ["C", "Gamma"], ["G", "Gambia, The"]]
)";

// Compartments: movement (IOM and FIA write, MOFA reads), protection (IOM and MOFA).
inline CharterDraft registry_draft(const Network& network) {
    CharterDraft draft = network.draft();
    draft.documents = {{"schema/movement.toml", trip_kind},
                       kind_document("victim_case", 2),
                       {"codes/group.toml", group_codes}};
    return draft;
}

inline HeldCharter registry_charter(const Network& network) {
    std::string text = value_of(write_charter(registry_draft(network)));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

// By which words records are found again; none unless a test says so before it makes a node.
inline WordsOf& test_words() {
    static WordsOf words;
    return words;
}

class TestNode {
public:
    TestNode(const Member& member, const HeldCharter& charter, JournalMarks::Clock clock = {})
        : key_(seeded_key(2 * member.seed)), entropy_(member.seed + 1000) {
        log = value_of(open_memory_log(disk, Author{member.id(), &key_, &entropy_},
                                       make_authority(charter.charter), notes));
        auto schema = std::make_shared<const Schema>(value_of(charter_schema(*charter.charter)));
        derived = value_of(Derived::open(*log, schema, test_words()));
        NodeSettings settings{
            member.id(), member.agency, value_of(CharterState::begin(charter)), {}, {}, {}};
        settings.clock = std::move(clock);
        settings.note = [this](const std::string& line) {
            notes.push_back(line);
            if (!line.starts_with("charter: ")) ADD_FAILURE() << "note: " << line;
        };
        node = std::make_unique<Node>(*log, *derived, std::move(settings));
        registry = std::make_unique<Registry>(*node);
        node->start({});
    }

    // What `other` lacks of this node's batches goes there, as a peer would bring it.
    void send_to(TestNode& other) {
        auto entries = value_of(log->read_journal(0, 100000));
        std::vector<EncodedBatch> batches;
        for (const JournalEntry& entry : entries) batches.push_back(*entry.batch);
        std::promise<std::vector<IngestOutcome>> promise;
        other.node->ingest(std::move(batches),
                           [&](auto outcomes) { promise.set_value(std::move(outcomes)); });
        for (const IngestOutcome& outcome : promise.get_future().get()) {
            EXPECT_TRUE(outcome.result.has_value()) << describe(outcome.result.error());
        }
        EXPECT_TRUE(other.node->deriver().wait_for(other.log->last_position()).has_value());
    }

    RecordId create(std::vector<FieldText> fields) {
        return value_of(registry->create({"movement", std::move(fields), "", 0, {}}, {"tester"}))
            .record;
    }
    Result<RecordChange> set(const RecordId& id, std::vector<FieldText> fields,
                             bool replace = false, std::string why = "") {
        return registry->set({id, std::move(fields), replace, std::move(why)}, {"tester"});
    }
    // Live values of a field as text, preferred first, with who said them: "IOM:Alpha".
    std::vector<std::string> live(const RecordId& id, std::string_view field) {
        RecordView view = value_of(registry->show(id));
        std::vector<std::string> out;
        if (const FoldedField* folded = view.folded.field(view.kind->field(field)->tag))
            for (const Said& said : folded->live)
                out.push_back(said.agency + ":" + show_value(said.value));
        return out;
    }
    std::uint64_t events() const {
        std::uint64_t out = 0;
        for (const char* compartment : {"movement", "protection"})
            for (const FrontierEntry& entry : log->frontier(compartment))
                out += entry.head.last_sequence;
        return out;
    }

private:
    SigningKey key_;
    SeededEntropy entropy_;

public:
    std::vector<std::string> notes; // for the operator
    std::shared_ptr<MemoryDisk> disk = make_memory_disk();
    std::unique_ptr<Log> log;
    std::unique_ptr<Derived> derived;
    std::unique_ptr<Node> node;
    std::unique_ptr<Registry> registry;
};

} // namespace safar::testing
