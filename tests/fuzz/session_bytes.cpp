// A peer that says anything at any time, and a disk that answers anything: what one call returns is
// bounded, nothing goes to the log that is not a batch of a shared log, at most a few groups are on
// their way, and after the close there is silence.
#include "tests/fuzz/input.hpp"
#include "tests/unit/sync/session/harness.hpp"

namespace {
using namespace safar;
using namespace safar::fuzz;
using namespace safar::testing;

class Run {
public:
    Run() : session_(net_["FIA"].id, net_["IOM"].id, net_["FIA"], net_["FIA"].plan, now_) {
        net_["FIA"].append("return", 2);
        perform(session_.start(now_));
        hello_.network = net_.authority->network();
        hello_.node = net_["IOM"].id;
        hello_.epoch = 1;
        hello_.charter = net_.authority->charter();
    }
    void play(Input in) {
        if (in.byte() % 8 != 0) {
            say(hello_);
            say(wire::Summary{{{"return", {}}}});
        }
        while (!in.empty()) step(in);
        must(session_.next_deadline() > NodeTime(0));
        static_cast<void>(session_.status());
    }

private:
    LogName log(std::uint8_t which) {
        LogName name{
            log_id(net_.authority->network(), net_[which % 2 == 0 ? "IOM" : "FIA"].id, "return"),
            {}};
        if (which % 2 != 0) name = net_["FIA"].log().frontier("return").at(0).log;
        name.incarnation.raw[0] ^= static_cast<std::byte>(which / 64);
        return name;
    }
    void step(Input& in) {
        const std::uint8_t op = in.byte(), n = in.byte();
        switch (op % 9) {
        case 0: return raw(in.bytes(n));
        case 1: {
            Bytes frame, payload = in.bytes(n);
            ByteWriter out(frame);
            out.integer(static_cast<std::uint32_t>(payload.size() + 1));
            out.integer(static_cast<std::uint8_t>(op / 9));
            out.bytes(payload);
            return raw(frame);
        }
        case 2: {
            Head head{n, n, {}, 0, op > 127};
            head.hash.raw[0] = static_cast<std::byte>(n == 0 ? 0 : 1);
            if (n == 0) head.forked = true;
            return say(wire::FrontierFull{"return", {{log(in.byte()), head}}});
        }
        case 3: return say(wire::Want{log(in.byte()), 1, 1ull + n, 1u << (op / 10)});
        case 4: return batch(in, n);
        case 5:
            now_ += NodeTime(std::chrono::milliseconds(n * (op > 127 ? 200 : 5)));
            return perform(session_.on_tick(now_));
        case 6:
            return answer(static_cast<ErrorCode>(n % (static_cast<int>(ErrorCode::stopping) + 1)),
                          op > 127);
        case 7: return perform(session_.on_local_change(now_));
        default: return say(wire::Missing{log(in.byte()), 1, 1ull + n});
        }
    }
    void batch(Input& in, std::uint8_t number) {
        BatchHeader header;
        header.network = net_.authority->network();
        header.log = log(in.byte());
        header.number = header.first_sequence = std::max<std::uint64_t>(number, 1);
        header.epoch = header.event_count = 1;
        if (header.number > 1) header.previous.raw[0] = std::byte{1};
        Bytes stored = encode_header(header);
        stored.resize(EncodedBatch::prefix_bytes + 100 * std::size_t{in.byte()});
        Bytes frame;
        wire::encode_batch(stored, frame);
        raw(frame);
    }
    void answer(ErrorCode code, bool good) {
        if (groups_.empty()) return;
        std::vector<IngestOutcome> outcomes(groups_.front());
        groups_.erase(groups_.begin());
        if (!good)
            for (auto& outcome : outcomes) outcome.result = failure(code, "the disk says so");
        perform(session_.on_ingested(outcomes, now_));
    }
    template <class Message> void say(const Message& message) {
        Bytes frame;
        wire::encode(message, frame);
        raw(frame);
    }
    void raw(const Bytes& bytes) { perform(session_.on_bytes(bytes, now_)); }
    void perform(std::vector<Action> actions) {
        must(!closed_ || actions.empty());
        std::size_t sent = 0;
        for (Action& action : actions) {
            must(!closed_);
            if (auto* send = std::get_if<SendBytes>(&action)) sent += send->bytes.size();
            if (std::holds_alternative<ClosePeer>(action)) closed_ = true;
            if (auto* ingest = std::get_if<IngestBatches>(&action)) {
                must(!ingest->batches.empty() && ingest->batches.size() <= 64);
                for (const EncodedBatch& item : ingest->batches) {
                    auto header = decode_header(item.header());
                    must(header.has_value() &&
                         net_.authority->owner(header.value().log.id) != nullptr);
                }
                groups_.push_back(ingest->batches.size());
                must(groups_.size() <= 3);
            }
        }
        must(sent <= 3 * limits::frame_bytes_max);
        if (closed_) groups_.clear();
    }

    Federation net_{"IOM", "FIA"};
    NodeTime now_{std::chrono::hours(1)};
    Session session_;
    wire::Hello hello_;
    std::vector<std::size_t> groups_; // batches in each, not answered yet
    bool closed_ = false;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Run().play(Input(data, size));
    return 0;
}
