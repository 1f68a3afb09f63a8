// A node with a person in it, each of whose fields is of another class, and a user for each role.
#pragma once

#include "api_fixture.hpp"

#include <fstream>
#include <sstream>

namespace safar::testing {

inline const char* const classed_kind = R"(kind = "movement"
tag = 1
title = "A person on the move"
time = "date"

[[field]]
tag = 1
name = "name"
type = "text"
class = "personal"

[[field]]
tag = 2
name = "group"
type = "code"
codes = "group"
role = "dimension"

[[field]]
tag = 3
name = "wound"
type = "text"
class = "sensitive"

[[field]]
tag = 4
name = "date"
type = "date"
class = "public"

[[field]]
tag = 5
name = "birth"
type = "date"
class = "personal"
)";

inline HeldCharter classed_charter() {
    Network network;
    CharterDraft draft = network.draft();
    draft.compartments[0].kinds = {"movement", "screening"};
    draft.documents = {{"schema/movement.toml", classed_kind},
                       kind_document("screening", 3),
                       kind_document("victim_case", 2),
                       {"codes/group.toml", group_codes}};
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

// Values that must not reach whoever may not see them, and what people wrote about them.
inline const std::vector<std::string> secrets{"Zarmina",         "Zarminah",
                                              "1987-05-04",      "burnt hand",
                                              "told by Zarmina", "spelt so in her passport",
                                              "not hers"};

// A node that people of several roles ask.
class RolesApi : public ::testing::Test {
protected:
    TestApi api;
    explicit RolesApi(HeldCharter rules) : api(std::move(rules)) {}

    // From here on roles apply.
    void let_in(const std::string& login, const std::string& rights) {
        ApiReply reply =
            api.ask("POST", "/v1/users", R"({"unix":")" + login + R"(",)" + rights + "}");
        ASSERT_EQ(reply.status, 200u) << reply.body;
    }
    void let_all_in() {
        let_in("games", R"("roles":["analyst"])");
        let_in("daemon", R"("roles":["caseworker"])");
        let_in("bin", R"("roles":["supervisor"])");
        let_in("sys", R"("roles":["protection_officer"])");
        let_in("mail", R"("roles":["auditor"])");
        let_in("news", R"("roles":["operator"])");
    }
    ApiReply ask_as(const std::string& login, std::string_view method, std::string_view target,
                    std::string body = "", std::string purpose = "") {
        return dispatch(api.context, method, target, std::move(body), {70000, login},
                        std::move(purpose));
    }
    // The access log as it lies on disk.
    [[nodiscard]] std::string log_text() const {
        std::ifstream in(api.directory / "access/000001.jsonl");
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    [[nodiscard]] std::vector<std::string> log_lines() const {
        std::istringstream in(log_text());
        std::vector<std::string> out;
        for (std::string line; std::getline(in, line);) out.push_back(line);
        return out;
    }
};

class PeopleApi : public RolesApi {
protected:
    RecordId record;
    std::string id;
    PeopleApi() : RolesApi(classed_charter()) {}

    void SetUp() override {
        record = value_of(api.node.registry->create({"movement",
                                                     {{"name", "Zarmina"},
                                                      {"group", "A"},
                                                      {"wound", "burnt hand"},
                                                      {"date", "2024-01-02"},
                                                      {"birth", "1987-05-04"}},
                                                     "told by Zarmina",
                                                     0,
                                                     {}},
                                                    {"tester"}))
                     .record;
        api.node.send_to(api.other);
        EXPECT_TRUE(api.other.set(record, {{"name", "Zarminah"}}, true, "spelt so in her passport")
                        .has_value());
        EXPECT_TRUE(api.node.set(record, {{"name", "Zarmina"}}).has_value()); // in conflict
        api.other.send_to(api.node);
        EXPECT_TRUE(
            api.node.registry->retract({record, "birth", "not hers"}, {"tester"}).has_value());
        EXPECT_TRUE(api.node.set(record, {{"birth", "1987-05-04"}}).has_value());
        id = show_id(record);
    }
};

} // namespace safar::testing
