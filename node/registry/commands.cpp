#include "node/registry/command_check.hpp"

#include <algorithm>

namespace safar {
namespace {

void sort_dots(std::vector<Dot>& dots) {
    std::sort(dots.begin(), dots.end());
    dots.erase(std::unique(dots.begin(), dots.end()), dots.end());
}

// The live values that a command on this field is about: the author's own, or everybody's.
std::vector<const Said*> addressed(const FoldedField* field, const std::string& only_agency) {
    std::vector<const Said*> out;
    if (field == nullptr) return out;
    for (const Said& said : field->live)
        if (only_agency.empty() || said.agency == only_agency) out.push_back(&said);
    return out;
}

void replace(const std::vector<const Said*>& live, EventDraft& draft) {
    for (const Said* said : live) draft.replaces.push_back(said->dot);
}

// Adds to the draft what turns the addressed live values of one field into `wanted` (ascending).
void change_field(const Field& field, const FoldedField* folded, const std::string& only_agency,
                  const std::vector<Value>& wanted, EventDraft& draft) {
    std::vector<const Said*> live = addressed(folded, only_agency);
    if (field.rule == Rule::ledger && !only_agency.empty()) {
        // A posting stands beside the others; only a correction replaces one.
        for (const Value& value : wanted) draft.body.assertions.push_back({field.tag, value});
        return;
    }
    if (field.rule == Rule::set) {
        for (const Value& value : wanted)
            if (std::none_of(live.begin(), live.end(),
                             [&](const Said* s) { return s->value == value; }))
                draft.body.assertions.push_back({field.tag, value});
        for (const Said* said : live)
            if (!std::binary_search(wanted.begin(), wanted.end(), said->value))
                draft.replaces.push_back(said->dot);
        return;
    }
    if (live.size() == wanted.size() && std::all_of(live.begin(), live.end(), [&](const Said* s) {
            return std::binary_search(wanted.begin(), wanted.end(), s->value);
        }))
        return;
    for (const Value& value : wanted) draft.body.assertions.push_back({field.tag, value});
    replace(live, draft);
}

EventDraft draft_for(const RecordView& view, std::string verb, const std::string& basis,
                     const Actor& actor) {
    EventDraft draft;
    draft.body.kind = view.kind->tag;
    draft.body.record = view.folded.id;
    draft.body.verb = std::move(verb);
    draft.body.basis = basis;
    draft.body.actor = actor.name;
    draft.body.at = now_claimed();
    return draft;
}

Error needs_reason(std::string_view what) {
    return failure(ErrorCode::invalid_argument,
                   std::string(what) +
                       " overrules what other agencies said and needs a reason (why)");
}

} // namespace

std::string show_dot(const Dot& dot) {
    return dot.log.id.brief() + "." + std::to_string(dot.sequence) + "." +
           std::to_string(dot.field_index) + "." + dot.leaf.hex();
}

std::mutex& Registry::stripe(const RecordId& id) {
    return stripes_[std::hash<RecordId>{}(id) % stripes_.size()];
}

// In the order of the stripes, so that two that want the same ones do not wait for each other.
std::vector<std::unique_lock<std::mutex>> Registry::lock_records(std::span<const RecordId> ids) {
    std::vector<std::mutex*> wanted;
    for (const RecordId& id : ids) wanted.push_back(&stripe(id));
    std::ranges::sort(wanted, std::less<>{});
    wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
    std::vector<std::unique_lock<std::mutex>> out;
    for (std::mutex* each : wanted) out.emplace_back(*each);
    return out;
}

// A record born here is named by its log, so that its home can be told from its id. The design adds
// the sequence of its first event; that is known only once the batch is placed (the first append
// after a start may open a new incarnation, and others share the batch), so 63 random bits stand in
// its place, above every sequence there can be.
RecordId Registry::fresh_record_id(const std::string& compartment) {
    std::optional<LogName> log;
    {
        std::lock_guard lock(homes_mutex_);
        if (auto known = homes_.find(compartment); known != homes_.end()) log = known->second;
    }
    if (!log) {
        auto authority = node_.authority();
        log = LogName{log_id(authority->network(), node_.id(), compartment), {}};
        std::uint64_t most = 0;
        for (const FrontierEntry& entry : node_.log().frontier(compartment))
            if (entry.log.id == log->id && entry.head.last_sequence >= most) {
                log = entry.log;
                most = entry.head.last_sequence;
            }
    }
    std::array<std::byte, 8> raw;
    system_entropy().fill(raw);
    auto drawn = ByteReader(raw).integer<std::uint64_t>();
    return native_record_id(*log, drawn | 1ull << 63);
}

std::string Registry::draw_run() {
    RecordId drawn;
    system_entropy().fill(drawn.raw);
    return show_id(drawn).substr(18); // the last eight of its 26 digits
}

std::string Registry::fresh_number() {
    return node_.agency() + "-" + run_ + "-" + std::to_string(++numbers_);
}

Result<RecordChange> Registry::write(const RecordView& view, EventDraft draft) {
    auto charter = node_.charter();
    SAFAR_TRY(const CharterCompartment* compartment,
              writable_compartment(node_, *charter, view.kind->name));
    if (draft.body.assertions.empty() && draft.replaces.empty())
        return RecordChange{view.folded.id, node_.deriver().position(), 0};
    sort_dots(draft.replaces);
    SAFAR_TRY(check_draft_size(draft));
    AppendRequest request{compartment->name, {}};
    request.drafts.push_back(std::move(draft));
    SAFAR_TRY(auto appended, node_.append(std::move(request)));
    {
        std::lock_guard home(homes_mutex_);
        homes_[compartment->name] = appended.log;
    }
    return RecordChange{view.folded.id, appended.position, 1};
}

// What a compartment's drafts share is one batch; each answer keeps the order of `drafts`.
Result<std::vector<RecordChange>> Registry::write_together(std::vector<Drafted> drafts) {
    const auto charter = node_.charter();
    std::vector<RecordChange> out;
    std::vector<AppendRequest> requests;
    std::vector<std::size_t> request_of;
    for (Drafted& each : drafts) {
        SAFAR_TRY(const CharterCompartment* compartment,
                  writable_compartment(node_, *charter, each.view->kind->name));
        out.push_back({each.view->folded.id, node_.deriver().position(), 0});
        request_of.push_back(SIZE_MAX);
        if (each.draft.body.assertions.empty() && each.draft.replaces.empty()) continue;
        sort_dots(each.draft.replaces);
        SAFAR_TRY(check_draft_size(each.draft));
        auto request = std::ranges::find(requests, compartment->name, &AppendRequest::compartment);
        if (request == requests.end())
            request = requests.insert(request, AppendRequest{compartment->name, {}});
        request_of.back() = static_cast<std::size_t>(request - requests.begin());
        request->drafts.push_back(std::move(each.draft));
    }
    if (requests.empty()) return out;
    std::vector<Appended> appended;
    if (requests.size() == 1) { // shares its sync with whatever else has gathered
        SAFAR_TRY(auto one, node_.append(requests.front()));
        appended.push_back(std::move(one));
    } else {
        SAFAR_TRY(appended, node_.append_together(requests));
    }
    {
        std::lock_guard home(homes_mutex_);
        for (std::size_t i = 0; i < requests.size(); ++i)
            homes_[requests[i].compartment] = appended[i].log;
    }
    for (std::size_t i = 0; i < out.size(); ++i)
        if (request_of[i] != SIZE_MAX)
            out[i] = {out[i].record, appended[request_of[i]].position, 1};
    return out;
}

Result<EventDraft> Registry::created(const CreateCommand& command, const Actor& actor,
                                     RecordView& view) {
    view.schema = node_.derived().schema();
    SAFAR_TRY(view.kind, find_kind(*view.schema, command.kind));
    SAFAR_TRY(auto assertions, parse_fields(*view.schema, *view.kind, command.fields));
    SAFAR_TRY(check_required(*view.kind, assertions));
    if (command.record)
        view.folded.id = *command.record;
    else {
        SAFAR_TRY(view.folded.id, fresh_id(command.kind));
    }
    EventDraft draft = draft_for(view, "recorded", command.basis, actor);
    draft.body.quality = command.quality;
    if (command.at) draft.body.at = *command.at;
    draft.body.assertions = std::move(assertions);
    return draft;
}

Result<RecordChange> Registry::create(const CreateCommand& command, const Actor& actor) {
    SAFAR_TRY(auto all, create_together({&command, 1}, actor));
    return all.front();
}

Result<std::vector<RecordChange>> Registry::create_together(std::span<const CreateCommand> commands,
                                                            const Actor& actor) {
    std::vector<RecordView> views(commands.size());
    std::vector<Drafted> drafts;
    std::vector<RecordId> given;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        SAFAR_TRY(auto draft, created(commands[i], actor, views[i]));
        drafts.push_back({&views[i], std::move(draft)});
        if (commands[i].record) given.push_back(*commands[i].record);
    }
    const auto locks = lock_records(given);
    for (const RecordId& id : given) {
        auto held = show(id);
        if (held)
            return failure(ErrorCode::conflict, "record " + show_id(id) + " is there already");
        if (held.error().code != ErrorCode::not_found) return std::move(held).error();
    }
    return write_together(std::move(drafts));
}

