#include "cli/casework_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <fmt/format.h>

namespace safar::cli {

namespace json = boost::json;

namespace {

std::string joined(const json::array& words, const char* nothing = "-") {
    std::string out;
    for (const json::value& word : words) out += (out.empty() ? "" : ", ") + visible(shown(word));
    return out.empty() ? nothing : out;
}

// "status: sent, recipient: FIA"; what is withheld is named without its value.
std::string asserted(const json::value& entry) {
    std::string out;
    for (const json::value& said : list_at(entry, "asserts")) {
        out += (out.empty() ? "" : ", ") + visible(text_at(said, "field"));
        out += text_at(said, "withheld").empty() ? ": " + visible(text_at(said, "value")) : " (withheld)";
    }
    return out;
}

} // namespace

std::string steps_text(const json::value& answer) {
    std::string out = fmt::format("{} {}: {}\n", visible(text_at(answer, "kind")), visible(text_at(answer, "id")),
                                  text_at(answer, "state").empty() ? "this kind has no workflow"
                                                                   : visible(text_at(answer, "state")));
    Table table({{"step"}, {"what"}, {"to"}, {"needs"}, {"now"}});
    for (const json::value& step : list_at(answer, "steps"))
        table.row({visible(text_at(step, "step")), visible(text_at(step, "title")), visible(text_at(step, "to")),
                   joined(list_at(step, "missing")) + (flag_at(step, "consent") ? " (and consent)" : ""),
                   text_at(step, "blocked").empty() ? "yes" : visible(text_at(step, "blocked"))});
    return out + (table.empty() ? "no step starts from here\n" : table.render());
}

std::string inbox_text(const json::value& answer) {
    Table table({{"due"}, {"task"}, {"kind"}, {"record"}, {"for"}, {"since"}, {"how"}});
    for (const json::value& item : list_at(answer, "items")) {
        std::string due = visible(text_at(item, "due"));
        std::string how = text_at(item, "field").empty() ? visible(text_at(item, "step"))
                                                         : "field " + visible(text_at(item, "field"));
        table.row({flag_at(item, "overdue") ? due + " !" : due, visible(text_at(item, "task")),
                   visible(text_at(item, "kind")), visible(text_at(item, "id")), joined(list_at(item, "for")),
                   visible(text_at(item, "since")).substr(0, 10), std::move(how)});
    }
    if (table.empty()) return "nothing waits for " + visible(text_at(answer, "agency")) + "\n";
    std::string out = table.render();
    const auto total = number_at(answer, "total");
    const auto count = static_cast<std::int64_t>(list_at(answer, "items").size());
    if (total > count) out += fmt::format("{} of {}; --limit shows more\n", grouped(count), grouped(total));
    return out;
}

std::string caseload_text(const json::value& answer) {
    Table table({{"task"}, {"waiting", Align::right}, {"overdue", Align::right}});
    for (const json::value& one : list_at(answer, "caseload"))
        table.row({visible(text_at(one, "task")), grouped(number_at(one, "waiting")), grouped(number_at(one, "overdue"))});
    return table.empty() ? "nothing waits\n" : table.render();
}

std::string journey_text(const json::value& answer) {
    Table table({{"on"}, {"who"}, {"what"}, {"record"}, {"says"}});
    for (const json::value& entry : list_at(answer, "entries"))
        table.row({visible(text_at(entry, "on")), visible(text_at(entry, "agency")),
                   visible(text_at(entry, "kind")) + " " + visible(text_at(entry, "verb")),
                   visible(text_at(entry, "id")), asserted(entry)});
    std::string out = table.render();
    for (const json::value& link : list_at(answer, "linked"))
        out += "with " + visible(text_at(link, "id")) + ", which is said to be the same" +
               (flag_at(link, "disputed") ? " (disputed)" : "") + "\n";
    if (flag_at(answer, "truncated")) out += "there is more than is shown here\n";
    return out;
}

std::string dossier_text(const json::value& answer) {
    Table records({{"kind"}, {"record"}, {"state"}, {"compartment"}, {"may be held by"}});
    for (const json::value& one : list_at(answer, "records"))
        records.row({visible(text_at(one, "kind")), visible(text_at(one, "id")), visible(text_at(one, "state")),
                     visible(text_at(one, "compartment")), joined(list_at(one, "held_by"))});
    std::string out = records.render();
    Table waits({{"record"}, {"task"}, {"done by"}, {"not yet"}});
    for (const json::value& one : list_at(answer, "acknowledgements"))
        waits.row({visible(text_at(one, "id")), visible(text_at(one, "task")), joined(list_at(one, "done")),
                   joined(list_at(one, "missing"))});
    if (!waits.empty()) out += "\n" + waits.render();
    if (flag_at(answer, "truncated")) out += "there is more than is shown here\n";
    return out;
}

std::string referral_text(const json::value& answer) {
    Table goes({{"goes"}, {"group"}, {"value"}, {"said by"}});
    for (const json::value& one : list_at(answer, "goes"))
        goes.row({visible(text_at(one, "field")), visible(text_at(one, "group")), visible(text_at(one, "value")),
                  visible(text_at(one, "agency"))});
    std::string out = goes.empty() ? "no field of the subject goes with it\n" : goes.render();
    out += "stays: " + joined(list_at(answer, "stays"), "nothing") + "\n";
    if (const json::array& missing = list_at(answer, "missing_consent"); !missing.empty())
        out += "consent is missing: " + joined(missing) + "\n";
    if (flag_at(answer, "preview")) return out + "nothing was written (preview)\n";
    return out + visible(text_at(answer, "kind")) + " " + visible(text_at(answer, "id")) + " created with " +
           std::to_string(number_at(answer, "copies")) + " disclosed values, durable here and on its way to the peers\n";
}

} // namespace safar::cli
