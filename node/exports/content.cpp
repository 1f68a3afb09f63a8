#include "node/exports/content.hpp"

#include <algorithm>

namespace safar {
namespace {

void add_text(Hasher& hasher, std::string_view text) {
    Bytes sized;
    ByteWriter(sized).sized(as_bytes(text));
    hasher.add(sized);
}

void add_head(Hasher& hasher, const Kind& kind, const Folded& record) {
    hasher.add(record.id.view());
    add_text(hasher, kind.name);
}

} // namespace

std::vector<std::string> reading_texts(const Field& field, const FoldedField& folded) {
    std::vector<std::string> out;
    for (const Value& value : folded.reading) {
        std::string text = show_value(value);
        if (field.rule == Rule::each && std::find(out.begin(), out.end(), text) != out.end())
            continue;
        out.push_back(std::move(text));
    }
    return out;
}

void ContentDigest::add(const Kind& kind, std::span<const Field* const> fields,
                        const Folded& record) {
    Hasher content("content record"), said("content record said");
    add_head(content, kind, record);
    add_head(said, kind, record);
    for (const Field* field : fields) {
        const FoldedField* folded = record.field(field->tag);
        if (folded == nullptr || folded->reading.empty()) continue;
        std::vector<std::string> texts = reading_texts(*field, *folded);
        std::sort(texts.begin(), texts.end()); // which agency is preferred is not content
        add_text(content, field->name);
        add_text(content, std::to_string(texts.size()));
        for (const std::string& text : texts) add_text(content, text);

        std::vector<std::pair<std::string, std::string>> live;
        for (const Said& one : folded->live)
            // Whoever says a state that the one read has left behind says nothing of it any more.
            if (field->rule != Rule::status || show_value(one.value) == texts.front())
                live.emplace_back(one.agency, show_value(one.value));
        std::sort(live.begin(), live.end());
        if (field->rule != Rule::ledger)
            live.erase(std::unique(live.begin(), live.end()), live.end());
        add_text(said, field->name);
        add_text(said, std::to_string(live.size()));
        for (const auto& [agency, text] : live) {
            add_text(said, agency);
            add_text(said, text);
        }
    }
    content_.push_back(content.finish());
    said_.push_back(said.finish());
}

Hash ContentDigest::over(std::vector<Hash>& records, std::string_view purpose) {
    std::sort(records.begin(), records.end());
    Hasher hasher(purpose);
    for (const Hash& record : records) hasher.add(record.view());
    return hasher.finish();
}

} // namespace safar
