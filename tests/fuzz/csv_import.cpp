// Any bytes as a register's file: rows become records or rejects, none disappears, nothing else
// changes.
#include "node/imports/import_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace {
using namespace safar;

constexpr const char* profile = R"(
source = "fuzzed"
title = "Fuzzed register"
kind = "crossing"
id = ["Date"]
id_repeats = true
[[map]]
field = "date"
column = "Date"
[[map]]
field = "people"
column = "People"
)";

std::shared_ptr<const Schema> schema() {
    const NamedText kinds[] = {{"crossing.toml", R"(
kind = "crossing"
tag = 1
title = "Crossing"
time = "date"
[[field]]
tag = 1
name = "date"
title = "Date"
type = "date"
[[field]]
tag = 2
name = "people"
title = "People"
type = "integer"
role = "measure"
)"}};
    return std::make_shared<Schema>(parse_schema(kinds, {}).value());
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto held = schema();
    ImportRequest request;
    request.profile_name = "fuzzed";
    request.profile = profile;
    request.file_name = "fuzzed.csv";
    request.compartment_of = [](std::string_view) {
        return std::optional<std::string>("movement");
    };
    std::string file = "Date,People\n" + std::string(reinterpret_cast<const char*>(data), size);
    std::size_t at = 0;
    auto reader =
        ImportReader::open(request, held, [&](std::span<std::byte> out) -> Result<std::size_t> {
            std::size_t count = std::min(out.size(), file.size() - at);
            std::memcpy(out.data(), file.data() + at, count);
            at += count;
            return count;
        });
    if (!reader) std::abort(); // the header above is good
    std::uint64_t records = 0, rejects = 0;
    for (;;) {
        auto chunk = reader.value()->next(64);
        rejects += reader.value()->take_rejects().size();
        if (!chunk) break;
        records += chunk.value().size();
        if (reader.value()->ended()) break;
    }
    auto progress = reader.value()->progress();
    if (progress.records != records || progress.rejected != rejects) std::abort();
    if (progress.rows != records + progress.rejected + progress.skipped) std::abort();
    return 0;
}