Result<RecordId> Registry::fresh_id(std::string_view kind) {
    SAFAR_TRY(const CharterCompartment* compartment,
              writable_compartment(node_, *node_.charter(), kind));
    return fresh_record_id(compartment->name);
}

// The record as it stands, ready to be changed. Its kind must be known: what the schema does not
// understand can not be checked, and so not be written.
static Result<> check_known(const RecordView& view) {
    if (view.kind != nullptr) return success();
    return failure(ErrorCode::invalid_argument, "record " + show_id(view.folded.id) +
                                                    " is of kind " +
                                                    std::to_string(view.folded.kind) +
                                                    ", which the schema in force does not have");
}

Result<RecordChange> Registry::set(const SetCommand& command, const Actor& actor) {
    if (command.replace && command.why.empty()) return needs_reason("set with replace");
    std::lock_guard lock(stripe(command.record));
    SAFAR_TRY(auto view, show(command.record));
    SAFAR_TRY(check_known(view));
    SAFAR_TRY(auto assertions, parse_fields(*view.schema, *view.kind, command.fields));
    EventDraft draft =
        draft_for(view, command.replace ? "resolved" : "updated", command.why, actor);
    const std::string only = command.replace ? "" : node_.agency();
    for (auto at = assertions.begin(); at != assertions.end();) {
        const Field* field = view.kind->field(at->field);
        std::vector<Value> wanted;
        for (; at != assertions.end() && at->field == field->tag; ++at) wanted.push_back(at->value);
        change_field(*field, view.folded.field(field->tag), only, wanted, draft);
    }
    return write(view, std::move(draft));
}

