#include "node/charter/identity.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/key_files.hpp"
#include "node/charter/strict_toml.hpp"

#include <filesystem>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::size_t config_bytes_max = 64u << 10;
constexpr std::size_t node_file_bytes_max = 128;

std::string configuration(const std::string& agency, const std::string& name,
                          const std::string& listen) {
    return fmt::format(
        "# Configuration of this Safar node. Changes take effect at the next start.\n"
        "\n"
        "# Where other nodes reach this one: host:port. 0.0.0.0 or [::] listens everywhere.\n"
        "listen = {}\n"
        "\n"
        "# The agency this node belongs to, as its charter writes it.\n"
        "agency = {}\n"
        "name = {}\n"
        "\n"
        "# trace, debug, info, warn or error\n"
        "log_level = \"info\"\n"
        "\n"
        "# Disk space in MiB that is never filled: writes are refused below it.\n"
        "#reserve_mib = 256\n"
        "\n"
        "# Milliseconds that a write may wait for others to be stored with it.\n"
        "#linger_ms = 2\n",
        toml_quote(listen), toml_quote(agency), toml_quote(name));
}

struct Configured {
    std::string agency, name, listen;
};

Result<Configured> configured(const std::string& directory) {
    std::string path = directory + "/safard.toml";
    auto text = read_small_file(path, config_bytes_max);
    if (!text && text.error().code == ErrorCode::not_found)
        return failure(ErrorCode::not_found,
                       fmt::format("no node in {}: create one with `safar node init`", directory));
    SAFAR_TRY(text);
    TomlProblems problems(path);
    toml::table root = parse_toml(text.value(), problems);
    SAFAR_TRY(problems.result());
    // The other keys are the node's to read.
    TomlReader in(root, "configuration", problems);
    Configured out;
    out.agency = in.text("agency", limits::code_bytes_max);
    if (!problems.any() && !is_agency_code(out.agency))
        in.refuse("agency", "is not an agency code");
    out.name = in.text("name", limits::title_bytes_max, Need::optional);
    out.listen = in.text("listen", limits::address_bytes_max, Need::optional);
    SAFAR_TRY(problems.result());
    return out;
}

// The id stays when keys change: keys/node remembers it from the first change on.
std::string node_file(const std::string& directory) { return directory + "/keys/node"; }

Result<NodeId> kept_node_id(const std::string& directory, const PublicKey& signing) {
    auto text = read_small_file(node_file(directory), node_file_bytes_max);
    if (!text && text.error().code == ErrorCode::not_found) return node_id(signing);
    SAFAR_TRY(text);
    NodeId id;
    if (text.value() != fmt::format("{}\n", text.value().substr(0, 2 * NodeId::size)) ||
        !from_hex(text.value().substr(0, 2 * NodeId::size), id.raw))
        return failure(
            ErrorCode::storage_corrupt,
            fmt::format("{}: needs the node's id, 64 hex digits: `safar charter show` lists it",
                        node_file(directory)));
    return id;
}

Result<> check_new_directory(const std::string& directory) {
    SAFAR_TRY(make_directory(directory));
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    if (error)
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot read {}: {}", directory, error.message()));
    if (entries == std::filesystem::directory_iterator{}) return success();
    bool finished = std::filesystem::exists(directory + "/safard.toml", error);
    return failure(ErrorCode::conflict,
                   finished
                       ? fmt::format("{} holds a node already", directory)
                       : fmt::format("{} is not empty, and no node was finished there: name an "
                                     "empty or new directory",
                                     directory));
}

} // namespace

