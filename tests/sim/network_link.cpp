// What one connection carries, and what sessions have done.
#include "tests/sim/link.hpp"

#include "sync/wire/message.hpp"
#include "tests/sim/frames.hpp"
#include "tests/sim/plain.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

void Network::when_awake(Core& core, std::function<void()> task) {
    if (core.paused_until <= time_.now) return task();
    time_.at(core.paused_until, [this, &core, life = core.life, task = std::move(task)]() mutable {
        if (core.life == life) when_awake(core, std::move(task));
    });
}

void Network::on_log_thread(Core& core, std::function<void()> task) {
    core.log_busy_until = std::max(core.log_busy_until, time_.now) + log_time(core);
    time_.at(core.log_busy_until, [this, &core, life = core.life,
                                   task = std::move(task)]() mutable {
        if (core.life != life) return;
        when_awake(core, [this, &core, life, task = std::move(task)] {
            if (core.life != life) return;
            core.disk().now = time_.now;
            task();
            if (core.life != life) return;
            if (core.disk().died) return died(core);
            // Also what was found to be held after a write of unknown fate.
            if (std::exchange(core.told, core.log().last_position()) != core.log().last_position())
                log_grew(core);
        });
    });
}

void Network::look_at(Core& core) {
    if (!core.up() || core.disk().died) return;
    if (std::exchange(core.charter_changed, false)) charter_changed(core);
}

void Network::log_grew(Core& core) {
    look_at(core);
    for (const auto& link : std::vector(links_))
        for (Side* side : {&link->dialler, &link->host}) {
            if (side->core != &core || !side->session) continue;
            side->change_waits = side->other->queued > serve_ahead_bytes;
            if (!side->change_waits)
                perform(link, *side, side->session->on_local_change(time_.now));
        }
}

void Network::perform(const std::shared_ptr<Connection>& link, Side& side,
                      std::vector<Action> actions) {
    std::size_t sent = 0;
    for (const Action& action : actions)
        if (const auto* bytes = std::get_if<SendBytes>(&action)) sent += bytes->bytes.size();
    if (sent > 4 * limits::frame_bytes_max)
        complain("bounds: one call of a session of " + side.core->agency + " said " +
                 std::to_string(sent) + " bytes");
    for (Action& action : actions) {
        if (!side.session) return;
        std::visit([&](auto& item) { act(link, side, item); }, action);
    }
    if (side.session) schedule_tick(link, side);
}

void Network::act(const std::shared_ptr<Connection>& link, Side& side, SendBytes& action) {
    action.bytes = as_said_by(side.core->release, std::move(action.bytes));
    time_.trace.add(action.bytes);
    if (tell_frames)
        say(side.core->agency + " to " + side.other->core->agency + ": " +
            describe_frames(action.bytes));
    if (!side.core->member.hostile) check_secrecy(*side.core, *side.other->core, action.bytes);
    send(link, side, std::move(action.bytes));
}

// What an honest node says, to anybody: no body and no frontier beyond the other's right.
void Network::check_secrecy(const Core& from, const Core& to, ByteView bytes) {
    const auto authority = from.log().authority();
    const auto knows = [&](std::string_view compartment) {
        return authority->may_observe(to.id, compartment) && !from.state().suspended(to.id);
    };
    const auto leaks = [&](const std::string& what) {
        complain("secrecy: " + from.agency + " tells " + to.agency + " " + what);
    };
    for (std::size_t size = 0; bytes.size() >= 5; bytes = bytes.subspan(4 + size)) {
        size = ByteReader(bytes).integer<std::uint32_t>();
        const auto type = static_cast<wire::FrameType>(bytes[4]);
        const ByteView payload = bytes.subspan(5, size - 1);
        if (type == wire::FrameType::frontier_full || type == wire::FrameType::frontier_delta) {
            const std::size_t name_size = ByteReader(payload).integer<std::uint8_t>();
            const auto name = as_text(payload.subspan(1, name_size));
            if (!knows(name)) leaks("a frontier of " + std::string(name));
        }
        if (type == wire::FrameType::statement) {
            const auto statement = wire::decode_statement(payload).value();
            const LogOwner* owner = authority->owner(statement.log.id);
            if (owner == nullptr || !knows(owner->compartment)) leaks("a statement of a log");
        }
        if (type != wire::FrameType::batch) continue;
        const PlainBatch batch = read_plain(payload);
        const LogOwner* owner = authority->owner(*LogId::from(RawView(batch.log).first(32)));
        if (owner == nullptr || !knows(owner->compartment))
            leaks("a batch that it may not know of");
        else if (!authority->may_hold(to.id, owner->compartment)) {
            ++statistics_.bare_sent;
            if (batch.bodies) leaks("a body of " + owner->compartment);
        }
    }
}

