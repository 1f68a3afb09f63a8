#include "tests/sim/founding.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar::sim {
namespace {

const char* const fields = R"(title = "Of the simulator"

[[field]]
tag = 1
name = "note"
type = "text"

[[field]]
tag = 2
name = "needs"
type = "text"
rule = "set"

[[field]]
tag = 3
name = "opinion"
type = "text"
rule = "each"

[[field]]
tag = 4
name = "stage"
type = "code"
codes = "stage"
rule = "status"
initial = "open"
steps = [["open", "decided"], ["open", "held"], ["decided", "done"], ["held", "done"]]
order = ["open", "decided", "held", "done"]

[[field]]
tag = 5
name = "sharing"
type = "code"
codes = "sharing"
rule = "strictest"
strictness = ["all", "some", "none"]

[[field]]
tag = 6
name = "paid"
type = "money"
rule = "ledger"
)";
const char* const one_more = R"(
[[field]]
tag = 7
name = "later"
type = "integer"
)";

NamedText code_list(const std::string& name, std::initializer_list<const char*> codes) {
    std::string text = "name = \"" + name + "\"\n";
    for (const char* code : codes) text += "[[code]]\ncode = \"" + std::string(code) + "\"\n";
    return {"codes/" + name + ".toml", text};
}

SigningKey key_of(const std::string& name) {
    return SigningKey::from_seed(tagged_hash("sim-key", {as_bytes(name)}).view()).value();
}

// Which of its four lists a member stands in.
std::vector<std::string>& list_for(Random& random, CharterCompartment& compartment, bool rights) {
    if (rights && random.one_in(3))
        return random.one_in(2) ? compartment.observers : compartment.relays;
    return random.one_in(6) ? compartment.readers : compartment.writers;
}

std::vector<CharterCompartment> compartments(Random& random, const std::vector<Member>& members,
                                             bool rights) {
    std::vector<CharterCompartment> out;
    for (const std::string& name : all_compartments) {
        CharterCompartment compartment;
        compartment.name = compartment.title = name;
        for (std::uint16_t tag = 1; tag <= kinds_count; ++tag)
            if (kind_name(tag).ends_with(name)) compartment.kinds.push_back(kind_name(tag));
        for (std::size_t i = 0; i < members.size(); ++i) {
            const bool in = i == 0 || name == "movement" ||
                            (name == "return" ? random.below(4) != 0 : i < 2 || random.one_in(3));
            if (!in) continue;
            auto& list = i == 0 ? compartment.writers : list_for(random, compartment, rights);
            list.push_back(members[i].agency);
        }
        out.push_back(std::move(compartment));
    }
    return out;
}

} // namespace

Identity identity_of(const Member& member) {
    return {member.agency, key_of(member.agency + "/s"), key_of(member.agency + "/t"), member.id};
}

std::string kind_name(std::uint16_t tag) {
    const std::size_t of = all_compartments.size();
    return (tag <= of ? "of_" : "also_") + all_compartments[(tag - 1u) % of];
}

std::uint16_t kind_tag(std::string_view name) {
    for (std::uint16_t tag = 1; tag <= kinds_count; ++tag)
        if (kind_name(tag) == name) return tag;
    return 0;
}

std::vector<NamedText> documents(bool later) {
    std::vector<NamedText> out{code_list("sharing", {"all", "some", "none"}),
                               code_list("stage", {"open", "decided", "held", "done"})};
    for (std::uint16_t tag = 1; tag <= kinds_count; ++tag)
        out.push_back({"schema/" + kind_name(tag) + ".toml",
                       "kind = \"" + kind_name(tag) + "\"\ntag = " + std::to_string(tag) + "\n" +
                           fields + (later ? one_more : "")});
    std::ranges::sort(out, {}, &NamedText::name);
    return out;
}

bool has_later(const Charter& charter) {
    return std::ranges::any_of(charter.documents, [](const CharterDocument& document) {
        return document.text.find("tag = 7\nname = \"later\"") != std::string::npos;
    });
}

const Member& Founding::of(std::string_view agency) const {
    return *std::ranges::find(members, agency, &Member::agency);
}

std::string Founding::sign(std::string text, const Charter* before) const {
    std::uint32_t signatures = 0;
    for (const Member& member : members) {
        if (!member.steward || signatures++ == quorum) continue;
        text = sign_charter(text, member.agency, member.signing, before).value();
    }
    return text;
}

Founding found(Random& random, std::size_t honest, std::size_t hostile, bool rights) {
    Founding out;
    out.honest = honest;
    CharterDraft draft;
    draft.network_name = "simulated " + std::to_string(random.next());
    const std::size_t stewards = honest < 4 ? std::min<std::size_t>(honest, 2) : 3;
    out.quorum = draft.quorum = static_cast<std::uint32_t>(stewards / 2 + 1);
    for (std::size_t i = 0; i < honest + hostile; ++i) {
        const std::string agency = (i < honest ? "A" : "X") + std::to_string(i);
        Member member{agency, key_of(agency + "/s"), key_of(agency + "/t"),
                      {},     i >= honest,           i < stewards};
        member.id = node_id(member.signing.public_key());
        draft.enrolments.push_back(make_enrolment(
            agency, agency, "127.0.0.1:" + std::to_string(7000 + i), member.signing, member.tls));
        if (member.steward) draft.stewards.push_back(agency);
        out.members.push_back(std::move(member));
    }
    draft.compartments = compartments(random, out.members, rights);
    draft.documents = documents(false);
    auto unsigned_text = write_charter(draft);
    SAFAR_ASSERT(unsigned_text.has_value());
    out.first.text = out.sign(unsigned_text.value(), nullptr);
    auto charter = parse_charter(out.first.text);
    SAFAR_ASSERT(charter.has_value());
    out.first.charter = std::make_shared<const Charter>(std::move(charter).value());
    return out;
}

} // namespace safar::sim
