#!/bin/bash
# The hunts of tests/process, and one for forgers, at the size of a night. docs/reliability-processes.md holds the figures of
# the last one.
set -uo pipefail
cd "$(dirname "$0")/.."

# name | program | tests | size | about how long on two idle cores
hunts='
chaos      | test_process | ChaosGate*              | SAFAR_CHAOS_ROUNDS=50                       | 8 min
kill       | test_process | KillLoop*               | SAFAR_KILL_LOOP=1000                        | 20 min
damage     | test_process | DamageMatrix*           | SAFAR_DAMAGE_MATRIX=600                     | 8 min
disk       | test_process | FullDisk*:FailingDisk*  | SAFAR_DISK_FILLS=50 SAFAR_FSYNC_ROUNDS=40   | 5 min
rollback   | test_process | Identity*               | SAFAR_CYCLES=200                            | 15 min
backup     | test_process | Backup*                 | SAFAR_BACKUP_KILLS=100 SAFAR_BACKUP_FLIPS=300 | 4 min
restore    | test_process | Operate.ARestoreOnAn*   | SAFAR_RESTORE_RECORDS=1000000               | 3 min
partition  | test_process | *Partition*             | SAFAR_SPLITS=40                             | 8 min
time       | test_process | Time*                   | SAFAR_PAUSES=30                             | 15 min
soak       | test_process | Soak*                   | SAFAR_SOAK_SECONDS=1800                     | 30 min
forgers    | ../test_sync | BundleAudits*           | SAFAR_FORGED=10000                          | 1 min
hostile    | test_hostile | *                       | SAFAR_FLOOD=20000                           | 4 min
'
usage() {
    cat <<EOF
Usage: tests/night.sh [--build DIR] [--nice N] [HUNT...]

Runs the hunts with real processes at the size of a night, one after the other, or those named. Each
writes build/night/HUNT.log; the summary names what failed. Exit code 1 if one did.

  --build DIR   where test_process was built (default build/release)
  --nice N      how far to step back for others (default 15)
  --list        names, sizes and times

Example:
  tests/night.sh kill damage
EOF
}
build=build/release nice=15 chosen=()
while [ $# -gt 0 ]; do
    case "$1" in
    --help | -h) usage; exit 0 ;;
    --list) echo "$hunts" | grep '|'; exit 0 ;;
    --build) build=$2; shift ;;
    --nice) nice=$2; shift ;;
    -*) usage >&2; exit 2 ;;
    *) chosen+=("$1") ;;
    esac
    shift
done
mkdir -p build/night
status=0 seen=0
while IFS='|' read -r name program tests size time; do
    name=${name// /} program=${program// /} tests=${tests// /}
    [ -n "$name" ] || continue
    [ ${#chosen[@]} = 0 ] || [[ " ${chosen[*]} " = *" $name "* ]] || continue
    seen=$((seen + 1)) log=build/night/$name.log started=$(date +%s)
    # shellcheck disable=SC2086 # words of the table
    if env $size nice -n "$nice" "$build/tests/process/$program" --gtest_filter="$tests" >"$log" 2>&1 </dev/null; then
        verdict=ok
    else
        verdict=FAILED status=1
    fi
    printf '%-10s %-6s %5s s  %s\n' "$name" "$verdict" $(($(date +%s) - started)) "$log"
    # What a hunt has counted stands alone on its lines.
    grep -vE '^\[|^Note|^Running|^$|: Failure|^  (Which|Actual)' "$log" | cut -c1-200 | head -30 | sed 's/^/    /'
done <<<"$hunts"
[ "$seen" -gt 0 ] || { echo "no such hunt: see tests/night.sh --list" >&2; exit 2; }
exit $status
