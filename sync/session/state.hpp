// One session from hello to goodbye: the order of its stages, its deadlines, and who handles a
// frame.
#pragma once

#include "sync/peer/quota.hpp"
#include "sync/session/asker.hpp"
#include "sync/session/notices.hpp"
#include "sync/session/server.hpp"

namespace safar {

struct Session::State {
    static constexpr std::chrono::seconds hello_deadline{10};
    static constexpr std::chrono::seconds frame_deadline{30};   // from its first byte to its last
    static constexpr std::chrono::seconds charter_deadline{30}; // for one document
    static constexpr std::chrono::seconds ping_after{15};       // of silence
    static constexpr std::chrono::seconds silence_max{45};
    static constexpr std::chrono::seconds look_every{15}; // whether heads fell without a word
    static constexpr std::chrono::seconds blame_wait{30};

    // hello: ours is said, theirs is awaited. charter: they know epochs that we do not. live: the
    // rest.
    enum class Stage { hello, charter, live, closed };

    State(const NodeId& self, const NodeId& peer, const SessionView& view, RangePlan& plan,
          NodeTime now)
        : context{self, peer, view, plan, now, nullptr, {}, {}, {}}, started_at(now), heard_at(now),
          quota(now) {}

    // session.cpp
    [[nodiscard]] std::vector<Action> finish();
    void fail(const Error& error);
    void close(ErrorCode reason, std::string detail, std::chrono::seconds do_not_call_before);
    [[nodiscard]] Result<> on_frame(const wire::Frame& frame);
    [[nodiscard]] Result<> on_notice_frame(const wire::Frame& frame);
    [[nodiscard]] Result<> on_live_frame(wire::FrameType type, ByteView payload);
    [[nodiscard]] Result<> check_deadlines();
    [[nodiscard]] bool charter_advanced() const {
        return context.view.authority()->revision() != context.authority->revision();
    }
    void restart_if_charter_advanced();

    // stages.cpp
    void open();
    [[nodiscard]] Result<> on_hello(ByteView payload);
    void ask_charter_or_go_live();
    void go_live();
    [[nodiscard]] Result<> on_charter_ask(ByteView payload);
    [[nodiscard]] Result<> on_charter_document(ByteView payload);
    void serve_charter();
    [[nodiscard]] Result<> on_summary(ByteView payload);

    SessionContext context;
    Frontiers frontiers{context};
    Server server{context, frontiers};
    Asker asker{context, frontiers};
    Notices notices{context};
    wire::FrameDecoder decoder;

    Stage stage = Stage::hello;
    std::vector<wire::CompartmentDigest> digests; // of our snapshot
    wire::Hello ours, theirs;
    bool summary_heard = false;
    std::optional<wire::Summary> early_summary; // came while we were fetching the charter
    std::uint64_t charter_wanted = 0;           // asked for, not here; 0: none
    bool charter_adopting = false;
    std::uint64_t charter_served = 0, charter_due = 0;

    NodeTime started_at, heard_at, pinged_at{0}, looked_at{0};
    NodeTime charter_asked_at = never, frame_at = never;
    std::uint64_t ping_nonce = 0;
    PeerQuota quota;
    bool summary_expected = false;
};

} // namespace safar
