#include "node/registry/bundle_apply.hpp"

#include "node/charter/notice_order.hpp"
#include "node/registry/bundle_judge.hpp"

#include <algorithm>
#include <future>
#include <set>

namespace safar {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::size_t group_batches_max = 64, group_bytes_max = 4u << 20; // ingested as one
constexpr std::size_t waiting_bytes_max = 16u << 20; // what came before what it follows or rests on
constexpr std::size_t conflicts_looked_at = 50'000;  // 5 MiB of memory, and then again
constexpr std::size_t charter_refusals_max = 100;

using ConflictKey = std::pair<RecordId, std::uint16_t>;

class Application {
public:
    Application(Registry& registry, bool dry_run)
        : node_(registry.node()), dry_run_(dry_run), state_(*node_.charter_state()),
          judge_(node_.log()) {}

    Result<BundleReport> run(const ByteSource& source) {
        SAFAR_TRY(look_at_conflicts());
        SAFAR_TRY(read(source));
        if (!begun_)
            return failure(ErrorCode::malformed, "this is no bundle: it ends before its hello");
        SAFAR_TRY(settle_notices());
        SAFAR_TRY(flush());
        SAFAR_TRY(try_again());
        SAFAR_TRY(tell_conflicts());
        return std::move(report_);
    }

private:
    Result<> read(const ByteSource& source) {
        Bytes piece(piece_bytes);
        for (;;) {
            SAFAR_TRY(auto count, source(piece));
            if (count == 0) break;
            ByteView in = ByteView(piece).first(count);
            while (!in.empty()) {
                auto part = reader_.next(in);
                if (!part.has_value()) return broken(part.error());
                if (!part.value()) continue;
                SAFAR_TRY(std::visit([this](auto& one) { return take(one); }, *part.value()));
            }
        }
        report_.whole = reader_.whole();
        if (!report_.whole && report_.problem.empty()) report_.problem = reader_.where();
        return success();
    }

    // What came before the damage was whole and stays.
    Result<> broken(const Error& error) {
        if (!begun_) return error;
        report_.whole = false; // also where something follows the goodbye
        report_.damage = error.code;
        report_.problem = describe(error);
        return success();
    }

    Result<> take(wire::Hello& hello) {
        const NetworkId& own = node_.authority()->network();
        if (hello.network != own)
            return failure(ErrorCode::wrong_network,
                           "the bundle is of network " + hello.network.brief() +
                               ", this node belongs to " + own.brief() + "; nothing was taken");
        report_.hello = hello;
        begun_ = true;
        return success();
    }

    Result<> take(wire::CharterDocument& document) {
        ++report_.epochs;
        const auto learnt =
            learn([&](CharterState& state) { return state.take_epoch(as_text(document.document)); },
                  [&] { return node_.take_epoch(as_text(document.document)); }, report_.epochs_new);
        if (!learnt.has_value())
            refuse_charter("epoch " + std::to_string(document.epoch), learnt.error());
        return stopped_;
    }

    Result<> take(wire::NoticeFrame& frame) {
        ++report_.notices;
        auto notice = parse_notice(frame.notice);
        if (!notice.has_value()) {
            refuse_charter("a notice", notice.error());
            return success();
        }
        notice_bytes_ += frame.notice.size();
        notices_.push_back(std::move(notice.value()));
        return notice_bytes_ <= waiting_bytes_max ? success() : settle_notices();
    }

    // One may rest on another that came later.
    Result<> settle_notices() {
        notice_bytes_ = 0;
        const auto offer = [this](const Notice& notice) {
            return learn([&](CharterState& state) { return state.take_notice(notice); },
                         [&] { return node_.take_notice(notice); }, report_.notices_new);
        };
        for (const RefusedNotice& refused : take_notices(std::exchange(notices_, {}), offer))
            refuse_charter("notice " + refused.notice.hash.brief(), refused.error);
        return stopped_;
    }

    // Tries it on a copy first, which tells whether it is news; then the node takes it.
    template <class Try, class Take>
    Result<> learn(const Try& attempt, const Take& take_it, std::uint64_t& counter) {
        SAFAR_TRY(stopped_);
        CharterState next = dry_run_ ? state_ : *node_.charter_state();
        SAFAR_TRY(auto news, attempt(next));
        if (news == CharterState::News::nothing) return success();
        if (!dry_run_) {
            if (auto taken = take_it(); !taken.has_value()) {
                if (blame(taken.error().code) == Blame::us) stopped_ = taken;
                return taken;
            }
        }
        state_ = std::move(next);
        ++counter;
        return success();
    }

