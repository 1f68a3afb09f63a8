// Three peers of one node say anything at any time, one author among them signs two branches, and
// the disk fails. What is stored holds under a second reader; nothing of a compartment goes to who
// does not share it; queues and answers are bounded; logs only grow; only the author that forked is
// found to have; no peer that spoke the truth is blamed; and with an honest node it becomes level.
#include "tests/fuzz/authors.hpp"

#include <array>
#include <deque>

namespace {
using namespace safar;
using namespace safar::fuzz;
using namespace std::chrono_literals;

const std::string both = "return", few = "health"; // NGO does not share the second
constexpr std::array disk_errors{ErrorCode::storage_full, ErrorCode::storage_failed,
                                 ErrorCode::storage_corrupt};

// A log as its author signed it: the trunk, and from batch 3 on another branch.
struct Line {
    std::string compartment;
    std::vector<BuiltBatch> trunk, branch;
    [[nodiscard]] const LogName& log() const { return trunk.front().header.log; }
    [[nodiscard]] const BuiltBatch& at(std::uint64_t number, bool other) const {
        return other && number > 2 && !branch.empty() ? branch.at(number - 3)
                                                      : trunk.at(number - 1);
    }
};

struct World {
    std::array<Signer, 4> signers{Signer("FIA", {few, both}), Signer("IOM", {few, both}),
                                  Signer("MOI", {few, both}), Signer("NGO", {both})};
    std::vector<FakeAuthority::Member> members;
    std::shared_ptr<FakeAuthority> authority;
    std::vector<Line> lines;

