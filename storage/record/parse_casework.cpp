#include "storage/record/parse_casework.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

using Table = StrictTable;

// What a field must be for the use that is made of it.
enum class Use { any, own, date, reference, codes, text, each, status };

std::string_view wanted(Use use) {
    switch (use) {
    case Use::own: return "a reference field to this kind";
    case Use::date: return "a date field";
    case Use::reference: return "a reference field";
    case Use::codes: return "a code field";
    case Use::text: return "a text field";
    case Use::each: return "a field with rule = \"each\"";
    case Use::status: return "a field with rule = \"status\"";
    case Use::any: break;
    }
    return "a field";
}

bool fits(const Field& field, Use use) {
    switch (use) {
    case Use::own: return field.type == FieldType::reference;
    case Use::date: return field.type == FieldType::date;
    case Use::reference: return field.type == FieldType::reference;
    case Use::codes: return field.type == FieldType::code;
    case Use::text: return field.type == FieldType::text;
    case Use::each: return field.rule == Rule::each;
    case Use::status: return field.rule == Rule::status;
    case Use::any: break;
    }
    return true;
}

constexpr std::string_view no_workflow = "needs a [workflow] that names the status field";

// Reads the sections one after the other; each check keeps the table's first error.
class CaseworkReader {
public:
    explicit CaseworkReader(Kind& kind) : kind_(kind) {}

    Result<> read(Table& document) {
        if (auto table = document.table("workflow")) {
            SAFAR_TRY(read_workflow(*table));
        }
        std::vector<Table> steps = document.tables("step"), tasks = document.tables("task");
        auto create = document.table("create");
        if (!lattice_ && (create || !steps.empty() || !tasks.empty()))
            return document.error(create ? "create" : steps.empty() ? "task" : "step", no_workflow);
        if (create) {
            SAFAR_TRY(read_create(*create));
        }
        for (Table& table : steps) {
            SAFAR_TRY(read_step(table));
        }
        for (Table& table : tasks) {
            SAFAR_TRY(read_task(table));
        }
        if (auto table = document.table("consent")) {
            SAFAR_TRY(read_consent(*table));
        }
        if (auto table = document.table("disclosure")) {
            SAFAR_TRY(read_disclosure(*table));
        }
        if (auto table = document.table("protected")) {
            SAFAR_TRY(read_protected(*table));
        }
        if (auto table = document.table("similar")) {
            kind_.casework.similar = table->texts("fields");
            for (const std::string& name : kind_.casework.similar)
                check_field(*table, "fields", name, Use::any);
            SAFAR_TRY(table->finish());
        }
        if (auto table = document.table("never")) {
            kind_.casework.never = field(*table, "recipients", Use::codes);
            SAFAR_TRY(table->finish());
        }
        if (auto table = document.table("link")) {
            kind_.casework.link =
                LinkKind{field(*table, "a", Use::reference), field(*table, "b", Use::reference),
                         field(*table, "verdict", Use::codes)};
            SAFAR_TRY(table->finish());
        }
        return success();
    }

private:
    void check_field(Table& table, std::string_view key, std::string_view name, Use use) {
        const Field* found = kind_.field(name);
        if (found == nullptr)
            table.refuse(key, quoted(name) + " is no field of kind " + quoted(kind_.name));
        else if (!fits(*found, use) || (use == Use::own && found->to_kind != kind_.name))
            table.refuse(key, quoted(name) + " is not " + std::string(wanted(use)));
    }
    std::string field(Table& table, std::string_view key, Use use) {
        std::string name = table.text(key);
        if (!name.empty()) check_field(table, key, name, use);
        return name;
    }
    std::string optional_field(Table& table, std::string_view key, Use use) {
        return table.has(key) ? field(table, key, use) : std::string();
    }
    // "author", "owner" or a code field.
    std::string party(Table& table, std::string_view key, bool required) {
        if (!required && !table.has(key)) return {};
        std::string name = table.text(key);
        if (name == "author") return name;
        if (name == "owner" && !kind_.casework.workflow->owner.empty()) return name;
        if (!name.empty()) check_field(table, key, name, Use::codes);
        return name;
    }
    void check_state(Table& table, std::string_view key, const std::string& state) {
        if (std::ranges::find(lattice_->order, state) == lattice_->order.end())
            table.refuse(key, quoted(state) + " is no state of field " +
                                  quoted(kind_.casework.workflow->status));
    }
    std::vector<std::string> states(Table& table, std::string_view key) {
        std::vector<std::string> out = table.texts(key);
        if (out.empty()) table.refuse(key, "is missing; list states");
        for (const std::string& state : out) check_state(table, key, state);
        return out;
    }

