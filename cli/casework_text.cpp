#include "cli/casework_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"

namespace safar::cli {

namespace json = boost::json;

namespace {

std::string joined(const json::array& words, const char* nothing = "-") {
    std::string out;
    for (const json::value& word : words) out += (out.empty() ? "" : ", ") + visible(shown(word));
    return out.empty() ? nothing : out;
}

// "status: sent, recipient: FIA"; what is withheld is named without its value.
std::string asserted(const json::value& entry, const Labels& labels) {
    std::string out;
    for (const json::value& said : list_at(entry, "asserts")) {
        out += (out.empty() ? "" : ", ") + visible(text_at(said, "field"));
        out += text_at(said, "withheld").empty() ? ": " + visible(text_at(said, "value"))
                                                 : " " + labels.say("(withheld)");
    }
    return out;
}

} // namespace

std::string steps_text(const json::value& answer, const Labels& labels) {
    const std::string state = text_at(answer, "state");
    std::string out =
        labels.format("{} {}: {}", visible(text_at(answer, "kind")), visible(text_at(answer, "id")),
                      state.empty() ? labels.say("this kind has no workflow") : visible(state)) +
        "\n";
    Table table({{labels.say("step")},
                 {labels.say("what")},
                 {labels.say("to")},
                 {labels.say("needs")},
                 {labels.say("now")}});
    for (const json::value& step : list_at(answer, "steps")) {
        const std::string needs = joined(list_at(step, "missing"));
        table.row({visible(text_at(step, "step")), visible(text_at(step, "title")),
                   visible(text_at(step, "to")),
                   flag_at(step, "consent") ? labels.cell("{} (and consent)", needs) : needs,
                   text_at(step, "blocked").empty() ? labels.say("yes")
                                                    : visible(text_at(step, "blocked"))});
    }
    return out + (table.empty() ? labels.say("no step starts from here") + "\n" : table.render());
}

std::string inbox_text(const json::value& answer, const Labels& labels) {
    Table table({{labels.say("due")},
                 {labels.say("task")},
                 {labels.say("kind")},
                 {labels.say("record")},
                 {labels.say("for")},
                 {labels.say("since")},
                 {labels.say("how")}});
    for (const json::value& item : list_at(answer, "items")) {
        std::string due = visible(text_at(item, "due"));
        std::string how = text_at(item, "field").empty()
                              ? visible(text_at(item, "step"))
                              : labels.cell("field {}", visible(text_at(item, "field")));
        table.row({flag_at(item, "overdue") ? due + " !" : due, visible(text_at(item, "task")),
                   visible(text_at(item, "kind")), visible(text_at(item, "id")),
                   joined(list_at(item, "for")), visible(text_at(item, "since")).substr(0, 10),
                   std::move(how)});
    }
    if (table.empty())
        return labels.format("nothing waits for {}", visible(text_at(answer, "agency"))) + "\n";
    std::string out = table.render();
    const auto total = number_at(answer, "total");
    const auto count = static_cast<std::int64_t>(list_at(answer, "items").size());
    if (total > count)
        out += labels.format("{} of {}; --limit shows more", grouped(count), grouped(total)) + "\n";
    if (flag_at(answer, "truncated")) out += labels.say("there is more than is shown here") + "\n";
    return out;
}

std::string caseload_text(const json::value& answer, const Labels& labels) {
    Table table({{labels.say("task")},
                 {labels.say("waiting"), Align::right},
                 {labels.say("overdue"), Align::right}});
    for (const json::value& one : list_at(answer, "caseload"))
        table.row({visible(text_at(one, "task")), grouped(number_at(one, "waiting")),
                   grouped(number_at(one, "overdue"))});
    return table.empty() ? labels.say("nothing waits") + "\n" : table.render();
}

std::string journey_text(const json::value& answer, const Labels& labels) {
    Table table({{labels.say("on")},
                 {labels.say("who")},
                 {labels.say("what")},
                 {labels.say("record")},
                 {labels.say("says")}});
    for (const json::value& entry : list_at(answer, "entries"))
        table.row({visible(text_at(entry, "on")), visible(text_at(entry, "agency")),
                   visible(text_at(entry, "kind")) + " " + visible(text_at(entry, "verb")),
                   visible(text_at(entry, "id")), asserted(entry, labels)});
    std::string out = table.render();
    for (const json::value& link : list_at(answer, "linked")) {
        const std::string id = visible(text_at(link, "id"));
        out += flag_at(link, "disputed")
                   ? labels.format("with {}, which is said to be the same (disputed)", id)
                   : labels.format("with {}, which is said to be the same", id);
        out += "\n";
    }
    if (flag_at(answer, "truncated")) out += labels.say("there is more than is shown here") + "\n";
    return out;
}

std::string dossier_text(const json::value& answer, const Labels& labels) {
    Table records({{labels.say("kind")},
                   {labels.say("record")},
                   {labels.say("state")},
                   {labels.say("compartment")},
                   {labels.say("may be held by")}});
    for (const json::value& one : list_at(answer, "records"))
        records.row({visible(text_at(one, "kind")), visible(text_at(one, "id")),
                     visible(text_at(one, "state")), visible(text_at(one, "compartment")),
                     joined(list_at(one, "held_by"))});
    std::string out = records.render();
    Table waits({{labels.say("record")},
                 {labels.say("task")},
                 {labels.say("done by")},
                 {labels.say("not yet")}});
    for (const json::value& one : list_at(answer, "acknowledgements"))
        waits.row({visible(text_at(one, "id")), visible(text_at(one, "task")),
                   joined(list_at(one, "done")), joined(list_at(one, "missing"))});
    if (!waits.empty()) out += "\n" + waits.render();
    if (flag_at(answer, "truncated")) out += labels.say("there is more than is shown here") + "\n";
    return out;
}

std::string referral_text(const json::value& answer, const Labels& labels) {
    Table goes({{labels.say("goes")},
                {labels.say("group")},
                {labels.say("value")},
                {labels.say("said by")}});
    for (const json::value& one : list_at(answer, "goes"))
        goes.row({visible(text_at(one, "field")), visible(text_at(one, "group")),
                  visible(text_at(one, "value")), visible(text_at(one, "agency"))});
    std::string out =
        goes.empty() ? labels.say("no field of the subject goes with it") + "\n" : goes.render();
    const json::array& stays = list_at(answer, "stays");
    out += labels.format("stays: {}", stays.empty() ? labels.say("nothing") : joined(stays)) + "\n";
    if (const json::array& missing = list_at(answer, "missing_consent"); !missing.empty())
        out += labels.format("consent is missing: {}", joined(missing)) + "\n";
    if (flag_at(answer, "preview")) return out + labels.say("nothing was written (preview)") + "\n";
    return out +
           labels.format(
               "{} {} created with {} disclosed values, durable here and on its way to the peers",
               visible(text_at(answer, "kind")), visible(text_at(answer, "id")),
               std::to_string(number_at(answer, "copies"))) +
           "\n";
}

std::string step_text(const json::value& answer, const std::string& id, const Labels& labels) {
    std::string set;
    for (const json::value& pair : list_at(answer, "decided"))
        if (pair.is_array() && pair.get_array().size() == 2)
            set += ", " + visible(shown(pair.get_array()[0])) + "=" +
                   visible(shown(pair.get_array()[1]));
    if (const auto* withheld = member(answer, "withheld").if_object())
        for (const auto& one : *withheld)
            set += ", " + visible(std::string_view(one.key().data(), one.key().size())) + " " +
                   labels.say("(withheld)");
    std::string out =
        labels.format("{}: {} -> {}{}; durable here and on its way to the peers", visible(id),
                      visible(text_at(answer, "from")), visible(text_at(answer, "to")), set) +
        "\n";
    if (const std::string made = text_at(answer, "id"); made != id)
        out += labels.format("it goes on as {}", visible(made)) + "\n";
    for (const json::value& each : list_at(answer, "given")) {
        const std::string to = visible(text_at(each, "to")),
                          field = visible(text_at(each, "field")),
                          record = visible(text_at(each, "id"));
        out += to.empty() ? labels.format("{} {} stays {}'s", field, record,
                                          visible(text_at(each, "owner")))
                          : labels.format("{} {} is now {}'s", field, record, to);
        out += "\n";
    }
    return out;
}

} // namespace safar::cli
