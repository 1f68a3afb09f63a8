// The lines that an import is answered with, whatever it reads.
#pragma once

#include "node/api/json.hpp"

namespace safar {

// Runs `import` with a sink for its rejects and answers with lines: the rejects, then the summary
// or how it ended. `withheld`: why the rejected rows may not be shown, "" where they may.
[[nodiscard]] Result<ApiReply>
answer_import(ApiRequest& request, const std::string& withheld,
              const std::function<Result<ImportSummary>(const RejectSink&)>& import);

// The request's body in pieces, also one that was read whole. Lives no longer than the request.
[[nodiscard]] ByteSource body_in_pieces(ApiRequest& request);

} // namespace safar
