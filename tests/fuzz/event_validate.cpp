// Any bytes as the events of a batch whose root is theirs: the batch opens exactly when a second
// reader, written from the format documents, finds nothing wrong, and both say the same of every
// event. A body is read in place exactly when it decodes; then the second reader reads it too.
#include "storage/event/batch.hpp"
#include "storage/event/body_reader.hpp"
#include "storage/event/merkle.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/sim/plain.hpp"

#include <algorithm>
#include <zstd.h>

namespace {
using namespace safar;
using namespace safar::fuzz;

struct Events {
    std::vector<Hash> leaves;
    bool clear = true, limited = false; // all of them; a limit that the second reader does not know
};

Events read_events(ByteView bytes) {
    Events out;
    ByteReader in(bytes);
    while (!in.at_end() && out.leaves.size() < limits::batch_events_max) {
        auto event = read_event(in);
        if (!event) {
            out.limited = event.error().code == ErrorCode::limit_exceeded;
            break;
        }
        out.clear = out.clear && event.value().form == EventForm::clear;
        out.leaves.push_back(leaf_hash(event.value()));
    }
    return out;
}

Bytes batch_of(const Events& events, std::uint32_t count, ByteView bytes) {
    BatchHeader header;
    header.number = header.first_sequence = header.epoch = 1;
    header.event_count = count;
    if (!events.leaves.empty()) header.root = merkle_root(events.leaves);
    Bytes out = encode_header(header);
    out.resize(EncodedBatch::prefix_bytes - 4);
    ByteWriter(out).integer(static_cast<std::uint32_t>(bytes.size()));
    const std::size_t start = out.size();
    out.resize(start + ZSTD_compressBound(bytes.size()));
    out.resize(start + ZSTD_compress(out.data() + start, out.size() - start, bytes.data(),
                                     bytes.size(), 1));
    return out;
}

void must_agree(const EventView& event, const sim::PlainEvent& plain, const Hash& leaf) {
    must(std::ranges::equal(leaf.view(), plain.leaf));
    if (auto dots = decode_dots(event.dots)) must(dots.value().size() == plain.replaces.size());
    auto body = decode_body(event.clear);
    BodyView view;
    must(read_body(event.clear, view) == body.has_value());
    if (!body) return;
    must(plain.readable && plain.kind == body.value().kind && plain.kind == view.kind);
    must(std::ranges::equal(body.value().record.view(), plain.record));
    must(plain.assertions.size() == body.value().assertions.size());
    for (std::size_t i = 0; i < plain.assertions.size(); ++i) {
        must(plain.assertions[i].field == body.value().assertions[i].field);
        must(value_of(view.assertions[i]) == body.value().assertions[i].value);
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in(data, size);
    const std::uint8_t said = in.byte();
    const Bytes bytes = in.rest();
    const Events events = read_events(bytes);
    const std::size_t count = said < 64 ? said : events.leaves.size();
    if (count == 0 || bytes.empty()) return 0;
    const Bytes stored = batch_of(events, static_cast<std::uint32_t>(count), bytes);

    const auto open = open_batch(stored, LeafCheck::compute);
    const sim::PlainBatch plain = sim::read_plain(stored);
    if (!events.clear || events.limited) return 0; // more than the second reader knows
    must(open.has_value() == plain.problem.empty());
    if (!open) return 0;
    must(open.value().events.size() == plain.events.size());
    for (std::size_t i = 0; i < plain.events.size(); ++i)
        must_agree(open.value().events[i], plain.events[i], open.value().leaves[i]);
    return 0;
}
