#!/bin/bash
# Builds and runs every test on a bare Debian 12 machine (installs what is missing).
#
#   tests/run.sh            fuzz targets, unit, property and process tests
#   tests/run.sh --quick    unit and property tests only
#
# Exit code 0: everything passed. The last line counts what passed, failed and was skipped.
# Each fuzz target (tests/fuzz/run.sh) runs for $FUZZ_SECONDS, by default 15, which is two and a half
# minutes for all of them; 0 leaves them out.
set -euo pipefail
. "$(dirname "$0")/help.sh"
quick=0
case ${1:-} in
'') ;;
--quick) quick=1 ;;
*) wrong_usage "$1 is not known" ;;
esac
cd "$(dirname "$0")/.."
.ci/packages.sh
export CCACHE_BASEDIR="$PWD"
: "${FUZZ_SECONDS:=15}"

started=$(date +%s)
step() { printf '\n== %s (%ss)\n' "$1" "$(($(date +%s) - started))"; }

step "build: release, assertions on"
cmake --preset release -G Ninja >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
rm -f build-configure.log
cmake --build --preset release

status=0 fuzz_failed=0
if [ "$quick" = 0 ] && [ "$FUZZ_SECONDS" != 0 ]; then
    step "fuzz targets, ${FUZZ_SECONDS} s each"
    tests/fuzz/run.sh "$FUZZ_SECONDS" || status=1
    fuzz_failed=$status
fi

step "tests"
label=()
[ "$quick" = 0 ] || label=(-LE process)
log=build/release/test-run.log
ctest --test-dir build/release --output-on-failure -j 2 "${label[@]}" 2>&1 | tee "$log" || status=$?
# Who sees only the end of a long log sees why: each failed expectation, at most ten lines of it.
[ "$status" = 0 ] || awk '
    /: Failure$/ { left = 10; if (++found == 1) print "\nFailed expectations (whole tests: above)" }
    /^\[/ || NF == 0 { left = 0 }
    left-- > 0 && found <= 20' "$log"
[ "$fuzz_failed" = 0 ] || echo "A fuzz target failed; its report stands before the tests."
# ctest ends with the list of what was skipped; the counts come last, for people and scripts.
count() { grep -cE "^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*$1" "$log" || true; }
passed=$(count ' Passed ') skipped=$(count '\*\*\*Skipped') all=$(count '')
echo "$passed passed, $((all - passed - skipped)) failed, $skipped skipped"
exit "$status"
