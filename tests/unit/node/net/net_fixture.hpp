// Nodes of the test network with a log in memory and a log thread, and a TLS client that can
// misbehave.
#pragma once

#include "node/charter/charter_state.hpp"
#include "node/net/peer_net.hpp"
#include "storage/log/memory_log.hpp"
#include "tests/free_port.hpp"
#include "tests/unit/eventually.hpp"
#include "tests/unit/node/charter/charter_fixture.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace safar::testing {

using std::chrono::milliseconds;

class Socket {
public:
    explicit Socket(std::uint16_t port, int receive_timeout_s = 8)
        : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval patience{receive_timeout_s, 0};
        ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(handle_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    }
    ~Socket() { ::close(handle_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int get() const { return handle_; }
    void send(std::string_view text) const {
        (void)!::send(handle_, text.data(), text.size(), MSG_NOSIGNAL);
    }
    // True if the other side ends the connection before the receive timeout.
    [[nodiscard]] bool ends() const {
        char waste[4096];
        for (;;) {
            ssize_t count = ::recv(handle_, waste, sizeof waste, 0);
            if (count == 0) return true;
            if (count < 0 && errno != EINTR) return errno == ECONNRESET; // it stood still meanwhile
        }
    }

private:
    int handle_;
};

// An answer of the network thread, asked for again while that is too busy.
template <class Ask> auto answered(Ask ask) {
    auto answer = ask();
    for (int again = 0; again < 40 && !answer && answer.error().code == ErrorCode::busy; ++again)
        answer = ask();
    using Answer = std::decay_t<decltype(answer.value())>;
    return answer.has_value() ? std::move(answer.value()) : Answer{}; // it has stopped
}

// A node without registry: a log in memory behind a log thread.
class FakeHost final : public PeerHost {
public:
    FakeHost(const Identity& self, std::shared_ptr<const Charter> charter)
        : self_(self), entropy_(7), charters_{std::move(charter)},
          authority_(make_authority(charters_.back())),
          log_(make_memory_log(Author{self.id, &self.signing, &entropy_}, authority_)),
          thread_([this] { run(); }) {}
    ~FakeHost() override {
        {
            std::lock_guard lock(mutex_);
            ended_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

    std::atomic<bool> stores_nothing{false}; // of what peers send
    std::atomic<bool> holds_up{false};       // whoever reads the charter

    const Log& log() const override { return *log_; }
    std::shared_ptr<const Authority> authority() const override { return authority_; }
    std::shared_ptr<const Charter> charter() const override {
        while (holds_up) std::this_thread::sleep_for(milliseconds(1));
        std::lock_guard lock(mutex_);
        return charters_.back();
    }
    void set_charter(std::shared_ptr<const Charter> charter) {
        std::lock_guard lock(mutex_);
        charters_.push_back(std::move(charter));
    }
    std::optional<NodeId> node_with_former_tls_key(const PublicKey& key) const override {
        std::lock_guard lock(mutex_);
        for (const auto& charter : charters_)
            if (const CharterNode* node = charter->node_with_tls_key(key)) return node->id;
        return std::nullopt;
    }
    std::vector<std::string> shared_compartments(const NodeId& peer) const override {
        std::vector<std::string> out;
        for (const CharterCompartment& compartment : charter()->compartments)
            if (authority_->may_hold(self_.id, compartment.name) &&
                authority_->may_hold(peer, compartment.name))
                out.push_back(compartment.name);
        std::sort(out.begin(), out.end());
        return out;
    }
    std::optional<Bytes> charter_document(std::uint64_t) const override { return std::nullopt; }
    Hash erasures_digest() const override { return {}; }
    void ingest(std::vector<EncodedBatch> batches,
                std::function<void(std::vector<IngestOutcome>)> done) override {
        auto owned = std::make_shared<std::vector<EncodedBatch>>(std::move(batches));
        if (stores_nothing) {
            std::vector<IngestOutcome> none(owned->size());
            for (IngestOutcome& outcome : none)
                outcome.result = failure(ErrorCode::gap, "in this test nothing fits");
            return later([done = std::move(done), none = std::move(none)] { done(none); });
        }
        later([this, owned, done = std::move(done)] { done(log_->ingest(*owned)); });
    }
    void adopt_charter(std::uint64_t, Bytes, std::function<void(Result<>)> done) override {
        done(failure(ErrorCode::unsupported_version, "not in this test"));
    }
    void adopt_notice(Bytes, std::function<void(Result<>)> done) override {
        done(failure(ErrorCode::unsupported_version, "not in this test"));
    }
    void confirm_own_heads(const NodeId& peer, Frontier held) override {
        later([this, peer, held = std::move(held)] { log_->confirm_own_heads(peer, held); });
    }

    // Appends `count` events and waits until they are held.
    void append(const std::string& compartment, std::size_t count) {
        std::mutex mutex;
        std::condition_variable done;
        bool appended = false;
        later([&] {
            AppendRequest request{compartment, std::vector<EventDraft>(count)};
            for (EventDraft& draft : request.drafts) draft = some_event();
            auto results = log_->append(std::span(&request, 1));
            if (!results[0]) ADD_FAILURE() << describe(results[0].error());
            std::lock_guard lock(mutex);
            appended = true;
            done.notify_one();
        });
        std::unique_lock lock(mutex);
        done.wait(lock, [&] { return appended; });
    }
    void later(std::function<void()> work) {
        {
            std::lock_guard lock(mutex_);
            work_.push_back(std::move(work));
        }
        wake_.notify_one();
    }
    [[nodiscard]] Hash digest(const std::string& compartment) const {
        return frontier_digest(log_->frontier(compartment));
    }

private:
    EventDraft some_event() {
        EventDraft out;
        out.body.kind = 1;
        out.body.record = entropy_.draw<RecordId>();
        out.body.verb = "recorded";
        out.body.actor = "test";
        out.body.assertions = {{1, Text{"a note of some length, as people write them"}}};
        return out;
    }
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return ended_ || !work_.empty(); });
            if (work_.empty()) return;
            auto work = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            work();
            lock.lock();
        }
    }