    World() {
        sim::use_stand_in_signatures(true);
        for (const Signer& signer : signers) members.push_back(signer.member);
        authority = std::make_shared<FakeAuthority>(members);
        for (std::size_t author : {1u, 2u, 3u}) sign(both, author, 6);
        for (std::size_t author : {1u, 2u}) sign(few, author, 3);
        Line& forked = lines[1];
        for (int i = 0; i < 4; ++i)
            forked.branch.push_back(sign_batch(*authority, signers[2], both,
                                               i == 0 ? &forked.trunk[1] : &forked.branch.back(),
                                               "another " + std::to_string(i)));
    }
    void sign(const std::string& compartment, std::size_t author, int batches) {
        Line line{compartment, {}, {}};
        for (int i = 0; i < batches; ++i)
            line.trunk.push_back(sign_batch(*authority, signers[author], compartment,
                                            i == 0 ? nullptr : &line.trunk.back(),
                                            "text " + std::to_string(i)));
        lines.push_back(std::move(line));
    }
    [[nodiscard]] const Line* line(const LogName& log) const {
        auto found = std::ranges::find(lines, log, &Line::log);
        return found == lines.end() ? nullptr : &*found;
    }
    [[nodiscard]] const Line& forked() const { return lines[1]; }
};

const World& world() {
    static const World made;
    return made;
}

struct Peer {
    NodeId node;
    std::unique_ptr<Session> session;
    unsigned connection = 0;
    bool open = false, truthful = false, greeted = false;
    Bytes in_flight;          // said by the peer, not delivered yet
    Bytes said_to_it;         // by our node
    wire::FrameDecoder heard; // cuts that into frames
    std::deque<wire::Want> wants;
    std::size_t groups = 0;             // on their way into the log
    std::map<std::string, Hash> stated; // compartment: what a delta builds on
};

struct Group {
    Peer* peer;
    unsigned connection;
    std::vector<EncodedBatch> batches;
};

// Proofs of forks go round as notices, as node/registry has it.
void note_forks(testing::TestNode& node) {
    for (const ForkEvidence& fork : node.log().forks()) {
        const Bytes notice = encode_evidence(fork);
        node.noticed.emplace(tagged_hash("notice", {notice}), notice);
    }
}
Result<> adopt(testing::TestNode& node, const Bytes& notice) {
    SAFAR_TRY(auto evidence, decode_evidence(notice));
    SAFAR_TRY(node.writable().note_fork(evidence));
    note_forks(node);
    return success();
}

class Run {
public:
    Run() : us_("FIA", world().signers[0].key, world().members[0].node, world().authority, 1) {
        for (std::size_t i = 0; i < peers_.size(); ++i)
            peers_[i].node = world().members[i + 1].node;
        us_.append(both, 1);
        us_.append(few, 1);
    }
    void play(Input in) {
        const bool meets = in.byte() % 4 == 0; // costs as much as the rest
        for (Peer& peer : peers_) connect(peer, true);
        for (int steps = 0; !in.empty() && steps < 200; ++steps) step(in);
        for (Peer& peer : peers_) disconnect(peer);
        while (!groups_.empty()) ingest();
        if (meets) meet_an_honest_node();
        must_hold(us_.log(), world().members);
        for (const ForkEvidence& fork : us_.log().forks()) {
            must(fork.place.log == world().forked().log() && fork.place.number > 2);
            must(check_evidence(fork, *world().authority).has_value());
        }
    }

private:
    void step(Input& in) {
        const std::uint8_t who = in.byte(), op = in.byte(), n = in.byte();
        Peer& peer = peers_[who % 3];
        if (!peer.open && who < 128) connect(peer, true);
        act(in, peer, op, n);
        if (who % 4 != 3) deliver(peer, peer.in_flight.size());
    }
    void act(Input& in, Peer& peer, std::uint8_t op, std::uint8_t n) {
        switch (op % 16) {
        case 0: return deliver(peer, n);
        case 1: return deliver(peer, peer.in_flight.size());
        case 2: return say_batch(peer, world().lines[n % 5], 1 + n / 5 % 6, op > 127);
        case 3: return damaged(peer, in, n);
        case 4: return state(peer, world().lines[n % 5].compartment, n / 5, op > 127);
        case 5: return serve(peer, op > 127);
        case 6:
        case 7: return pass(op % 16 == 6 ? NodeTime(n * 2ms) : NodeTime(n * 100ms));
        case 8:
        case 9: return ingest();
        case 10: return refuse(disk_errors[n % disk_errors.size()]);
        case 11: return ask(peer, world().lines[n % 5], n);
        case 12: return small_talk(peer, n);
        case 13: return us_.append(n % 2 == 0 ? both : few, 1), changed();
        case 14: return any_frame(peer, in, n);
        default:
            if (n % 4 == 3) return lie(peer, in.bytes(n));
            disconnect(peer);
            return connect(peer, n % 4 != 2);
        }
    }

    // --- what the peers say ---

