// What peers say that they hold and have not delivered, what authors have stated of their logs and
// is not here, and statements that do not fit together.
#include "node/api/json.hpp"
#include "node/registry/iso_time.hpp"

#include <algorithm>

namespace safar::handlers {
namespace {

namespace json = boost::json;

json::object gap_object(const PeerStatus& peer, const PeerGap& gap, const LogOwner& owner,
                        std::uint64_t ours) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(gap.since.time_since_epoch()).count();
    return {
        {"peer",
         json::object{{"agency", peer.agency}, {"node", peer.node.hex()}, {"state", peer.state}}},
        {"agency", owner.agency},
        {"node", owner.node.hex()},
        {"compartment", owner.compartment},
        {"log", gap.log.id.hex()},
        {"incarnation", gap.log.incarnation.hex()},
        {"theirs", gap.theirs},
        {"ours", ours},
        {"missing", gap.theirs - ours},
        {"since", show_time({since / 1'000'000 * 1'000'000})}};
}

std::string time_text(std::uint64_t seconds) {
    constexpr std::uint64_t last = 253'402'300'799; // of the year 9999: authors claim any time
    return show_time({static_cast<std::int64_t>(std::min(seconds, last)) * 1'000'000});
}

json::object log_object(const LogName& log, const LogOwner& owner) {
    return {{"agency", owner.agency},
            {"node", owner.node.hex()},
            {"compartment", owner.compartment},
            {"log", log.id.hex()},
            {"incarnation", log.incarnation.hex()}};
}

json::object statement_object(const wire::Statement& statement) {
    Bytes bytes;
    ByteWriter writer(bytes);
    wire::put_statement(statement, writer);
    return {{"batch", statement.batch},
            {"header", statement.header.hex()},
            {"time", time_text(statement.time)},
            {"signed", to_hex(bytes)}};
}

json::array stated_gaps(const StatementReport& report, const Authority& authority) {
    json::array out;
    for (const StatedGap& gap : report.gaps) {
        const LogOwner* owner = authority.owner(gap.log.id);
        if (owner == nullptr) continue;
        json::object one = log_object(gap.log, *owner);
        one["stated"] = gap.stated;
        one["ours"] = gap.ours;
        one["missing"] = gap.stated - gap.ours;
        one["time"] = time_text(gap.time);
        one["heard"] = time_text(gap.heard);
        out.push_back(std::move(one));
    }
    return out;
}

json::array split_views(const StatementReport& report, const Authority& authority) {
    json::array out;
    for (const auto& [split, proven] : report.splits) {
        const LogOwner* owner = authority.owner(split.first.log.id);
        if (owner == nullptr) continue;
        json::object one = log_object(split.first.log, *owner);
        one["kind"] = name(split.kind);
        one["first"] = statement_object(split.first);
        if (split.second)
            one["second"] = statement_object(*split.second);
        else
            one["held"] = split.held.hex();
        one["found"] = time_text(split.found);
        one["proven"] = proven;
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace

Result<ApiReply> gaps(ApiContext& context, ApiRequest&) {
    const Node& node = context.registry.node();
    const auto authority = node.authority();
    json::array out;
    std::uint64_t more = 0;
    if (context.peers) {
        SAFAR_TRY(const auto peers, context.peers());
        for (const PeerStatus& peer : peers) {
            more += peer.gaps_more;
            for (const PeerGap& gap : peer.gaps) {
                // What it withheld may have come from somebody else meanwhile.
                const std::uint64_t ours = node.log().head(gap.log).value_or(Head{}).number;
                const LogOwner* owner = authority->owner(gap.log.id);
                if (ours >= gap.theirs || owner == nullptr) continue;
                if (!authority->may_observe(node.id(), owner->compartment)) continue;
                out.push_back(gap_object(peer, gap, *owner, ours));
            }
        }
    }
    StatementReport report;
    if (context.statements) {
        SAFAR_TRY(report, context.statements());
    }
    return json_reply(json::object{{"gaps", std::move(out)},
                                   {"more", more},
                                   {"statements", report.logs},
                                   {"stated", stated_gaps(report, *authority)},
                                   {"split_views", split_views(report, *authority)}});
}

} // namespace safar::handlers
