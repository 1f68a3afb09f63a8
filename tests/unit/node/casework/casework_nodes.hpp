// IOM's and FIA's nodes over the kinds of casework_fixture.hpp, and what people do there.
#pragma once

#include "casework_fixture.hpp"

#include "node/casework/steps.hpp"

namespace safar::testing {

class CaseworkNodes : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = casework_charter(network);
    TestNode iom{network.iom, charter}, fia{network.fia, charter};
    const Worker supervisor{{"Sana"}, Roles().set(static_cast<std::size_t>(UserRole::supervisor))};
    const Worker caseworker{{"Amina"}, Roles().set(static_cast<std::size_t>(UserRole::caseworker))};

    static RecordId make(TestNode& at, const std::string& kind, std::vector<FieldText> fields) {
        return value_of(create_record(*at.registry, {kind, std::move(fields), "", 0, {}},
                                      {{"x"}, {}}, ""))
            .record;
    }
    RecordId person() {
        return make(iom, "person",
                    {{"name", "Zarmina"}, {"wounds", "burnt hand"}, {"note", "tall"}});
    }
    RecordId consent(const RecordId& subject, std::vector<FieldText> more = {
                                                  {"groups", "identity"}, {"recipients", "FIA"}}) {
        more.push_back({"person", show_id(subject)});
        more.push_back({"purposes", "referral"});
        return make(iom, "consent", std::move(more));
    }
    Result<RecordChange> refer_to(const RecordId& subject, const std::string& to, const Worker& by,
                                  const std::string& reason = "",
                                  const std::string& group = "identity") {
        return create_record(*iom.registry,
                             {"referral",
                              {{"person", show_id(subject)}, {"recipient", to}, {"groups", group}},
                              "",
                              0,
                              {}},
                             by, reason);
    }
    static Result<StepDone> step(TestNode& at, const RecordId& id, const std::string& name,
                                 const Worker& by, std::vector<FieldText> fields = {}) {
        return take_step(*at.registry, {id, name, std::move(fields), "", ""}, by);
    }
    static std::string state(TestNode& at, const RecordId& id) {
        return state_of(value_of(at.registry->show(id)));
    }
    void exchange() {
        iom.send_to(fia);
        fia.send_to(iom);
    }
};

} // namespace safar::testing
