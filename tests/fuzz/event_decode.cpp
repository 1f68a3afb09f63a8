// Any bytes: the event, its body and its dots decode, or are refused; what decodes encodes back to
// the same bytes, so there is one encoding only.
#include "storage/event/body_archive.hpp"
#include "storage/event/merkle.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
    if (auto body = decode_body(bytes); body && encode_strict(body.value()) != copy(bytes))
        std::abort();
    if (auto dots = decode_dots(bytes); dots && encode_dots(dots.value()) != copy(bytes))
        std::abort();
    ByteReader in(bytes);
    if (auto event = read_event(in)) {
        (void)leaf_hash(event.value());
        if (auto body = decode_body(event.value().clear);
            body && encode_strict(body.value()) != copy(event.value().clear))
            std::abort();
    }
    return 0;
}