Result<EventDraft> Registry::worked(const WorkCommand& command, const Actor& actor,
                                    const RecordView& view) const {
    EventDraft draft = draft_for(view, command.verb, command.why, actor);
    if (command.at) draft.body.at = *command.at;
    std::map<std::uint16_t, std::vector<Value>> own, decided; // by tag
    if (!command.fields.empty()) {
        SAFAR_TRY(auto assertions, parse_fields(*view.schema, *view.kind, command.fields));
        for (Assertion& each : assertions) own[each.field].push_back(std::move(each.value));
    }
    for (const FieldText& given : command.decided) {
        SAFAR_TRY(const Field* field, find_field(*view.kind, given.field));
        SAFAR_TRY(auto value, parse_value(*view.schema, *field, given.value));
        decided[field->tag].push_back(std::move(value));
    }
    for (auto& [tag, wanted] : own)
        change_field(*view.kind->field(tag), view.folded.field(tag), node_.agency(), wanted, draft);
    for (auto& [tag, wanted] : decided) {
        std::sort(wanted.begin(), wanted.end());
        const Field& field = *view.kind->field(tag);
        const std::size_t before = draft.body.assertions.size();
        change_field(field, view.folded.field(tag), "", wanted, draft);
        if (draft.body.assertions.size() > before ||
            std::ranges::count(command.anew, field.name) == 0)
            continue;
        for (const Value& value : wanted) draft.body.assertions.push_back({tag, value});
        replace(addressed(view.folded.field(tag), ""), draft);
    }
    std::sort(draft.body.assertions.begin(), draft.body.assertions.end());
    return draft;
}

