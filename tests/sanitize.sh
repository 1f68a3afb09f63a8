#!/bin/bash
# Builds every suite with a sanitizer (clang) and runs it: asan finds wrong addresses, undefined
# behaviour and leaks, tsan data races. The first report of a program ends it and fails its test.
# Or runs the unit tests of the release build under valgrind, which also finds what is read before
# it was written.
#
#   tests/sanitize.sh asan|tsan [ARGUMENTS OF CTEST...]      e.g. tests/sanitize.sh tsan -R Peer
#   tests/sanitize.sh valgrind [PROGRAM...]                  e.g. tests/sanitize.sh valgrind test_log
#
# The planted bugs are left out: they are the same suites over code that is wrong on purpose.
set -euo pipefail
. "$(dirname "$0")/help.sh"
preset=${1:-}
case $preset in
asan | tsan | valgrind) shift ;;
*) wrong_usage "'$preset' is none of asan, tsan and valgrind" ;;
esac
cd "$(dirname "$0")/.."
.ci/packages.sh
export CCACHE_BASEDIR="$PWD"
if [ "$preset" = valgrind ]; then
    command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
    programs=("$@")
    [ $# -gt 0 ] || programs=(test_base test_event test_record test_derive test_charter test_sync test_log test_casework test_exports
                              test_imports test_access)
    cmake --preset release -G Ninja >/dev/null
    cmake --build --preset release --target "${programs[@]}"
    status=0
    for program in "${programs[@]}"; do
        log=build/release/valgrind-$program.log
        if valgrind --quiet --error-exitcode=9 --exit-on-first-error=no --leak-check=no "build/release/tests/$program" \
            --gtest_brief=1 >"$log" 2>&1; then
            echo "$program: clean"
        else
            echo "$program: see $log"
            status=1
        fi
    done
    exit "$status"
fi
cmake --preset "$preset" -G Ninja >/dev/null
cmake --build --preset "$preset"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export SAFAR_SIM_SEEDS="${SAFAR_SIM_SEEDS:-80}" # a tenth as fast
export UBSAN_OPTIONS=print_stacktrace=1
# RocksDB and the other libraries of the system are built without it: what they do among themselves
# is not looked at.
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1:die_after_fork=0
exec ctest --test-dir "build/$preset" --output-on-failure -j 2 -E '^PlantedBugs' "$@"
