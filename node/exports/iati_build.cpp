#include "node/exports/iati_build.hpp"

#include "node/exports/iati_slots.hpp"
#include "node/exports/record_export.hpp"
#include "node/registry/iso_time.hpp"
#include "storage/record/utf8.hpp"

#include <algorithm>
#include <pugixml.hpp>
#include <set>
#include <sstream>

namespace safar {
namespace {

using pugi::xml_node;

void set(xml_node node, const char* name, const std::string& value) {
    if (!value.empty()) node.append_attribute(name) = value.c_str();
}
xml_node add_text(xml_node parent, const char* name, const std::string& text) {
    xml_node out = parent.append_child(name);
    if (!text.empty()) out.append_child("narrative").text() = text.c_str();
    return out;
}
void add_code(xml_node parent, const char* name, const std::string& code) {
    if (!code.empty()) parent.append_child(name).append_attribute("code") = code.c_str();
}
void add_day(xml_node parent, const char* name, const std::string& day) {
    if (!day.empty()) parent.append_child(name).append_attribute("iso-date") = day.c_str();
}
void add_money(xml_node parent, const IatiMoney& money, const std::string& value_date) {
    xml_node value = parent.append_child("value");
    set(value, "currency", money.currency);
    set(value, "value-date", value_date);
    value.text() = money.amount.c_str();
}

// An organisation as people write it: an identifier, a name, or both.
void add_organisation(xml_node parent, const char* name, const std::string& text,
                      const std::string& type, const char* activity_attribute,
                      const std::string& activity) {
    if (text.empty()) return;
    const IatiOrganisation org = read_organisation(text);
    xml_node out = parent.append_child(name);
    set(out, activity_attribute, activity);
    set(out, "ref", org.ref);
    set(out, "type", type);
    if (!org.name.empty()) out.append_child("narrative").text() = org.name.c_str();
}

class Activity {
public:
    Activity(Node& node, const IatiMap& map, const IatiRequest& request, const Schema& schema,
             xml_node root)
        : node_(node), map_(map), request_(request), schema_(schema),
          xml_(root.append_child("iati-activity")) {}

    Result<> write(const IatiRow& programme) {
        slots_.emplace(schema_, map_.activity, programme, request_.shows, nullptr);
        head();
        people_and_dates();
        classification();
        SAFAR_TRY(parts(map_.budgets, programme,
                        [&](const IatiPart& part, const IatiRow& row) { budget(part, row); }));
        SAFAR_TRY(parts(map_.transactions, programme,
                        [&](const IatiPart& part, const IatiRow& row) { transaction(part, row); }));
        return results(programme);
    }

private:
    using Take = std::function<void(const IatiPart&, const IatiRow&)>;

    [[nodiscard]] std::string text(const char* slot) const { return slots_->text(slot); }
    [[nodiscard]] IatiReader reader(const IatiPart& part, const IatiRow& row) const {
        return IatiReader(schema_, part.slots, row, request_.shows, &*slots_);
    }

    void head() {
        set(xml_, "xml:lang", text("language"));
        set(xml_, "default-currency", text("currency"));
        if (text("humanitarian") == "yes") set(xml_, "humanitarian", "1");
        set(xml_, "last-updated-datetime",
            show_time({request_.now.microseconds / 1'000'000 * 1'000'000}));
        xml_.append_child("iati-identifier").text() = text("identifier").c_str();
        xml_node org = add_text(xml_, "reporting-org", text("reporting_org_name"));
        set(org, "ref", text("reporting_org"));
        set(org, "type", text("reporting_org_type"));
        add_text(xml_, "title", text("title"));
        add_text(xml_, "description", text("description"));
    }

    void people_and_dates() {
        // 'role id name': the role is a digit of OrganisationRole, the id may be missing.
        for (const std::string& one : slots_->texts("participating_orgs")) {
            const std::size_t blank = std::min(one.find(' '), one.size());
            const IatiOrganisation org =
                read_organisation(one.substr(std::min(blank + 1, one.size())));
            xml_node out = xml_.append_child("participating-org");
            set(out, "ref", org.ref);
            set(out, "role", one.substr(0, blank));
            if (!org.name.empty()) out.append_child("narrative").text() = org.name.c_str();
        }
        add_code(xml_, "activity-status", text("status"));
        for (const IatiPart& part : map_.dates) {
            const IatiReader date = reader(part, slots_->row());
            const std::string type = date.text("type");
            const std::string day = date.day("date", /*end=*/type == "3" || type == "4");
            if (day.empty()) continue;
            xml_node out = xml_.append_child("activity-date");
            set(out, "iso-date", day);
            set(out, "type", type);
        }
    }

