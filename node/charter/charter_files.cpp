#include "node/charter/charter_limits.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/identity.hpp"
#include "node/charter/notice_order.hpp"

#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>

namespace safar {
namespace {

std::string epoch_path(const std::string& directory, std::uint64_t epoch) {
    return fmt::format("{}/charter/{}.toml", directory, epoch);
}

Error in_file(const std::string& path, const Error& error) {
    return failure(ErrorCode::storage_corrupt,
                   fmt::format("{}: {}: fetch the charter again from another node and adopt it",
                               path, describe(error)));
}

std::string notices_path(const std::string& directory) { return directory + "/charter/notices"; }

// After the last entry of `path`; a directory that is not there has none.
Result<> listed(const std::string& path, const std::error_code& error) {
    if (!error || error == std::errc::no_such_file_or_directory) return success();
    return failure(ErrorCode::storage_failed,
                   fmt::format("cannot read {}: {}", path, error.message()));
}

// Epoch files by number.
Result<std::map<std::uint64_t, std::string>> list_epochs(const std::string& directory) {
    std::map<std::uint64_t, std::string> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(directory + "/charter", error), end;
         !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        std::uint64_t number = 0;
        auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (bad == std::errc{} && std::string_view(rest) == ".toml" &&
            epoch_path(directory, number) == at->path())
            out.emplace(number, at->path().string());
    }
    SAFAR_TRY(listed(directory + "/charter", error));
    return out;
}

Result<> load_notices(const std::string& directory, CharterState& state) {
    std::map<std::string, Notice> waiting; // by path, so that a start always does the same
    std::error_code error;
    for (std::filesystem::directory_iterator at(notices_path(directory), error), end;
         !error && at != end; at.increment(error)) {
        if (at->path().filename().string().size() != 2 * Hash::size) continue; // half a write
        const std::string path = at->path().string();
        SAFAR_TRY(auto bytes, read_small_file(path, limits::charter_bytes_max + 1));
        auto notice = parse_notice(as_bytes(bytes));
        if (!notice || notice.value().hash.hex() != at->path().filename().string())
            return failure(ErrorCode::storage_corrupt,
                           fmt::format("{}: is damaged: delete it, peers send it again", path));
        waiting.emplace(path, std::move(notice).value());
    }
    SAFAR_TRY(listed(notices_path(directory), error)); // a suspension unread would be void
    std::vector<Notice> notices;
    for (const auto& [path, notice] : waiting) notices.push_back(notice);
    std::set<Hash> refused; // stays in its file: what it waits for may come
    for (const RefusedNotice& each : take_notices(state, std::move(notices)))
        if (each.error.code != ErrorCode::busy) refused.insert(each.notice.hash);
    // Whose place others took: whoever makes many of them fills no disk with them.
    for (const auto& [path, notice] : waiting)
        if ((std::holds_alternative<ForkEvidence>(notice.what) ||
             std::holds_alternative<Suspension>(notice.what)) &&
            !state.notices().contains(notice.hash) && !refused.contains(notice.hash))
            std::filesystem::remove(path, error);
    return success();
}

Result<> check_listed(const Charter& charter, const Identity& self) {
    const CharterNode* node = charter.node(self.id);
    if (node == nullptr)
        return failure(
            ErrorCode::not_permitted,
            fmt::format("charter: does not list this node ({}, {}): send its enrolment to "
                        "the steward who drafts it",
                        self.agency, self.id.brief()));
    if (node->agency != self.agency)
        return failure(ErrorCode::not_permitted,
                       fmt::format("charter: lists this node for {}, but it is configured for {}",
                                   node->agency, self.agency));
    if (node->signing_key != self.signing.public_key() || node->tls_key != self.tls.public_key())
        return failure(ErrorCode::not_permitted,
                       "charter: lists this node with other keys than it has in keys/");
    return success();
}

} // namespace

Result<CharterState> load_charter_state(const std::string& directory) {
    SAFAR_TRY(auto files, list_epochs(directory));
    std::optional<CharterState> state;
    for (const auto& [number, path] : files) {
        SAFAR_TRY(auto text, read_small_file(path, limits::charter_bytes_max));
        if (!state) {
            auto first = parse_charter(text);
            if (!first) return in_file(path, first.error());
            auto begun = CharterState::begin(
                {std::make_shared<const Charter>(std::move(first).value()), text});
            if (!begun) return in_file(path, begun.error());
            state.emplace(std::move(begun).value());
        } else if (auto taken = state->take_epoch(text); !taken) {
            return in_file(path, taken.error());
        }
    }
    if (!state)
        return failure(
            ErrorCode::not_found,
            fmt::format(
                "{0}/charter/1.toml is not there: no charter was adopted yet, or its file was "
                "lost; adopt it (again): `safar --node {0} charter adopt charter.toml`",
                directory));
    SAFAR_TRY(load_notices(directory, *state));
    return std::move(*state);
}

Result<> save_charter_state(const std::string& directory, const CharterState& state) {
    SAFAR_TRY(make_directory(directory + "/charter"));
    std::error_code ignored;
    for (const HeldCharter& held : state.epochs()) {
        const std::string path = epoch_path(directory, held.charter->epoch);
        if (std::filesystem::exists(path, ignored)) {
            SAFAR_TRY(auto there, read_small_file(path, limits::charter_bytes_max));
            if (there == held.text) continue;
        }
        SAFAR_TRY(write_file_durably(path, held.text, 0600));
    }
    if (state.notices().empty()) return success();
    SAFAR_TRY(make_directory(notices_path(directory)));
    for (const auto& [hash, notice] : state.notices()) {
        const std::string path = notices_path(directory) + "/" + hash.hex();
        if (std::filesystem::exists(path, ignored)) continue;
        SAFAR_TRY(write_file_durably(path, as_text(notice.bytes), 0600));
    }
    return success();
}

Result<Charter> adopt_charter_file(const std::string& directory,
                                   std::span<const std::string> texts) {
    SAFAR_TRY(auto self, load_identity(directory));
    auto held = load_charter_state(directory);
    if (!held && held.error().code != ErrorCode::not_found) return held.error();
    std::optional<CharterState> state;
    if (held) state = std::move(held).value();
    const bool joining = !state;
    for (const std::string& text : texts) {
        SAFAR_TRY(auto offered, parse_charter(text));
        if (!state) {
            SAFAR_TRY(state, CharterState::begin(
                                 {std::make_shared<const Charter>(std::move(offered)), text}));
            continue;
        }
        const Charter& first = *state->epochs().front().charter;
        if (offered.epoch == 1 && offered.identity != first.identity)
            return failure(
                ErrorCode::conflict,
                fmt::format("charter: this node belongs to network {} ({}) already; another "
                            "network needs another node",
                            first.network_name, first.identity.brief()));
        SAFAR_TRY(state->take_epoch(text));
    }
    SAFAR_ASSERT(state.has_value());
    const Charter& ruling = *state->ruling().charter;
    if (joining) {
        SAFAR_TRY(check_listed(ruling, self));
    }
    SAFAR_TRY(save_charter_state(directory, *state));
    return ruling;
}

} // namespace safar
