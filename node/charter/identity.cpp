#include "node/charter/identity.hpp"

#include "node/charter/charter_limits.hpp"
#include "node/charter/charter_text.hpp"
#include "node/charter/durable_file.hpp"
#include "node/charter/strict_toml.hpp"
#include "storage/crypto/sha256.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

namespace safar {
namespace {

constexpr std::string_view key_format = "safar-key-1";
constexpr std::size_t config_bytes_max = 64u << 10;

std::string key_path(const std::string& directory, std::string_view purpose) {
    return fmt::format("{}/keys/{}.key", directory, purpose);
}

// First eight digits of a hash: finds damage, tells nothing about the seed that the file does not.
std::string check_digits(std::string_view purpose, ByteView seed) {
    return tagged_hash("key-file", {as_bytes(purpose), seed}).brief();
}

Result<SigningKey> create_key(const std::string& directory, std::string_view purpose,
                              Entropy& entropy) {
    std::array<std::byte, SigningKey::seed_bytes> seed;
    entropy.fill(seed);
    std::string line = fmt::format("{} {} {} {}\n", key_format, purpose, to_hex(seed),
                                   check_digits(purpose, seed));
    auto written = write_file_durably(key_path(directory, purpose), line, 0600);
    auto key = SigningKey::from_seed(seed);
    explicit_bzero(seed.data(), seed.size());
    explicit_bzero(line.data(), line.size());
    SAFAR_TRY(written);
    return key;
}

Result<SigningKey> load_key(const std::string& directory, std::string_view purpose) {
    std::string path = key_path(directory, purpose);
    auto damaged = [&](std::string_view why) {
        return failure(ErrorCode::storage_corrupt,
                       fmt::format("{}: {}: restore the file from its copy; without it this node "
                                   "cannot speak, and another must be enrolled",
                                   path, why));
    };
    auto text = read_small_file(path, 4096);
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return damaged("the key file is missing");
        return text.error();
    }
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && (found.st_mode & 077) != 0)
        return failure(ErrorCode::not_permitted,
                       fmt::format("{}: others may read this private key: `chmod 600` it, and enrol "
                                   "a new node if somebody did",
                                   path));
    std::string prefix = fmt::format("{} {} ", key_format, purpose);
    std::string_view rest = text.value();
    constexpr std::size_t seed_digits = 2 * SigningKey::seed_bytes;
    if (!rest.starts_with(prefix)) return damaged("the key file is damaged or has another purpose");
    rest.remove_prefix(prefix.size());
    std::array<std::byte, SigningKey::seed_bytes> seed;
    if (rest.size() != seed_digits + 1 + 8 + 1 || rest[seed_digits] != ' ' || rest.back() != '\n' ||
        !from_hex(rest.substr(0, seed_digits), seed) ||
        rest.substr(seed_digits + 1, 8) != check_digits(purpose, seed))
        return damaged("the key file is damaged: its check digits do not match");
    auto key = SigningKey::from_seed(seed);
    explicit_bzero(seed.data(), seed.size());
    explicit_bzero(text.value().data(), text.value().size());
    return key;
}

std::string configuration(const std::string& agency, const std::string& name,
                          const std::string& listen) {
    return fmt::format("# Configuration of this Safar node. Changes take effect at the next start.\n"
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

Result<std::string> configured_agency(const std::string& directory) {
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
    std::string agency = in.text("agency", limits::code_bytes_max);
    if (!problems.any() && !is_agency_code(agency)) in.refuse("agency", "is not an agency code");
    SAFAR_TRY(problems.result());
    return agency;
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
                   finished ? fmt::format("{} holds a node already", directory)
                            : fmt::format("{} is not empty, and no node was finished there: name an "
                                          "empty or new directory",
                                          directory));
}

} // namespace

Result<Enrolment> create_node(const std::string& directory, const std::string& agency,
                              const std::string& name, const std::string& listen, Entropy& entropy) {
    if (!is_agency_code(agency))
        return failure(ErrorCode::invalid_argument,
                       fmt::format("agency \"{}\": use 1 to {} letters, digits, - and _, a letter first",
                                   agency, limits::code_bytes_max));
    if (name.empty() || name.size() > limits::title_bytes_max)
        return failure(ErrorCode::invalid_argument,
                       fmt::format("name: needs 1 to {} bytes", limits::title_bytes_max));
    if (!is_address(listen))
        return failure(ErrorCode::invalid_argument,
                       fmt::format("listen \"{}\": needs host:port, for example 10.0.0.5:7400", listen));
    SAFAR_TRY(check_new_directory(directory));
    SAFAR_TRY(make_directory(directory + "/keys"));
    SAFAR_TRY(make_directory(directory + "/charter"));
    SAFAR_TRY(auto signing, create_key(directory, "signing", entropy));
    SAFAR_TRY(auto tls, create_key(directory, "tls", entropy));
    // Last: a directory with a configuration is a whole node.
    SAFAR_TRY(write_file_durably(directory + "/safard.toml", configuration(agency, name, listen), 0600));
    return make_enrolment(agency, name, listen, signing, tls);
}

Result<Identity> load_identity(const std::string& directory) {
    SAFAR_TRY(auto agency, configured_agency(directory));
    SAFAR_TRY(auto signing, load_key(directory, "signing"));
    SAFAR_TRY(auto tls, load_key(directory, "tls"));
    NodeId id = node_id(signing.public_key());
    return Identity{std::move(agency), std::move(signing), std::move(tls), id};
}

} // namespace safar