    void classification() {
        const auto shares = [&](const char* name, const char* slot, const char* share_slot) {
            const bool country = std::string_view(name) == "recipient-country";
            std::map<std::string, std::string> share; // "15190 60"
            for (const std::string& one : slots_->texts(share_slot))
                if (std::size_t blank = one.rfind(' '); blank != std::string::npos)
                    share[one.substr(0, blank)] = one.substr(blank + 1);
            for (const std::string& code : slots_->texts(slot)) {
                xml_node out = xml_.append_child(name);
                set(out, "code", country ? slots_->country(slot, code) : code);
                if (auto at = share.find(code); at != share.end())
                    set(out, "percentage", at->second);
                if (!country) set(out, "vocabulary", "1");
            }
        };
        shares("recipient-country", "recipient_country", "country_shares");
        shares("recipient-region", "recipient_region", "country_shares");
        shares("sector", "sector", "sector_shares");
        for (const IatiPart& part : map_.tags) {
            const IatiReader tag = reader(part, slots_->row());
            for (const std::string& code : tag.texts("code")) {
                xml_node out = add_text(xml_, "tag", tag.label("code", code));
                set(out, "code", code);
                set(out, "vocabulary", tag.text("vocabulary"));
                set(out, "vocabulary-uri", tag.text("vocabulary_uri"));
            }
        }
        for (const IatiPart& part : map_.markers) marker(reader(part, slots_->row()));
        for (const std::string& one :
             slots_->texts("policy_markers")) { // 'vocabulary code significance'
            std::istringstream words(one);
            std::string vocabulary, code, significance;
            words >> vocabulary >> code >> significance;
            xml_node out = xml_.append_child("policy-marker");
            set(out, "vocabulary", vocabulary);
            set(out, "code", code);
            set(out, "significance", significance);
        }
        add_code(xml_, "collaboration-type", text("collaboration_type"));
        add_code(xml_, "default-flow-type", text("flow_type"));
        add_code(xml_, "default-finance-type", text("finance_type"));
        add_code(xml_, "default-aid-type", text("aid_type"));
        add_code(xml_, "default-tied-status", text("tied_status"));
    }

    // Scores are the fund's own; IATI's significance is a digit, so a score goes into the words.
    void marker(const IatiReader& marker) {
        const std::string score = marker.text("significance");
        if (score.empty()) return;
        const bool digit = score.size() == 1 && score[0] >= '0' && score[0] <= '4';
        xml_node out =
            add_text(xml_, "policy-marker",
                     digit ? marker.text("narrative")
                           : marker.text("narrative") + ": " + marker.label("significance", score));
        set(out, "vocabulary", digit ? marker.text("vocabulary") : "99");
        set(out, "code", marker.text("code"));
        if (digit) set(out, "significance", score);
    }

    void budget(const IatiPart& part, const IatiRow& row) {
        const IatiReader budget = reader(part, row);
        for (const IatiMoney& money : budget.money("value")) {
            xml_node out = xml_.append_child("budget");
            set(out, "type", budget.text("type"));
            set(out, "status", budget.digit("status"));
            const std::string start = budget.day("start", false);
            add_day(out, "period-start", start);
            add_day(out, "period-end", budget.day("end", true));
            const std::string valued = budget.day("value_date", false);
            add_money(out, money, valued.empty() ? start : valued);
        }
    }

