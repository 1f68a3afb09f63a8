// One worker's journey, told by the agencies that each hold a piece of it. The person is made up.
#include "cli/demo_process.hpp"
#include "cli/demo_tour.hpp"
#include "cli/json_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds story_patience{60};

class Story {
public:
    explicit Story(Narrator& narrator) : narrator_(narrator) {}

    Outcome<Exit> tell() {
        SAFAR_TRY(registered());
        SAFAR_TRY(exploited_and_found());
        SAFAR_TRY(consent_first());
        SAFAR_TRY(race());
        SAFAR_TRY(disagreements());
        SAFAR_TRY(returned());
        SAFAR_TRY(withdrawn());
        return ending();
    }

private:
    using Words = std::vector<std::string>;

    // Creates a record and gives its id.
    Outcome<std::string> create(const std::string& agency, const std::string& kind,
                                const Words& fields) {
        Words words{"record", "create", kind, "--new"};
        words.insert(words.end(), fields.begin(), fields.end());
        SAFAR_TRY(auto made, narrator_.tell(agency, words));
        narrator_.say("    " + text_at(made, "id"));
        return text_at(made, "id");
    }
    // `at`: the day on which it happened; "": now.
    Outcome<Exit> step(const std::string& agency, const std::string& id, const std::string& name,
                       const Words& fields = {}, const std::string& at = "") {
        Words words{"step", id, name};
        words.insert(words.end(), fields.begin(), fields.end());
        if (!at.empty()) words.insert(words.end(), {"--at", at});
        SAFAR_TRY(auto done, narrator_.tell(agency, words));
        narrator_.say("    " + text_at(done, "from") + " -> " + text_at(done, "to"));
        return Exit::ok;
    }
    Outcome<Exit> all_equal() {
        SAFAR_TRY(narrator_.network().await_equal(story_patience));
        return Exit::ok;
    }
    Outcome<std::string> state_at(const std::string& agency, const std::string& id) {
        SAFAR_TRY(auto answer, narrator_.ask(agency, {"steps", id}));
        return text_at(answer, "state");
    }
    Outcome<bool> in_conflict(const std::string& agency, const std::string& id,
                              const std::string& field) {
        SAFAR_TRY(auto answer, narrator_.ask(agency, {"explain", id, field}));
        return flag_at(answer, "conflict");
    }

    Outcome<Exit> registered() {
        narrator_.chapter("A contract in Romania");
        narrator_.say("The emigration bureau (at MOPHRD's node) registers a worker before he "
                      "leaves, step by step:");
        SAFAR_TRY(contract_,
                  create("MOPHRD", "employment_contract",
                         {"worker=Bilal Ahmed", "employer=Constructii Dunarea", "country=Romania",
                          "signed_on=2024-01-10", "occupation=welder", "monthly_wage=650.00 EUR"}));
        SAFAR_TRY(emigration_,
                  create("MOPHRD", "emigration",
                         {"registered_on=2024-01-12", "worker=Bilal Ahmed", "worker_urdu=بلال احمد",
                          "country=Romania", "contract=" + contract_}));
        SAFAR_TRY(
            step("MOPHRD", emigration_, "pass_medical", {"medical_on=2024-01-15"}, "2024-01-15"));
        SAFAR_TRY(
            step("MOPHRD", emigration_, "insure", {"insurance_number=SL-2024-118"}, "2024-01-16"));
        SAFAR_TRY(step("MOPHRD", emigration_, "pay_fees",
                       {"registration_fee=500.00 PKR", "welfare_fund=2000.00 PKR"}, "2024-01-18"));
        SAFAR_TRY(step("MOPHRD", emigration_, "stamp", {"stamp_number=P-77121"}, "2024-01-22"));
        SAFAR_TRY(all_equal());
        narrator_.say(
            "At the airport FIA sees the protector's stamp on its own node, and lets him go:");
        SAFAR_TRY(step("FIA", emigration_, "depart", {"border_point=air_lahore"}, "2024-02-01"));
        return Exit::ok;
    }

