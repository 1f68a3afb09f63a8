// One reader that derives what it takes, and all that can be asked of it.
#pragma once

#include "tests/unit/storage/derive/derive_fixture.hpp"

namespace safar::derive_test {

inline const std::shared_ptr<const Schema> schema = make_schema();

inline std::vector<EventDraft> made_up_range(std::uint32_t first, std::uint32_t count) {
    std::vector<EventDraft> out;
    for (std::uint32_t n = first; n < first + count; ++n) out.push_back(made_up(n));
    return out;
}

// One reader that derives what it takes.
struct Reader {
    Network& network;
    std::unique_ptr<Log> log = network.reader();
    std::unique_ptr<Derived> derived = Derived::open(*log, schema).value();

    explicit Reader(Network& from) : network(from) {}
    void take(std::span<const EncodedBatch> batches) {
        Network::ingest(*log, batches);
        follow_all(*derived);
    }
    [[nodiscard]] std::uint64_t counted(const std::string& kind = "return") const {
        return derived->count({kind, {}, {}, "", {}, {}}).value().count;
    }
    [[nodiscard]] Hash digest(std::string_view compartment = "return") const {
        return derived->state_digest(compartment, {}).value();
    }
};

// Everything that readers can ask, as text.
inline std::string answers(const Derived& derived, std::uint32_t records) {
    std::string out =
        std::to_string(derived.conflict_count()) + " " + std::to_string(derived.records("return"));
    for (const char* by : {"country", "status", "needs", "quarter", "opinion"}) {
        const auto table = derived.count({"return", {by}, {}, "persons", {}, {}}).value();
        for (const auto& row : table.rows)
            out +=
                "\n" + row.key[0] + " " + std::to_string(row.count) + " " + std::to_string(row.sum);
    }
    const auto conflicts = derived.conflicts(1000).value();
    for (const Conflict& each : conflicts) {
        out += "\n" + show_id(each.record) + " " + std::to_string(each.field) + " " +
               std::to_string(each.since.microseconds);
        for (const std::string& agency : each.agencies) out += " " + agency;
    }
    for (std::uint32_t n = 0; n < records; ++n)
        if (auto folded = derived.record(record(n)))
            out += "\n" + to_hex(state_bytes(folded.value()));
    out += "\n" + derived.state_digest("return", {}).value().hex();
    return out;
}

// Records that two agencies report, some twice within one batch.
inline void write_both(AgencyLog& iom, AgencyLog& fia) {
    for (std::uint32_t b = 0; b < 6; ++b) {
        iom.write(made_up_range(b * 40, 40));
        std::vector<EventDraft> drafts;
        for (std::uint32_t n = b * 20; n < b * 20 + 60; ++n)
            drafts.push_back(say(record(n), {{9, Code{n % 3 == 0 ? "PAK" : "LKA"}},
                                             {3, Code{"accepted"}},
                                             {4, Code{"legal"}}}));
        drafts.push_back(drafts.front());
        fia.write(drafts);
    }
}

} // namespace safar::derive_test