    void connect(Peer& peer, bool greets) {
        peer.session = std::make_unique<Session>(us_.id, peer.node, us_, us_.plan, now_);
        ++peer.connection;
        peer.open = peer.truthful = true;
        peer.greeted = greets;
        peer.in_flight.clear();
        peer.heard = {};
        peer.said_to_it.clear();
        peer.wants.clear();
        peer.groups = 0;
        peer.stated.clear();
        perform(peer, peer.session->start(now_));
        if (!greets) return;
        wire::Hello hello;
        hello.network = world().authority->network();
        hello.node = peer.node;
        hello.epoch = 1;
        hello.charter = world().authority->charter();
        say(peer, hello);
        say(peer, wire::Summary{});
        for (const std::string& name : shared(peer)) say(peer, wire::FrontierAsk{name});
    }
    void disconnect(Peer& peer) {
        peer.session.reset();
        peer.open = false;
        ++peer.connection;
    }
    [[nodiscard]] std::vector<std::string> shared(const Peer& peer) const {
        return world().authority->shared(us_.id, peer.node);
    }
    [[nodiscard]] bool shares(const Peer& peer, std::string_view compartment) const {
        return world().authority->may_observe(peer.node, compartment);
    }
    template <class Message> void say(Peer& peer, const Message& message) {
        if (!peer.greeted) peer.truthful = false; // it speaks before its hello
        wire::encode(message, peer.in_flight);
    }
    void lie(Peer& peer, const Bytes& bytes) {
        peer.truthful = false;
        peer.in_flight.insert(peer.in_flight.end(), bytes.begin(), bytes.end());
    }
    void say_batch(Peer& peer, const Line& line, std::uint64_t number, bool other) {
        if (number > line.trunk.size()) return;
        if (!peer.greeted || !shares(peer, line.compartment)) peer.truthful = false;
        wire::encode_batch(line.at(number, other).encoded.bytes, peer.in_flight);
    }
    void damaged(Peer& peer, Input& in, std::uint8_t n) {
        const Line& line = world().lines[n % 5];
        const std::uint64_t number = 1 + n / 5 % line.trunk.size();
        Bytes stored = line.at(number, n > 127).encoded.bytes;
        const std::size_t at = in.two() % stored.size();
        stored[at] ^= static_cast<std::byte>(in.byte() | 1);
        if (n % 8 == 7) stored.resize(at);
        Bytes frame;
        wire::encode_batch(stored, frame);
        lie(peer, frame);
    }
    // It holds the first batches of each log of that compartment; of the forked one either branch.
    void state(Peer& peer, const std::string& compartment, std::uint64_t upto, bool other) {
        Frontier heads;
        for (const Line& line : world().lines) {
            if (line.compartment != compartment || upto == 0) continue;
            const std::uint64_t number = std::min<std::uint64_t>(upto, line.trunk.size());
            const BuiltBatch& last = line.at(number, other);
            heads.push_back(
                {line.log(), {number, last.header.last_sequence(), last.hash, 0, false}});
        }
        std::ranges::sort(heads, {}, &FrontierEntry::log);
        auto base = peer.stated.find(compartment);
        if (upto % 2 == 0 || base == peer.stated.end()) {
            peer.stated[compartment] = frontier_digest(heads);
            return say(peer, wire::FrontierFull{compartment, heads});
        }
        const wire::FrontierDelta delta{compartment, base->second, heads};
        base->second = wire::statement_after(delta.base, delta.entries);
        say(peer, delta);
    }
    // Answers the oldest range that our node asked for.
    void serve(Peer& peer, bool other) {
        if (peer.wants.empty()) return;
        const wire::Want want = peer.wants.front();
        peer.wants.pop_front();
        const Line* line = world().line(want.log);
        if (line == nullptr || want.first > line->trunk.size())
            return say(peer, wire::Missing{want.log, want.first, want.last});
        const auto last = std::min<std::uint64_t>(want.last, line->trunk.size());
        for (auto at = want.first; at <= last; ++at) say_batch(peer, *line, at, other);
    }
    void ask(Peer& peer, const Line& line, std::uint8_t n) {
        if (!shares(peer, line.compartment)) peer.truthful = false;
        say(peer, wire::Want{line.log(), 1u + n / 5 % 4, 1u + n / 5 % 4 + n % 3, 1u << n % 17});
    }
    void small_talk(Peer& peer, std::uint8_t n) {
        const LogName& log = world().lines[n % 5].log();
        switch (n % 4) {
        case 0: return say(peer, wire::Ping{n});
        case 1: return say(peer, wire::Pong{n});
        case 2: return say(peer, wire::FrontierAsk{n > 127 ? few : both});
        default: return say(peer, wire::Missing{log, 1, 1u + n / 4});
        }
    }
    void any_frame(Peer& peer, Input& in, std::uint8_t n) {
        const std::uint8_t type = in.byte();
        const Bytes payload = in.bytes(n);
        Bytes frame;
        ByteWriter out(frame);
        out.integer(static_cast<std::uint32_t>(payload.size() + 1));
        out.integer(type);
        out.bytes(payload);
        lie(peer, frame);
    }
    void deliver(Peer& peer, std::size_t count) {
        if (peer.session == nullptr) return;
        count = std::min(count, peer.in_flight.size());
        const Bytes chunk(peer.in_flight.begin(),
                          peer.in_flight.begin() + static_cast<std::ptrdiff_t>(count));
        peer.in_flight.erase(peer.in_flight.begin(),
                             peer.in_flight.begin() + static_cast<std::ptrdiff_t>(count));
        perform(peer, peer.session->on_bytes(chunk, now_));
    }

