// Rechecks what is stored. Reads beside the writer: it looks at what was held when it started.
#include "storage/event/bare.hpp"
#include "storage/log/log_core.hpp"

namespace safar {
namespace {

constexpr std::size_t group_batches = 32; // unpacked and verified at once

std::string text(const LogRow& row) { return "log " + row.name.brief(); }

// One batch's own bytes: leaves, root and signature. Empty: they hold.
std::string deep_problem(const Bytes& bytes, bool bodies, const Authority& authority) {
    auto opened = open_batch(bytes, LeafCheck::compute);
    if (!opened) return describe(opened.error());
    const OpenBatch& batch = opened.value();
    const PublicKey* key = authority.key(batch.header.key);
    if (key == nullptr) return "no charter epoch held here knows key " + batch.header.key.brief();
    ByteView header = ByteView(bytes).first(BatchHeader::encoded_bytes);
    if (!verify_header(*key, batch.header.network, header, batch.signature))
        return "its signature does not verify";
    if (bodies && !has_bodies(batch)) return "its bodies are missing";
    return {};
}

class Verifier {
public:
    Verifier(const Store& store, const Authority& authority, const ParallelFor& parallel_for,
             bool deep, std::uint64_t total,
             const std::function<void(std::uint64_t, std::uint64_t)>& progress)
        : store_(store), authority_(authority), parallel_for_(parallel_for), deep_(deep),
          total_(total), progress_(progress) {}

    void log(const LogRow& row) {
        previous_ = {};
        next_sequence_ = 1;
        epoch_ = 0;
        if (row.first > 1) { // goes on from another row
            auto before = stored_header(store_, row, row.first - 1);
            if (!before) return problem(text(row) + ": " + describe(before.error()));
            previous_ = before.value().hash;
            next_sequence_ = before.value().header.last_sequence() + 1;
            epoch_ = before.value().header.epoch;
        }
        std::uint64_t expected = row.first;
        auto scanned =
            store_.scan(Table::batch, batch_key(row.handle, 0), batch_key(row.handle, row.held + 1),
                        [&](ByteView key, ByteView value) {
                            std::uint64_t number = read_big_endian(key.last(8));
                            if (number != expected)
                                problem(text(row) + ": batches " + std::to_string(expected) +
                                        " to " + std::to_string(number - 1) + " are missing");
                            expected = number + 1;
                            batch(row, number, value);
                            return true;
                        });
        finish_group(row);
        if (!scanned)
            problem(text(row) + ": reading stopped before batch " + std::to_string(expected) +
                    ": " + describe(scanned.error()));
        else if (expected != row.held + 1)
            problem(text(row) + ": batches " + std::to_string(expected) + " to " +
                    std::to_string(row.held) + " are missing");
    }

    // Every batch held has exactly one place in the journal, in the order of its log.
    void journal(const std::vector<LogRow>& rows, Position last) {
        std::vector<std::uint64_t> seen;
        for (const LogRow& row : rows) seen.push_back(row.first - 1);
        Position expected = 1;
        auto scanned = store_.scan(Table::journal, journal_key(0), journal_key(last + 1),
                                   [&](ByteView key, ByteView value) {
                                       auto row = decode_journal_row(value);
                                       if (read_big_endian(key) != expected || !row ||
                                           row.value().log == 0 || row.value().log > rows.size() ||
                                           row.value().number != seen[row.value().log - 1] + 1) {
                                           problem("the journal is wrong at position " +
                                                   std::to_string(expected));
                                           return false;
                                       }
                                       ++seen[row.value().log - 1];
                                       ++expected;
                                       return true;
                                   });
        if (!scanned) problem("reading the journal: " + describe(scanned.error()));
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (seen[i] != rows[i].held)
                problem("the journal names " + std::to_string(seen[i]) + " batches of " +
                        text(rows[i]) + ", held are " + std::to_string(rows[i].held));
    }

    VerifyReport report;

private:
    void problem(std::string what) { report.problems.push_back(std::move(what)); }

