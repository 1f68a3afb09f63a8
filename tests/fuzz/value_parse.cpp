// Any text as a value of any type: refused, or shown in a form that parses to the same value.
#include "storage/record/schema.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace safar;
    if (size == 0) return 0;
    static const Schema schema = [] {
        const NamedText codes[] = {
            {"sex.toml",
             "name = \"sex\"\ntitle = \"Sex\"\nopen = true\ncodes = [[\"m\", \"Male\"]]\n"}};
        return parse_schema({}, codes).value();
    }();
    Field field;
    field.name = "fuzzed";
    field.type = static_cast<FieldType>(data[0] % 8);
    field.codes = "sex";
    std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
    auto value = parse_value(schema, field, text);
    if (!value) return 0;
    auto again = parse_value(schema, field, show_value(value.value()));
    if (!again || again.value() != value.value()) std::abort();
    return 0;
}
