#include "storage/log/log.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/log/store.hpp"

namespace safar {

Hash frontier_digest(const Frontier& frontier) {
    Hasher hasher("frontier");
    for (const FrontierEntry& entry : frontier) {
        // Nothing of it counts, though something may be stored: as where nothing is known of it.
        if (entry.head.number == 0 && !entry.head.forked) continue;
        Bytes line;
        ByteWriter writer(line);
        writer.bytes(entry.log.id.view());
        writer.bytes(entry.log.incarnation.view());
        writer.integer(entry.head.number);
        writer.bytes(entry.head.hash.view());
        writer.integer(static_cast<std::uint8_t>(entry.head.forked ? 1 : 0));
        hasher.add(line);
    }
    return hasher.finish();
}

void one_after_another(std::size_t count, const std::function<void(std::size_t)>& body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
}

} // namespace safar
