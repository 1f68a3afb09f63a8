// Ordered keys for derived state: everything in it can be thrown away and derived again, so it is
// written without a write-ahead log and carries, in the same batch, the position up to which it is
// true. After a crash it is a prefix of what was written.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

#include <functional>
#include <optional>

namespace safar {

class KeyValue {
public:
    struct Write {
        Bytes key;
        std::optional<Bytes> value; // nullopt: delete
    };
    virtual ~KeyValue() = default;

    [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) const = 0;
    // One answer for each key, in order. `keys` ascending makes it several times faster.
    [[nodiscard]] virtual Result<std::vector<std::optional<Bytes>>>
    get_many(std::span<const Bytes> keys) const = 0;
    // Visits keys >= from that start with `prefix`, ascending, until `visit` returns false.
    [[nodiscard]] virtual Result<>
    scan(ByteView prefix, ByteView from,
         const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
    // Atomic; the writer sorts (`writes` strictly ascending by key). One thread at a time.
    [[nodiscard]] virtual Result<> write(std::span<const Write> writes) = 0;
    // Makes everything written so far survive a crash.
    [[nodiscard]] virtual Result<> flush() = 0;
    // Removes every key.
    [[nodiscard]] virtual Result<> clear() = 0;
};

} // namespace safar
