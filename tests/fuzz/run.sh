#!/bin/bash
# Builds the fuzz targets (clang, ASan and UBSan) and runs each for SECONDS (default 30), two at a time.
# A crash leaves its input in build/fuzz/crashes and fails the run.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-30}
cmake --preset fuzz -G Ninja >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/crashes
run_one() {
    target=$1 seconds=$2
    name=${target##*/fuzz_}
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    seeds=tests/fuzz/corpus/$name
    log=build/fuzz/$name.log
    set -- "$corpus"
    [ ! -d "$seeds" ] || set -- "$@" "$seeds"
    if "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="build/fuzz/crashes/$name-" "$@" >"$log" 2>&1; then
        printf '%-18s %s\n' "$name" "$(grep -E '^Done ' "$log" || tail -n 1 "$log")"
    else
        echo "$name FAILED:" && tail -n 40 "$log" && return 1
    fi
}
export -f run_one
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\n' build/fuzz/tests/fuzz/fuzz_* | grep -v '\.' |
    xargs -P 2 -I{} bash -c 'run_one "$1" "$2"' _ {} "$seconds"
