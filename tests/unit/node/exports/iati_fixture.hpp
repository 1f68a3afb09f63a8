// A programme with its money in a node's records, and the IATI file made of it.
#pragma once

#include "node/exports/iati_build.hpp"
#include "node/exports/iati_rules.hpp"
#include "node/exports/iati_slots.hpp"
#include "node/registry/iso_time.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

#include <filesystem>

namespace safar::testing {

// The catalogue as it is drafted into a charter: every kind of the fund that there is, and what
// they need.
inline HeldCharter fund_charter(const Network& network) {
    CharterDraft draft = network.draft();
    draft.documents.clear();
    std::vector<std::string> kinds;
    for (const auto& entry : std::filesystem::directory_iterator(config_folder + "schema")) {
        const std::string name = entry.path().filename().string();
        draft.documents.push_back({"schema/" + name, file_text(entry.path().string())});
        kinds.push_back(entry.path().stem().string());
    }
    for (const auto& entry : std::filesystem::directory_iterator(config_folder + "codes")) {
        const std::string name = "codes/" + entry.path().filename().string();
        auto text = expand_code_list({name, file_text(entry.path().string())},
                                     [](std::string_view file) -> Result<std::string> {
                                         return file_text(iso_codes + std::string(file));
                                     });
        draft.documents.push_back({name, value_of(std::move(text))});
    }
    std::sort(kinds.begin(), kinds.end());
    draft.compartments = {{"all", "Everything", kinds, {"IOM", "FIA"}, {}}};
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

using Fields = std::vector<FieldText>;

// A programme that breaks no rule: a budget of one year, two countries' worth of nothing, three
// transactions.
inline Fields good_programme() {
    return {{"iati_identifier", "XM-DAC-47066-MMPTF-PK-1"},
            {"title", "Strengthening the response to trafficking and smuggling"},
            {"description", "A joint programme of the Migration MPTF"},
            {"reporting_org", "XM-DAC-47066"},
            {"reporting_org_type", "40"},
            {"participating_orgs", "1 CA-5 Canada, IRCC"},
            {"participating_orgs", "4 XM-DAC-47066 IOM"},
            {"participating_orgs", "4 UNODC"},
            {"activity_status", "2"},
            {"start_planned", "2025-09-01"},
            {"start_actual", "2025-09-01"},
            {"end_planned", "2026-08-31"},
            {"recipient_country", "PAK"},
            {"sector", "15190"},
            {"sdg_target", "10.7"},
            {"sdg_target", "16.2"},
            {"gcm_objective", "9"},
            {"gcm_objective", "10"},
            {"gender_marker", "B"},
            {"human_rights_marker", "A"},
            {"collaboration_type", "2"},
            {"default_flow_type", "10"},
            {"default_finance_type", "110"},
            {"default_aid_type", "B031"},
            {"default_tied_status", "5"},
            {"budget", "1500000.00 USD"},
            {"budget_type", "1"}};
}

inline Fields with(Fields fields, const std::string& name, std::vector<std::string> values) {
    std::erase_if(fields, [&](const FieldText& one) { return one.field == name; });
    for (std::string& value : values) fields.push_back({name, std::move(value)});
    return fields;
}

class Iati : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = fund_charter(network);
    TestNode node{network.iom, charter};

    std::string create(const std::string& kind, Fields fields) {
        auto made = node.registry->create({kind, std::move(fields), "", 0, {}}, {"tester"});
        EXPECT_TRUE(made.has_value()) << kind << ": " << describe(made.error());
        return made.has_value() ? show_id(made.value().record) : "";
    }
    // Fields that creating does not ask about are written as an event, so that they can be missing.
    std::string programme(const Fields& fields) {
        const auto schema = node.derived->schema();
        const Kind* kind = schema->kind(std::string_view("programme"));
        EventDraft draft;
        draft.body.kind = kind->tag;
        draft.body.record.raw[0] = static_cast<std::byte>(++made_);
        draft.body.verb = "recorded";
        for (const FieldText& one : fields) {
            const Field* field = kind->field(std::string_view(one.field));
            EXPECT_NE(field, nullptr) << one.field;
            draft.body.assertions.push_back(
                {field->tag, value_of(parse_value(*schema, *field, one.value))});
        }
        const std::string id = show_id(draft.body.record);
        EXPECT_TRUE(node.node->append({"all", {draft}}).has_value());
        return id;
    }
    void money(const std::string& to) {
        create("contribution", {{"date", "2025-09-10"},
                                {"amount", "2000000.00 USD"},
                                {"transaction_type", "11"},
                                {"donor", "CA-5 Canada, IRCC"},
                                {"donor_type", "10"},
                                {"programme", to},
                                {"reference", "C-1"}});
        create("contribution", {{"date", "2025-10-01"},
                                {"amount", "1500000.00 USD"},
                                {"donor", "CA-5"},
                                {"programme", to}});
        create("disbursement", {{"date", "2025-11-01"},
                                {"amount", "700000.50 USD"},
                                {"receiver", "XM-DAC-41128 UNODC"},
                                {"programme", to},
                                {"sector", "15132"},
                                {"description", "first tranche"}});
    }
    std::string build(const std::string& map = file_text(config_folder + "standards/iati.toml"),
                      std::vector<RecordId> programmes = {}) {
        IatiRequest request;
        request.programmes = std::move(programmes);
        request.now = value_of(parse_time("2026-03-01T09:30:00Z"));
        request.enter = [](std::string_view) -> Result<> { return success(); };
        request.ask_about = [](const Kind&, const StatisticsQuery&, std::string_view) -> Result<> {
            return success();
        };
        request.shows = [](const Field&, std::string_view) { return true; };
        return value_of(build_iati(
            *node.node, value_of(parse_iati_map(map, *node.derived->schema())), request));
    }
    static std::vector<std::string> rules(const std::string& xml) {
        std::vector<std::string> out;
        const auto today = static_cast<std::int32_t>(
            value_of(parse_time("2026-03-01T00:00:00Z")).microseconds / 86'400'000'000);
        for (const BrokenRule& one : value_of(check_iati(xml, today))) out.push_back(one.rule);
        return out;
    }
    int made_ = 0;
};

} // namespace safar::testing
