#!/bin/bash
# How much of the folders without sockets, clocks and threads the unit, property and simulator tests
# reach: lines and branches, by folder. Needs the package llvm-16 beside those of .ci/packages.txt.
#
#   tests/coverage.sh [SEEDS]            SEEDS of the simulator, by default 20
#   tests/coverage.sh --show FILE        that file, with the counts beside its lines, for example storage/log/log.cpp
#
# Exit code 1: a folder below 90 % of its lines or 80 % of its branches, or a test that failed.
set -euo pipefail
. "$(dirname "$0")/help.sh"
[[ ${1:-20} =~ ^([0-9]+|--show)$ ]] || wrong_usage "'$1' is no number of seeds"
cd "$(dirname "$0")/.."
for tool in llvm-cov-16 llvm-profdata-16; do
    command -v $tool >/dev/null || { echo "coverage.sh: $tool is missing: apt-get install llvm-16" >&2; exit 2; }
done
folders=(storage/base storage/crypto storage/event storage/log storage/record storage/column storage/derive
         sync/wire sync/session sync/peer sync/bundle sync/statement node/charter)
programs=(test_base test_event test_log test_record test_derive test_sync test_charter)
build=build/coverage
objects=("$build/tests/sim/safar-sim")
for program in "${programs[@]}" test_property sim/test_sim; do
    objects+=(-object "$build/tests/$program")
done
profile=$build/all.profdata

if [ "${1:-}" = --show ]; then
    exec llvm-cov-16 show "${objects[@]}" -instr-profile="$profile" -show-branches=count "$2"
fi

cmake --preset coverage -G Ninja >/dev/null
export CCACHE_BASEDIR="$PWD"
cmake --build --preset coverage --target "${programs[@]}" test_property test_sim safar-sim
rm -rf "$build/raw" && mkdir -p "$build/raw"
export LLVM_PROFILE_FILE="$PWD/$build/raw/%p.profraw" SAFAR_SEEDS=15 SAFAR_SIM_SEEDS=15
status=0
run() { "$@" >"$build/run.log" 2>&1 || { status=1; tail -n 20 "$build/run.log"; echo "coverage.sh: $1 failed"; }; }
for program in "${programs[@]}"; do run "$build/tests/$program" --gtest_brief=1; done
RC_PARAMS=max_success=40 run "$build/tests/test_property" --gtest_brief=1
run "$build/tests/sim/test_sim" --gtest_brief=1 --gtest_filter='-Seeds*'
run "$build/tests/sim/safar-sim" --seeds "1:${1:-20}" --jobs 2
llvm-profdata-16 merge -sparse "$build"/raw/*.profraw -o "$profile"

printf '%-16s %8s %8s\n' folder lines branches
for folder in "${folders[@]}"; do
    llvm-cov-16 report "${objects[@]}" -instr-profile="$profile" "$folder" |
        awk -v folder="$folder" '$1 == "TOTAL" {
            printf "%-16s %8s %8s\n", folder, $10, $13
            low = ($10 + 0 < 90 || $13 + 0 < 80)
        } END { exit low }' || status=1
done
exit $status
