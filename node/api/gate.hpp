// The way of every request: who asks, may they, and the access log of it.
#pragma once

#include "node/api/api.hpp"

namespace safar {

constexpr std::size_t purpose_bytes_max = 200;

// Runs `handle` for whom the desk admits and the table allows; see run_route.
[[nodiscard]] ApiReply guarded_reply(ApiContext& context, UserAction action, ApiRequest& request,
                                     const std::function<Result<ApiReply>()>& handle);

} // namespace safar