    // --- what the shell does ---

    void pass(NodeTime time) {
        now_ += time;
        for (Peer& peer : peers_) {
            for (int again = 0; peer.open && peer.session->next_deadline() <= now_; ++again) {
                must(again < 64); // no session keeps the node busy by itself
                perform(peer, peer.session->on_tick(now_));
            }
        }
    }
    void ingest() {
        if (groups_.empty()) return;
        const Group group = std::move(groups_.front());
        groups_.pop_front();
        const auto outcomes = us_.writable().ingest(group.batches);
        note_forks(us_);
        answer(group, outcomes);
        changed();
    }
    void refuse(ErrorCode code) {
        if (groups_.empty()) return;
        const Group group = std::move(groups_.front());
        groups_.pop_front();
        std::vector<IngestOutcome> outcomes(group.batches.size());
        for (auto& outcome : outcomes) outcome.result = failure(code, "the disk says so");
        answer(group, outcomes);
    }
    void answer(const Group& group, std::span<const IngestOutcome> outcomes) {
        Peer& peer = *group.peer;
        if (peer.session == nullptr || peer.connection != group.connection) return;
        --peer.groups;
        perform(peer, peer.session->on_ingested(outcomes, now_));
    }
    void changed() {
        for (const std::string& compartment : {few, both})
            for (const FrontierEntry& entry : us_.log().frontier(compartment)) {
                std::uint64_t& was = heights_[entry.log];
                must(entry.head.forked || entry.head.number >= was);
                was = entry.head.number;
            }
        for (Peer& peer : peers_)
            if (peer.session != nullptr) perform(peer, peer.session->on_local_change(now_));
    }
    void perform(Peer& peer, std::vector<Action> actions) {
        must(peer.open || actions.empty());
        std::size_t sent = 0;
        bool charter = false;
        std::vector<Bytes> notices;
        for (Action& action : actions) {
            must(peer.open);
            if (auto* send = std::get_if<SendBytes>(&action)) {
                sent += send->bytes.size();
                hear(peer, send->bytes);
                peer.said_to_it.insert(peer.said_to_it.end(), send->bytes.begin(),
                                       send->bytes.end());
            } else if (auto* ingest = std::get_if<IngestBatches>(&action)) {
                take(peer, std::move(ingest->batches));
            } else if (auto* confirm = std::get_if<ConfirmHeads>(&action)) {
                us_.writable().confirm_own_heads(peer.node, confirm->held_by_peer);
            } else if (std::holds_alternative<AdoptCharter>(action)) {
                charter = true;
            } else if (auto* notice = std::get_if<AdoptNotice>(&action)) {
                notices.push_back(std::move(notice->notice));
            } else if (auto* close = std::get_if<ClosePeer>(&action)) {
                must(!peer.truthful || blame(close->reason) == Blame::nobody);
                peer.open = false;
            }
        }
        must(sent <= 3 * limits::frame_bytes_max);
        if (charter)
            perform(peer, peer.session->on_charter(failure(ErrorCode::not_found, "no"), now_));
        for (const Bytes& notice : notices)
            perform(peer, peer.session->on_notice(adopt(us_, notice), now_));
        if (peer.session != nullptr)
            must(peer.session->status().behind.size() <= SessionStatus::behind_logs_max);
    }
    void take(Peer& peer, std::vector<EncodedBatch> batches) {
        must(!batches.empty() && batches.size() <= 64);
        for (const EncodedBatch& batch : batches) {
            auto header = decode_header(batch.header());
            must(header.has_value());
            must_share(peer, header.value().log);
        }
        must(++peer.groups <= 3);
        groups_.push_back({&peer, peer.connection, std::move(batches)});
    }
    void must_share(const Peer& peer, const LogName& log) const {
        const LogOwner* owner = world().authority->owner(log.id);
        must(owner != nullptr && shares(peer, owner->compartment));
    }
    // Our node's own words are whole frames, and of what it shares with that peer.
    void hear(Peer& peer, ByteView bytes) {
        constexpr std::size_t header_bytes = BatchHeader::encoded_bytes;
        while (!bytes.empty()) {
            auto frame = peer.heard.next(bytes);
            must(frame.has_value() && frame.value().has_value());
            const ByteView payload = frame.value()->payload;
            switch (static_cast<wire::FrameType>(frame.value()->type)) {
            case wire::FrameType::frontier_full:
                must(shares(peer, wire::decode<wire::FrontierFull>(payload).value().compartment));
                break;
            case wire::FrameType::frontier_delta:
                must(shares(peer, wire::decode<wire::FrontierDelta>(payload).value().compartment));
                break;
            case wire::FrameType::want:
                peer.wants.push_back(wire::decode<wire::Want>(payload).value());
                must_share(peer, peer.wants.back().log);
                break;
            case wire::FrameType::batch:
                must_share(peer, decode_header(payload.first(header_bytes)).value().log);
                break;
            default: break;
            }
        }
    }

