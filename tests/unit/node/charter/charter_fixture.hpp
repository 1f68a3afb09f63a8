// A small network for tests: three stewards with seeded keys and a donor, two compartments, one
// kind each.
#pragma once

#include "node/charter/charter.hpp"
#include "node/charter/identity.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

namespace safar::testing {

template <class T> T value_of(Result<T> result) {
    if (!result) {
        ADD_FAILURE() << describe(result.error());
        std::abort();
    }
    return std::move(result).value();
}

inline SigningKey seeded_key(std::uint64_t seed) {
    SeededEntropy entropy(seed);
    std::array<std::byte, 32> bytes;
    entropy.fill(bytes);
    return value_of(SigningKey::from_seed(bytes));
}

struct Member {
    std::string agency;
    std::uint64_t seed;
    SigningKey signing, tls;
    Enrolment enrolment;

    Member(std::string code, std::uint64_t number, std::string address = "127.0.0.1:7400")
        : agency(code), seed(number), signing(seeded_key(2 * seed)), tls(seeded_key(2 * seed + 1)),
          enrolment(make_enrolment(code, "The " + code, std::move(address), signing, tls)) {}
    [[nodiscard]] NodeId id() const { return node_id(signing.public_key()); }
    [[nodiscard]] Identity identity() const {
        return {agency, seeded_key(2 * seed), seeded_key(2 * seed + 1), id()};
    }
};

inline const char* const kind_text = R"(kind = "NAME"
tag = TAG
title = "A kind"

[[field]]
tag = 1
name = "note"
type = "text"
)";

inline NamedText kind_document(const std::string& name, int tag) {
    std::string text = kind_text;
    text.replace(text.find("NAME"), 4, name);
    text.replace(text.find("TAG"), 3, std::to_string(tag));
    return {"schema/" + name + ".toml", text};
}

// Agencies: IOM (chair), MOFA (coordinator), FIA (steward), UKF (reads `movement` only).
// Compartments: movement (all hold; IOM and FIA write), protection (IOM and MOFA only, both write).
struct Network {
    Member iom{"IOM", 1, "127.0.0.1:7401"};
    Member mofa{"MOFA", 2, "127.0.0.1:7402"};
    Member fia{"FIA", 3, "127.0.0.1:7403"};
    Member ukf{"UKF", 4, "127.0.0.1:7404"};

    [[nodiscard]] CharterDraft draft() const {
        CharterDraft out;
        out.network_name = "Migration registry of Testland";
        out.stewards = {"IOM", "MOFA", "FIA"};
        out.quorum = 2;
        out.enrolments = {iom.enrolment, mofa.enrolment, fia.enrolment, ukf.enrolment};
        out.compartments = {
            {"movement", "Border movements", {"movement"}, {"IOM", "FIA"}, {"MOFA", "UKF"}},
            {"protection", "Protection cases", {"victim_case"}, {"IOM", "MOFA"}, {}},
        };
        out.documents = {kind_document("victim_case", 2), kind_document("movement", 1)};
        return out;
    }
    [[nodiscard]] std::string text() const { return value_of(write_charter(draft())); }
    [[nodiscard]] std::string signed_text() const {
        std::string out = value_of(sign_charter(text(), "IOM", iom.signing));
        return value_of(sign_charter(out, "FIA", fia.signing));
    }
    [[nodiscard]] std::shared_ptr<const Charter> charter() const {
        return std::make_shared<Charter>(value_of(parse_charter(signed_text())));
    }
};

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    std::size_t at = text.find(from);
    if (at == std::string::npos)
        ADD_FAILURE() << "the text does not contain " << from;
    else
        text.replace(at, from.size(), to);
    return text;
}

class TempDir {
public:
    TempDir() {
        char name[] = "/tmp/safar-test-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace safar::testing
