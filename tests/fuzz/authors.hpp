// Agencies whose keys the target has, and batches signed with them, two at one place where an
// author forks its log. Signatures are the simulator's keyed hash (tests/sim/signatures.hpp), so
// that an execution does not spend its time on them; the second reader of bytes is its own too.
#pragma once

#include "tests/fuzz/input.hpp"
#include "tests/sim/signatures.hpp"
#include "tests/unit/sync/session/test_node.hpp"

#include <algorithm>

namespace safar::fuzz {

using testing::FakeAuthority;

struct Signer {
    explicit Signer(const std::string& agency, std::vector<std::string> compartments)
        : key(testing::make_key(agency)),
          member{agency, NodeId{tagged_hash("test node", {as_bytes(agency)}).raw}, key.public_key(),
                 std::move(compartments)} {}
    SigningKey key;
    FakeAuthority::Member member;
};

// The first batch of a log, or the one after `before`. `text` tells branches apart.
inline BuiltBatch sign_batch(const Authority& authority, const Signer& author,
                             std::string_view compartment, const BuiltBatch* before,
                             std::string text) {
    BatchContext context;
    context.network = authority.network();
    context.log.id = log_id(context.network, author.member.node, compartment);
    context.log.incarnation.raw.fill(std::byte{3});
    context.epoch = authority.epoch();
    context.charter = authority.charter();
    if (before != nullptr) {
        context.number = before->header.number + 1;
        context.first_sequence = before->header.last_sequence() + 1;
        context.previous = before->hash;
    }
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.verb = "recorded";
    draft.body.assertions = {{1, Text{std::move(text)}}};
    SeededEntropy entropy(context.number);
    std::size_t taken = 0;
    return build_batch(context, author.key, entropy, std::span(&draft, 1), taken).value();
}

// What the second reader says of bytes; asked once, since most executions store the same.
struct Second {
    std::uint64_t number = 0;
    sim::Raw hash, previous;
};
inline const Second& read_second(const Bytes& stored, const PublicKey& key) {
    static std::map<Bytes, Second> known;
    if (known.size() > 4096) known.clear();
    auto [found, fresh] = known.try_emplace(stored);
    if (fresh) {
        sim::PlainBatch plain = sim::read_plain(stored);
        must(plain.problem.empty() && sim::signed_by(plain, stored, key.view()));
        found->second = {plain.number, std::move(plain.hash), std::move(plain.previous)};
    }
    return found->second;
}

// Everything in that log holds under a second reader: bytes, signature of the log's owner, chain.
inline void must_hold(const Log& log, std::span<const FakeAuthority::Member> members) {
    std::map<BatchPlace, sim::Raw> chain;
    auto journal = log.read_journal(0, 1u << 20);
    must(journal.has_value());
    must(journal.value().size() == log.last_position());
    for (const JournalEntry& entry : journal.value()) {
        const LogOwner* owner = log.authority()->owner(entry.name.id);
        must(owner != nullptr);
        const auto member = std::ranges::find(members, owner->node, &FakeAuthority::Member::node);
        must(member != members.end());
        const Second& second = read_second(entry.batch->bytes, member->key);
        must(second.number == entry.number);
        const auto before = chain.find({entry.name, entry.number - 1});
        must(entry.number == 1 || (before != chain.end() && before->second == second.previous));
        must(chain.emplace(BatchPlace{entry.name, entry.number}, second.hash).second);
    }
}

} // namespace safar::fuzz
