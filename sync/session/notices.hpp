// How notices travel: each side says which it holds where the hellos differ, and what it learns
// later; the other asks for those that it lacks. Notices travel to everybody and at every stage
// after hello.
#pragma once

#include "sync/session/context.hpp"

#include <set>

namespace safar {

class Notices {
public:
    // Asked for and not judged yet: the rest waits.
    static constexpr std::size_t asked_max = 16;
    static constexpr std::size_t serve_bytes = 256u << 10; // in one call

    explicit Notices(SessionContext& context) : context_(context) {}

    // Looks at what is held now: what our hello stands for.
    void start();
    // The hellos are known. Equal ones: the peer holds what we held then.
    void open(bool same);
    void on_list(const wire::NoticeList& list);
    [[nodiscard]] Result<> on_ask(const wire::NoticeAsk& ask);
    [[nodiscard]] Result<> on_notice(wire::NoticeFrame frame);
    // The node's verdict on one, in order. Errors: the sender's offence.
    [[nodiscard]] Result<> on_verdict(Result<> verdict);
    // What could not be judged before may be now.
    void ask_again() {
        refused_.clear();
        looked_at_ = {};
    }
    // What was asked for in this call, and what is new here. `ask`: not while epochs are still to
    // come, which peers offer here too.
    void flush(bool ask);
    [[nodiscard]] NodeTime next_deadline() const { return due_.empty() ? never : context_.now; }

private:
    SessionContext& context_;
    bool opened_ = false;
    void look(bool may_ask);

    std::vector<Hash> at_hello_;
    Hash looked_at_;         // charter digest at the last look; zero: look again
    std::set<Hash> said_;    // the peer knows that we hold them
    std::set<Hash> offered_; // the peer says that it holds them, and we do not
    std::set<Hash> asked_, refused_;
    std::vector<Hash> due_; // asked of us
    std::size_t judging_ = 0;
};

} // namespace safar
