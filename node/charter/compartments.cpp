#include "node/charter/compartments.hpp"

#include "storage/record/strict_table.hpp"

#include <fmt/format.h>

namespace safar {

Result<std::vector<CharterCompartment>> parse_compartments(const NamedText& file) {
    SAFAR_TRY(auto root, parse_toml(file));
    StrictTable top(file.name, "", root);
    std::vector<CharterCompartment> out;
    for (StrictTable& table : top.tables("compartment")) {
        CharterCompartment compartment;
        compartment.name = table.text("name");
        compartment.title = table.text("title", compartment.name);
        compartment.kinds = table.texts("kinds");
        compartment.writers = table.texts("writers");
        compartment.readers = table.texts("readers");
        compartment.observers = table.texts("observers");
        compartment.relays = table.texts("relays");
        SAFAR_TRY(table.finish());
        out.push_back(std::move(compartment));
    }
    SAFAR_TRY(top.finish());
    if (out.empty())
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{}: no [[compartment]]: write at least one", file.name));
    return out;
}

} // namespace safar
