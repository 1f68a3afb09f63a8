// A federation in one thread: real sessions over real logs in memory, joined by pipes with delay
// and slicing, under one simulated clock. Deterministic: the same calls give the same bytes.
//
//     Federation net({"IOM", "FIA", "NGO"});
//     net.connect("IOM", "FIA");
//     net["IOM"].append("return", 10);
//     net.run(1s);
#pragma once

#include "tests/unit/sync/session/test_node.hpp"

#include <queue>

namespace safar::testing {

// One end of a connection.
struct End {
    TestNode* node = nullptr;
    End* other = nullptr;
    std::unique_ptr<Session> session;
    std::optional<ClosePeer> closed;
    Bytes in_flight;             // sent by the other side, not yet delivered here
    NodeTime delay{5ms};         // of what is sent to this end
    std::size_t slice = 0;       // deliver at most so many bytes at once; 0: all there is
    bool clogged = false;        // nothing is delivered here
    std::uint64_t cut_after = 0; // bytes delivered, then the connection breaks; 0: never
    std::uint64_t delivered = 0, sent = 0;
    NodeTime ticking = NodeTime::max();
    wire::FrameDecoder watcher; // of what this end says
    std::vector<std::string> said;
    std::vector<HeardAside> asides;
    bool alive = true;
};

inline std::string_view frame_name(std::uint8_t type) {
    constexpr std::string_view names[] = {
        "?",    "hello",  "charter-ask", "charter", "summary", "full", "delta", "ask",
        "want", "credit", "batch",       "missing", "ping",    "pong", "error", "bye"};
    return type < std::size(names) ? names[type] : "other";
}

class Federation {
public:
    struct MemberSpec {
        std::string name;
        std::vector<std::string> compartments = {"return"};
        bool observes = false; // headers only, in all of them
    };
    explicit Federation(std::vector<MemberSpec> specs) {
        std::vector<FakeAuthority::Member> members;
        for (const MemberSpec& spec : specs) {
            keys_.push_back(std::make_unique<SigningKey>(make_key(spec.name)));
            NodeId id{tagged_hash("test node", {as_bytes(spec.name)}).raw};
            members.push_back(
                {spec.name, id, keys_.back()->public_key(), spec.compartments, spec.observes});
        }
        members_ = members;
        authority = std::make_shared<FakeAuthority>(members);
        for (std::size_t i = 0; i < specs.size(); ++i) {
            auto node = std::make_unique<TestNode>(specs[i].name, *keys_[i], members[i].node,
                                                   authority, i + 1);
            node->changed = [this, raw = node.get()] { local_change(*raw); };
            nodes_.push_back(std::move(node));
        }
    }
    explicit Federation(std::initializer_list<const char*> names)
        : Federation([&] {
              std::vector<MemberSpec> specs;
              for (const char* name : names) specs.push_back({name, {"return"}});
              return specs;
          }()) {}

