// A person, her consents, referrals with disclosed copies, and links, in a compartment that IOM and
// FIA write.
#pragma once

#include "node/casework/similar.hpp"
#include "tests/unit/node/registry/registry_fixture.hpp"

namespace safar::testing {

inline const bool casework_words_are_known = (test_words() = similar_words, true);

inline const char* const person_text = R"(kind = "person"
tag = 10
title = "A person"
[[field]]
tag = 1
name = "name"
type = "text"
class = "personal"
group = "identity"
[[field]]
tag = 2
name = "wounds"
type = "text"
class = "sensitive"
group = "health"
[[field]]
tag = 3
name = "never_to"
type = "code"
codes = "agency"
rule = "set"
[[field]]
tag = 4
name = "note"
type = "text"
[[field]]
tag = 5
name = "file"
type = "reference"
to = "file"
[never]
recipients = "never_to"
[similar]
fields = ["name", "note"]
)";

inline const char* const referral_text = R"(kind = "referral"
tag = 11
title = "A referral"
[[field]]
tag = 1
name = "status"
type = "code"
codes = "referral_status"
rule = "status"
role = "dimension"
initial = "draft"
steps = [["draft", "sent"], ["sent", "accepted"], ["sent", "rejected"], ["sent", "revoked"], ["accepted", "revoked"], ["accepted", "done"]]
order = ["draft", "sent", "rejected", "accepted", "done", "revoked"]
[[field]]
tag = 2
name = "person"
type = "reference"
to = "person"
[[field]]
tag = 3
name = "recipient"
type = "code"
codes = "agency"
role = "dimension"
[[field]]
tag = 4
name = "groups"
type = "code"
codes = "field_group"
rule = "set"
[[field]]
tag = 5
name = "reason"
type = "text"
[[field]]
tag = 6
name = "answer_by"
type = "date"
[[field]]
tag = 7
name = "owner"
type = "code"
codes = "agency"
[[field]]
tag = 8
name = "override"
type = "text"
[[field]]
tag = 9
name = "number"
type = "text"
[workflow]
status = "status"
owner = "owner"
number = "number"
subject = "person"
[create]
consent = { purpose = "referral", subject = "person", recipient = "recipient", groups = "groups", override = "override" }
[[step]]
name = "send"
from = ["draft"]
to = "sent"
by = "author"
due = { field = "answer_by", days = 14 }
[[step]]
name = "accept"
from = ["sent"]
to = "accepted"
by = "recipient"
sets = { owner = "@recipient" }
[[step]]
name = "reject"
from = ["sent"]
to = "rejected"
by = "recipient"
needs = ["reason"]
[[step]]
name = "finish"
from = ["accepted"]
to = "done"
by = "owner"
[[step]]
name = "revoke"
from = ["sent", "accepted"]
to = "revoked"
by = "author"
roles = ["supervisor"]
[[task]]
title = "Answer the referral"
when = ["sent"]
for = "recipient"
due = "answer_by"
step = "accept"
[[task]]
title = "Ask why nobody answers"
when = ["sent"]
for = "author"
due = "answer_by"
overdue_only = true
)";

inline const char* const disclosure_text = R"(kind = "disclosure"
tag = 12
title = "A disclosed copy"
[[field]]
tag = 1
name = "referral"
type = "reference"
to = "referral"
[[field]]
tag = 2
name = "source"
type = "text"
[[field]]
tag = 3
name = "source_kind"
type = "text"
[[field]]
tag = 4
name = "source_field"
type = "text"
[[field]]
tag = 5
name = "value"
type = "text"
class = "sensitive"
[[field]]
tag = 6
name = "said_by"
type = "text"
[[field]]
tag = 7
name = "said_at"
type = "date"
[[field]]
tag = 8
name = "dot"
type = "text"
[disclosure]
of = "referral"
record = "source"
kind = "source_kind"
field = "source_field"
value = "value"
said_by = "said_by"
said_at = "said_at"
dot = "dot"
)";