    Outcome<Exit> exploited_and_found() {
        narrator_.chapter("Passports in a drawer");
        narrator_.say("Police in Romania find him on a building site without pay or papers. IOM's "
                      "caseworker there\n"
                      "screens him and opens a case. MOPHRD holds no cases of protection and "
                      "receives none of this:");
        SAFAR_TRY(person_,
                  create("IOM", "person",
                         {"name=Bilal Ahmed", "name_urdu=بلال احمد", "father_name=Ghulam Ahmed",
                          "citizenship=Pakistan", "age=27", "safe_contact=through the shelter",
                          "health=untreated burn, left hand"}));
        SAFAR_TRY(auto screening,
                  create("IOM", "screening", {"screened_on=2024-07-03", "person=" + person_}));
        SAFAR_TRY(step("IOM", screening, "complete",
                       {"result=trafficked", "indicators=documents_taken", "indicators=no_wages"},
                       "2024-07-03"));
        SAFAR_TRY(case_, create("IOM", "victim_case",
                                {"date=2024-07-03", "person=" + person_,
                                 "trafficking_status=PossibleVictimOfTrafficking",
                                 "type_of_exploitation=ForcedLabour"}));
        SAFAR_TRY(create(
            "IOM", "historic_event",
            {"victim_case=" + case_, "type=Recruitment", "date=2024-01", "country=Pakistan"}));
        SAFAR_TRY(create(
            "IOM", "historic_event",
            {"victim_case=" + case_, "type=Exploitation", "date=2024-03", "country=Romania"}));
        SAFAR_TRY(all_equal());
        narrator_.say("FIA has heard of a man of that name. Its caseworker looks before she "
                      "records him again:");
        const Exit known = narrator_.run(
            "FIA", {"similar", "person", "name=Bilaal Ahmad", "father_name=Ghulaam Ahmed"}, true);
        narrator_.check(known == Exit::ok,
                        "he is found under another spelling, and nobody is recorded twice");
        const Exit at_ministry =
            narrator_.run("MOPHRD", {"record", "show", person_}, /*may_fail=*/true);
        narrator_.check(at_ministry != Exit::ok, "MOPHRD's node holds nothing of it, and says so");
        return Exit::ok;
    }

    Outcome<Exit> consent_first() {
        narrator_.chapter("First he is asked");
        narrator_.say("FIA should investigate, and NCHR speak for him. Without his consent the "
                      "node refuses:");
        const Exit refused = narrator_.run(
            "IOM", {"refer", person_, "--to", "FIA", "--group", "identity", "--preview"}, true);
        narrator_.check(refused == Exit::no,
                        "the preview names the consent that is missing, and nothing was written");
        SAFAR_TRY(consent_, create("IOM", "consent",
                                   {"person=" + person_, "purposes=referral", "recipients=FIA",
                                    "recipients=NCHR", "field_groups=identity",
                                    "field_groups=contact", "until=2099-12-31"}));
        SAFAR_TRY(
            step("IOM", consent_, "give", {"form=thumbprint", "signatory=person"}, "2024-07-04"));
        narrator_.run("IOM", {"refer", person_, "--to", "FIA", "--group", "identity", "--preview"});
        const Exit health =
            narrator_.run("IOM", {"refer", person_, "--to", "FIA", "--group", "health"}, true);
        narrator_.check(health == Exit::not_permitted,
                        "his health is not FIA's business: he did not consent to that");
        SAFAR_TRY(to_fia_, referred("FIA"));
        SAFAR_TRY(to_nchr_, referred("NCHR"));
        SAFAR_TRY(all_equal());
        narrator_.say("At NCHR the referral waits with the copies that were meant for it:");
        narrator_.run("NCHR", {"inbox"});
        SAFAR_TRY(step("NCHR", to_nchr_, "accept"));
        narrator_.say(
            "He needs a bed tonight. IOM asks for a place in the shelter that NCHR works with:");
        SAFAR_TRY(auto bed,
                  create("IOM", "service",
                         {"requested_on=2024-07-05", "person=" + person_, "type=safehouse",
                          "provider=NCHR", "details=two weeks, then again"}));
        SAFAR_TRY(all_equal());
        SAFAR_TRY(step("NCHR", bed, "agree"));
        return step("NCHR", bed, "deliver");
    }

