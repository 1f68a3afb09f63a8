#include "sync/wire/statement.hpp"

namespace safar::wire {
namespace {

constexpr std::string_view purpose = "head-statement";

void put_claim(const Statement& statement, ByteWriter& out) {
    out.bytes(statement.log.id.view());
    out.bytes(statement.log.incarnation.view());
    out.integer(statement.batch);
    out.bytes(statement.header.view());
    out.integer(statement.time);
}

Bytes signed_bytes(const Statement& statement, const NetworkId& network) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(network.view());
    put_claim(statement, writer);
    return out;
}

} // namespace

void sign_statement(Statement& statement, const NetworkId& network, const SigningKey& key) {
    statement.signature = key.sign(purpose, signed_bytes(statement, network));
}

bool verify_statement(const Statement& statement, const NetworkId& network, const PublicKey& key) {
    return verify(key, purpose, signed_bytes(statement, network), statement.signature);
}

void put_statement(const Statement& statement, ByteWriter& out) {
    put_claim(statement, out);
    out.bytes(statement.signature.view());
}

void encode(const Statement& statement, Bytes& out) {
    FrameWriter frame(out, Statement::type);
    put_statement(statement, *frame);
}

Result<Statement> decode_statement(ByteView payload) {
    if (payload.size() != Statement::payload_bytes)
        return failure(ErrorCode::malformed, "statement frame: not of 160 bytes");
    ByteReader in(payload);
    Statement out;
    out.log.id = read_id<LogId>(in);
    out.log.incarnation = read_id<Incarnation>(in);
    out.batch = in.integer<std::uint64_t>();
    out.header = read_id<Hash>(in);
    out.time = in.integer<std::uint64_t>();
    out.signature = read_id<Signature>(in);
    if (out.batch == 0) return failure(ErrorCode::malformed, "statement frame: of no batch");
    return out;
}

} // namespace safar::wire
