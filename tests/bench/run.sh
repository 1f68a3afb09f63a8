#!/bin/bash
# All benchmarks in one run, each beside its limit. Read the figures as ratios: machines differ and are shared.
#
#   tests/bench/run.sh [--smoke]       --smoke: small sizes, to see that everything runs
#
# SAFAR_DATA  folder with the real files (default ../shared/data)
# SAFAR_PEERS folder with the bare limit programs and the PostgreSQL script (default ../shared/peers); left out where absent
# Results go to build/bench/results.txt as well.
set -eu
. "$(dirname "$0")/../help.sh"
smoke=${1:-}
[ "${smoke:---smoke}" = --smoke ] || wrong_usage "'$smoke' is not known"
cd "$(dirname "$0")/../.."
data=${SAFAR_DATA:-../shared/data} peers=${SAFAR_PEERS:-../shared/peers}
.ci/packages.sh
cmake --preset release -G Ninja >/dev/null
cmake --build --preset release
out=build/bench
mkdir -p "$out"
exec > >(tee "$out/results.txt") 2>&1
bin=build/release/tests/bench
section() { printf '\n== %s\n' "$1"; }

section "machine"
grep -m1 'model name' /proc/cpuinfo
echo "cores $(nproc)"
section "codec: hashing, packing, signing, beside bare SHA-256 and zstd"
"$bin/bench_codec" ${smoke:+--smoke}
section "append, beside bare RocksDB with the same values and sync"
"$bin/bench_append" ${smoke:+--smoke}
section "derived state and statistics"
"$bin/bench_derive" ${smoke:+--smoke}
"$bin/bench_stats" ${smoke:+--smoke}
[ -x "$bin/bench_marks" ] && "$bin/bench_marks" ${smoke:+--smoke}
[ -x "$bin/bench_similar" ] && "$bin/bench_similar" ${smoke:+--smoke}

if [ -f "$data/uk-returns/returns.csv.gz" ]; then
    section "federation: two real nodes, the UK returns"
    returns=$data/uk-returns/returns.csv.gz
    if [ -n "$smoke" ]; then
        returns=$out/returns-smoke.csv
        zcat "$data/uk-returns/returns.csv.gz" | head -n 2000 >"$returns" || true
    fi
    "$bin/bench_federation" "$returns"
else
    echo "skipped: real data not present (set SAFAR_DATA)"
fi

if [ -d "$peers" ] && [ -z "$smoke" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work" # PostgreSQL's own user works below it
    g++ -O2 -std=c++20 "$peers/common/gen_events.cpp" -o "$work/gen_events"
    "$work/gen_events" 1000000 >"$work/ev1m.jsonl"
    export EVENTS=$work/ev1m.jsonl CERTDIR=$work CERT=$work WORK=$work
    openssl req -x509 -newkey ed25519 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 2 2>/dev/null
    section "limit: whole catch-up pipeline, bare (verify, TLS, store)"
    g++ -O2 -std=c++20 "$peers/limits/lim_pipeline.cpp" -o "$work/lim_pipeline" -lrocksdb -lssl -lcrypto -lzstd -lpthread
    "$work/lim_pipeline" prep "$work/pipe" 1000000
    for zstd in 0 1; do "$work/lim_pipeline" run "$work/pipe" sig=batch store=ingest zstd=$zstd; done
    if command -v postgres >/dev/null && /usr/bin/python3 -c 'import psycopg2' 2>/dev/null; then
        section "peer: PostgreSQL logical replication over TLS"
        (cd "$work" && /usr/bin/python3 "$OLDPWD/$peers/pg/bench_pg.py" 1000000 1 jsonb) || echo "PostgreSQL did not run here"
    else
        echo "skipped: PostgreSQL and python3-psycopg2 are not installed"
    fi
fi
