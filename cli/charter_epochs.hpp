// Epochs after the first: drafting, comparing, history, suspensions and proofs of forks.
#pragma once

#include "cli/app.hpp"
#include "node/charter/amend.hpp"

namespace safar::cli {

// Under `safar charter`.
void add_epoch_commands(CLI::App& charter, Context& context);
void add_amend_command(CLI::App& charter, Context& context);
// `safar evidence ...`
void add_evidence_commands(CLI::App& app, Context& context);
// `safar delegate ...`
void add_delegate_commands(CLI::App& app, Context& context);
// `safar key ...`
void add_key_commands(CLI::App& app, Context& context);

// Takes epochs up at this node, the oldest first: through the API where safard runs, else as files.
// Returns the epoch that rules afterwards. Errors: conflict (the last one was taken and does not
// rule: it has a rival, or was put aside).
[[nodiscard]] Outcome<Charter> adopt_epochs(Context& context,
                                            const std::vector<std::string>& paths);
// The epoch that `charter` follows, as this node holds it; null for epoch 1.
[[nodiscard]] Outcome<std::shared_ptr<const Charter>> epoch_before(Context& context,
                                                                   const Charter& charter);

[[nodiscard]] Outcome<CharterState> held_state(Context& context);

// "--cut x: needs NODE:COMPARTMENT:LOG:BATCH"
[[nodiscard]] Error wrong_value(const std::string& option, const std::string& value,
                                std::string_view wanted);
// A node of any epoch by the first digits of its id. Errors: invalid_argument (none or several
// begin so).
[[nodiscard]] Result<NodeId> listed_node(const CharterState& state, const std::string& option,
                                         const std::string& text);
// One line of /v1/logs. Errors: malformed.
[[nodiscard]] Result<KnownHead> head_of(const boost::json::value& log);

} // namespace safar::cli
