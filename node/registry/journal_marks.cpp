#include "node/registry/journal_marks.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t chunk_marks = 128; // rewritten with each mark: about 4 KiB
const std::string runs_key = "journal/runs";

std::string chunk_key(std::uint64_t number) { return "journal/marks/" + std::to_string(number); }

Error damaged(const std::string& key) {
    return failure(ErrorCode::storage_corrupt,
                   "setting '" + key +
                       "' does not read; restore a backup, or live "
                       "without feeds and questions about what was known");
}

} // namespace

JournalMarks::JournalMarks(Log& log, Clock clock)
    : log_(log), clock_(clock ? std::move(clock) : [] { return std::chrono::system_clock::now(); }),
      broken_(failure(ErrorCode::busy, "the node has not begun yet")) {}

Result<> JournalMarks::begin(Entropy& entropy) {
    std::lock_guard lock(mutex_);
    auto begun = [&]() -> Result<> {
        SAFAR_TRY(load_marks());
        SAFAR_TRY(load_runs());
        const Position last = log_.last_position();
        // A run in which nothing came leaves nothing to tell it by.
        while (!runs_.empty() && runs_.back().after >= last) runs_.pop_back();
        runs_.push_back({runs_.empty() ? 0 : last, entropy.draw<RunName>()});
        Bytes out;
        ByteWriter writer(out);
        for (const Run& run : runs_) {
            writer.integer(run.after);
            writer.bytes(run.name.view());
        }
        SAFAR_TRY(log_.put_setting(runs_key, out));
        add(mark_of(last, nullptr));
        SAFAR_TRY(log_.put_setting(chunk_key(number_), encoded(chunk_)));
        dirty_ = false;
        return success();
    }();
    broken_.reset();
    if (!begun) broken_ = begun.error();
    return begun;
}

Result<> JournalMarks::load_runs() {
    SAFAR_TRY(auto stored, log_.setting(runs_key));
    if (!stored) return success();
    for (ByteReader in(*stored); !in.at_end();) {
        Run run{in.integer<std::uint64_t>(), read_id<RunName>(in)};
        if (!in.ok()) return damaged(runs_key);
        runs_.push_back(run);
    }
    return success();
}

Result<> JournalMarks::load_marks() {
    // Chunks are numbered without gaps: find the last by doubling, then halving.
    std::uint64_t held = 0, step = 1; // chunks 0 .. held-1 exist
    const auto exists = [&](std::uint64_t number) -> Result<bool> {
        SAFAR_TRY(auto value, log_.setting(chunk_key(number)));
        return value.has_value();
    };
    for (bool growing = true; step > 0; step = growing ? step * 2 : step / 2) {
        SAFAR_TRY(auto there, exists(held + step - 1));
        if (there)
            held += step;
        else
            growing = false;
    }
    if (held == 0) return success();
    number_ = held - 1;
    SAFAR_TRY(auto stored, stored_chunk(number_));
    chunk_ = std::move(*stored);
    for (const Mark& mark : chunk_) advance(last_, mark);
    return success();
}

Bytes JournalMarks::encoded(const std::vector<Mark>& marks) {
    Bytes out;
    ByteWriter writer(out);
    for (const Mark& mark : marks) {
        writer.integer(mark.at.microseconds);
        writer.integer(mark.position);
        writer.integer(static_cast<std::uint32_t>(mark.batches.size()));
        for (const auto& [log, number] : mark.batches) {
            writer.integer(log);
            writer.integer(number);
        }
    }
    return out;
}

Result<std::optional<std::vector<JournalMarks::Mark>>>
JournalMarks::stored_chunk(std::uint64_t number) const {
    SAFAR_TRY(auto stored, log_.setting(chunk_key(number)));
    if (!stored) return std::optional<std::vector<Mark>>{};
    std::vector<Mark> out;
    for (ByteReader in(*stored); !in.at_end();) {
        Mark mark{{in.integer<std::int64_t>()}, in.integer<std::uint64_t>(), {}};
        const auto count = in.integer<std::uint32_t>();
        for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
            const auto log = in.integer<LogHandle>();
            mark.batches[log] = in.integer<std::uint64_t>();
        }
        if (!in.ok()) return damaged(chunk_key(number));
        out.push_back(std::move(mark));
    }
    if (out.empty()) return damaged(chunk_key(number));
    return std::optional(std::move(out));
}