    Result<> read_workflow(Table& table) {
        Workflow flow;
        flow.status = field(table, "status", Use::status);
        flow.owner = optional_field(table, "owner", Use::codes);
        flow.number = optional_field(table, "number", Use::text);
        flow.subject = optional_field(table, "subject", Use::reference);
        flow.title = optional_field(table, "title", Use::any);
        SAFAR_TRY(table.finish());
        lattice_ = &kind_.field(std::string_view(flow.status))->lattice;
        kind_.casework.workflow = std::move(flow);
        return success();
    }

    Result<> read_step(Table& table) {
        WorkStep step;
        step.name = table.text("name");
        step.title = table.text("title", step.name);
        if (kind_.casework.step(step.name) != nullptr)
            table.refuse("name", quoted(step.name) + " is used twice");
        step.from = states(table, "from");
        if (auto again = table.table("again")) {
            SAFAR_TRY(read_again(*again, step));
        } else {
            step.to = table.text("to");
            check_state(table, "to", step.to);
        }
        for (const std::string& from : step.from)
            if (!step.again && std::ranges::none_of(lattice_->steps, [&](const auto& s) {
                    return s.from == from && s.to == step.to;
                }))
                table.refuse("from",
                             quoted(from) + " to " + quoted(step.to) + " is no step of field " +
                                 quoted(kind_.casework.workflow->status) + "; add it there");
        if (auto gives = table.table("gives")) {
            SAFAR_TRY(read_gives(*gives, step));
        }
        step.by = party(table, "by", /*required=*/false);
        SAFAR_TRY(read_conditions(table, step));
        kind_.casework.steps.push_back(std::move(step));
        return success();
    }

    // A new record of the kind: it begins where every record does.
    Result<> read_again(Table& table, WorkStep& step) {
        WorkStep::Episode again;
        again.former = field(table, "former", Use::own);
        again.carries = table.texts("carries");
        for (const std::string& name : again.carries) check_field(table, "carries", name, Use::any);
        if (std::ranges::count(again.carries, kind_.casework.workflow->status) > 0)
            table.refuse("carries",
                         "the new record begins in the initial state; leave the status out");
        step.to = lattice_->initial;
        step.again = std::move(again);
        return table.finish();
    }

    Result<> read_gives(Table& table, WorkStep& step) {
        WorkStep::Gift gives;
        gives.records = table.texts("records");
        if (gives.records.empty()) table.refuse("records", "is missing; list reference fields");
        for (const std::string& name : gives.records)
            check_field(table, "records", name, Use::reference);
        gives.from = field(table, "from", Use::codes);
        gives.to = field(table, "to", Use::codes);
        if (auto only = table.table("only")) {
            gives.only = only->entries();
            for (const auto& [name, value] : gives.only) check_field(*only, name, name, Use::any);
            SAFAR_TRY(only->finish());
        }
        gives.holds = table.flag("holds", false);
        step.gives = std::move(gives);
        return table.finish();
    }

    Result<> read_create(Table& table) {
        WorkStep step;
        step.name = "create";
        step.to = lattice_->initial;
        SAFAR_TRY(read_conditions(table, step));
        kind_.casework.create = std::move(step);
        return success();
    }

    // What a step asks for and does, whatever it leads to.
    Result<> read_conditions(Table& table, WorkStep& step) {
        step.roles = table.texts("roles");
        step.needs = table.texts("needs");
        for (const std::string& name : step.needs) check_field(table, "needs", name, Use::any);
        if (auto sets = table.table("sets")) {
            SAFAR_TRY(read_sets(*sets, step));
        }
        if (auto due = table.table("due")) {
            step.due =
                WorkStep::Due{field(*due, "field", Use::date), due->integer("days", 0, 36500)};
            SAFAR_TRY(due->finish());
        }
        if (auto gate = table.table("consent")) {
            step.consent = ConsentGate{
                gate->text("purpose"), field(*gate, "subject", Use::reference),
                field(*gate, "recipient", Use::codes), optional_field(*gate, "groups", Use::codes),
                optional_field(*gate, "override", Use::text)};
            SAFAR_TRY(gate->finish());
        }
        return table.finish();
    }