inline const char* const consent_text = R"(kind = "consent"
tag = 13
title = "A consent"
[[field]]
tag = 1
name = "status"
type = "code"
codes = "consent_status"
rule = "status"
role = "dimension"
initial = "given"
steps = [["given", "withdrawn"]]
order = ["given", "withdrawn"]
[[field]]
tag = 2
name = "person"
type = "reference"
to = "person"
[[field]]
tag = 3
name = "purposes"
type = "code"
codes = "purpose"
rule = "set"
[[field]]
tag = 4
name = "recipients"
type = "code"
codes = "agency"
rule = "set"
[[field]]
tag = 5
name = "groups"
type = "code"
codes = "field_group"
rule = "set"
[[field]]
tag = 6
name = "until"
type = "date"
[[field]]
tag = 7
name = "acknowledged"
type = "code"
codes = "agency"
rule = "each"
[workflow]
status = "status"
subject = "person"
[[step]]
name = "withdraw"
from = ["given"]
to = "withdrawn"
[[task]]
title = "Acknowledge the withdrawal"
when = ["withdrawn"]
for = "recipients"
unless = "acknowledged"
[consent]
subject = "person"
purposes = "purposes"
recipients = "recipients"
groups = "groups"
until = "until"
given = ["given"]
)";

inline const char* const link_text = R"(kind = "link"
tag = 14
title = "A link"
[[field]]
tag = 1
name = "a"
type = "reference"
to = "person"
[[field]]
tag = 2
name = "b"
type = "reference"
to = "person"
[[field]]
tag = 3
name = "verdict"
type = "code"
codes = "verdict"
rule = "each"
[link]
a = "a"
b = "b"
verdict = "verdict"
)";

// A file that knows no person, and a paper that is about the file.
inline const char* const file_text = R"(kind = "file"
tag = 15
title = "A file"
[[field]]
tag = 1
name = "title"
type = "text"
)";
inline const char* const paper_text = R"(kind = "paper"
tag = 16
title = "A paper"
[[field]]
tag = 1
name = "status"
type = "code"
codes = "consent_status"
rule = "status"
role = "dimension"
initial = "given"
steps = [["given", "withdrawn"]]
order = ["given", "withdrawn"]
[[field]]
tag = 2
name = "file"
type = "reference"
to = "file"
[workflow]
status = "status"
subject = "file"
)";

inline NamedText code_document(const std::string& name, const std::string& codes,
                               bool open = false) {
    return {"codes/" + name + ".toml", "name = \"" + name + "\"\ntitle = \"" + name +
                                           "\"\nopen = " + (open ? "true" : "false") +
                                           "\ncodes = [" + codes + "]\n"};
}

// The movement of registry_fixture.hpp too.
inline CharterDraft casework_draft(const Network& network) {
    CharterDraft draft = registry_draft(network);
    for (auto [name, text] : {std::pair{"person", person_text},
                              {"referral", referral_text},
                              {"disclosure", disclosure_text},
                              {"consent", consent_text},
                              {"link", link_text},
                              {"file", file_text},
                              {"paper", paper_text}}) {
        draft.documents.push_back({"schema/" + std::string(name) + ".toml", text});
        draft.compartments[0].kinds.push_back(name);
    }
    draft.documents.push_back(code_document("agency", R"(["IOM", "IOM"])", /*open=*/true));
    draft.documents.push_back(
        code_document("field_group", R"(["identity", "Identity"], ["health", "Health"])"));
    draft.documents.push_back(
        code_document("purpose", R"(["referral", "Referral"], ["any", "Any"])"));
    draft.documents.push_back(
        code_document("consent_status", R"(["given", "Given"], ["withdrawn", "Withdrawn"])"));
    draft.documents.push_back(
        code_document("verdict", R"(["same", "Same"], ["different", "Different"])"));
    draft.documents.push_back(code_document(
        "referral_status",
        R"(["draft", "D"], ["sent", "S"], ["accepted", "A"], ["rejected", "R"], ["revoked", "V"], ["done", "N"])"));
    return draft;
}

inline HeldCharter signed_by_stewards(const CharterDraft& draft, const Network& network) {
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

inline HeldCharter casework_charter(const Network& network) {
    return signed_by_stewards(casework_draft(network), network);
}

} // namespace safar::testing
