// A bundle taken apart into its frames, to be put together otherwise.
#pragma once

#include "sync/wire/message.hpp"

namespace safar::testing {

// Each with its length field.
inline std::vector<Bytes> frames(ByteView bytes) {
    std::vector<Bytes> out;
    while (!bytes.empty()) {
        const std::size_t size = wire::length_bytes + ByteReader(bytes).integer<std::uint32_t>();
        out.push_back(copy(bytes.first(size)));
        bytes = bytes.subspan(size);
    }
    return out;
}

inline Bytes joined(const std::vector<Bytes>& all) {
    Bytes out;
    for (const Bytes& one : all) out.insert(out.end(), one.begin(), one.end());
    return out;
}

template <class Message> Bytes frame(const Message& message) {
    Bytes out;
    wire::encode(message, out);
    return out;
}

} // namespace safar::testing
