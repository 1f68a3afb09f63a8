#!/bin/bash
# Builds every suite with a sanitizer (clang) and runs it: asan finds wrong addresses, undefined
# behaviour and leaks, tsan data races. The first report of a program ends it and fails its test.
#
#   tests/sanitize.sh asan|tsan [ARGUMENTS OF CTEST...]      e.g. tests/sanitize.sh tsan -R Peer
#
# The planted bugs are left out: they are the same suites over code that is wrong on purpose.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?asan or tsan}
shift
.ci/packages.sh
export CCACHE_BASEDIR="$PWD"
cmake --preset "$preset" -G Ninja >/dev/null
cmake --build --preset "$preset"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export SAFAR_SIM_SEEDS="${SAFAR_SIM_SEEDS:-80}" # a tenth as fast
export UBSAN_OPTIONS=print_stacktrace=1
# RocksDB and the other libraries of the system are built without it: what they do among themselves
# is not looked at.
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1:die_after_fork=0
exec ctest --test-dir "build/$preset" --output-on-failure -j 2 -E '^PlantedBugs' "$@"
