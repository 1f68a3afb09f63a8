// Commands become events here, and nowhere else: the only place that appends.
//
// Threads: every call may come from any thread; appends meet in one queue and are committed in groups
// by the log thread (linger at most 20 ms where they are few). A call returns when its events are
// durable and, for reads, when derived state has reached what this node appended before.
#pragma once

#include "node/charter/charter.hpp"
#include "storage/derive/derived.hpp"

namespace safar {

struct FieldText {
    std::string field; // "name=value" as people write it
    std::string value;
};

struct RecordChange {
    RecordId record;
    Position position = 0;
    std::uint32_t events = 0; // 0: nothing to say, nothing was written
};

// Who asks; recorded with the event.
struct Actor {
    std::string name;
};

} // namespace safar