void Network::send(const std::shared_ptr<Connection>& link, Side& from, Bytes bytes) {
    Side& to = *from.other;
    if (from.core->member.hostile && tamper != nullptr)
        bytes = tamper->tamper(*from.core, *to.core, std::move(bytes));
    else if (from.core->release != Release::ours && random_.permille(rates.unknown_permille)) {
        statistics_.count(Fault::unknown_frame);
        wire::FrameWriter(bytes, static_cast<wire::FrameType>(wire::ignorable_from + 90))
            ->bytes(Bytes(random_.below(40)));
    }
    if (to.closed_here || bytes.empty()) return;
    statistics_.bytes_sent += bytes.size();
    std::size_t slices = 1;
    if (rates.slice_max > 0 && random_.permille(rates.slice_permille)) {
        slices = std::min<std::size_t>(64, bytes.size() / rates.slice_max + 1);
        statistics_.count(Fault::sliced);
    }
    if (random_.permille(rates.clog_permille)) {
        statistics_.count(Fault::clog);
        to.clogged_until =
            std::max(to.clogged_until, time_.now + random_.between(NodeTime{0}, rates.clog_max));
    }
    to.queued += bytes.size();
    statistics_.queued_bytes_max = std::max<std::uint64_t>(statistics_.queued_bytes_max, to.queued);
    std::size_t at = 0;
    for (std::size_t i = 0; i < slices && at < bytes.size(); ++i) {
        const bool last = i + 1 == slices;
        const std::size_t size =
            last ? bytes.size() - at
                 : std::min<std::size_t>(1 + random_.below(rates.slice_max), bytes.size() - at);
        to.last_due =
            std::max(to.last_due, time_.now + to.delay_min + random_.about(to.delay_mean));
        const auto from_at = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        to.stream.push_back(
            {to.last_due, Bytes(from_at, from_at + static_cast<std::ptrdiff_t>(size)), false});
        at += size;
    }
    if (to.queued > queue_bytes_hard) {
        ClosePeer close{ErrorCode::limit_exceeded, "asks for more than it takes", 0s};
        return act(link, from, close);
    }
    pump(link, to);
    if (random_.permille(rates.cut_permille)) {
        statistics_.count(Fault::cut);
        break_connection(link);
    }
}

// Delivers what is due, or comes back when it will be.
void Network::pump(const std::shared_ptr<Connection>& link, Side& to) {
    if (to.stream.empty() || to.closed_here) return;
    NodeTime due = std::max(to.stream.front().due, to.clogged_until);
    due = std::max(due, to.core->paused_until);
    if (to.session) due = std::max(due, to.session->read_not_before());
    due = std::max(due, time_.now);
    if (due >= to.pump_at) return;
    to.pump_at = due;
    time_.at(due, [this, link, &to, due] {
        if (to.pump_at != due) return;
        to.pump_at = NodeTime::max();
        deliver(link, to);
    });
}

void Network::deliver(const std::shared_ptr<Connection>& link, Side& to) {
    // Of a stream that is blocked nothing arrives until heal() looks at it again.
    while (!to.stream.empty() && !blocked(to.other->core->index, to.core->index)) {
        const NodeTime due =
            std::max({to.stream.front().due, to.clogged_until, to.core->paused_until});
        if (due > time_.now) break;
        auto chunk = std::move(to.stream.front());
        to.stream.pop_front();
        if (chunk.end) {
            link->dead = to.other->closed_here;
            if (to.closed_here) return;
            end_side(to, ErrorCode::unreachable, 0s);
            if (!link->dead) end_of_stream(link, to); // so it ends for both
            return;
        }
        to.queued -= chunk.bytes.size();
        hear(link, to, chunk.bytes);
        if (to.closed_here) return;
        // What waited for this side's queue may go on.
        Side& sender = *to.other;
        if (sender.session && sender.change_waits && to.queued <= serve_ahead_bytes) {
            sender.change_waits = false;
            perform(link, sender, sender.session->on_local_change(time_.now));
        }
    }
    if (!blocked(to.other->core->index, to.core->index)) pump(link, to);
}

void Network::hear(const std::shared_ptr<Connection>& link, Side& to, ByteView bytes) {
    if (!to.session) return;
    perform(link, to, to.session->on_bytes(bytes, time_.now));
}

