#include "storage/log/prepared_append.hpp"

#include <algorithm>

namespace safar {
namespace {

using Run = std::function<void(std::size_t, const std::function<void(std::size_t)>&)>;

// Up to 256 drafts of one part; becomes one batch, or more where their bytes exceed one.
struct Chunk {
    std::size_t part = 0;
    std::vector<const EventDraft*> drafts;
    std::vector<Salt> salts;
    std::vector<PreparedBatch> batches;
    bool failed = false;
};

void prepare_chunk(Chunk& chunk) {
    for (std::size_t done = 0; done < chunk.drafts.size();) {
        std::size_t taken = 0;
        auto batch = prepare_batch(std::span(chunk.drafts).subspan(done),
                                   std::span(chunk.salts).subspan(done), taken);
        if (!batch) {
            chunk.failed = true;
            return;
        }
        chunk.batches.push_back(std::move(batch).value());
        done += taken;
    }
}

// Assigns the drafts of every request that is not refused to parts and chunks, in order.
std::vector<Chunk> plan(std::span<const AppendRequest> requests, PreparedAppend& out) {
    std::vector<Chunk> chunks;
    std::vector<std::size_t> events, open_chunk; // of each part
    out.parts.clear();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto& request = out.requests[i];
        if (request.refused) continue;
        auto part = std::find_if(out.parts.begin(), out.parts.end(), [&](const auto& known) {
            return known.compartment == requests[i].compartment;
        });
        request.part = static_cast<std::size_t>(part - out.parts.begin());
        if (part == out.parts.end()) {
            out.parts.push_back({requests[i].compartment, {}});
            events.push_back(0);
            open_chunk.push_back(SIZE_MAX);
        }
        request.first = events[request.part];
        request.events = requests[i].drafts.size();
        events[request.part] += request.events;
        for (const EventDraft& draft : requests[i].drafts) {
            std::size_t& chunk = open_chunk[request.part];
            if (chunk == SIZE_MAX || chunks[chunk].drafts.size() == limits::batch_events_max) {
                chunk = chunks.size();
                chunks.push_back({});
                chunks.back().part = request.part;
            }
            chunks[chunk].drafts.push_back(&draft);
        }
    }
    return chunks;
}

// The rare case: finds every request that can not be encoded.
void refuse_unencodable(std::span<const AppendRequest> requests, PreparedAppend& out) {
    bool found = false;
    for (std::size_t i = 0; i < requests.size(); ++i)
        for (const EventDraft& draft : requests[i].drafts)
            if (auto encoded = encode_event(draft, Salt{}); !encoded) {
                out.requests[i].refused = encoded.error();
                found = true;
                break;
            }
    SAFAR_ASSERT(found);
}

} // namespace

PreparedAppend prepare_append(std::span<const AppendRequest> requests, Entropy& entropy,
                              const Run& run) {
    PreparedAppend out;
    out.requests.resize(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i)
        if (requests[i].drafts.empty())
            out.requests[i].refused =
                failure(ErrorCode::invalid_argument,
                        "an append to " + requests[i].compartment + " without events");

    for (bool again = true; again;) {
        std::vector<Chunk> chunks = plan(requests, out);
        // Drawn here and in order, so that a seeded source gives the same bytes on any number of
        // threads.
        for (Chunk& chunk : chunks) {
            chunk.salts.resize(chunk.drafts.size());
            static_assert(sizeof(Salt) == Salt::size);
            entropy.fill(std::as_writable_bytes(std::span(chunk.salts)));
        }
        run(chunks.size(), [&](std::size_t i) { prepare_chunk(chunks[i]); });
        again = std::any_of(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.failed; });
        if (again) {
            refuse_unencodable(requests, out);
            continue;
        }
        for (Chunk& chunk : chunks)
            for (PreparedBatch& batch : chunk.batches)
                out.parts[chunk.part].batches.push_back(std::move(batch));
    }
    return out;
}

} // namespace safar