    // --- the end: IOM, with a session of its own, holds every trunk ---

    [[nodiscard]] bool level(const testing::TestNode& other) const {
        for (const std::string& compartment : {few, both})
            if (us_.digest(compartment) != other.digest(compartment)) return false;
        for (const Line& line : world().lines) {
            const auto head = us_.log().head(line.log()).value_or(Head{});
            const bool closed = head.forked && &line == &world().forked() && head.number >= 2;
            if (!closed && head.hash != line.trunk.back().hash) return false;
        }
        return true;
    }
    void meet_an_honest_node() {
        testing::TestNode other("IOM", world().signers[1].key, world().members[1].node,
                                world().authority, 2);
        std::vector<EncodedBatch> trunks;
        for (const Line& line : world().lines)
            for (const BuiltBatch& batch : line.trunk) trunks.push_back(batch.encoded);
        for (const IngestOutcome& outcome : other.writable().ingest(trunks)) must(outcome.fresh);

        Peer& peer = peers_[0];
        connect(peer, false);
        Session session(other.id, us_.id, other, other.plan, now_);
        const auto listen = [&](std::vector<Action> first) {
            std::deque<Action> actions(std::make_move_iterator(first.begin()),
                                       std::make_move_iterator(first.end()));
            for (; !actions.empty(); actions.pop_front()) {
                std::vector<Action> more;
                if (auto* send = std::get_if<SendBytes>(&actions.front()))
                    peer.in_flight.insert(peer.in_flight.end(), send->bytes.begin(),
                                          send->bytes.end());
                else if (auto* ingest = std::get_if<IngestBatches>(&actions.front()))
                    more = session.on_ingested(other.writable().ingest(ingest->batches), now_);
                else if (auto* notice = std::get_if<AdoptNotice>(&actions.front()))
                    more = session.on_notice(adopt(other, notice->notice), now_);
                else
                    must(!std::holds_alternative<ClosePeer>(actions.front()));
                std::ranges::move(more, std::back_inserter(actions));
            }
        };
        listen(session.start(now_));
        for (int rounds = 0; rounds < 3000 && !level(other); ++rounds) { // five minutes
            listen(session.on_bytes(std::exchange(peer.said_to_it, {}), now_));
            note_forks(other);
            listen(session.on_local_change(now_));
            if (session.next_deadline() <= now_) listen(session.on_tick(now_));
            deliver(peer, peer.in_flight.size());
            while (!groups_.empty()) ingest();
            pass(100ms);
            must(peer.open);
        }
        must(level(other));
    }

    testing::TestNode us_;
    NodeTime now_{1h};
    std::array<Peer, 3> peers_;
    std::deque<Group> groups_; // in the order of the log thread
    std::map<LogName, std::uint64_t> heights_;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 1024) return -1; // more than is read of it
    world();                    // first: it chooses the signatures
    Run().play(Input(data, size));
    return 0;
}
