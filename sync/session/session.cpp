#include "sync/session/session.hpp"

#include "storage/base/planted.hpp"

#include "sync/session/state.hpp"

namespace safar {
namespace {

// The code that a peer told us; one that we do not know is its trouble all the same.
ErrorCode told_code(std::string_view told) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::stopping); ++code)
        if (name(static_cast<ErrorCode>(code)) == told) return static_cast<ErrorCode>(code);
    return ErrorCode::malformed;
}

bool long_wait(ErrorCode code) {
    return blame(code) == Blame::sender || code == ErrorCode::not_permitted ||
           code == ErrorCode::timed_out || code == ErrorCode::not_found ||
           code == ErrorCode::unsupported_version;
}

} // namespace

Session::Session(const NodeId& self, const NodeId& peer, const SessionView& view, RangePlan& plan,
                 NodeTime now)
    : state_(std::make_unique<State>(self, peer, view, plan, now)) {}

Session::~Session() {
    if (state_->stage != State::Stage::closed)
        state_->context.plan.release_all(state_->context.peer);
}

std::vector<Action> Session::start(NodeTime now) {
    State& state = *state_;
    state.context.now = now;
    state.started_at = state.heard_at = now;
    state.open();
    state.notices.start();
    state.ours = {{},
                  state.context.authority->network(),
                  state.context.self,
                  state.context.authority->epoch(),
                  state.context.view.charter_digest(),
                  state.context.view.erasures_digest(),
                  wire::shared_digest(state.digests)};
    state.context.out.send(state.ours);
    return state.finish();
}

std::vector<Action> Session::on_bytes(ByteView chunk, NodeTime now) {
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = state.heard_at = now;
    state.context.status.bytes_in += chunk.size();
    state.quota.bytes(chunk.size(), now);
    bool whole = false;
    while (state.stage != State::Stage::closed) {
        auto frame = state.decoder.next(chunk);
        if (!frame) {
            state.fail(frame.error());
            break;
        }
        if (!frame.value()) break;
        whole = true;
        state.quota.frames(1, now);
        if (planted(Plant::drop_on_rate_limit) && state.quota.free_at(now) > now) continue;
        if (auto result = state.on_frame(*frame.value()); !result) state.fail(result.error());
    }
    if (state.decoder.held() == 0)
        state.frame_at = never;
    else if (whole || state.frame_at == never)
        state.frame_at = now;
    return state.finish();
}

std::vector<Action> Session::on_ingested(std::span<const IngestOutcome> outcomes, NodeTime now) {
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = now;
    if (auto result = state.asker.on_ingested(outcomes); !result)
        state.fail(result.error());
    else
        state.frontiers.grew();
    return state.finish();
}

std::vector<Action> Session::on_charter(Result<> adopted, NodeTime now) {
    State& state = *state_;
    if (state.stage != State::Stage::charter || !state.charter_adopting) return {};
    state.context.now = now;
    state.charter_adopting = false;
    state.context.authority = state.context.view.authority();
    state.notices.ask_again();
    if (adopted && state.context.authority->epoch() >= state.charter_wanted)
        state.ask_charter_or_go_live();
    else if (!adopted && blame(adopted.error().code) == Blame::sender)
        state.fail(adopted.error());
    else
        state.go_live(); // not for us to use: what names it waits
    return state.finish();
}

std::vector<Action> Session::on_notice(Result<> adopted, NodeTime now) {
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = now;
    if (auto result = state.notices.on_verdict(std::move(adopted)); !result)
        state.fail(result.error());
    state.restart_if_charter_advanced();
    return state.finish();
}

std::vector<Action> Session::on_local_change(NodeTime now) {
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = now;
    state.restart_if_charter_advanced();
    if (state.stage == State::Stage::live) {
        state.frontiers.grew();
        state.asker.on_local_change();
    }
    return state.finish();
}

std::vector<Action> Session::on_tick(NodeTime now) {
    if (planted(Plant::wall_clock_timer)) now = std::chrono::system_clock::now().time_since_epoch();
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = now;
    state.restart_if_charter_advanced();
    if (auto result = state.check_deadlines(); !result) state.fail(result.error());
    if (state.stage == State::Stage::live) state.frontiers.on_tick();
    return state.finish();
}

std::vector<Action> Session::stop(std::string why, NodeTime now) {
    State& state = *state_;
    if (state.stage == State::Stage::closed) return {};
    state.context.now = now;
    state.context.out.send(wire::Bye{});
    state.close(ErrorCode::stopping, std::move(why), std::chrono::seconds(0));
    return state.finish();
}