    Outcome<std::string> referred(const std::string& to) {
        SAFAR_TRY(auto made, narrator_.tell("IOM", {"refer", person_, "--to", to, "--group",
                                                    "identity", "--group", "contact"}));
        narrator_.say(fmt::format("    {} with {} disclosed values", text_at(made, "id"),
                                  number_at(made, "copies")));
        return text_at(made, "id");
    }

    Outcome<Exit> race() {
        narrator_.chapter("Two decisions at once");
        narrator_.say("FIA's line goes down. FIA accepts the case; at the same time IOM learns "
                      "that he fears the local office\n"
                      "and takes the referral back. Neither can know of the other:");
        stop_daemon(narrator_.network().pid_file("FIA"));
        SAFAR_TRY(step("IOM", to_fia_, "revoke", {"revoke_reason=he asks for another office"}));
        {
            const LineDown down(narrator_.network(), "FIA");
            SAFAR_TRY(narrator_.network().start("FIA"));
            SAFAR_TRY(step("FIA", to_fia_, "accept"));
        }
        SAFAR_TRY(all_equal());
        SAFAR_TRY(auto here, state_at("IOM", to_fia_));
        SAFAR_TRY(auto there, state_at("FIA", to_fia_));
        narrator_.run("FIA", {"record", "history", to_fia_});
        narrator_.check(here == "revoked" && there == "revoked",
                        "both nodes say 'revoked', and both show that it was a race");
        SAFAR_TRY(to_fia_, referred("FIA"));
        SAFAR_TRY(all_equal());
        return step("FIA", to_fia_, "accept");
    }

    Outcome<Exit> disagreements() {
        narrator_.chapter("Three facts, two opinions each");
        narrator_.say(
            "IOM's and FIA's caseworkers write at the same time, out of each other's reach:");
        SAFAR_TRY(all_equal());
        stop_daemon(narrator_.network().pid_file("FIA"));
        SAFAR_TRY(narrator_.tell("IOM",
                                 {"record", "set", person_, "age=28", "father_name=Ghulam Ahmad"}));
        SAFAR_TRY(narrator_.tell(
            "IOM", {"record", "set", case_, "trafficking_status=ActualVictimOfTrafficking"}));
        {
            const LineDown down(narrator_.network(), "FIA");
            SAFAR_TRY(narrator_.network().start("FIA"));
            SAFAR_TRY(narrator_.tell(
                "FIA", {"record", "set", person_, "age=26", "father_name=Ghulam Mohammad"}));
            SAFAR_TRY(narrator_.tell(
                "FIA", {"record", "set", case_, "trafficking_status=PossibleVictimOfTrafficking"}));
        }
        SAFAR_TRY(all_equal());
        SAFAR_TRY(bool age, in_conflict("UNODC", person_, "age"));
        SAFAR_TRY(bool father, in_conflict("UNODC", person_, "father_name"));
        SAFAR_TRY(bool status, in_conflict("UNODC", case_, "trafficking_status"));
        narrator_.run("UNODC", {"explain", case_, "trafficking_status"});
        narrator_.check(
            age && father,
            "age and father's name are in conflict at every node: nobody was overwritten");
        narrator_.check(!status, "the status of the case is each organisation's own opinion, side "
                                 "by side, and no conflict");
        SAFAR_TRY(narrator_.tell("FIA", {"conflict", "resolve", person_, "father_name", "--value",
                                         "Ghulam Ahmad", "--why", "as on his CNIC"}));
        SAFAR_TRY(narrator_.tell("IOM", {"conflict", "resolve", person_, "age", "--value", "26",
                                         "--why", "birth certificate"}));
        return Exit::ok;
    }