    void transaction(const IatiPart& part, const IatiRow& row) {
        const IatiReader from = reader(part, row);
        const std::string date = from.day("date", false);
        const std::string valued = from.day("value_date", false);
        std::vector<IatiMoney> postings = from.money("value");
        for (IatiMoney& money : postings) {
            if (part.negate)
                money.amount =
                    money.amount.starts_with('-') ? money.amount.substr(1) : "-" + money.amount;
            xml_node out = xml_.append_child("transaction");
            set(out, "ref", from.text("ref"));
            add_code(out, "transaction-type", from.text("type"));
            add_day(out, "transaction-date", date);
            add_money(out, money, valued.empty() ? date : valued);
            if (const std::string words = from.text("description"); !words.empty())
                add_text(out, "description", words);
            add_organisation(out, "provider-org", from.text("provider"), from.text("provider_type"),
                             "provider-activity-id", from.text("provider_activity"));
            add_organisation(out, "receiver-org", from.text("receiver"), from.text("receiver_type"),
                             "receiver-activity-id", from.text("receiver_activity"));
            add_code(out, "disbursement-channel", from.text("channel"));
            // At the activity or at every transaction, never at both.
            if (slots_->texts("sector").empty())
                for (const std::string& code : from.texts("sector")) add_code(out, "sector", code);
            if (slots_->texts("recipient_country").empty())
                for (const std::string& code : from.texts("recipient_country"))
                    add_code(out, "recipient-country", from.country("recipient_country", code));
            add_code(out, "flow-type", from.text("flow_type"));
            add_code(out, "finance-type", from.text("finance_type"));
            add_code(out, "aid-type", from.text("aid_type"));
            add_code(out, "tied-status", from.text("tied_status"));
        }
    }

    xml_node result(const std::string& type, const std::string& title,
                    const std::string& description) {
        xml_node out = xml_.append_child("result");
        set(out, "type", type);
        add_text(out, "title", title);
        if (!description.empty()) add_text(out, "description", description);
        return out;
    }

    void indicator(xml_node parent, const IatiReader& from) {
        xml_node out = parent.append_child("indicator");
        set(out, "measure", from.text("measure"));
        add_text(out, "title", from.text("title"));
        if (const std::string words = from.text("description"); !words.empty())
            add_text(out, "description", words);
        if (const std::string year = from.text("baseline_year"); !year.empty()) {
            xml_node baseline = out.append_child("baseline");
            set(baseline, "year", year.substr(0, 4));
            set(baseline, "value", from.text("baseline"));
        }
        const std::string target = from.text("target"), actual = from.text("actual");
        if (target.empty() && actual.empty()) return;
        xml_node period = out.append_child("period");
        add_day(period, "period-start", from.day("start", false));
        add_day(period, "period-end", from.day("end", true));
        if (!target.empty()) set(period.append_child("target"), "value", target);
        if (!actual.empty()) set(period.append_child("actual"), "value", actual);
    }

    // Indicators hang on results, or on the programme itself and then each is a result of its own.
    Result<> results(const IatiRow& programme) {
        std::vector<std::pair<RecordId, xml_node>> made;
        SAFAR_TRY(parts(map_.results, programme, [&](const IatiPart& part, const IatiRow& row) {
            const IatiReader from = reader(part, row);
            made.emplace_back(row.folded.id, result(from.text("type"), from.text("title"),
                                                    from.text("description")));
        }));
        for (const IatiPart& part : map_.indicators) {
            const Field* of =
                schema_.kind(std::string_view(part.kind))->field(std::string_view(part.of));
            if (of->to_kind == map_.kind) {
                SAFAR_TRY(
                    children(part, programme.folded.id, [&](const IatiPart&, const IatiRow& row) {
                        const IatiReader from = reader(part, row);
                        indicator(result(from.text("result_type"), from.text("result_title"), ""),
                                  from);
                    }));
                continue;
            }
            for (auto& [id, node] : made) {
                SAFAR_TRY(children(part, id, [&](const IatiPart&, const IatiRow& row) {
                    indicator(node, reader(part, row));
                }));
            }
        }
        return success();
    }

    Result<> parts(const std::vector<IatiPart>& list, const IatiRow& programme, const Take& take) {
        bool any = false;
        const Take counted = [&](const IatiPart& part, const IatiRow& row) {
            any = true;
            take(part, row);
        };
        for (const IatiPart& part : list) {
            if (part.otherwise && any) continue;
            if (part.of.empty()) {
                counted(part, programme);
                continue;
            }
            SAFAR_TRY(children(part, programme.folded.id, counted));
        }
        return success();
    }