NodeTime Session::next_deadline() const {
    const State& state = *state_;
    if (state.stage == State::Stage::closed) return never;
    NodeTime next = state.heard_at + State::silence_max;
    const NodeTime ping = std::max(state.heard_at, state.pinged_at) + State::ping_after;
    if (state.stage != State::Stage::hello) next = std::min(next, ping);
    if (state.stage == State::Stage::hello)
        next = std::min(next, state.started_at + State::hello_deadline);
    if (state.frame_at != never) next = std::min(next, state.frame_at + State::frame_deadline);
    if (state.charter_asked_at != never)
        next = std::min(next, state.charter_asked_at + State::charter_deadline);
    next = std::min(next, state.notices.next_deadline());
    if (state.stage == State::Stage::live)
        next = std::min({next, state.frontiers.next_deadline(), state.server.next_deadline(),
                         state.asker.next_deadline()});
    return next;
}

NodeTime Session::read_not_before() const { return state_->quota.free_at(state_->context.now); }

std::uint64_t Session::held_there(const LogName& log) const {
    const Head* theirs = state_->frontiers.theirs(log);
    return theirs == nullptr || theirs->forked ? 0 : theirs->number;
}

SessionStatus Session::status() const {
    SessionStatus status = state_->context.status;
    if (status.ready && state_->stage == State::Stage::live)
        state_->frontiers.count_behind(status.behind_here, status.behind_there);
    if (state_->stage == State::Stage::live || state_->stage == State::Stage::closed)
        state_->frontiers.list_behind(status);
    return status;
}

// Everything that waits for the end of a call, and then the actions in order.
std::vector<Action> Session::State::finish() {
    if (stage != Stage::closed) {
        serve_charter();
        notices.flush(/*ask=*/stage != Stage::charter);
    }
    if (stage == Stage::live) {
        if (context.now >= looked_at + look_every) { // a disk may have let heads fall late
            looked_at = context.now;
            frontiers.grew();
        }
        frontiers.flush();
        asker.on_heads(frontiers.take_fallen(), /*at_once=*/true);
        asker.flush();
        server.serve();
    }
    // Another charter may have let heads fall as they were read: said under this one, they would
    // confirm to their author what is held beyond them.
    if (stage == Stage::live && charter_advanced()) {
        context.out.unsay();
        restart_if_charter_advanced();
    }
    return context.out.take(context.status);
}

void Session::State::fail(const Error& error) {
    if (stage == Stage::closed) return;
    context.out.send(wire::ErrorFrame{std::string(name(error.code)), error.detail});
    close(error.code, error.detail, long_wait(error.code) ? blame_wait : std::chrono::seconds(0));
}

void Session::State::close(ErrorCode reason, std::string detail,
                           std::chrono::seconds do_not_call_before) {
    stage = Stage::closed;
    context.status.ready = false;
    context.plan.release_all(context.peer);
    context.out.act(ClosePeer{reason, std::move(detail), do_not_call_before});
}

Result<> Session::State::on_frame(const wire::Frame& frame) {
    using wire::FrameType;
    if (frame.type >= wire::ignorable_from) return on_notice_frame(frame);
    if (frame.type == 0 || frame.type > static_cast<std::uint8_t>(FrameType::bye))
        return failure(ErrorCode::malformed, "frame of unknown type " + std::to_string(frame.type));
    const auto type = static_cast<FrameType>(frame.type);
    if (type == FrameType::error) {
        SAFAR_TRY(auto told, wire::decode<wire::ErrorFrame>(frame.payload));
        const ErrorCode code = told_code(told.code);
        close(code, "the peer says: " + told.code + ": " + told.detail,
              long_wait(code) ? blame_wait : std::chrono::seconds(0));
        return success();
    }
    if (type == FrameType::bye) {
        SAFAR_TRY(wire::decode<wire::Bye>(frame.payload));
        close(ErrorCode::stopping, "the peer says goodbye", std::chrono::seconds(0));
        return success();
    }
    if (type == FrameType::hello) return on_hello(frame.payload);
    if (stage == Stage::hello)
        return failure(ErrorCode::out_of_order,
                       "frame of type " + std::to_string(frame.type) + " before the hello");
    if (type == FrameType::ping) {
        SAFAR_TRY(auto ping, wire::decode<wire::Ping>(frame.payload));
        context.out.send(wire::Pong{ping.nonce});
        return success();
    }
    if (type == FrameType::pong) {
        SAFAR_TRY(wire::decode<wire::Pong>(frame.payload));
        return success();
    }
    if (type == FrameType::charter_ask) return on_charter_ask(frame.payload);
    if (type == FrameType::charter_document) return on_charter_document(frame.payload);
    if (type == FrameType::summary) return on_summary(frame.payload);
    if (stage != Stage::live)
        return failure(ErrorCode::out_of_order, "frame of type " + std::to_string(frame.type) +
                                                    " before the charter is settled");
    return on_live_frame(type, frame.payload);
}

