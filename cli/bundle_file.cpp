#include "cli/bundle_file.hpp"

#include "cli/table.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace safar::cli {

namespace json = boost::json;

namespace {

std::int64_t shown_number(std::uint64_t number) { return static_cast<std::int64_t>(number); }

BundleContents::LogPart total(const BundleContents& contents) {
    BundleContents::LogPart all;
    for (const auto& compartment : contents.compartments) {
        const auto sum = compartment.sum();
        all.stated += sum.stated;
        all.batches += sum.batches;
        all.events += sum.events;
    }
    return all;
}

} // namespace

Result<> learn_charter(std::optional<CharterState>& state, const NetworkId& network,
                       const wire::CharterDocument& document) {
    const std::string_view text = as_text(document.document);
    if (state) {
        SAFAR_TRY(state->take_epoch(text));
        return success();
    }
    SAFAR_TRY(auto first, parse_charter(text));
    if (first.identity.raw != network.raw)
        return failure(ErrorCode::wrong_network,
                       "its first charter is not that of network " + network.brief());
    SAFAR_TRY(state, CharterState::begin(
                         {std::make_shared<const Charter>(std::move(first)), std::string(text)}));
    return success();
}

void BundleWatch::take(ByteView piece) {
    while (!broken_ && !piece.empty()) {
        auto part = reader_.next(piece);
        if (!part) {
            broken_ = part.error();
        } else if (part.value()) {
            learn(*part.value());
            contents_.add(*part.value());
        }
    }
}

// The charter in the bundle names the logs. What does not hold by itself is passed over here; a
// node that applies the bundle says why, and `bundle verify` does.
void BundleWatch::learn(const BundlePart& part) {
    if (const auto* document = std::get_if<wire::CharterDocument>(&part)) {
        static_cast<void>(learn_charter(state_, contents_.hello->network, *document));
    } else if (const auto* frame = std::get_if<wire::NoticeFrame>(&part);
               frame != nullptr && state_) {
        if (auto notice = parse_notice(frame->notice))
            static_cast<void>(state_->take_notice(notice.value()));
    } else if (std::holds_alternative<BundleFrontier>(part) && state_ && !authority_) {
        authority_ = state_->authority();
    }
}

std::string BundleWatch::problem() const {
    if (whole()) return "";
    if (broken_) return describe(*broken_);
    if (!contents_.given_up.empty()) return "its maker could not finish it: " + contents_.given_up;
    return reader_.where();
}

std::string BundleWatch::agency_of(const LogName& log) const {
    const LogOwner* owner = authority_ ? authority_->owner(log.id) : nullptr;
    return owner == nullptr ? "" : owner->agency;
}

std::string BundleWatch::maker() const {
    if (!contents_.hello) return "nobody";
    const CharterNode* node =
        state_ ? state_->ruling().charter->node(contents_.hello->node) : nullptr;
    return fmt::format("{} (node {})",
                       node == nullptr ? "a node that its charter does not list" : node->agency,
                       contents_.hello->node.brief());
}

std::string BundleWatch::summary() const {
    std::string epochs;
    for (std::uint64_t epoch : contents_.epochs)
        epochs += (epochs.empty() ? "" : ", ") + std::to_string(epoch);
    const auto all = total(contents_);
    return fmt::format(
        "epochs {}; notices {}; {} batches with {} events of {} compartments; {} bytes", epochs,
        contents_.notices, grouped(shown_number(all.batches)), grouped(shown_number(all.events)),
        contents_.compartments.size(), grouped(shown_number(reader_.bytes())));
}

std::string BundleWatch::logs() const {
    Table table({{"compartment"},
                 {"agency"},
                 {"log"},
                 {"held there", Align::right},
                 {"first", Align::right},
                 {"last", Align::right},
                 {"batches", Align::right},
                 {"events", Align::right},
                 {"state"}});
    const auto number = [](std::uint64_t n) { return grouped(shown_number(n)); };
    for (const auto& compartment : contents_.compartments) {
        if (compartment.logs.empty()) table.row({compartment.name, "", "", "0"});
        for (const auto& [name, log] : compartment.logs)
            table.row({compartment.name, agency_of(name), name.incarnation.brief(),
                       number(log.stated), log.batches == 0 ? "" : number(log.first),
                       log.batches == 0 ? "" : number(log.last), number(log.batches),
                       number(log.events), log.forked ? "forked" : ""});
    }
    return table.empty() ? "" : table.render();
}

json::object BundleWatch::json() const {
    json::array epochs, compartments;
    for (std::uint64_t epoch : contents_.epochs) epochs.push_back(epoch);
    for (const auto& compartment : contents_.compartments) {
        json::array logs;
        for (const auto& [name, log] : compartment.logs)
            logs.push_back(json::object{{"agency", agency_of(name)},
                                        {"log", name.id.hex()},
                                        {"incarnation", name.incarnation.hex()},
                                        {"stated", log.stated},
                                        {"forked", log.forked},
                                        {"first", log.first},
                                        {"last", log.last},
                                        {"batches", log.batches},
                                        {"events", log.events},
                                        {"bytes", log.bytes}});
        const auto sum = compartment.sum();
        compartments.push_back(json::object{{"name", compartment.name},
                                            {"logs", std::move(logs)},
                                            {"batches", sum.batches},
                                            {"events", sum.events}});
    }
    const wire::Hello hello = contents_.hello.value_or(wire::Hello{});
    const CharterNode* node = state_ ? state_->ruling().charter->node(hello.node) : nullptr;
    return {{"from", json::object{{"agency", node == nullptr ? "" : node->agency},
                                  {"node", hello.node.hex()}}},
            {"network", hello.network.hex()},
            {"network_name", state_ ? state_->ruling().charter->network_name : ""},
            {"epoch", hello.epoch},
            {"epochs", std::move(epochs)},
            {"notices", contents_.notices},
            {"compartments", std::move(compartments)},
            {"bytes", reader_.bytes()},
            {"whole", whole()},
            {"problem", problem()}};
}

} // namespace safar::cli
