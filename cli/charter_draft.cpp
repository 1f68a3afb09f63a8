#include "cli/charter_draft.hpp"

#include "cli/files.hpp"
#include "cli/locate.hpp"
#include "node/charter/code_expansion.hpp"
#include "node/charter/compartments.hpp"
#include "storage/record/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace safar::cli {

namespace {

Result<std::vector<NamedText>> read_documents(const std::string& given, const std::string& what) {
    if (!given.empty()) return read_folder(given, what + "/");
    SAFAR_TRY(auto found, config_directory(what));
    return read_folder(found, what + "/");
}

Result<std::string> read_standard(std::string_view file) {
    constexpr std::uint64_t standard_bytes_max = 16u << 20;
    auto text = read_file(fmt::format("/usr/share/iso-codes/json/{}", file), standard_bytes_max);
    if (!text)
        return failure(text.error().code, text.error().detail + "; install the package iso-codes");
    return text;
}

// More likely a misspelt word than a kind to come.
Result<> check_kinds(const Schema& schema, const std::vector<CharterCompartment>& compartments) {
    for (const CharterCompartment& compartment : compartments)
        for (const std::string& kind : compartment.kinds)
            if (schema.kind(kind) == nullptr) {
                std::string known;
                for (const Kind& each : schema.kinds)
                    known += (known.empty() ? "" : ", ") + each.name;
                return failure(ErrorCode::invalid_argument,
                               fmt::format("compartment {}: the schema has no kind '{}'; it has {}",
                                           compartment.name, kind, known));
            }
    return success();
}

} // namespace

std::vector<CharterCompartment> usual_compartments(const std::vector<std::string>& agencies,
                                                   const Schema& schema) {
    std::vector<CharterCompartment> out{
        {"movement",
         "Movements, routes and incidents on them, population flows",
         {"movement", "route", "incident", "population_flow"},
         agencies,
         agencies},
        {"emigration",
         "Work abroad: promoters, permissions, contracts, emigration files, complaints",
         {"promoter_licence", "demand_permission", "employment_contract", "emigration",
          "complaint"},
         agencies,
         agencies},
        {"return",
         "Returns and reintegration",
         {"return", "reintegration_assistance", "follow_up", "readmission"},
         agencies,
         agencies},
        {"protection",
         "Persons, cases of trafficking and smuggling, support",
         {"person", "identity_document", "relationship", "household", "link", "victim_case",
          "smuggling_case", "historic_event", "perpetrator", "proceeding", "screening",
          "assessment", "support_plan", "service", "data_subject_request", "grievance"},
         agencies,
         agencies},
        {"exchange",
         "Consents, referrals and what is disclosed with them",
         {"consent", "referral", "disclosure"},
         agencies,
         agencies},
        {"programme",
         "Programmes and their money",
         {"programme", "agreement", "contribution", "disbursement", "transfer", "commitment",
          "expenditure", "refund", "budget", "indicator"},
         agencies,
         agencies},
        {"network",
         "Organisations, policy positions and the work plan",
         {"organisation", "policy_position", "work_plan"},
         agencies,
         agencies}};
    CharterCompartment other{"other", "Further kinds", {}, agencies, agencies};
    for (const Kind& kind : schema.kinds)
        if (std::ranges::none_of(out,
                                 [&](const auto& each) { return has_word(each.kinds, kind.name); }))
            other.kinds.push_back(kind.name);
    out.push_back(std::move(other));
    for (CharterCompartment& each : out)
        std::erase_if(each.kinds, [&](const std::string& kind) { return !schema.kind(kind); });
    std::erase_if(out, [](const CharterCompartment& each) { return each.kinds.empty(); });
    return out;
}

Result<std::vector<NamedText>> charter_documents(const std::string& schema,
                                                 const std::string& codes) {
    SAFAR_TRY(auto out, read_documents(schema, "schema"));
    SAFAR_TRY(auto lists, read_documents(codes, "codes"));
    for (NamedText& list : lists) {
        SAFAR_TRY(list.text, expand_code_list(list, read_standard));
    }
    out.insert(out.end(), std::make_move_iterator(lists.begin()),
               std::make_move_iterator(lists.end()));
    return out;
}

Result<std::string> draft_charter(const DraftOptions& options) {
    CharterDraft draft;
    draft.network_name = options.network;
    draft.stewards = options.stewards;
    draft.quorum = options.quorum;
    std::vector<std::string> agencies;
    for (const std::string& path : options.enrolments) {
        SAFAR_TRY(auto text, read_file(path));
        auto enrolment = parse_enrolment(text);
        if (!enrolment)
            return failure(enrolment.error().code, path + ": " + enrolment.error().detail);
        if (!has_word(agencies, enrolment.value().agency))
            agencies.push_back(enrolment.value().agency);
        draft.enrolments.push_back(std::move(enrolment.value()));
    }
    SAFAR_TRY(auto kinds, read_documents(options.schema, "schema"));
    SAFAR_TRY(auto lists, read_documents(options.codes, "codes"));
    for (NamedText& list : lists) {
        SAFAR_TRY(list.text, expand_code_list(list, read_standard));
    }
    SAFAR_TRY(auto schema, parse_schema(kinds, lists));
    if (options.compartments.empty()) {
        draft.compartments = usual_compartments(agencies, schema);
    } else {
        SAFAR_TRY(auto text, read_file(options.compartments));
        SAFAR_TRY(draft.compartments, parse_compartments({options.compartments, std::move(text)}));
    }
    SAFAR_TRY(check_kinds(schema, draft.compartments));
    draft.documents = std::move(kinds);
    draft.documents.insert(draft.documents.end(), lists.begin(), lists.end());
    return write_charter(draft);
}

} // namespace safar::cli
