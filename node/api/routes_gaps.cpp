// What peers say that they hold and have not delivered.
#include "node/api/iso_time.hpp"
#include "node/api/json.hpp"

namespace safar::handlers {
namespace {

namespace json = boost::json;

json::object gap_object(const PeerStatus& peer, const PeerGap& gap, const LogOwner& owner,
                        std::uint64_t ours) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(gap.since.time_since_epoch()).count();
    return {{"peer", json::object{{"agency", peer.agency},
                                  {"node", peer.node.hex()},
                                  {"state", peer.state}}},
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

} // namespace

Result<ApiReply> gaps(ApiContext& context, ApiRequest&) {
    const Node& node = context.registry.node();
    const auto authority = node.authority();
    json::array out;
    std::uint64_t more = 0;
    if (context.peers)
        for (const PeerStatus& peer : context.peers()) {
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
    return json_reply(json::object{{"gaps", std::move(out)}, {"more", more}});
}

} // namespace safar::handlers