    void batch(const LogRow& row, std::uint64_t number, ByteView value) {
        ++report.batches;
        if (progress_ && (report.batches % 64 == 0 || report.batches == total_))
            progress_(report.batches, total_);
        const std::string where = text(row) + ", batch " + std::to_string(number) + ": ";
        if (value.size() < EncodedBatch::prefix_bytes) return problem(where + "cut short");
        ByteView bytes = value.first(BatchHeader::encoded_bytes);
        auto decoded = decode_header(bytes);
        if (!decoded) return problem(where + describe(decoded.error()));
        const BatchHeader& header = decoded.value();
        report.events += header.event_count;
        Hash hash = header_hash(header.network, bytes);
        if (header.network != authority_.network() || header.log != row.name ||
            header.number != number)
            problem(where + "another batch lies there");
        if (header.previous != previous_ || header.first_sequence != next_sequence_ ||
            header.epoch < epoch_)
            problem(where + "does not follow the one before it");
        if (number == row.head.number &&
            (hash != row.head.hash || header.last_sequence() != row.head.last_sequence ||
             header.epoch != row.head.epoch))
            problem(where + "is not the head that the list of logs names");
        previous_ = hash;
        next_sequence_ = header.last_sequence() + 1;
        epoch_ = header.epoch;
        if (!deep_) return;
        group_.push_back({number, copy(value)});
        if (group_.size() == group_batches) finish_group(row);
    }

    void finish_group(const LogRow& row) {
        std::vector<std::string> found(group_.size());
        parallel_for_(group_.size(), [&](std::size_t i) {
            const bool bodies = row.bare == 0 || group_[i].first < row.bare;
            found[i] = deep_problem(group_[i].second, bodies, authority_);
        });
        for (std::size_t i = 0; i < group_.size(); ++i)
            if (!found[i].empty())
                problem(text(row) + ", batch " + std::to_string(group_[i].first) + ": " + found[i]);
        group_.clear();
    }

    const Store& store_;
    const Authority& authority_;
    const ParallelFor& parallel_for_;
    bool deep_;
    std::uint64_t total_;
    const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
    std::vector<std::pair<std::uint64_t, Bytes>> group_;
    Hash previous_;
    std::uint64_t next_sequence_ = 1, epoch_ = 0;
};

void check_evidence(const ForkEvidence& fork, const Authority& authority, VerifyReport& report) {
    auto a = decode_header(fork.header_a), b = decode_header(fork.header_b);
    const std::string where = "fork evidence of log " + fork.place.log.id.brief();
    if (!a || !b || a.value() == b.value() || a.value().log != fork.place.log ||
        b.value().log != fork.place.log || a.value().number != fork.place.number ||
        b.value().number != fork.place.number) {
        report.problems.push_back(where + " does not show two headers of one place");
        return;
    }
    auto signed_by = [&](const BatchHeader& header, ByteView bytes, const Signature& signature) {
        const PublicKey* key = authority.key(header.key);
        return key != nullptr && verify_header(*key, header.network, bytes, signature);
    };
    if (!signed_by(a.value(), fork.header_a, fork.signature_a) ||
        !signed_by(b.value(), fork.header_b, fork.signature_b))
        report.problems.push_back(where + ": a signature does not verify");
}

} // namespace

Result<VerifyReport>
LogCore::verify(bool deep,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) const {
    Books books;
    std::shared_ptr<const Authority> charter;
    {
        std::shared_lock lock(reading_);
        books = books_;
        charter = authority_;
    }
    std::uint64_t total = 0;
    for (const LogRow& row : books.rows) total += row.own_batches();
    Verifier verifier(*parts_.store, *charter, parts_.parallel_for, deep, total, progress);
    for (const LogRow& row : books.rows) verifier.log(row);
    verifier.journal(books.rows, books.last);
    VerifyReport report = std::move(verifier.report);
    for (const auto& [place, fork] : books.forks.all()) check_evidence(fork, *charter, report);
    SAFAR_TRY(Losses missing, still_missing(losses_, books, *parts_.store));
    for (std::string& text : missing.texts()) report.problems.push_back(std::move(text));
    if (deep) parts_.store->check_media(report.problems);
    return report;
}

} // namespace safar