Result<RecordChange> Registry::work(const WorkCommand& command, const Actor& actor,
                                    const std::function<Result<>(const RecordView&)>& check) {
    SAFAR_TRY(auto all, work_together({&command, 1}, actor, [&](std::span<const RecordView> views) {
                  return check(views.front());
              }));
    return all.front();
}

Result<std::vector<RecordChange>>
Registry::work_together(std::span<const WorkCommand> commands, const Actor& actor,
                        const std::function<Result<>(std::span<const RecordView>)>& check) {
    std::vector<RecordId> ids;
    for (const WorkCommand& each : commands) ids.push_back(each.record);
    const auto locks = lock_records(ids);
    std::vector<RecordView> views;
    for (const RecordId& id : ids) {
        SAFAR_TRY(auto view, show(id));
        SAFAR_TRY(check_known(view));
        views.push_back(std::move(view));
    }
    SAFAR_TRY(check(views));
    std::vector<Drafted> drafts;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        SAFAR_TRY(auto draft, worked(commands[i], actor, views[i]));
        drafts.push_back({&views[i], std::move(draft)});
    }
    return write_together(std::move(drafts));
}

Result<RecordChange> Registry::retract(const RetractCommand& command, const Actor& actor) {
    std::lock_guard lock(stripe(command.record));
    SAFAR_TRY(auto view, show(command.record));
    SAFAR_TRY(check_known(view));
    SAFAR_TRY(const Field* field, find_field(*view.kind, command.field));
    EventDraft draft = draft_for(view, "retracted", command.why, actor);
    const FoldedField* folded = view.folded.field(field->tag);
    replace(addressed(folded, node_.agency()), draft);
    if (draft.replaces.empty()) {
        std::string detail =
            "nothing that " + node_.agency() + " said stands in field '" + field->name + "'";
        if (folded != nullptr && !folded->live.empty())
            detail += "; " + folded->live.front().agency +
                      " said it: only they can retract it (to overrule them, resolve the field)";
        return failure(ErrorCode::invalid_argument, detail);
    }
    return write(view, std::move(draft));
}

Result<RecordChange> Registry::resolve(const ResolveCommand& command, const Actor& actor) {
    if (command.why.empty()) return needs_reason("a resolution");
    if ((command.pick == 0) == !command.value.has_value())
        return failure(
            ErrorCode::invalid_argument,
            "a resolution takes either pick (1, 2 ...: a live value) or value, not both");
    if (!command.dot.empty() && command.pick == 0)
        return failure(ErrorCode::invalid_argument, "dot names the value that pick takes");
    std::lock_guard lock(stripe(command.record));
    SAFAR_TRY(auto view, show(command.record));
    SAFAR_TRY(check_known(view));
    SAFAR_TRY(const Field* field, find_field(*view.kind, command.field));
    const FoldedField* folded = view.folded.field(field->tag);
    const std::size_t live = folded == nullptr ? 0 : folded->live.size();
    EventDraft draft = draft_for(view, "resolved", command.why, actor);
    if (command.pick > 0) {
        if (command.pick > live)
            return failure(ErrorCode::invalid_argument,
                           "field '" + field->name + "' has " + std::to_string(live) +
                               " live values; there is no number " + std::to_string(command.pick));
        // A value that has come since may have taken its place.
        if (!command.dot.empty() && command.dot != show_dot(folded->live[command.pick - 1].dot))
            return failure(ErrorCode::conflict,
                           "number " + std::to_string(command.pick) + " of field '" + field->name +
                               "' is another value by now; look again (explain) and pick anew");
        draft.body.assertions.push_back({field->tag, folded->live[command.pick - 1].value});
    } else {
        SAFAR_TRY(auto value, parse_value(*view.schema, *field, *command.value));
        draft.body.assertions.push_back({field->tag, std::move(value)});
    }
    // One value that everybody agrees on already: there is nothing to resolve.
    if (live == 1 && folded->live[0].value == draft.body.assertions[0].value)
        return RecordChange{command.record, node_.deriver().position(), 0};
    replace(addressed(folded, ""), draft);
    return write(view, std::move(draft));
}

} // namespace safar
