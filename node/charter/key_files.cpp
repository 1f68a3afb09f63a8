#include "node/charter/key_files.hpp"

#include "node/charter/durable_file.hpp"
#include "storage/crypto/sha256.hpp"

#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

namespace safar {
namespace {

constexpr std::string_view key_format = "safar-key-1";

// First eight digits of a hash: finds damage, tells nothing about the seed that the file does not.
std::string check_digits(std::string_view purpose, ByteView seed) {
    return tagged_hash("key-file", {as_bytes(purpose), seed}).brief();
}

} // namespace

std::string key_path(const std::string& directory, std::string_view name) {
    return fmt::format("{}/keys/{}.key", directory, name);
}

Result<SigningKey> create_key_file(const std::string& directory, std::string_view name,
                                   std::string_view purpose, Entropy& entropy) {
    return create_key_at(key_path(directory, name), purpose, entropy);
}

Result<SigningKey> create_key_at(const std::string& path, std::string_view purpose,
                                 Entropy& entropy) {
    std::array<std::byte, SigningKey::seed_bytes> seed;
    entropy.fill(seed);
    std::string line = fmt::format("{} {} {} {}\n", key_format, purpose, to_hex(seed),
                                   check_digits(purpose, seed));
    auto written = write_file_durably(path, line, 0600);
    auto key = SigningKey::from_seed(seed);
    explicit_bzero(seed.data(), seed.size());
    explicit_bzero(line.data(), line.size());
    SAFAR_TRY(written);
    return key;
}

Result<SigningKey> load_key_file(const std::string& directory, std::string_view name,
                                 std::string_view purpose) {
    return load_key_at(key_path(directory, name), purpose,
                       "restore the file from its copy; without it this node cannot speak, and "
                       "another must be enrolled");
}

Result<SigningKey> load_key_at(const std::string& path, std::string_view purpose,
                               std::string_view advice) {
    auto damaged = [&](std::string_view why) {
        return failure(ErrorCode::storage_corrupt, fmt::format("{}: {}: {}", path, why, advice));
    };
    auto text = read_small_file(path, 4096);
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return damaged("the key file is missing");
        return text.error();
    }
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && (found.st_mode & 077) != 0)
        return failure(
            ErrorCode::not_permitted,
            fmt::format("{}: others may read this private key: `chmod 600` it, and replace "
                        "the key if somebody did",
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

} // namespace safar
