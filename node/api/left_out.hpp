// Answers for somebody else (parameter `for`): what of them leaves, and what was left out.
#pragma once

#include "node/api/api.hpp"
#include "node/casework/passing_on.hpp"

#include <boost/json/object.hpp>

namespace safar::handlers {

// Null: the answer is for the agency itself. Going on without consent is in the access log before
// this returns. Errors: invalid_argument (no such purpose), not_permitted (without_consent needs a
// role), those of the log.
[[nodiscard]] Result<std::unique_ptr<PassingOn>> open_passing_on(ApiContext& context,
                                                                 ApiRequest& request);

// {for, purpose, records, fields, without_consent, missing: [..], missing_more}
[[nodiscard]] boost::json::object left_out(const PassingOn& passing);

} // namespace safar::handlers
