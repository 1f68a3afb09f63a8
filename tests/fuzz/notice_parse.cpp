// Any bytes as a notice, of each kind: refused, or spelled in one way only, named by its bytes, and
// judged without harm. Suspensions, forks, rivals, delegations and ends of them.
#include "node/charter/charter_state.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    const ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
    for (std::uint8_t kind = 0; kind < 7; ++kind) {
        Bytes notice{static_cast<std::byte>(kind)};
        notice.insert(notice.end(), bytes.begin(), bytes.end());
        auto parsed = parse_notice(notice);
        if (!parsed) continue;
        if (parsed.value().bytes != notice) std::abort();
        static_cast<void>(describe_notice(parsed.value()));
    }
    return 0;
}
