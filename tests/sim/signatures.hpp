// Long runs need cheap signatures: while switched on, the simulator's program signs and verifies
// with a keyed hash in place of Ed25519. Done at link time (--wrap, see CMakeLists.txt), so
// production code has no switch. Who has a public key could forge; hostile nodes of the simulator
// do not try.
#pragma once

#include "tests/sim/plain.hpp"

namespace safar::sim {

[[nodiscard]] bool stand_in_signatures();
void use_stand_in_signatures(bool on);
[[nodiscard]] Raw stand_in(RawView public_key, RawView message); // 64 bytes

} // namespace safar::sim