    void refuse_charter(const std::string& what, const Error& error) {
        if (report_.charter_refused.size() < charter_refusals_max)
            report_.charter_refused.push_back(failure(error.code, what + ": " + error.detail));
    }

    // What the maker says that it holds is not believed, and our own heads are never confirmed by
    // it: frames of a bundle are signed by nobody, so anybody could let a node that was rolled back
    // sign a second history at places where it has signed before. A node without peers goes on in a
    // new incarnation after each start, and loses nothing by it.
    Result<> take(BundleFrontier&) { return settle_notices(); }

    Result<> take(BundleBatch& batch) {
        ++report_.batches;
        if (auto may = may_store(batch); !may.has_value()) return refuse(batch.header, may.error());
        if (dry_run_) {
            auto verdict = judge_.judge(batch, *authority());
            if (!verdict.has_value()) return refuse(batch.header, verdict.error());
            count(batch.header, verdict.value() == BundleJudge::Verdict::fresh);
            return success();
        }
        group_bytes_ += batch.batch.bytes.size();
        headers_.push_back(batch.header);
        group_.push_back(std::move(batch.batch));
        return group_.size() >= group_batches_max || group_bytes_ >= group_bytes_max ? flush()
                                                                                     : success();
    }

    Result<> take(wire::ErrorFrame& error) {
        report_.problem = "its maker could not finish it: " + error.code + ": " + error.detail;
        return success();
    }
    Result<> take(wire::Bye&) { return success(); }

    [[nodiscard]] std::shared_ptr<const Authority> authority() {
        if (!dry_run_) return node_.authority();
        if (!dry_authority_)
            dry_authority_ = state_.authority(); // epochs and notices come before batches
        return dry_authority_;
    }

    // The log itself takes any batch that is valid: who may hold it is asked here, of the charter
    // and not of what the bundle claims.
    Result<> may_store(const BundleBatch& batch) {
        const auto rules = authority();
        const LogOwner* owner = rules->owner(batch.header.log.id);
        if (owner == nullptr)
            return failure(ErrorCode::unknown_author, "no epoch held here knows its log");
        if (!rules->may_observe(node_.id(), owner->compartment))
            return failure(ErrorCode::not_permitted,
                           "this node may not hold compartment '" + owner->compartment + "'");
        if (state_.suspended(node_.id()))
            return failure(ErrorCode::not_permitted,
                           "this node is suspended: it takes the charter and nothing else");
        if (owner->compartment != batch.compartment)
            return failure(ErrorCode::malformed, "the bundle puts it into compartment '" +
                                                     batch.compartment + "', it is of '" +
                                                     owner->compartment + "'");
        return success();
    }

    Result<> flush() {
        auto group = std::exchange(group_, {});
        auto headers = std::exchange(headers_, {});
        group_bytes_ = 0;
        return ingest(std::move(group), std::move(headers), /*again=*/false);
    }

    Result<> ingest(std::vector<EncodedBatch> group, std::vector<BatchHeader> headers, bool again) {
        if (group.empty()) return success();
        auto promise = std::make_shared<std::promise<std::vector<IngestOutcome>>>();
        auto future = promise->get_future();
        std::vector<EncodedBatch> kept = again ? std::vector<EncodedBatch>() : group;
        node_.ingest(std::move(group), [promise](std::vector<IngestOutcome> all) {
            promise->set_value(std::move(all));
        });
        promise.reset();
        const auto outcomes = future.get();
        if (outcomes.size() != headers.size())
            return failure(ErrorCode::stopping,
                           "the node is stopping; apply the bundle again later");
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            if (outcomes[i].result.has_value()) {
                count(headers[i], outcomes[i].fresh);
                continue;
            }
            const Error& error = outcomes[i].result.error();
            if (error.code == ErrorCode::storage_full || error.code == ErrorCode::storage_failed ||
                error.code == ErrorCode::storage_corrupt)
                return error;
            if (error.code == ErrorCode::gap && !again &&
                waiting_bytes_ + kept[i].bytes.size() <= waiting_bytes_max) {
                waiting_bytes_ += kept[i].bytes.size();
                waiting_.emplace(BatchPlace{headers[i].log, headers[i].number},
                                 std::pair(headers[i], std::move(kept[i])));
                continue;
            }
            SAFAR_TRY(refuse(headers[i], error));
        }
        return success();
    }