    const Identity& self_;
    SeededEntropy entropy_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const Charter>> charters_; // the last one is in force
    std::shared_ptr<const Authority> authority_;
    std::unique_ptr<Log> log_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> work_;
    bool ended_ = false;
    std::thread thread_;
};

// A member that runs: identity, host and shell.
class RunningNode {
public:
    RunningNode(const Member& member, std::shared_ptr<const Charter> charter,
                const std::string& listen, NetOptions options = {})
        : identity_(member.identity()), host_(identity_, std::move(charter)),
          net_(value_of(PeerNet::start(identity_, listen, host_, options))) {}

    FakeHost& host() { return host_; }
    PeerNet& net() { return *net_; }
    void append(const std::string& compartment, std::size_t count) {
        host_.append(compartment, count);
        net_->on_local_change();
    }
    PeerStatus peer(const Member& member) {
        for (const PeerStatus& status : peers())
            if (status.node == member.id()) return status;
        return {};
    }
    std::vector<PeerStatus> peers() {
        return answered([&] { return net_->peers(); });
    }
    StatementReport statements() {
        return answered([&] { return net_->statements(); });
    }
    bool connected(const Member& member) {
        PeerStatus status = peer(member);
        return status.state == "connected" && status.session.ready;
    }

private:
    Identity identity_;
    FakeHost host_;
    std::unique_ptr<PeerNet> net_; // ends first
};

// The test network on free ports of this machine.
struct LocalNetwork {
    std::uint16_t ports[4] = {free_port(), free_port(), free_port(), free_port()};
    Member iom{"IOM", 1, address(0)}, mofa{"MOFA", 2, address(1)}, fia{"FIA", 3, address(2)},
        ukf{"UKF", 4, address(3)};
    std::shared_ptr<const Charter> charter = charter_of({&iom, &mofa, &fia, &ukf});

    [[nodiscard]] std::string address(int index) const {
        return "127.0.0.1:" + std::to_string(ports[index]);
    }
    // IOM and MOFA are always among `members`.
    [[nodiscard]] static std::shared_ptr<const Charter>
    charter_of(std::vector<const Member*> members) {
        CharterDraft draft;
        draft.network_name = "Loopback";
        draft.stewards = {"IOM"};
        for (const Member* member : members) draft.enrolments.push_back(member->enrolment);
        std::vector<std::string> writers, readers;
        for (const Member* member : members)
            (member->agency == "UKF" ? readers : writers).push_back(member->agency);
        draft.compartments = {{"movement", "", {"movement"}, writers, readers},
                              {"protection", "", {"victim_case"}, {"IOM", "MOFA"}, {}}};
        draft.documents = {kind_document("movement", 1), kind_document("victim_case", 2)};
        std::string text = value_of(write_charter(draft));
        return std::make_shared<Charter>(value_of(parse_charter(text)));
    }
};

} // namespace safar::testing
