// A batch without bodies: header, signature and of each event what it replaced and its inner hash,
// so that the Merkle root still verifies. What who only observes a compartment holds of it.
// docs/format-batch.md.
#pragma once

#include "storage/event/batch.hpp"

namespace safar {

// The same batch, by hash and signature, with every event in form `erased`. Errors: those of
// open_batch.
[[nodiscard]] Result<Bytes> bare_batch(ByteView stored);
// Has every event of it its body? An event whose sealed part is withheld does not.
[[nodiscard]] bool has_bodies(const OpenBatch& batch);

} // namespace safar
