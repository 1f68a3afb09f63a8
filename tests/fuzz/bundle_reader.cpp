// Any slicing of a bundle gives the same parts; memory stays within input + 1 KiB; a batch comes
// only after a frontier that states it, nothing after the end.
#include "sync/bundle/bundle_contents.hpp"

#include <algorithm>
#include <cstdlib>

namespace {
using namespace safar;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Seen {
    std::vector<std::size_t> kinds; // index of each part in the variant
    std::uint64_t batches = 0, events = 0;
    bool failed = false, whole = false;
    friend bool operator==(const Seen&, const Seen&) = default;
};

Seen read(ByteView stream, std::size_t slice) {
    Seen out;
    BundleReader reader;
    BundleContents contents;
    std::size_t fed = 0;
    while (!stream.empty() && !out.failed) {
        ByteView piece = stream.first(std::min(slice, stream.size()));
        fed += piece.size();
        stream = stream.subspan(piece.size());
        while (!piece.empty() && !out.failed) {
            auto part = reader.next(piece);
            must(reader.memory() <= fed + 1024);
            if (!part) {
                out.failed = true;
            } else if (part.value()) {
                must(out.kinds.empty() == std::holds_alternative<wire::Hello>(*part.value()));
                must(!out.whole);
                out.kinds.push_back(part.value()->index());
                contents.add(*part.value());
                out.whole = reader.whole();
            }
        }
    }
    out.whole = reader.whole();
    for (const auto& compartment : contents.compartments) {
        for (const auto& [name, log] : compartment.logs) must(log.last <= log.stated);
        out.batches += compartment.sum().batches;
        out.events += compartment.sum().events;
    }
    return out;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView stream{reinterpret_cast<const std::byte*>(data), size};
    const Seen whole = read(stream, std::max<std::size_t>(1, size));
    must(whole == read(stream, 1));
    must(whole == read(stream, 7));
    return 0;
}
