// Any text as a charter or an enrolment: parsed, or refused with one clear error.
#include "node/charter/charter.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto charter = parse_charter(text)) {
        if (charter.value().epoch == 0) std::abort();
    } else if (charter.error().detail.empty()) {
        std::abort();
    }
    if (auto enrolment = parse_enrolment(text); !enrolment && enrolment.error().detail.empty())
        std::abort();
    return 0;
}
