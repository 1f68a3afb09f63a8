// What an author says of its own log, once an hour, to everybody who may know of that log: so many
// batches, the last with this hash. Signed, and passed on, so that two peers who never meet can
// see that they were told different things. docs/format-frames.md, section Statements.
#pragma once

#include "storage/crypto/ed25519.hpp"
#include "sync/wire/frame.hpp"

namespace safar::wire {

struct Statement {
    static constexpr FrameType type = FrameType::statement;
    static constexpr std::size_t payload_bytes = 160;

    LogName log;
    std::uint64_t batch = 0; // the head's number, at least 1
    Hash header;             // and its hash
    std::uint64_t time = 0;  // seconds since 1970 as the author claims; grows in a log
    Signature signature;     // by the author's signing key

    friend auto operator<=>(const Statement&, const Statement&) = default;
};

// Fills the signature in.
void sign_statement(Statement& statement, const NetworkId& network, const SigningKey& key);
[[nodiscard]] bool verify_statement(const Statement& statement, const NetworkId& network,
                                    const PublicKey& key);

void put_statement(const Statement& statement, ByteWriter& out); // the payload
void encode(const Statement& statement, Bytes& out);             // a whole frame
// Errors: malformed (another size, batch 0).
[[nodiscard]] Result<Statement> decode_statement(ByteView payload);

} // namespace safar::wire