void JournalMarks::advance(KnownThen& known, const Mark& mark) {
    known.at = mark.at;
    known.position = mark.position;
    for (const auto& [log, number] : mark.batches) known.batches[log] = number;
}

void JournalMarks::learn_handles() {
    for (;;) {
        const auto next = static_cast<LogHandle>(handles_.size() + 1);
        auto name = log_.name_of(next);
        if (!name) return;
        handles_.emplace(*name, next);
    }
}

JournalMarks::Mark JournalMarks::mark_of(Position last, const std::vector<LogName>* logs) {
    Mark mark;
    const auto now =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_().time_since_epoch());
    // A clock that was set back does not make the past later.
    mark.at = {std::max<std::int64_t>(now.count(), last_.at.microseconds)};
    mark.position = last;
    if (logs == nullptr) {
        for (LogHandle handle = 1;; ++handle) {
            auto name = log_.name_of(handle);
            if (!name) break;
            if (auto head = log_.head(*name)) mark.batches[handle] = head->number;
        }
        return mark;
    }
    for (const LogName& log : *logs) {
        auto handle = handles_.find(log);
        if (handle == handles_.end()) {
            learn_handles();
            handle = handles_.find(log);
        }
        auto head = log_.head(log);
        if (handle != handles_.end() && head) mark.batches[handle->second] = head->number;
    }
    return mark;
}

void JournalMarks::add(Mark mark) {
    if (chunk_.size() >= chunk_marks && !dirty_) {
        ++number_;
        chunk_.clear();
    }
    if (chunk_.empty()) // whoever reads this chunk reads no other
        mark.batches.insert(last_.batches.begin(), last_.batches.end());
    else
        std::erase_if(mark.batches, [&](const auto& one) {
            auto before = last_.batches.find(one.first);
            return before != last_.batches.end() && before->second == one.second;
        });
    advance(last_, mark);
    chunk_.push_back(std::move(mark));
    dirty_ = true;
}

bool JournalMarks::committed(Position last, const std::vector<LogName>* touched) {
    std::lock_guard lock(mutex_);
    if (broken_) return false;
    Mark mark = mark_of(last, touched);
    if (mark.at.microseconds - last_.at.microseconds < apart.count()) {
        if (!waiting_) waiting_ = Mark{};
        waiting_->at = mark.at;
        waiting_->position = mark.position;
        for (const auto& [log, number] : mark.batches) waiting_->batches[log] = number;
        return false;
    }
    if (waiting_) add(*std::exchange(waiting_, std::nullopt));
    add(std::move(mark));
    return true;
}

Result<> JournalMarks::write() {
    Bytes value;
    std::uint64_t number = 0;
    {
        std::lock_guard lock(mutex_);
        if (broken_) return success();
        if (waiting_) add(*std::exchange(waiting_, std::nullopt));
        if (!dirty_) return success();
        value = encoded(chunk_);
        number = number_;
    }
    SAFAR_TRY(log_.put_setting(chunk_key(number), value));
    std::lock_guard lock(mutex_);
    dirty_ = false;
    return success();
}

Result<std::optional<KnownThen>> JournalMarks::known_at(ClaimedTime at) const {
    std::uint64_t low = 0, high = 0; // the chunk wanted is in [low, high)
    {
        std::lock_guard lock(mutex_);
        if (broken_) return *broken_;
        if (chunk_.front().at <= at) {
            KnownThen known;
            for (const Mark& mark : chunk_)
                if (mark.at <= at) advance(known, mark);
            if (waiting_ && waiting_->at <= at) advance(known, *waiting_);
            return std::optional(std::move(known));
        }
        high = number_;
    }
    std::optional<std::vector<Mark>> found;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        SAFAR_TRY(auto marks, stored_chunk(middle));
        if (!marks) return damaged(chunk_key(middle));
        if (marks->front().at <= at) {
            found = std::move(marks);
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (!found) return std::optional<KnownThen>{};
    KnownThen known;
    for (const Mark& mark : *found)
        if (mark.at <= at) advance(known, mark);
    return std::optional(std::move(known));
}

Result<RunName> JournalMarks::run_of(Position position) const {
    std::lock_guard lock(mutex_);
    if (broken_) return *broken_;
    auto after = std::find_if(runs_.rbegin(), runs_.rend(),
                              [&](const Run& run) { return run.after < position; });
    return after == runs_.rend() ? runs_.front().name : after->name;
}

} // namespace safar