    Outcome<Exit> returned() {
        narrator_.chapter("Home, and a workshop");
        SAFAR_TRY(return_, create("IOM", "return",
                                  {"nationality=Pakistan", "host_country=Romania",
                                   "destination=Pakistan", "returnee=Bilal Ahmed"}));
        SAFAR_TRY(step("IOM", return_, "counsel", {"counselled_on=2024-08-01"}, "2024-08-01"));
        SAFAR_TRY(step("IOM", return_, "sign_consent", {"voluntary=yes"}, "2024-08-02"));
        SAFAR_TRY(offered(return_));
        SAFAR_TRY(all_equal());
        SAFAR_TRY(narrator_.tell("IOM", {"record", "set", case_, "return=" + return_}));
        SAFAR_TRY(auto help, create("IOM", "reintegration_assistance",
                                    {"planned_on=2024-09-10", "return=" + return_, "type=equipment",
                                     "description=welding set", "planned_amount=900.00 EUR"}));
        SAFAR_TRY(step("IOM", help, "approve", {}, "2024-09-12"));
        SAFAR_TRY(step("IOM", help, "deliver", {"spent=870.00 EUR"}, "2024-09-20"));
        SAFAR_TRY(step("IOM", help, "prove", {"proofs=receipt 2024/311"}, "2024-09-25"));
        narrator_.say("Three months later somebody must ask how he is:");
        SAFAR_TRY(
            create("IOM", "follow_up", {"due_on=2024-12-10", "return=" + return_, "round=3"}));
        return all_equal();
    }

    // Papers, flight and arrival; a step that needs more than it is given says what.
    Outcome<Exit> offered(const std::string& id) {
        SAFAR_TRY(step("IOM", id, "issue_documents", {"travel_document=emergency"}, "2024-08-20"));
        SAFAR_TRY(step("IOM", id, "depart", {"flight_number=PC-0714"}, "2024-09-01"));
        return step("IOM", id, "arrive", {"border_point=air_lahore"}, "2024-09-02");
    }

    Outcome<Exit> withdrawn() {
        narrator_.chapter("He changes his mind");
        narrator_.say("Back home he withdraws his consent. It travels; whoever got something by it "
                      "must say that they have read it:");
        SAFAR_TRY(step("NCHR", consent_, "withdraw"));
        SAFAR_TRY(all_equal());
        const Exit refused =
            narrator_.run("IOM", {"refer", person_, "--to", "NCHR", "--group", "identity"}, true);
        narrator_.check(refused == Exit::not_permitted,
                        "no further referral goes out, at any node");
        SAFAR_TRY(narrator_.tell("FIA", {"record", "set", consent_, "acknowledged=yes"}));
        SAFAR_TRY(all_equal());
        narrator_.run("IOM", {"dossier", person_});
        SAFAR_TRY(auto dossier, narrator_.ask("IOM", {"dossier", person_}));
        bool fia = false, nchr = false;
        for (const json::value& one : list_at(dossier, "acknowledgements"))
            if (text_at(one, "id") == consent_) {
                for (const json::value& agency : list_at(one, "done"))
                    fia = fia || shown(agency) == "FIA";
                for (const json::value& agency : list_at(one, "missing"))
                    nchr = nchr || shown(agency) == "NCHR";
            }
        narrator_.check(fia && nchr, "the dossier says: FIA has acknowledged, NCHR has not yet");
        return Exit::ok;
    }

    Outcome<Exit> ending() {
        narrator_.chapter("One journey");
        narrator_.run("IOM", {"journey", person_});
        narrator_.say("What is left to do, at each agency:");
        for (const DemoAgency& agency : narrator_.network().agencies())
            narrator_.run(agency.code, {"inbox", "--limit", "5"});
        SAFAR_TRY(show_digests(narrator_));
        return Exit::ok;
    }

    Narrator& narrator_;
    std::string contract_, emigration_, person_, case_, consent_, to_fia_, to_nchr_, return_;
};

} // namespace

Outcome<Exit> demo_story(Context& context, const DemoNetwork& network) {
    Narrator narrator(context, network);
    SAFAR_TRY(Story(narrator).tell());
    if (!narrator.all_good())
        return Problem(
            Exit::no, "demo",
            "not everything was as it should be; see the lines marked with a cross above");
    narrator.say("Everything was as it should be.");
    return Exit::ok;
}

} // namespace safar::cli
