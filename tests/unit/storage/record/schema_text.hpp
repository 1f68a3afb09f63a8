// The kind `return` and its code lists, as far as the tests of records and of derived state share
// them: a field of each merge rule but `each`. Each fixture adds fields of its own.
#pragma once

#include "storage/record/schema.hpp"

#include <string>
#include <vector>

namespace safar::schema_text {

inline const std::string return_fields = R"(kind = "return"
tag = 3
title = "A person's return"
time = "date"
[[field]]
tag = 1
name = "return_type"
type = "code"
codes = "return_type"
role = "dimension"
required = true
[[field]]
tag = 2
name = "date"
title = "Date of return"
type = "date"
role = "dimension"
[[field]]
tag = 3
name = "status"
type = "code"
codes = "status"
rule = "status"
role = "dimension"
initial = "draft"
steps = [["draft", "sent"], ["sent", "accepted"], ["sent", "revoked"], ["accepted", "done"]]
order = ["draft", "sent", "accepted", "revoked", "done"]
[[field]]
tag = 4
name = "needs"
type = "code"
codes = "need"
rule = "set"
role = "dimension"
[[field]]
tag = 5
name = "sharing"
type = "code"
codes = "sharing"
rule = "strictest"
role = "dimension"
strictness = ["open", "network", "restricted"]
[[field]]
tag = 7
name = "paid"
type = "money"
rule = "ledger"
role = "measure"
[[field]]
tag = 8
name = "persons"
type = "integer"
role = "measure"
)";

inline const std::string person_fields = R"(kind = "person"
tag = 7
[[field]]
tag = 1
name = "name"
type = "text"
class = "personal"
)";

inline const std::vector<NamedText> codes = {
    {"codes/return_type.toml", R"(name = "return_type"
[[code]]
code = "VOL"
label = "Voluntary return"
variants = ["Voluntary", "Assisted return"]
[[code]]
code = "ENF"
label = "Enforced return"
)"},
    {"codes/status.toml", "name = \"status\"\ncodes = [[\"draft\"], [\"sent\"], [\"accepted\"], "
                          "[\"revoked\"], [\"done\"]]\n"},
    {"codes/need.toml",
     "name = \"need\"\nopen = true\ncodes = [[\"food\", \"Food\"], [\"shelter\", \"Shelter\"]]\n"},
    {"codes/sharing.toml",
     "name = \"sharing\"\ncodes = [[\"open\"], [\"network\"], [\"restricted\"]]\n"},
};

} // namespace safar::schema_text