Result<> Session::State::on_notice_frame(const wire::Frame& frame) {
    using wire::FrameType;
    const auto type = static_cast<FrameType>(frame.type);
    const bool known = type == FrameType::notice_list || type == FrameType::notice_ask ||
                       type == FrameType::notice;
    if (!known) { // a later version's, or one that the shell sees to
        if (stage != Stage::hello && frame.payload.size() <= HeardAside::payload_bytes_max)
            context.out.act(
                HeardAside{frame.type, Bytes(frame.payload.begin(), frame.payload.end())});
        return success();
    }
    if (stage == Stage::hello)
        return failure(ErrorCode::out_of_order, "a notice frame before the hello");
    if (type == FrameType::notice_list) {
        SAFAR_TRY(auto list, wire::decode<wire::NoticeList>(frame.payload));
        notices.on_list(list);
        return success();
    }
    if (type == FrameType::notice_ask) {
        SAFAR_TRY(auto ask, wire::decode<wire::NoticeAsk>(frame.payload));
        return notices.on_ask(ask);
    }
    SAFAR_TRY(auto notice, wire::decode<wire::NoticeFrame>(frame.payload));
    return notices.on_notice(std::move(notice));
}

Result<> Session::State::on_live_frame(wire::FrameType type, ByteView payload) {
    using wire::FrameType;
    std::vector<LogName> changed;
    switch (type) {
    case FrameType::frontier_full: {
        SAFAR_TRY(auto full, wire::decode<wire::FrontierFull>(payload));
        frontiers.on_full(std::move(full), changed);
        asker.on_heads(changed, /*at_once=*/true);
        return success();
    }
    case FrameType::frontier_delta: {
        SAFAR_TRY(auto delta, wire::decode<wire::FrontierDelta>(payload));
        frontiers.on_delta(std::move(delta), changed);
        asker.on_heads(changed, /*at_once=*/false);
        return success();
    }
    case FrameType::frontier_ask: {
        SAFAR_TRY(auto ask, wire::decode<wire::FrontierAsk>(payload));
        frontiers.on_ask(ask);
        return success();
    }
    case FrameType::want: {
        SAFAR_TRY(auto want, wire::decode<wire::Want>(payload));
        return server.on_want(want);
    }
    case FrameType::credit: {
        SAFAR_TRY(auto credit, wire::decode<wire::Credit>(payload));
        return server.on_credit(credit);
    }
    case FrameType::missing: {
        SAFAR_TRY(auto missing, wire::decode<wire::Missing>(payload));
        return asker.on_missing(missing);
    }
    default: {
        SAFAR_ASSERT(type == FrameType::batch); // every other type is handled before
        SAFAR_TRY(bool duplicate, asker.on_batch(payload));
        if (duplicate) quota.frames(PeerQuota::duplicate_frames, context.now);
        return success();
    }
    }
}

Result<> Session::State::check_deadlines() {
    const NodeTime now = context.now;
    if (stage == Stage::closed) return success();
    if (now >= heard_at + silence_max) {
        close(ErrorCode::unreachable, "nothing heard from the peer for 45 s",
              std::chrono::seconds(0));
        return success();
    }
    if (stage == Stage::hello && now >= started_at + hello_deadline) {
        close(ErrorCode::unreachable, "no hello within 10 s", std::chrono::seconds(0));
        return success();
    }
    if (frame_at != never && now >= frame_at + frame_deadline)
        return failure(ErrorCode::timed_out, "a frame took longer than 30 s");
    if (charter_asked_at != never && now >= charter_asked_at + charter_deadline)
        return failure(ErrorCode::timed_out, "the charter asked for did not come within 30 s");
    if (stage != Stage::hello && now >= std::max(heard_at, pinged_at) + ping_after) {
        pinged_at = now;
        context.out.send(wire::Ping{++ping_nonce});
    }
    if (stage != Stage::live) return success();
    const bool batch_held =
        decoder.type_held() == static_cast<std::uint8_t>(wire::FrameType::batch);
    return asker.on_tick(batch_held ? decoder.held() : 0);
}

// Every session begins under one charter; another one in force, or a suspension, means a new hello.
void Session::State::restart_if_charter_advanced() {
    if (stage != Stage::live || !charter_advanced()) return;
    notices.flush(/*ask=*/false); // the peer hears why
    context.out.send(wire::Bye{});
    close(ErrorCode::stopping, "another charter is in force, the session begins anew",
          std::chrono::seconds(0));
}

} // namespace safar