    // What a batch follows may have come after it, or from a peer meanwhile. In order of logs and
    // numbers.
    Result<> try_again() {
        while (!waiting_.empty()) {
            std::vector<EncodedBatch> group;
            std::vector<BatchHeader> headers;
            while (!waiting_.empty() && group.size() < group_batches_max) {
                auto first = waiting_.extract(waiting_.begin());
                headers.push_back(first.mapped().first);
                group.push_back(std::move(first.mapped().second));
            }
            SAFAR_TRY(ingest(std::move(group), std::move(headers), /*again=*/true));
        }
        return success();
    }

    void count(const BatchHeader& header, bool fresh) {
        if (!fresh) {
            ++report_.batches_held;
            return;
        }
        ++report_.batches_new;
        report_.events_new += header.event_count;
    }

    Result<> refuse(const BatchHeader& header, const Error& error) {
        ++report_.batches_refused;
        auto known = refusals_.find({error.code, header.log});
        if (known != refusals_.end()) {
            BundleRefusal& refusal = report_.refused[known->second];
            refusal.first = std::min(refusal.first, header.number);
            ++refusal.batches;
            return success();
        }
        if (report_.refused.size() >= BundleReport::refusals_max) return success();
        refusals_.emplace(std::pair(error.code, header.log), report_.refused.size());
        BundleRefusal refusal{error.code, header.log, "", "", header.number, 1, error.detail};
        if (const LogOwner* owner = authority()->owner(header.log.id)) {
            refusal.agency = owner->agency;
            refusal.compartment = owner->compartment;
        }
        report_.refused.push_back(std::move(refusal));
        return success();
    }

    Result<> look_at_conflicts() {
        SAFAR_TRY(node_.deriver().wait_for(node_.log().last_position()));
        report_.conflicts_before = node_.derived().conflict_count();
        if (dry_run_) return success();
        report_.conflicts_told = report_.conflicts_before <= conflicts_looked_at;
        if (!report_.conflicts_told) return success();
        SAFAR_TRY(auto before, node_.derived().conflicts(conflicts_looked_at));
        for (const Conflict& conflict : before) conflicts_.emplace(conflict.record, conflict.field);
        return success();
    }

    Result<> tell_conflicts() {
        if (const CharterNode* maker = state_.ruling().charter->node(report_.hello.node))
            report_.agency = maker->agency;
        report_.conflicts_after = report_.conflicts_before;
        if (dry_run_) return success();
        SAFAR_TRY(node_.deriver().wait_for(node_.log().last_position()));
        report_.conflicts_after = node_.derived().conflict_count();
        if (!report_.conflicts_told) return success();
        SAFAR_TRY(auto after,
                  node_.derived().conflicts(conflicts_looked_at + BundleReport::conflicts_max));
        for (Conflict& conflict : after) {
            if (report_.conflicts_new.size() == BundleReport::conflicts_max) break;
            if (!conflicts_.contains({conflict.record, conflict.field}))
                report_.conflicts_new.push_back(std::move(conflict));
        }
        return success();
    }

    Node& node_;
    const bool dry_run_;
    CharterState state_; // what the node holds, and in a dry run what it would hold
    std::shared_ptr<const Authority> dry_authority_;
    BundleReader reader_;
    BundleJudge judge_;
    BundleReport report_;
    bool begun_ = false;
    Result<> stopped_ = success(); // an error of this node's: no notice is tried after it
    std::vector<Notice> notices_;
    std::vector<EncodedBatch> group_;
    std::vector<BatchHeader> headers_; // of group_
    std::size_t group_bytes_ = 0, waiting_bytes_ = 0, notice_bytes_ = 0;
    std::map<BatchPlace, std::pair<BatchHeader, EncodedBatch>>
        waiting_;                                                   // for the batch before them
    std::map<std::pair<ErrorCode, LogName>, std::size_t> refusals_; // index in report_.refused
    std::set<ConflictKey> conflicts_;
};

} // namespace

Result<BundleReport> apply_bundle(Registry& registry, const ByteSource& source, bool dry_run) {
    return Application(registry, dry_run).run(source);
}

} // namespace safar