    Result<> read_sets(Table& table, WorkStep& step) {
        for (auto& [name, value] : table.entries()) {
            check_field(table, name, name, Use::any);
            if (value.starts_with('@') && value != "@agency" && value != "@today")
                check_field(table, name, std::string_view(value).substr(1), Use::any);
            if (name == kind_.casework.workflow->status)
                table.refuse(name, "is what `to` says; leave it out");
            step.sets.emplace_back(std::move(name), std::move(value));
        }
        return table.finish();
    }

    Result<> read_task(Table& table) {
        WorkTask task;
        task.title = table.text("title");
        task.when = states(table, "when");
        task.for_whom = party(table, "for", /*required=*/true);
        task.due = optional_field(table, "due", Use::date);
        task.step = table.text("step", "");
        if (!task.step.empty() && kind_.casework.step(task.step) == nullptr)
            table.refuse("step", quoted(task.step) + " is no [[step]] of this kind");
        task.roles = table.texts("roles");
        task.unless = optional_field(table, "unless", Use::each);
        task.overdue_only = table.flag("overdue_only", false);
        if (task.overdue_only && task.due.empty()) table.refuse("overdue_only", "needs `due`");
        SAFAR_TRY(table.finish());
        kind_.casework.tasks.push_back(std::move(task));
        return success();
    }

    Result<> read_consent(Table& table) {
        ConsentKind consent;
        consent.subject = field(table, "subject", Use::reference);
        consent.purposes = field(table, "purposes", Use::codes);
        consent.recipients = field(table, "recipients", Use::codes);
        consent.groups = field(table, "groups", Use::codes);
        consent.until = field(table, "until", Use::date);
        if (lattice_ == nullptr) return table.error("given", no_workflow);
        consent.given = states(table, "given");
        SAFAR_TRY(table.finish());
        kind_.casework.consent = std::move(consent);
        return success();
    }

    Result<> read_protected(Table& table) {
        ProtectedKind out;
        out.subjects = table.texts("subjects");
        for (const std::string& name : out.subjects)
            if (name != ProtectedKind::self) check_field(table, "subjects", name, Use::reference);
        for (const std::string& text : table.texts("named_in")) {
            const std::size_t dot = text.find('.');
            if (dot == std::string::npos)
                table.refuse("named_in", quoted(text) + " is not written KIND.FIELD");
            else
                out.named_in.push_back({text.substr(0, dot), text.substr(dot + 1)});
        }
        if (out.subjects.empty() && out.named_in.empty())
            table.refuse("subjects", "is missing; list reference fields, or \"self\"");
        kind_.casework.guarded = std::move(out);
        return table.finish();
    }

    Result<> read_disclosure(Table& table) {
        kind_.casework.disclosure =
            DisclosureKind{field(table, "of", Use::reference), field(table, "record", Use::text),
                           field(table, "kind", Use::text),    field(table, "field", Use::text),
                           field(table, "value", Use::text),   field(table, "said_by", Use::text),
                           field(table, "said_at", Use::date), field(table, "dot", Use::text)};
        return table.finish();
    }

    Kind& kind_;
    const Lattice* lattice_ = nullptr; // of the workflow's status field
};

} // namespace

Result<> read_casework(StrictTable& document, Kind& kind) {
    return CaseworkReader(kind).read(document);
}

Result<> check_casework(const Schema& schema) {
    const auto invalid = [](const Kind& kind, const std::string& what) {
        return failure(ErrorCode::invalid_argument, "kind " + quoted(kind.name) + ": " + what);
    };
    for (const Kind& kind : schema.kinds) {
        for (const WorkStep& step : kind.casework.steps) {
            if (!step.gives) continue;
            for (const std::string& name : step.gives->records) {
                const Kind* to =
                    schema.kind(std::string_view(kind.field(std::string_view(name))->to_kind));
                if (!to->casework.workflow || to->casework.workflow->owner.empty())
                    return invalid(kind, "step " + quoted(step.name) + ": gives: a " + to->name +
                                             " has no owner in its [workflow]; leave " +
                                             quoted(name) + " out");
            }
        }
        if (!kind.casework.guarded) continue;
        for (const auto& [name, field] : kind.casework.guarded->named_in) {
            const Kind* by = schema.kind(std::string_view(name));
            const Field* found = by == nullptr ? nullptr : by->field(std::string_view(field));
            if (found == nullptr || found->to_kind != kind.name)
                return invalid(kind, "protected: named_in: " + quoted(name + "." + field) +
                                         " is no reference field to this kind");
        }
    }
    return success();
}

} // namespace safar
