// One subject's journey: everything held here that refers to the subject, to records that are said
// to describe the same, and to what refers to those; and what any of them refers to, with the files
// that are about that (a case names a return, whose follow-ups name it), but not with other
// people's records that name it too. As records and as one timeline.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

struct JourneyEntry {
    std::size_t record = 0; // in Journey::records
    HeldEvent event;
    std::string on; // the day it is about: what the event states in the kind's time field, else its
                    // claimed time
};
struct Journey {
    // The subject first, then what is linked to it, then by id.
    struct Part {
        RecordView view;
        RecordId
            through; // what it refers to, or what refers to it; of the subject itself, its own id
        bool aside = false; // in the journey because something in it refers to it
    };
    struct Linked {
        RecordId record, by;   // by: the link
        bool disputed = false; // somebody says "different"
    };
    std::vector<Part> records;
    std::vector<Linked> linked;
    std::vector<JourneyEntry> entries; // by day, then claimed time, then record
    bool truncated = false;            // more records than `records_max`
};

constexpr std::size_t journey_records_max = 1000;

// A link counts as "same" if somebody holds it to be so; where others say "different" it is
// followed and marked as disputed. Records of compartments that are not `inside` neither appear nor
// lead to others. Errors: not_found, those of reading.
[[nodiscard]] Result<Journey> read_journey(Registry& registry, const RecordId& subject,
                                           const OpenTo& inside = {});

// Of a record with tasks that agencies end by saying something (`unless`): who has, and who has
// not.
struct Acknowledgement {
    std::size_t record = 0; // in Journey::records
    std::string title;
    std::vector<std::string> done, missing; // agencies
};
[[nodiscard]] std::vector<Acknowledgement> acknowledgements(const Charter& charter,
                                                            const Journey& journey);

} // namespace safar
