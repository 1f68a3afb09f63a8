#!/bin/bash
# The simulator built by two compilers, each without and with optimisation: equal seeds must leave equal
# traces. What differs is undefined, unordered or read from the machine.
#
#   tests/sim/compilers.sh [FIRST:LAST]        seeds, by default 1:20; about ten minutes of two cores to build
#
# Exit code 1: traces differ, or a promise broke.
set -euo pipefail
. "$(dirname "$0")/../help.sh"
[[ ${1:-1:20} =~ ^[0-9]+:[0-9]+$ ]] || wrong_usage "'$1' are no seeds FIRST:LAST"
cd "$(dirname "$0")/../.."
.ci/packages.sh
export CCACHE_BASEDIR="$PWD"
status=0 expected=
for build in g++:-O0 g++:-O2 clang++-16:-O0 clang++-16:-O2; do
    compiler=${build%:*} level=${build#*:}
    dir=build/traces/$compiler$level
    mkdir -p build/traces
    cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_CXX_FLAGS="$level" -DSAFAR_BENCH=OFF >"$dir.log" 2>&1 || { cat "$dir.log" >&2; exit 1; }
    cmake --build "$dir" --target safar-sim >"$dir.log" 2>&1 || { tail -n 30 "$dir.log" >&2; exit 1; }
    said=$("$dir/tests/sim/safar-sim" --seeds "${1:-1:20}" --jobs 2) || { status=1; echo "$said"; }
    trace=$(sed -n 's/^trace of all: //p' <<<"$said")
    echo "$compiler $level  $trace"
    [ -n "$trace" ] && [ "$trace" = "${expected:=$trace}" ] || status=1
done
exit $status