void Network::act(const std::shared_ptr<Connection>& link, Side& side, IngestBatches& action) {
    Core& core = *side.core;
    std::size_t bytes = 0;
    for (const EncodedBatch& batch : action.batches) bytes += batch.bytes.size();
    side.ingest_bytes += bytes;
    if (++side.groups > 3) complain("bounds: more than 3 groups on their way into a log");
    if (side.ingest_bytes > (32u << 20)) complain("bounds: 32 MiB on their way into a log");
    on_log_thread(core, [this, link, &side, &core, bytes, batches = std::move(action.batches)] {
        auto outcomes = core.ingest(batches);
        if (core.disk().died) return;
        side.ingest_bytes -= bytes;
        --side.groups;
        bool fresh = false;
        for (const IngestOutcome& outcome : outcomes) {
            time_.trace.add(outcome.position);
            fresh = fresh || outcome.fresh;
            statistics_.batches_stored += outcome.fresh;
        }
        if (side.session) {
            perform(link, side, side.session->on_ingested(outcomes, time_.now));
        } else {
            for (const IngestOutcome& outcome : outcomes)
                core.plan.settled(outcome.place.log, outcome.place.number,
                                  outcome.result.has_value());
        }
        if (fresh || core.charter_changed || !core.log().forks().empty()) log_grew(core);
    });
}

void Network::act(const std::shared_ptr<Connection>& link, Side& side, AdoptCharter& action) {
    Core& core = *side.core;
    on_log_thread(core, [this, link, &side, &core, document = std::move(action.document)] {
        auto adopted = core.adopt_epoch(as_text(document));
        if (core.disk().died) return;
        look_at(core);
        if (side.session) perform(link, side, side.session->on_charter(adopted, time_.now));
        log_grew(core);
    });
}

void Network::act(const std::shared_ptr<Connection>& link, Side& side, AdoptNotice& action) {
    Core& core = *side.core;
    on_log_thread(core, [this, link, &side, &core, notice = std::move(action.notice)] {
        auto adopted = core.adopt_notice(notice);
        if (core.disk().died) return;
        if (!adopted) say(core.agency + " does not take a notice: " + describe(adopted.error()));
        look_at(core);
        if (side.session) perform(link, side, side.session->on_notice(adopted, time_.now));
        log_grew(core);
    });
}

void Network::act(const std::shared_ptr<Connection>&, Side& side, HeardAside& action) {
    if (action.type != static_cast<std::uint8_t>(wire::FrameType::statement)) return;
    if (auto statement = wire::decode_statement(action.payload))
        side.core->statements().heard(side.other->core->id, statement.value());
}

void Network::tell_statements(Core& core) {
    for (const auto& link : std::vector(links_))
        for (Side* side : {&link->dialler, &link->host}) {
            if (side->core != &core || !side->session || !side->session->status().ready) continue;
            const Core& other = *side->other->core;
            Bytes frames;
            for (const wire::Statement& each : core.statements().untold(other.id))
                wire::encode(each, frames);
            if (frames.empty()) continue;
            if (!core.member.hostile) check_secrecy(core, other, frames);
            time_.trace.add(frames);
            send(link, *side, std::move(frames));
        }
}

void Network::act(const std::shared_ptr<Connection>&, Side& side, ConfirmHeads& action) {
    Core& core = *side.core;
    on_log_thread(core, [&core, peer = side.other->core->id,
                         held = std::move(action.held_by_peer)] { core.confirm(peer, held); });
}

void Network::act(const std::shared_ptr<Connection>& link, Side& side, ClosePeer& action) {
    const Core& other = *side.other->core;
    ++statistics_.closed[std::string(safar::name(action.reason))];
    const bool blamed = action.do_not_call_before.count() > 0;
    if (blamed)
        say(side.core->agency + " closes " + other.agency + ": " +
            std::string(safar::name(action.reason)) + ": " + action.detail);
    const bool honest = !side.core->member.hostile && !other.member.hostile;
    if (honest && blame(action.reason) == Blame::sender)
        complain("no honest node is banned: " + side.core->agency + " blames " + other.agency +
                 ": " + std::string(safar::name(action.reason)) + ": " + action.detail);
    end_side(side, action.reason, action.do_not_call_before);
    end_of_stream(link, side);
}

void Network::schedule_tick(const std::shared_ptr<Connection>& link, Side& side) {
    NodeTime due = side.session->next_deadline();
    if (side.other->queued > serve_ahead_bytes) due = std::max(due, time_.now + 250ms);
    if (due == NodeTime::max()) return;
    due = std::max(due, time_.now + 10us);
    if (due >= side.tick_at) return;
    side.tick_at = due;
    time_.at(due, [this, link, &side, due] {
        if (side.tick_at != due) return; // an earlier one was set since
        if (side.core->paused_until > time_.now) {
            side.tick_at = side.core->paused_until;
            time_.at(side.tick_at, [this, link, &side, again = side.tick_at] {
                if (side.tick_at != again) return;
                side.tick_at = NodeTime::max();
                if (side.session) perform(link, side, side.session->on_tick(time_.now));
            });
            return;
        }
        side.tick_at = NodeTime::max();
        if (!side.session) return;
        if (side.session->next_deadline() <= time_.now)
            perform(link, side, side.session->on_tick(time_.now));
        else
            schedule_tick(link, side);
    });
}

} // namespace safar::sim
