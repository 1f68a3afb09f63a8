// A script of events by three agencies on one record: any order and duplication folds to the same
// state.
#include "storage/crypto/sha256.hpp"
#include "storage/record/fold.hpp"

#include <algorithm>
#include <cstdlib>

namespace {
using namespace safar;

class ThreeAgencies final : public Authority {
public:
    const NetworkId& network() const override { return network_; }
    std::uint64_t epoch() const override { return 1; }
    const Hash& charter() const override { return charter_; }
    const LogOwner* owner(const LogId&) const override { return nullptr; }
    const PublicKey* key(const KeyId&) const override { return nullptr; }
    Standing standing(const BatchHeader&) const override { return Standing::counts; }
    int rank(std::string_view agency) const override { return agency.empty() ? 9 : agency[0]; }
    bool may_hold(const NodeId&, std::string_view) const override { return true; }
    std::vector<NodeId> keepers(std::string_view, std::uint64_t) const override { return {}; }

private:
    NetworkId network_;
    Hash charter_;
};

const Schema& schema() {
    static const Schema parsed = [] {
        const NamedText kinds[] = {{"case.toml", R"(
kind = "case"
tag = 1
title = "Case"
[[field]]
tag = 1
name = "name"
title = "Name"
type = "text"
[[field]]
tag = 2
name = "needs"
title = "Needs"
type = "text"
rule = "set"
[[field]]
tag = 3
name = "opinion"
title = "Opinion"
type = "text"
rule = "each"
[[field]]
tag = 4
name = "paid"
title = "Paid"
type = "money"
rule = "ledger"
)"}};
        return parse_schema(kinds, {}).value();
    }();
    return parsed;
}

// Five bytes an event: agency, field, value, which earlier event it replaces, permutation seed.
std::vector<HeldEvent> read_script(const std::uint8_t* data, std::size_t size) {
    std::vector<HeldEvent> events;
    for (std::size_t at = 0; at + 5 <= size && events.size() < 24; at += 5) {
        HeldEvent event;
        event.agency = std::string(1, static_cast<char>('A' + data[at] % 3));
        event.log.id.raw[0] = static_cast<std::byte>(data[at] % 3);
        event.sequence = events.size() + 1;
        event.leaf =
            tagged_hash("fuzz", {ByteView(reinterpret_cast<const std::byte*>(data + at), 5),
                                 as_bytes(std::to_string(events.size()))});
        event.body.kind = 1;
        event.body.assertions = {
            {static_cast<std::uint16_t>(1 + data[at + 1] % 5), // 5: unknown field
             data[at + 1] % 5 == 3
                 ? Value(Money{data[at + 2], "USD"})
                 : Value(Text{std::string(1, static_cast<char>('a' + data[at + 2] % 8))})}};
        if (data[at + 3] % 2 == 1 && !events.empty()) {
            const HeldEvent& old = events[data[at + 3] / 2 % events.size()];
            Dot dot{old.log, old.sequence, 0, {}};
            std::copy_n(old.leaf.raw.begin(), dot.leaf.raw.size(), dot.leaf.raw.begin());
            event.replaces = {dot};
        }
        events.push_back(event);
    }
    return events;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ThreeAgencies authority;
    auto events = read_script(data, size);
    if (events.empty()) return 0;
    const RecordId id{};
    const Bytes expected = state_bytes(fold(schema(), authority, id, events));
    std::reverse(events.begin(), events.end());
    if (state_bytes(fold(schema(), authority, id, events)) != expected) std::abort();
    std::size_t turn = data[size - 1] % events.size();
    std::rotate(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(turn), events.end());
    const std::vector<HeldEvent> again(
        events.begin(), events.begin() + static_cast<std::ptrdiff_t>(events.size() / 2));
    events.insert(events.end(), again.begin(), again.end());
    if (state_bytes(fold(schema(), authority, id, events)) != expected) std::abort();
    return 0;
}
