#include "node/charter/charter_limits.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/identity.hpp"

#include <fmt/format.h>

namespace safar {
namespace {

std::string epoch_path(const std::string& directory, std::uint64_t epoch) {
    return fmt::format("{}/charter/{}.toml", directory, epoch);
}

Error in_file(const std::string& path, const Error& error) {
    return failure(ErrorCode::storage_corrupt,
                   fmt::format("{}: {}: fetch the charter again from another node and adopt it", path,
                               describe(error)));
}

Result<> check_listed(const Charter& charter, const Identity& self) {
    const CharterNode* node = charter.node(self.id);
    if (node == nullptr)
        return failure(ErrorCode::not_permitted,
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

Result<std::vector<Charter>> load_charters(const std::string& directory) {
    std::vector<Charter> out;
    for (std::uint64_t epoch = 1;; ++epoch) {
        std::string path = epoch_path(directory, epoch);
        auto text = read_small_file(path, limits::charter_bytes_max);
        if (!text && text.error().code == ErrorCode::not_found) return out;
        SAFAR_TRY(text);
        auto charter = parse_charter(text.value());
        if (!charter) return in_file(path, charter.error());
        if (auto good = check_quorum(charter.value()); !good) return in_file(path, good.error());
        Hash previous = out.empty() ? Hash{} : out.back().identity;
        if (charter.value().epoch != epoch || charter.value().previous != previous)
            return in_file(path, failure(ErrorCode::wrong_hash,
                                         "is not the epoch that follows the one before it"));
        out.push_back(std::move(charter).value());
    }
}

Result<Charter> adopt_charter_file(const std::string& directory, std::string_view text) {
    SAFAR_TRY(auto self, load_identity(directory));
    SAFAR_TRY(auto charter, parse_charter(text));
    SAFAR_TRY(check_quorum(charter));
    if (charter.epoch != 1)
        return failure(ErrorCode::unsupported_version,
                       fmt::format("charter: epoch {}: this version of Safar is ruled by epoch 1 only: "
                                   "install a newer one",
                                   charter.epoch));
    SAFAR_TRY(check_listed(charter, self));
    SAFAR_TRY(auto held, load_charters(directory));
    if (!held.empty()) {
        if (held.front().identity == charter.identity) return std::move(held.front());
        return failure(ErrorCode::conflict,
                       fmt::format("charter: this node belongs to network {} ({}) already; another "
                                   "network needs another node",
                                   held.front().network_name, held.front().identity.brief()));
    }
    SAFAR_TRY(make_directory(directory + "/charter"));
    SAFAR_TRY(write_file_durably(epoch_path(directory, charter.epoch), text, 0600));
    return charter;
}

} // namespace safar
