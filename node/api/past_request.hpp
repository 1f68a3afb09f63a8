// as_of and as_known of a request.
#pragma once

#include "node/api/json.hpp"
#include "node/exports/past.hpp"

namespace safar {

// nullopt: the request is about now. Errors: invalid_argument, storage_*.
[[nodiscard]] Result<std::optional<PastView>> past_of(ApiContext& context,
                                                      const ApiRequest& request);
// {as_of?, as_known?, mark?}: what was asked, and the time of the mark that tells what was known.
[[nodiscard]] boost::json::object past_object(const ApiRequest& request, const PastView& past);

} // namespace safar