    TestNode& operator[](std::string_view name) {
        for (auto& node : nodes_)
            if (node->name == name) return *node;
        SAFAR_ASSERT(false);
        std::abort();
    }
    std::vector<std::unique_ptr<TestNode>>& nodes() { return nodes_; }
    // The charter's next epoch: who observed holds bodies from now on.
    [[nodiscard]] std::shared_ptr<FakeAuthority> successor() const {
        auto members = members_;
        for (FakeAuthority::Member& member : members) member.observes = false;
        return std::make_shared<FakeAuthority>(std::move(members), 2);
    }
    const SigningKey& key(std::string_view name) {
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i]->name == name) return *keys_[i];
        std::abort();
    }

    // Both sides say hello at once. `slice`: bytes delivered at a time.
    void connect(std::string_view a, std::string_view b, std::size_t slice = 0) {
        auto first = std::make_shared<End>(), second = std::make_shared<End>();
        first->node = &(*this)[a];
        second->node = &(*this)[b];
        first->other = second.get();
        second->other = first.get();
        first->slice = second->slice = slice;
        ends_.push_back(first);
        ends_.push_back(second);
        for (auto& end : {first, second}) {
            end->session = std::make_unique<Session>(end->node->id, end->other->node->id,
                                                     *end->node, end->node->plan, now);
            perform(end, end->session->start(now));
        }
    }
    void cut(std::string_view a, std::string_view b) {
        for (auto& end : ends_)
            if (end->alive && end->node->name == a && end->other->node->name == b) break_link(*end);
    }
    // The end at `a` of the last connection to `b`.
    End& end(std::string_view a, std::string_view b) {
        for (auto at = ends_.rbegin(); at != ends_.rend(); ++at)
            if ((*at)->node->name == a && (*at)->other->node->name == b) return **at;
        std::abort();
    }
    bool connected(std::string_view a, std::string_view b) {
        for (auto& item : ends_)
            if (item->alive && item->node->name == a && item->other->node->name == b) return true;
        return false;
    }
    // The frames that `a` said to `b` on their last connection, without pings: "hello summary
    // full".
    std::string said(std::string_view a, std::string_view b) {
        std::string out;
        for (const std::string& frame : end(a, b).said)
            if (frame != "ping" && frame != "pong") out += (out.empty() ? "" : " ") + frame;
        return out;
    }
    std::size_t count(std::string_view a, std::string_view b, std::string_view frame) {
        auto& all = end(a, b).said;
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), frame));
    }
    bool all_equal(const std::string& compartment) {
        for (auto& node : nodes_)
            if (node->digest(compartment) != nodes_[0]->digest(compartment)) return false;
        return true;
    }

    void run(NodeTime duration) {
        const NodeTime until = now + duration;
        while (!events_.empty() && events_.top().at <= until) {
            auto event = events_.top();
            events_.pop();
            now = std::max(now, event.at);
            event.what();
        }
        now = until;
    }
    void later(NodeTime delay, std::function<void()> what) {
        events_.push({now + delay, ++order_, std::move(what)});
    }
    // Bytes that the other side never said.
    void feed(End& to, ByteView bytes) {
        if (to.session) perform(shared(to), to.session->on_bytes(bytes, now));
    }

    // Every end there was, in the order of connect().
    const std::vector<std::shared_ptr<End>>& ends() const { return ends_; }

    NodeTime now{1h};
    std::shared_ptr<FakeAuthority> authority;
    std::uint64_t trace = 0xcbf29ce484222325u; // of everything said: equal in equal runs

