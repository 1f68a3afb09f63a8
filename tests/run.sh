#!/bin/bash
# Builds and runs every test on a bare Debian 12 machine (installs what is missing).
#
#   tests/run.sh            all of it: unit, property, process tests, short fuzzing    (about 20 minutes on 2 cores)
#   tests/run.sh --quick    unit and property tests only
#
# FUZZ_SECONDS (default 30) is how long each fuzz target runs; 0 leaves fuzzing out.
set -eu
cd "$(dirname "$0")/.."
quick=0
[ "${1:-}" = --quick ] && quick=1
.ci/packages.sh
export CCACHE_BASEDIR="$PWD"
: "${FUZZ_SECONDS:=30}"

started=$(date +%s)
step() { printf '\n== %s (%ss)\n' "$1" "$(($(date +%s) - started))"; }

step "build: release, assertions on"
cmake --preset release -G Ninja >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
rm -f build-configure.log
cmake --build --preset release

if [ "$quick" = 0 ] && [ "$FUZZ_SECONDS" != 0 ]; then
    step "fuzz targets, ${FUZZ_SECONDS} s each"
    tests/fuzz/run.sh "$FUZZ_SECONDS"
fi

step "tests"
label=()
[ "$quick" = 0 ] || label=(-LE process)
# Last, so that its summary is the last line.
exec ctest --test-dir build/release --output-on-failure -j 2 "${label[@]}"
