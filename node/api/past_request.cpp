#include "node/api/past_request.hpp"

#include "node/registry/iso_time.hpp"

namespace safar {

Result<std::optional<PastView>> past_of(ApiContext& context, const ApiRequest& request) {
    Past past;
    const auto read = [&](std::string_view name, std::optional<ClaimedTime>& out) -> Result<> {
        const std::string_view text = request.parameter(name);
        if (text.empty()) return success();
        auto time = parse_past(text);
        if (!time)
            return failure(ErrorCode::invalid_argument,
                           "parameter '" + std::string(name) + "': " + time.error().detail);
        out = time.value();
        return success();
    };
    SAFAR_TRY(read("as_of", past.as_of));
    SAFAR_TRY(read("as_known", past.as_known));
    if (!past.any()) return std::optional<PastView>{};
    SAFAR_TRY(auto view, PastView::at(context.registry.node(), past));
    return std::optional<PastView>{std::move(view)};
}

boost::json::object past_object(const ApiRequest& request, const PastView& past) {
    boost::json::object out;
    for (const char* name : {"as_of", "as_known"})
        if (const std::string_view text = request.parameter(name); !text.empty()) out[name] = text;
    if (past.known()) out["mark"] = show_time(past.known()->at);
    return out;
}

} // namespace safar