private:
    struct Event {
        NodeTime at;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Event& other) const {
            return std::tie(at, order) > std::tie(other.at, other.order); // earliest on top
        }
    };

    std::shared_ptr<End> shared(End& end) {
        for (auto& item : ends_)
            if (item.get() == &end) return item;
        std::abort();
    }
    void break_link(End& end) {
        for (End* side : {&end, end.other}) {
            side->alive = false;
            side->session.reset();
        }
    }
    void perform(const std::shared_ptr<End>& end, std::vector<Action> actions) {
        for (Action& action : actions) {
            if (!end->alive) return;
            std::visit([&](auto& item) { act(end, item); }, action);
        }
        if (end->alive) schedule_tick(end);
    }
    void act(const std::shared_ptr<End>& end, SendBytes& send) {
        ByteView bytes = send.bytes;
        while (!bytes.empty()) {
            auto frame = end->watcher.next(bytes).value();
            if (frame) end->said.emplace_back(frame_name(frame->type));
        }
        end->sent += send.bytes.size();
        for (std::byte b : send.bytes)
            trace = (trace ^ static_cast<std::uint64_t>(b)) * 0x100000001b3u;
        auto other = shared(*end->other);
        later(other->delay, [this, other, bytes = std::move(send.bytes)] {
            other->in_flight.insert(other->in_flight.end(), bytes.begin(), bytes.end());
            deliver(other);
        });
    }
    void deliver(const std::shared_ptr<End>& end) {
        std::size_t at = 0;
        Bytes bytes;
        if (!end->clogged) bytes.swap(end->in_flight);
        while (end->alive && end->session && at < bytes.size()) {
            std::size_t part =
                end->slice == 0 ? bytes.size() - at : std::min(end->slice, bytes.size() - at);
            if (end->cut_after != 0)
                part = std::min<std::size_t>(part, end->cut_after - end->delivered);
            ByteView chunk = ByteView(bytes).subspan(at, part);
            at += part;
            end->delivered += part;
            count_batches(*end, chunk);
            perform(end, end->session->on_bytes(chunk, now));
            if (end->cut_after != 0 && end->delivered >= end->cut_after && end->alive)
                break_link(*end);
        }
    }
    void count_batches(End& end, ByteView chunk) {
        auto& decoder = decoders_[&end];
        while (!chunk.empty()) {
            auto frame = decoder.next(chunk);
            if (!frame) return;
            if (!frame.value() ||
                frame.value()->type != static_cast<std::uint8_t>(wire::FrameType::batch))
                continue;
            if (frame.value()->payload.size() < BatchHeader::encoded_bytes) continue;
            if (auto header =
                    decode_header(frame.value()->payload.first(BatchHeader::encoded_bytes)))
                ++end.node->received[{header.value().log, header.value().number}];
        }
    }
    void act(const std::shared_ptr<End>& end, IngestBatches& ingest) {
        TestNode* node = end->node;
        NodeTime& busy = busy_until_[node];
        busy = std::max(busy, now) + node->ingest_time;
        later(busy - now, [this, end, node, batches = std::move(ingest.batches)] {
            std::vector<IngestOutcome> outcomes;
            if (auto error = node->refuse ? node->refuse(batches.front()) : std::nullopt) {
                outcomes.resize(batches.size());
                for (auto& outcome : outcomes) outcome.result = *error;
            } else {
                outcomes = node->writable().ingest(batches);
            }
            if (end->session) perform(end, end->session->on_ingested(outcomes, now));
            local_change(*node);
        });
    }
    void act(const std::shared_ptr<End>& end, AdoptCharter& adopt) {
        end->node->adopted.push_back(adopt.document);
        // The document of epoch n is any bytes: who adopts it has the authority of that epoch.
        TestNode* node = end->node;
        later(1ms, [this, end, node, adopt = std::move(adopt)] {
            Result<> result = success();
            if (next_authority && next_authority->epoch() == adopt.epoch)
                node->use(next_authority);
            else
                result = failure(ErrorCode::malformed, "not a charter");
            if (end->session) perform(end, end->session->on_charter(result, now));
        });
    }
    void act(const std::shared_ptr<End>& end, AdoptNotice& adopt) {
        TestNode* node = end->node;
        later(1ms, [this, end, node, notice = std::move(adopt.notice)] {
            Result<> result = success();
            if (as_text(notice).starts_with("lie"))
                result = failure(ErrorCode::bad_signature, "a notice that lies");
            else
                node->noticed.emplace(tagged_hash("notice", {notice}), notice);
            if (end->session) perform(end, end->session->on_notice(result, now));
            local_change(*node);
        });
    }
    void act(const std::shared_ptr<End>& end, ConfirmHeads& confirm) {
        end->node->confirmed.push_back(confirm.held_by_peer);
        end->node->writable().confirm_own_heads(end->other->node->id, confirm.held_by_peer);
    }
    void act(const std::shared_ptr<End>& end, HeardAside& aside) {
        end->asides.push_back(std::move(aside));
    }
    void act(const std::shared_ptr<End>& end, ClosePeer& close) {
        end->closed = close;
        // Bytes already sent still arrive; the other side then sees the end of the stream.
        end->alive = false;
        end->session.reset();
        auto other = shared(*end->other);
        later(other->delay, [other] {
            other->alive = false;
            other->session.reset();
        });
    }
    void local_change(TestNode& node) {
        for (std::size_t i = 0; i < ends_.size(); ++i)
            if (auto end = ends_[i]; end->node == &node && end->session)
                perform(end, end->session->on_local_change(now));
    }
    void schedule_tick(const std::shared_ptr<End>& end) {
        NodeTime due = end->session->next_deadline();
        if (due == NodeTime::max()) return;
        due = std::max(due, now + 10us);
        if (due >= end->ticking) return;
        end->ticking = due;
        later(due - now, [this, end, due] {
            if (end->ticking != due) return; // an earlier one was set since
            end->ticking = NodeTime::max();
            if (!end->session) return;
            if (end->session->next_deadline() <= now)
                perform(end, end->session->on_tick(now));
            else
                schedule_tick(end);
        });
    }

public:
    std::shared_ptr<FakeAuthority> next_authority; // what the next charter document stands for

private:
    std::vector<FakeAuthority::Member> members_;
    std::vector<std::unique_ptr<SigningKey>> keys_;
    std::vector<std::unique_ptr<TestNode>> nodes_;
    std::vector<std::shared_ptr<End>> ends_;
    std::map<End*, wire::FrameDecoder> decoders_;
    std::map<TestNode*, NodeTime> busy_until_;
    std::priority_queue<Event> events_;
    std::uint64_t order_ = 0;
};

} // namespace safar::testing
