// An author signs a tree of batches, several at one place, beside another that signs a chain. Who
// gets them all, in whatever order, groups and repetition, with restarts and others' proofs
// between, comes to the same heads, lowest fork, frontier digest and effective batches, and with
// the other's proofs to the same forks; the chain is never closed; every proof of a fork holds.
#include "tests/fuzz/authors.hpp"

#include "storage/log/memory_store.hpp"

namespace {
using namespace safar;
using namespace safar::fuzz;

const std::string compartment = "return";

struct World {
    Signer us{"FIA", {compartment}}, forking{"MOI", {compartment}}, honest{"IOM", {compartment}};
    std::vector<FakeAuthority::Member> members{us.member, forking.member, honest.member};
    std::shared_ptr<FakeAuthority> authority;
    std::vector<BuiltBatch> chain;

    World() {
        sim::use_stand_in_signatures(true);
        authority = std::make_shared<FakeAuthority>(members);
        for (int i = 0; i < 3; ++i)
            chain.push_back(sign_batch(*authority, honest, compartment,
                                       chain.empty() ? nullptr : &chain.back(), "chain"));
    }
};

const World& world() {
    static const World made;
    return made;
}

// A node that is told batches.
class Node {
public:
    Node() { open(); }
    void open() {
        std::vector<std::string> notes;
        log_.reset();
        log_ = open_memory_log(disk_, {world().us.member.node, &world().us.key, &entropy_},
                               world().authority, notes)
                   .value();
        must(notes.empty());
    }
    void tell(std::span<const EncodedBatch> batches) {
        for (const IngestOutcome& outcome : log_->ingest(batches))
            must(outcome.result || blame(outcome.result.error().code) != Blame::sender);
    }
    void tell_proof(const ForkEvidence& evidence) { must(log_->note_fork(evidence).has_value()); }
    // Until nothing is news.
    void tell_all(std::span<const EncodedBatch> batches) {
        std::string before, now = verdict();
        for (int again = 0; before != now; ++again) {
            must(again < 40);
            before = std::move(now);
            for (const EncodedBatch& batch : batches) tell({&batch, 1});
            now = verdict();
        }
    }
    // All that nodes which were told the same must agree on: frontier, forks, effective batches.
    [[nodiscard]] std::string verdict() const {
        const Frontier frontier = log_->frontier(compartment);
        std::string out(as_text(frontier_digest(frontier).view()));
        for (const FrontierEntry& entry : frontier)
            out += std::to_string(entry.head.last_sequence) + (entry.head.forked ? "!" : ".");
        std::map<LogName, std::uint64_t> lowest;
        for (const ForkEvidence& fork : log_->forks()) {
            must(fork.place.log.id != world().chain[0].header.log.id);
            lowest.try_emplace(fork.place.log, fork.place.number);
        }
        for (const auto& [log, number] : lowest) out += " fork at " + std::to_string(number);
        std::set<std::pair<BatchPlace, Hash>> effective;
        auto journal = log_->read_journal(0, 1u << 20);
        for (const JournalEntry& entry : journal.value())
            if (entry.counts && entry.number <= log_->effective(entry.log))
                effective.emplace(BatchPlace{entry.name, entry.number},
                                  header_hash(world().authority->network(), entry.batch->header()));
        for (const auto& [place, hash] : effective) out += as_text(hash.view());
        return out;
    }
    [[nodiscard]] std::vector<BatchPlace> places() const {
        std::vector<BatchPlace> out;
        for (const ForkEvidence& fork : log_->forks()) out.push_back(fork.place);
        std::ranges::sort(out);
        return out;
    }
    void must_prove() const {
        for (const ForkEvidence& fork : log_->forks())
            must(check_evidence(fork, *world().authority).has_value());
    }
    [[nodiscard]] const Log& log() const { return *log_; }

private:
    std::shared_ptr<MemoryDisk> disk_ = make_memory_disk();
    SeededEntropy entropy_{1};
    std::unique_ptr<Log> log_;
};

// One byte a batch: which one it follows, of those signed before.
std::vector<BuiltBatch> sign_tree(Input& in) {
    std::vector<BuiltBatch> tree;
    const std::size_t count = 2 + in.byte() % 14;
    while (tree.size() < count) {
        const std::size_t after = in.byte() % (tree.size() + 1);
        tree.push_back(sign_batch(*world().authority, world().forking, compartment,
                                  after == tree.size() ? nullptr : &tree[tree.size() - 1 - after],
                                  std::to_string(tree.size())));
    }
    return tree;
}

std::vector<EncodedBatch> shuffled(Input& in, std::vector<EncodedBatch> batches) {
    for (std::size_t i = batches.size(); i > 1; --i)
        std::swap(batches[i - 1], batches[in.byte() % i]);
    return batches;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 256) return -1; // more than is read of it
    world();                   // first: it chooses the signatures
    Input in(data, size);
    std::vector<EncodedBatch> batches;
    for (const BuiltBatch& batch : sign_tree(in)) batches.push_back(batch.encoded);
    for (const BuiltBatch& batch : world().chain) batches.push_back(batch.encoded);

    Node one, other;
    one.tell_all(batches);
    const std::vector<EncodedBatch> order = shuffled(in, batches);
    for (int steps = 0; !in.empty() && steps < 64; ++steps) {
        const std::uint8_t op = in.byte();
        const std::size_t from = op % order.size();
        const auto forks = one.log().forks();
        switch (in.byte() % 8) {
        case 0: other.open(); break;
        case 1:
            if (!forks.empty()) other.tell_proof(forks[op % forks.size()]);
            break;
        case 2: other.tell(std::span(order).subspan(from)); break;
        case 3: other.tell(std::span(batches).subspan(from)); break;
        default: other.tell(std::span(order).subspan(from, 1));
        }
    }
    other.tell_all(order);
    must(other.verdict() == one.verdict());
    other.open();
    must(other.verdict() == one.verdict());
    // With each other's proofs they name the same forks, all of them.
    for (const ForkEvidence& proof : other.log().forks()) one.tell_proof(proof);
    for (const ForkEvidence& proof : one.log().forks()) other.tell_proof(proof);
    must(one.places() == other.places());
    must(other.verdict() == one.verdict());
    must_hold(one.log(), world().members);
    must_hold(other.log(), world().members);
    one.must_prove();
    other.must_prove();
    return 0;
}
