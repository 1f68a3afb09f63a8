// Any text as a record kind or a code list: parsed, or refused with a message that names the file.
#include "storage/record/schema.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    std::string text(reinterpret_cast<const char*>(data), size);
    const NamedText fuzzed[] = {{"fuzzed.toml", text}};
    const NamedText codes[] = {
        {"sex.toml", "name = \"sex\"\ntitle = \"Sex\"\ncodes = [[\"m\", \"Male\"]]\n"}};
    for (auto parsed : {parse_schema(fuzzed, codes), parse_schema({}, fuzzed)})
        if (!parsed && parsed.error().detail.find(".toml") == std::string::npos) std::abort();
    return 0;
}