    // Records that refer to `to`, by their dates and then their ids, so that a file differs only
    // where they do.
    Result<> children(const IatiPart& part, const RecordId& to, const Take& take) {
        // A kind that no compartment of the network holds has no records.
        const auto charter = node_.charter();
        const CharterCompartment* compartment = charter->compartment_of_kind(part.kind);
        if (compartment == nullptr) return success();
        StatisticsQuery query;
        query.kind = part.kind;
        query.where = {{part.of, {show_id(to)}}};
        for (const auto& [field, texts] : part.only) query.where.push_back({field, texts});
        SAFAR_TRY(request_.enter(compartment->name));
        SAFAR_TRY(request_.ask_about(*schema_.kind(std::string_view(part.kind)), query,
                                     compartment->name));
        SAFAR_TRY(auto found, RecordExport::open(node_, query));
        std::vector<IatiRow> rows;
        for (;;) {
            SAFAR_TRY(auto some, found.next());
            if (some.empty()) break;
            for (Folded& one : some)
                rows.push_back({&found.kind(), found.compartment(), std::move(one)});
        }
        const auto day = [&](const IatiRow& row) {
            const IatiReader from = reader(part, row);
            return from.day("date", false) + from.day("start", false);
        };
        std::sort(rows.begin(), rows.end(), [&](const IatiRow& a, const IatiRow& b) {
            return std::tuple(day(a), a.folded.id) < std::tuple(day(b), b.folded.id);
        });
        for (const IatiRow& row : rows) take(part, row);
        return success();
    }

    Node& node_;
    const IatiMap& map_;
    const IatiRequest& request_;
    const Schema& schema_;
    xml_node xml_;
    std::optional<IatiReader> slots_; // of the programme
};

Result<std::vector<IatiRow>> programmes(Node& node, const IatiMap& map, const IatiRequest& request,
                                        const Schema& schema) {
    StatisticsQuery query;
    query.kind = map.kind;
    SAFAR_TRY(auto all, RecordExport::open(node, query));
    SAFAR_TRY(request.enter(all.compartment()));
    std::vector<IatiRow> out;
    std::set<RecordId> asked;
    for (const RecordId& id : request.programmes) {
        if (!asked.insert(id).second) continue; // two activities with one identifier
        SAFAR_TRY(auto folded, node.derived().record(id));
        if (folded.kind != all.kind().tag) {
            const Kind* kind = schema.kind(folded.kind);
            return failure(ErrorCode::invalid_argument,
                           "record " + show_id(id) + " is a " +
                               (kind == nullptr ? "record of a kind unknown here" : kind->name) +
                               ", not a " + map.kind);
        }
        out.push_back({&all.kind(), all.compartment(), std::move(folded)});
    }
    while (request.programmes.empty()) {
        SAFAR_TRY(auto some, all.next());
        if (some.empty()) break;
        for (Folded& one : some) out.push_back({&all.kind(), all.compartment(), std::move(one)});
    }
    return out;
}

// XML 1.0 has no control characters and no U+FFFE or U+FFFF, not even as references: a peer's text
// may hold them, and no reader takes such a file.
std::string xml_text(std::string text) {
    text = as_utf8(std::move(text));
    const auto forbidden = [&](std::size_t at) -> std::size_t {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20) return byte == '\t' || byte == '\n' || byte == '\r' ? 0 : 1;
        const std::string_view rest = std::string_view(text).substr(at);
        return rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf") ? 3 : 0;
    };
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t bytes = forbidden(at);
        out += bytes == 0 ? std::string_view(text).substr(at, 1) : "\xef\xbf\xbd";
        at += std::max<std::size_t>(bytes, 1);
    }
    return out;
}
void keep_to_xml(xml_node node) {
    for (pugi::xml_attribute attribute : node.attributes())
        attribute.set_value(xml_text(attribute.value()).c_str());
    for (xml_node child : node.children()) {
        if (child.type() == pugi::node_pcdata) child.set_value(xml_text(child.value()).c_str());
        keep_to_xml(child);
    }
}

} // namespace

Result<std::string> build_iati(Node& node, const IatiMap& map, const IatiRequest& request) {
    SAFAR_TRY(node.await_own_writes());
    const auto schema = node.derived().schema();
    SAFAR_TRY(auto rows, programmes(node, map, request, *schema));
    pugi::xml_document document;
    xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    xml_node root = document.append_child("iati-activities");
    root.append_attribute("version") = "2.03";
    set(root, "generated-datetime", show_time({request.now.microseconds / 1'000'000 * 1'000'000}));
    for (const IatiRow& row : rows) {
        SAFAR_TRY(Activity(node, map, request, *schema, root).write(row));
    }
    keep_to_xml(root);
    std::ostringstream out;
    document.save(out, "  ", pugi::format_indent, pugi::encoding_utf8);
    return out.str();
}

} // namespace safar