Result<Enrolment> create_node(const std::string& directory, const std::string& agency,
                              const std::string& name, const std::string& listen,
                              Entropy& entropy) {
    if (!is_agency_code(agency))
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("agency \"{}\": use 1 to {} letters, digits, - and _, a letter first",
                        agency, limits::code_bytes_max));
    if (name.empty() || name.size() > limits::title_bytes_max)
        return failure(ErrorCode::invalid_argument,
                       fmt::format("name: needs 1 to {} bytes", limits::title_bytes_max));
    if (!is_address(listen))
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("listen \"{}\": needs host:port, for example 10.0.0.5:7400", listen));
    SAFAR_TRY(check_new_directory(directory));
    SAFAR_TRY(make_directory(directory + "/keys"));
    SAFAR_TRY(make_directory(directory + "/charter"));
    SAFAR_TRY(auto signing, create_key_file(directory, "signing", "signing", entropy));
    SAFAR_TRY(auto tls, create_key_file(directory, "tls", "tls", entropy));
    // Last: a directory with a configuration is a whole node.
    SAFAR_TRY(
        write_file_durably(directory + "/safard.toml", configuration(agency, name, listen), 0600));
    return make_enrolment(agency, name, listen, signing, tls);
}

Result<Identity> load_identity(const std::string& directory) {
    SAFAR_TRY(auto config, configured(directory));
    SAFAR_TRY(auto signing, load_key_file(directory, "signing", "signing"));
    SAFAR_TRY(auto tls, load_key_file(directory, "tls", "tls"));
    SAFAR_TRY(auto id, kept_node_id(directory, signing.public_key()));
    return Identity{std::move(config.agency), std::move(signing), std::move(tls), id};
}

Result<Enrolment> stage_next_keys(const std::string& directory, Entropy& entropy) {
    SAFAR_TRY(auto config, configured(directory));
    SAFAR_TRY(auto self, load_identity(directory));
    // Before any key changes, and for good.
    SAFAR_TRY(write_file_durably(node_file(directory), self.id.hex() + "\n", 0600));
    for (const std::string purpose : {"signing", "tls"})
        if (const std::string next = purpose + ".next";
            !std::filesystem::exists(key_path(directory, next))) {
            SAFAR_TRY(create_key_file(directory, next, purpose, entropy));
        }
    SAFAR_TRY(auto signing, load_key_file(directory, "signing.next", "signing"));
    SAFAR_TRY(auto tls, load_key_file(directory, "tls.next", "tls"));
    return make_enrolment(config.agency, config.name.empty() ? config.agency : config.name,
                          config.listen, signing, tls);
}

namespace {

// Does `ruling` list the key of this purpose that waits? nullopt: none waits, or not that one.
Result<std::optional<KeyId>> listed_next_key(const std::string& directory,
                                             const std::string& purpose, const Charter& ruling) {
    std::error_code error;
    if (!std::filesystem::exists(key_path(directory, purpose + ".next"), error))
        return std::optional<KeyId>{};
    SAFAR_TRY(auto key, load_key_file(directory, purpose + ".next", purpose));
    SAFAR_TRY(auto id, kept_node_id(directory, key.public_key()));
    const CharterNode* listed = ruling.node(id);
    if (listed == nullptr) return std::optional<KeyId>{};
    const PublicKey& wanted = purpose == "signing" ? listed->signing_key : listed->tls_key;
    return wanted == key.public_key() ? std::optional<KeyId>(key.id()) : std::nullopt;
}

} // namespace

bool next_keys_listed(const std::string& directory, const Charter& ruling) {
    for (const std::string purpose : {"signing", "tls"})
        if (auto key = listed_next_key(directory, purpose, ruling); key && key.value()) return true;
    return false;
}

Result<bool> promote_next_keys(const std::string& directory, const Charter& ruling) {
    bool promoted = false;
    for (const std::string purpose : {"signing", "tls"}) {
        SAFAR_TRY(auto key, listed_next_key(directory, purpose, ruling));
        if (!key) continue;
        const std::string next = key_path(directory, purpose + ".next"),
                          now = key_path(directory, purpose);
        std::error_code error;
        // The old one is kept: it proves who signed before. After a crash between the two, now is
        // missing.
        if (std::filesystem::exists(now, error))
            std::filesystem::rename(
                now, key_path(directory, fmt::format("{}.before-{}", purpose, key->brief())),
                error);
        if (!error) std::filesystem::rename(next, now, error);
        if (error)
            return failure(ErrorCode::storage_failed,
                           fmt::format("{}: cannot be put in use: {}", next, error.message()));
        promoted = true;
    }
    return promoted;
}

} // namespace safar
