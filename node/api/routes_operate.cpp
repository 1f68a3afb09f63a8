// What keeps a node running beside other work: backup, the test of a peer, and how the node is.
#include "node/api/json.hpp"
#include "node/api/operate_facts.hpp"
#include "node/net/peer_test.hpp"
#include "node/operate/backup.hpp"
#include "node/registry/iso_time.hpp"

#include <algorithm>
#include <future>

namespace safar::handlers {
namespace {

namespace json = boost::json;

Result<const OperateContext*> operated(const ApiContext& context) {
    if (context.operate.identity == nullptr || context.operate.backups == nullptr)
        return failure(ErrorCode::not_found, "this node has no data directory to operate on");
    return &context.operate;
}

std::string now_text() {
    auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return show_time({std::chrono::microseconds(seconds.time_since_epoch()).count()});
}

// Runs `task` between two groups of the log thread and waits for it.
Result<> between_groups(Node& node, std::function<Result<>(Log&)> task) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto done = promise->get_future();
    node.writer().run([promise = std::move(promise), task = std::move(task)](Log& log) {
        promise->set_value(task(log));
    });
    try {
        return done.get();
    } catch (const std::future_error&) { // the thread ended without it
        return failure(ErrorCode::stopping, "this node stops");
    }
}

Result<> capture(Node& node, const std::string& directory, const std::string& into,
                 Manifest& facts) {
    return between_groups(node, [&](Log& log) -> Result<> {
        SAFAR_TRY(copy_moment(log, directory, into));
        auto charter = node.charter();
        facts.epoch = charter->epoch;
        facts.charter = charter->identity;
        facts.position = log.last_position();
        auto authority = log.authority();
        for (const CharterCompartment& compartment : charter->compartments)
            for (const FrontierEntry& entry : log.frontier(compartment.name)) {
                const LogOwner* owner = authority->owner(entry.log.id);
                facts.heads.push_back(
                    {compartment.name, entry.log, entry.head.number, entry.head.hash,
                     owner != nullptr && owner->node == node.id(), entry.head.forked});
            }
        return success();
    });
}

json::object test_line(const CharterNode& peer, const PeerTest& test) {
    return {{"agency", peer.agency},
            {"node", peer.id.hex()},
            {"address", peer.address},
            {"cause", name(test.fault)},
            {"ok", test.fault == PeerFault::none},
            {"detail", test.detail},
            {"advice", test.advice},
            {"took_ms", test.took.count()}};
}

} // namespace

Result<ApiReply> backup(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto with_keys, body.flag("with_keys"));
    SAFAR_TRY(body.done());
    SAFAR_TRY(auto operate, operated(context));
    Node& node = context.registry.node();
    BackupPlan plan;
    plan.with_keys = with_keys;
    plan.facts.version = api_version();
    plan.facts.made = now_text();
    plan.facts.agency = node.agency();
    plan.facts.network = node.authority()->network();
    plan.facts.node = node.id();
    plan.capture = [&](const std::string& into, Manifest& facts) {
        return capture(node, operate->directory, into, facts);
    };
    SAFAR_TRY(auto made, operate->backups->make(std::move(plan), operate->identity->signing));
    return json_reply(json::object{{"directory", made.directory},
                                   {"files", made.files},
                                   {"bytes", made.bytes},
                                   {"manifest", made.manifest}});
}

Result<ApiReply> backup_done(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto directory, body.text("directory"));
    SAFAR_TRY(auto kept, body.flag("kept"));
    SAFAR_TRY(body.done());
    SAFAR_TRY(auto operate, operated(context));
    SAFAR_TRY(operate->backups->let_go(directory));
    if (kept) {
        SAFAR_TRY(remember_backup(operate->directory));
    }
    return json_reply(json::object{{"directory", directory}, {"kept", kept}});
}

Result<ApiReply> test_peers(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto wanted, body.optional_text("agency"));
    SAFAR_TRY(body.done());
    if (context.operate.identity == nullptr)
        return failure(ErrorCode::not_found, "this node has no keys to call with");
    Node& node = context.registry.node();
    auto charter = node.charter();
    std::vector<PeerStatus> peers;
    if (context.peers) {
        SAFAR_TRY(peers, context.peers());
    }
    json::array out;
    std::string known;
    for (const CharterNode& peer : charter->nodes) {
        if (peer.id == node.id()) continue;
        known += (known.empty() ? "" : ", ") + peer.agency;
        if (wanted && !wanted->empty() && peer.agency != *wanted) continue;
        // A second call would end the session that stands.
        auto up = std::find_if(peers.begin(), peers.end(), [&](const PeerStatus& status) {
            return status.node == peer.id && status.state == "connected";
        });
        PeerTest test;
        PeerTestSetting setting{*context.operate.identity, *charter, node.authority()->network()};
        setting.self_suspended = node.suspended(node.id());
        setting.peer_suspended = node.suspended(peer.id);
        if (up == peers.end()) {
            test = test_peer(setting, peer);
        } else {
            test.detail = peer.address + ": a session stands";
            mark_suspension(test, setting, peer);
        }
        out.push_back(test_line(peer, test));
    }
    if (out.empty() && wanted && !wanted->empty())
        return failure(ErrorCode::not_found,
                       "the charter lists no other node of '" + *wanted +
                           "'; it lists: " + (known.empty() ? "none" : known));
    return json_reply(out);
}

Result<ApiReply> health(ApiContext& context, ApiRequest&) {
    const HealthFacts facts = gather_health(context);
    json::array findings;
    Health worst = Health::ok;
    for (const Finding& finding : examine(facts)) {
        worst = std::max(worst, finding.health);
        findings.push_back(json::object{{"check", finding.check},
                                        {"health", name(finding.health)},
                                        {"found", finding.found},
                                        {"advice", finding.advice}});
    }
    return json_reply(json::object{{"health", name(worst)}, {"findings", std::move(findings)}});
}

} // namespace safar::handlers
