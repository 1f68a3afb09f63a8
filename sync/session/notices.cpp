#include "sync/session/notices.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar {

void Notices::start() { at_hello_ = context_.view.notices(); }

void Notices::open(bool same) {
    opened_ = true;
    looked_at_ = {};
    if (same) said_.insert(at_hello_.begin(), at_hello_.end()); // else flush() says all of them
    at_hello_.clear();
}

void Notices::on_list(const wire::NoticeList& list) {
    for (const Hash& hash : list.hashes) {
        if (offered_.size() == wire::notices_max) break; // nobody holds as many
        offered_.insert(hash);
        said_.insert(hash); // or it would be told what it told us
    }
    looked_at_ = {};
}

Result<> Notices::on_ask(const wire::NoticeAsk& ask) {
    if (due_.size() + ask.hashes.size() > wire::notices_max)
        return failure(ErrorCode::limit_exceeded, "asks for more notices than it takes");
    due_.insert(due_.end(), ask.hashes.begin(), ask.hashes.end());
    return success();
}

Result<> Notices::on_notice(wire::NoticeFrame frame) {
    const Hash hash = tagged_hash("notice", {frame.notice});
    if (asked_.erase(hash) == 0)
        return failure(ErrorCode::out_of_order,
                       "sends notice " + hash.brief() + ", which was not asked for");
    offered_.erase(hash);
    refused_.insert(
        hash); // until the verdict is known, and for this session if it is not held then
    ++judging_;
    context_.out.act(AdoptNotice{std::move(frame.notice)});
    return success();
}

Result<> Notices::on_verdict(Result<> verdict) {
    SAFAR_ASSERT(judging_ > 0);
    --judging_;
    looked_at_ = {}; // there is room to ask for more
    if (!verdict && blame(verdict.error().code) == Blame::sender) return verdict;
    return success();
}

void Notices::flush(bool ask) {
    if (!opened_) return;
    // Called after everything that a peer says: nothing is gone through while nothing has changed.
    if (const Hash now = context_.view.charter_digest(); now != looked_at_) {
        looked_at_ = now;
        look(ask);
    }
    for (std::size_t bytes = 0; !due_.empty() && bytes < serve_bytes; due_.pop_back()) {
        auto notice = context_.view.notice(due_.back());
        if (!notice || notice->size() > wire::notice_bytes_max)
            continue; // a better one took its place
        bytes += notice->size();
        context_.out.send(wire::NoticeFrame{std::move(*notice)});
    }
}

// Says what is held here and was not said, asks for what is held there and not here.
void Notices::look(bool may_ask) {
    const std::vector<Hash> held = context_.view.notices(); // ascending
    wire::NoticeList fresh;
    for (const Hash& hash : held)
        if (fresh.hashes.size() < wire::notices_max && said_.insert(hash).second)
            fresh.hashes.push_back(hash);
    if (!fresh.hashes.empty()) context_.out.send(fresh);

    if (!may_ask || refused_.size() >= wire::notices_max) return;
    wire::NoticeAsk ask;
    for (auto at = offered_.begin(); at != offered_.end() && asked_.size() + judging_ < asked_max;
         ++at) {
        if (std::binary_search(held.begin(), held.end(), *at) || refused_.contains(*at) ||
            !asked_.insert(*at).second)
            continue;
        ask.hashes.push_back(*at);
    }
    if (!ask.hashes.empty()) context_.out.send(ask);
}

} // namespace safar
