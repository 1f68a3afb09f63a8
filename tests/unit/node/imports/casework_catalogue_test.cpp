// What the repository's record kinds promise to whoever works on cases: tags that stay, workflows
// in which nothing is out of reach, compartments that references respect, one answer for every
// race.
#include "catalogue_support.hpp"

#include "storage/record/lattice.hpp"
#include "storage/record/strict_table.hpp"

#include <gmock/gmock.h>
#include <set>

namespace safar {
namespace {

using namespace testing;
using ::testing::UnorderedElementsAre;

TEST(CaseworkCatalogue, TagsNamesAndTypesStayAsTheyWere) {
    static constexpr const char* types[] = {"text",  "integer", "code", "date",
                                            "money", "point",   "flag", "reference"};
    std::set<std::string> held;
    for (const auto& row : rows_of(repository() / "tests/vectors/catalogue/tags.tsv")) {
        ASSERT_EQ(row.size(), 5u);
        const std::string path = row[1] + "." + row[3];
        const Field* field = field_of(path);
        ASSERT_TRUE(field) << path << " is gone; its tag can never be used again";
        EXPECT_EQ(std::to_string(schema().kind(std::string_view(row[1]))->tag), row[0]) << path;
        EXPECT_EQ(std::to_string(field->tag), row[2]) << path;
        EXPECT_EQ(types[static_cast<std::size_t>(field->type)], row[4]) << path;
        held.insert(path);
    }
    for (const Kind& kind : schema().kinds)
        for (const Field& field : kind.fields)
            EXPECT_TRUE(held.contains(kind.name + "." + field.name))
                << "add to tests/vectors/catalogue/tags.tsv: " << kind.tag << "\t" << kind.name
                << "\t" << field.tag << "\t" << field.name << "\t"
                << types[static_cast<std::size_t>(field.type)];
}

// --- workflows

std::set<std::string> reached_by_steps(const Kind& kind) {
    const Lattice& lattice = kind.field(std::string_view(kind.casework.workflow->status))->lattice;
    std::set<std::string> reached{lattice.initial};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (const WorkStep& step : kind.casework.steps)
            for (const std::string& from : step.from)
                if (reached.contains(from)) reached.insert(step.to);
    }
    return reached;
}

TEST(CaseworkCatalogue, EveryStateIsReachedByStepsAndEveryStepAndTaskHasItsTurn) {
    std::size_t workflows = 0;
    for (const Kind& kind : schema().kinds) {
        if (!kind.casework.workflow) continue;
        ++workflows;
        const std::set<std::string> reached = reached_by_steps(kind);
        const Field& status = *kind.field(std::string_view(kind.casework.workflow->status));
        EXPECT_EQ(status.role, Role::dimension) << kind.name;
        for (const std::string& state : status.lattice.order)
            EXPECT_TRUE(reached.contains(state)) << kind.name << ": no step leads to " << state;
        for (const WorkStep& step : kind.casework.steps)
            for (const std::string& from : step.from)
                EXPECT_TRUE(reached.contains(from))
                    << kind.name << "." << step.name << ": " << from;
        for (const WorkTask& task : kind.casework.tasks)
            for (const std::string& state : task.when)
                EXPECT_TRUE(reached.contains(state)) << kind.name << ": " << task.title;
        EXPECT_FALSE(kind.casework.steps.empty()) << kind.name;
    }
    EXPECT_GE(workflows, 30u);
}

TEST(CaseworkCatalogue, ATaskIsEndedByAStepThatStartsWhereItWaits) {
    for (const Kind& kind : schema().kinds)
        for (const WorkTask& task : kind.casework.tasks) {
            if (task.step.empty()) continue;
            const WorkStep& step = *kind.casework.step(task.step);
            bool starts_there = std::ranges::any_of(task.when, [&](const std::string& state) {
                return std::ranges::find(step.from, state) != step.from.end();
            });
            EXPECT_TRUE(starts_there) << kind.name << ": " << task.title;
        }
}

TEST(CaseworkCatalogue, PartiesAreAgenciesAndRolesExist) {
    const std::set<std::string> roles{"caseworker", "supervisor",         "analyst",
                                      "operator",   "protection_officer", "auditor"};
    auto party = [](const Kind& kind, const std::string& name) {
        if (name.empty() || name == "author") return;
        const std::string field = name == "owner" ? kind.casework.workflow->owner : name;
        EXPECT_EQ(kind.field(std::string_view(field))->codes, "agency")
            << kind.name << ": " << name;
    };
    for (const Kind& kind : schema().kinds) {
        for (const WorkStep& step : kind.casework.steps) {
            party(kind, step.by);
            for (const std::string& role : step.roles)
                EXPECT_TRUE(roles.contains(role)) << kind.name << "." << step.name << ": " << role;
        }
        for (const WorkTask& task : kind.casework.tasks) {
            party(kind, task.for_whom);
            for (const std::string& role : task.roles)
                EXPECT_TRUE(roles.contains(role)) << kind.name << ": " << task.title;
        }
    }
}

// What a step sets must be of the field's type, whatever record it meets.
void expect_sets_fit(const Kind& kind, const WorkStep& step) {
    for (const auto& [name, value] : step.sets) {
        const Field& field = *kind.field(std::string_view(name));
        const std::string where = kind.name + "." + step.name + ": " + name + " = " + value;
        if (value == "@today") {
            EXPECT_EQ(field.type, FieldType::date) << where;
        } else if (value == "@agency") {
            EXPECT_EQ(field.codes, "agency") << where;
        } else if (value.starts_with('@')) {
            const Field& from = *kind.field(std::string_view(value).substr(1));
            EXPECT_TRUE(from.type == field.type && from.codes == field.codes) << where;
        } else {
            EXPECT_TRUE(parse_value(schema(), field, value)) << where;
        }
    }
    if (!step.consent) return;
    const CodeList::Entry* purpose = schema().code_list("purpose")->find(step.consent->purpose);
    EXPECT_TRUE(purpose && purpose->code == step.consent->purpose) << kind.name;
    EXPECT_EQ(kind.field(std::string_view(step.consent->groups))->codes, "field_group");
}

TEST(CaseworkCatalogue, WhatStepsSetHasTheTypeOfItsField) {
    for (const Kind& kind : schema().kinds) {
        for (const WorkStep& step : kind.casework.steps) expect_sets_fit(kind, step);
        if (kind.casework.create) expect_sets_fit(kind, *kind.casework.create);
    }
}

TEST(CaseworkCatalogue, TheSpecialKindsAreThere) {
    EXPECT_TRUE(schema().kind("consent")->casework.consent);
    EXPECT_TRUE(schema().kind("disclosure")->casework.disclosure);
    EXPECT_TRUE(schema().kind("link")->casework.link);
    EXPECT_EQ(schema().kind("person")->casework.never, "forbidden_recipients");
    EXPECT_FALSE(schema().kind("person")->casework.similar.empty());
    EXPECT_TRUE(schema().kind("referral")->casework.create->consent);
}

// Deciding organisations stand side by side; none of them overwrites another.
TEST(CaseworkCatalogue, OpinionsAreOneOfEachOrganisation) {
    for (const char* path :
         {"victim_case.trafficking_status", "smuggling_case.smuggling_status",
          "victim_case.classification", "policy_position.endorsement", "consent.acknowledged",
          "link.verdict", "data_subject_request.answers", "proceeding.outcome"})
        EXPECT_EQ(field_of(path)->rule, Rule::each) << path;
}

std::string answer(const char* path, std::vector<std::string_view> seen) {
    return std::string(join_status(field_of(path)->lattice, seen).state);
}

TEST(CaseworkCatalogue, EachRaceOfAReferralHasOneAnswer) {
    const char* status = "referral.status";
    EXPECT_EQ(answer(status, {}), "sent");
    EXPECT_EQ(answer(status, {"accepted", "revoked"}), "revoked");
    EXPECT_EQ(answer(status, {"revoked", "accepted"}), "revoked");
    EXPECT_EQ(answer(status, {"accepted", "accepted"}), "accepted");
    EXPECT_EQ(answer(status, {"rejected", "accepted"}), "accepted");
    EXPECT_EQ(answer(status, {"rejected", "accepted", "done"}), "done");
    EXPECT_EQ(answer(status, {"revoked", "accepted", "done"}), "done");
    EXPECT_EQ(answer(status, {"rejected", "revoked"}), "revoked");
    EXPECT_EQ(answer(status, {"done"}), "sent") << "done without an acceptance is not legal yet";
    EXPECT_EQ(answer(status, {"transfer_sent", "revoked"}), "revoked");
    EXPECT_EQ(answer(status, {"transfer_sent", "accepted"}), "accepted");
}

TEST(CaseworkCatalogue, WithdrawalsDominate) {
    EXPECT_EQ(answer("consent.status", {"given", "withdrawn"}), "withdrawn");
    EXPECT_EQ(answer("consent.status", {"withdrawn"}), "withdrawn")
        << "even where the consent itself is not held yet";
    EXPECT_EQ(answer("consent.status", {"given", "refused"}), "refused");
    EXPECT_EQ(answer("return.status", {"counselled", "consent_signed", "withdrawn"}), "withdrawn");
    EXPECT_EQ(answer("return.status",
                     {"counselled", "consent_signed", "medical_cleared", "withdrawn", "departed"}),
              "departed")
        << "a departure is a fact";
}

TEST(CaseworkCatalogue, WithdrawingFromAReturnIsPossibleUntilDepartureAndNotAfter) {
    const WorkStep& withdraw = *schema().kind("return")->casework.step("withdraw");
    EXPECT_EQ(withdraw.from.size(), 5u);
    for (const char* state : {"departed", "arrived", "reintegration_planned", "closed"})
        EXPECT_EQ(std::ranges::find(withdraw.from, state), withdraw.from.end()) << state;
}

TEST(CaseworkCatalogue, OnlyATransferNamesANewOwner) {
    const Kind& kind = *schema().kind("referral");
    auto names_owner = [&](const char* step) {
        return std::ranges::any_of(kind.casework.step(step)->sets,
                                   [](const auto& set) { return set.first == "owner"; });
    };
    EXPECT_FALSE(names_owner("accept"));
    EXPECT_TRUE(names_owner("take_over"));
    EXPECT_EQ(kind.casework.step("take_over")->from, std::vector<std::string>{"transfer_sent"});
}

// --- privacy and compartments

bool is_sealed(const Field& field) {
    return field.sensitivity == Sensitivity::personal ||
           field.sensitivity == Sensitivity::sensitive;
}

TEST(CaseworkCatalogue, WhereFieldsHaveGroupsEveryPersonalOneHas) {
    for (const Kind& kind : schema().kinds) {
        auto grouped = [](const Field& field) { return !field.group.empty(); };
        if (std::ranges::none_of(kind.fields, grouped)) continue;
        for (const Field& field : kind.fields)
            if (is_sealed(field)) {
                EXPECT_TRUE(grouped(field)) << kind.name << "." << field.name;
            }
    }
    for (const char* kind : {"person", "identity_document", "victim_case", "smuggling_case",
                             "return", "emigration", "support_plan", "assessment", "service"})
        EXPECT_TRUE(std::ranges::any_of(schema().kind(std::string_view(kind))->fields,
                                        [](const Field& f) { return !f.group.empty(); }))
            << kind;
}

TEST(CaseworkCatalogue, NamesAndNumbersOfPeopleAreNeverOpen) {
    for (const Kind& kind : schema().kinds)
        for (const Field& field : kind.fields)
            if (field.check == "cnic" || field.check == "mrz" || field.name == "father_name" ||
                field.name == "birthdate") {
                EXPECT_TRUE(is_sealed(field)) << kind.name << "." << field.name;
            }
}

struct Holders {
    std::string compartment;
    std::set<std::string> agencies;
};

// Of each kind, as the demo's network has it.
std::map<std::string, Holders> demo_holders() {
    std::map<std::string, Holders> out;
    const NamedText text{"compartments.toml",
                         read_all(repository() / "config/demo/compartments.toml")};
    Result<toml::table> parsed = parse_toml(text);
    if (!parsed) return out;
    StrictTable document(text.name, "", parsed.value());
    for (StrictTable& table : document.tables("compartment")) {
        Holders holders{table.text("name"), {}};
        for (const char* list : {"writers", "readers"})
            for (std::string& agency : table.texts(list)) holders.agencies.insert(agency);
        for (const std::string& kind : table.texts("kinds")) {
            EXPECT_TRUE(schema().kind(std::string_view(kind))) << kind;
            EXPECT_TRUE(out.emplace(kind, holders).second) << kind << " stands twice";
        }
    }
    return out;
}

TEST(CaseworkCatalogue, EveryKindHasACompartmentInTheDemo) {
    const auto holders = demo_holders();
    for (const Kind& kind : schema().kinds) EXPECT_TRUE(holders.contains(kind.name)) << kind.name;
}

TEST(CaseworkCatalogue, ReferencesNeverPointToAMoreRestrictedCompartment) {
    const auto holders = demo_holders();
    for (const Kind& kind : schema().kinds)
        for (const Field& field : kind.fields) {
            if (field.to_kind.empty()) continue;
            const Holders &from = holders.at(kind.name), &to = holders.at(field.to_kind);
            EXPECT_GE(to.agencies.size(), from.agencies.size())
                << kind.name << "." << field.name << " points from " << from.compartment << " to "
                << to.compartment;
        }
}

} // namespace
} // namespace safar
