// What the tests of imports share: the repository's schema and profiles, inline files, real files.
#pragma once

#include "node/imports/import_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace safar::testing {

inline std::filesystem::path repository() { return SAFAR_SOURCE_DIR; }

inline std::filesystem::path real_data() {
    const char* given = std::getenv("SAFAR_DATA");
    return given ? std::filesystem::path(given) : repository() / ".." / "shared" / "data";
}

inline std::string read_all(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// Documents of a folder by name. `extends` is dropped: a charter's draft fills the standard in from
// what a machine has installed, and these tests must not depend on it.
inline std::vector<NamedText> read_folder(const std::filesystem::path& folder) {
    std::vector<NamedText> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".toml") continue;
        std::istringstream lines(read_all(entry.path()));
        std::string text, line;
        while (std::getline(lines, line))
            if (!line.starts_with("extends = ")) text += line + "\n";
        out.push_back({entry.path().filename().string(), text});
    }
    std::ranges::sort(out, {}, &NamedText::name);
    return out;
}

inline std::shared_ptr<const Schema> repository_schema() {
    static const std::shared_ptr<const Schema> schema = [] {
        auto kinds = read_folder(repository() / "config" / "schema");
        auto codes = read_folder(repository() / "config" / "codes");
        Result<Schema> parsed = parse_schema(kinds, codes);
        if (!parsed) {
            ADD_FAILURE() << describe(parsed.error());
            return std::make_shared<const Schema>();
        }
        return std::make_shared<const Schema>(std::move(parsed).value());
    }();
    return schema;
}

inline std::string profile_text(const std::string& name) {
    return read_all(repository() / "config" / "imports" / (name + ".toml"));
}

// Hands out `text` in pieces of `piece` bytes.
inline ByteSource text_source(std::string text, std::size_t piece = 1u << 16) {
    auto held = std::make_shared<std::string>(std::move(text));
    auto at = std::make_shared<std::size_t>(0);
    return [held, at, piece](std::span<std::byte> out) -> Result<std::size_t> {
        std::size_t count = std::min({piece, out.size(), held->size() - *at});
        std::memcpy(out.data(), held->data() + *at, count);
        *at += count;
        return count;
    };
}

inline ImportRequest request_for(std::string profile, std::string file_name) {
    ImportRequest request;
    request.profile_name = "test.toml";
    request.profile = std::move(profile);
    request.file_name = std::move(file_name);
    request.compartment_of = [](std::string_view kind) -> std::optional<std::string> {
        if (kind == "return") return "return";
        if (kind == "victim_case" || kind == "person") return "protection";
        if (kind == "incident" || kind == "movement" || kind == "population_flow")
            return "movement";
        return "programme";
    };
    return request;
}

struct Imported {
    std::vector<ImportedRecord> records;
    std::vector<ImportReject> rejects;
    ImportProgress progress;
    Error error{ErrorCode::not_found, ""}; // of open() or next(), if `failed`
    bool failed = false;
};

inline Imported import_all(const ImportRequest& request, ByteSource source, std::size_t step = 1000,
                           std::shared_ptr<const Schema> schema = repository_schema()) {
    Imported out;
    auto reader = ImportReader::open(request, schema, std::move(source));
    if (!reader) {
        out.failed = true;
        out.error = reader.error();
        return out;
    }
    for (;;) {
        auto some = reader.value()->next(step);
        for (ImportReject& reject : reader.value()->take_rejects())
            out.rejects.push_back(std::move(reject));
        if (!some) {
            out.failed = true;
            out.error = some.error();
            break;
        }
        for (ImportedRecord& record : some.value()) out.records.push_back(std::move(record));
        if (reader.value()->ended()) break;
    }
    out.progress = reader.value()->progress();
    return out;
}

inline Imported import_text(const std::string& profile, const std::string& text,
                            const std::string& file_name = "file.csv") {
    return import_all(request_for(profile, file_name), text_source(text));
}

// Values of a field as people see them, joined by "|".
inline std::string shown(const EventBody& body, std::string_view field) {
    const Kind* kind = repository_schema()->kind(body.kind);
    const Field* wanted = kind ? kind->field(field) : nullptr;
    std::string out;
    for (const Assertion& assertion : body.assertions) {
        if (!wanted || assertion.field != wanted->tag) continue;
        if (!out.empty()) out += "|";
        out += show_value(assertion.value);
    }
    return out;
}

inline std::int64_t number(const EventBody& body, std::string_view field) {
    std::string text = shown(body, field);
    return text.empty() ? 0 : std::stoll(text);
}

// The real file, or nothing: then the test says so and is skipped.
inline std::optional<std::filesystem::path> real_file(const std::string& relative) {
    std::filesystem::path path = real_data() / relative;
    if (std::filesystem::exists(path)) return path;
    return std::nullopt;
}

inline Imported import_real(const std::string& profile, const std::filesystem::path& path) {
    return import_all(request_for(profile_text(profile), path.filename().string()),
                      text_source(read_all(path)));
}

} // namespace safar::testing

#define SAFAR_REAL_FILE(name, relative)                                                            \
    auto name##_found = ::safar::testing::real_file(relative);                                     \
    if (!name##_found)                                                                             \
        GTEST_SKIP() << "no " << relative << " in " << ::safar::testing::real_data()               \
                     << "; set SAFAR_DATA to the folder of the real files";                        \
    const std::filesystem::path& name = *name##_found
