#include "sync/statement/statement_book.hpp"

#include <tuple>

namespace safar {
namespace {

constexpr std::uint8_t saved_version = 1;

bool earlier(const wire::Statement& a, const wire::Statement& b) {
    return std::tie(a.time, a.batch, a.header) < std::tie(b.time, b.batch, b.header);
}

Result<wire::Statement> read_statement(ByteReader& in) {
    return wire::decode_statement(in.bytes(wire::Statement::payload_bytes));
}

} // namespace

std::string_view name(SplitKind kind) {
    switch (kind) {
    case SplitKind::two_hashes: return "two_hashes";
    case SplitKind::went_back: return "went_back";
    case SplitKind::other_held: return "other_held";
    }
    return "";
}

std::size_t StatementBook::incarnations(const LogId& log) const {
    const auto first = latest_.lower_bound(LogName{log, {}});
    auto last = first;
    while (last != latest_.end() && last->first.id == log) ++last;
    return static_cast<std::size_t>(std::distance(first, last));
}

// An author that has had to begin many incarnations is heard of the latest ones. What is split
// stays.
bool StatementBook::make_room(const wire::Statement& statement) {
    auto oldest = latest_.end();
    for (auto at = latest_.lower_bound(LogName{statement.log.id, {}});
         at != latest_.end() && at->first.id == statement.log.id; ++at)
        if (!splits_.contains(at->first) &&
            (oldest == latest_.end() || at->second.statement.time < oldest->second.statement.time))
            oldest = at;
    if (oldest == latest_.end() || oldest->second.statement.time >= statement.time) return false;
    older_.erase(oldest->first);
    latest_.erase(oldest);
    return true;
}

bool StatementBook::knows(const wire::Statement& statement) const {
    const auto held = latest_.find(statement.log);
    if (held != latest_.end() && held->second.statement == statement) return true;
    const auto split = splits_.find(statement.log);
    return split != splits_.end() &&
           (split->second.first == statement || split->second.second == statement);
}

bool StatementBook::contradicts(const wire::Statement& a, const wire::Statement& b,
                                bool may_go_back, std::uint64_t now) {
    const wire::Statement& first = earlier(a, b) ? a : b;
    const wire::Statement& second = earlier(a, b) ? b : a;
    const bool two_hashes = first.batch == second.batch && first.header != second.header;
    const bool went_back = first.batch > second.batch && !may_go_back;
    if (!two_hashes && !went_back) return false;
    const auto kind = two_hashes ? SplitKind::two_hashes : SplitKind::went_back;
    return splits_.try_emplace(first.log, SplitView{kind, first, second, {}, now}).second;
}

bool StatementBook::hear(const wire::Statement& statement, bool may_go_back, std::uint64_t now) {
    const auto held = latest_.find(statement.log);
    if (held == latest_.end()) {
        if (incarnations(statement.log.id) >= incarnations_max && !make_room(statement))
            return false;
        latest_.emplace(statement.log, HeldStatement{statement, now, false});
        return true;
    }
    if (held->second.statement == statement) return false;
    bool news = contradicts(held->second.statement, statement, may_go_back, now);
    if (earlier(held->second.statement, statement)) {
        held->second = {statement, now, false};
        return true;
    }
    // Of two that do not fit neither need be the latest: who found it tells both, one after the
    // other.
    auto [before, fresh] = older_.try_emplace(statement.log, statement);
    if (!fresh) {
        news |= contradicts(before->second, statement, may_go_back, now);
        before->second = statement;
    }
    return news;
}

bool StatementBook::compare(const Log& log, std::uint64_t now) {
    bool found = false;
    for (auto& [name, held] : latest_) {
        if (held.compared) continue;
        const auto head = log.head(name);
        if (!head || head->number < held.statement.batch) continue;
        const auto hash = hash_at(log, name, held.statement.batch);
        held.compared = hash.has_value();
        if (!hash || *hash == held.statement.header) continue;
        found |= splits_
                     .try_emplace(name, SplitView{SplitKind::other_held, held.statement,
                                                  std::nullopt, *hash, now})
                     .second;
    }
    return found;
}

Bytes StatementBook::save() const {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(saved_version);
    writer.integer(static_cast<std::uint32_t>(latest_.size()));
    for (const auto& [name, held] : latest_) {
        wire::put_statement(held.statement, writer);
        writer.integer(held.heard);
    }
    writer.integer(static_cast<std::uint32_t>(splits_.size()));
    for (const auto& [name, split] : splits_) {
        writer.integer(static_cast<std::uint8_t>(split.kind));
        wire::put_statement(split.first, writer);
        if (split.second)
            wire::put_statement(*split.second, writer);
        else
            writer.bytes(split.held.view());
        writer.integer(split.found);
    }
    return out;
}

Result<StatementBook> StatementBook::load(ByteView saved) {
    StatementBook out;
    ByteReader in(saved);
    if (in.integer<std::uint8_t>() != saved_version)
        return failure(ErrorCode::malformed, "saved statements: of another version");
    for (auto count = in.integer<std::uint32_t>(); count > 0 && in.ok(); --count) {
        SAFAR_TRY(auto statement, read_statement(in));
        const auto heard = in.integer<std::uint64_t>();
        out.latest_.emplace(statement.log, HeldStatement{statement, heard, false});
    }
    for (auto count = in.integer<std::uint32_t>(); count > 0 && in.ok(); --count) {
        SplitView split;
        split.kind = static_cast<SplitKind>(in.integer<std::uint8_t>());
        SAFAR_TRY(split.first, read_statement(in));
        if (split.kind == SplitKind::other_held) {
            split.held = read_id<Hash>(in);
        } else {
            SAFAR_TRY(split.second, read_statement(in));
        }
        split.found = in.integer<std::uint64_t>();
        const LogName log = split.first.log;
        out.splits_.emplace(log, std::move(split));
    }
    if (!in.at_end()) return failure(ErrorCode::malformed, "saved statements: cut short or longer");
    return out;
}

} // namespace safar
