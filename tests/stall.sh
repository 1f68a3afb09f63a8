#!/bin/bash
# Runs a program of the tests as on a machine that is short of time: beside it run endless loops, and
# all that it starts stands still together, now and then, as a virtual machine does. What fails here
# and passes elsewhere has taken a clock for an answer, or a call that was interrupted (EINTR) for one
# that failed. Needs root and cgroups of version 2.
#
#   tests/stall.sh [--busy N] [--still MS] PROGRAM [ARGUMENT...]
#
#   --busy N     N loops beside it; 3
#   --still MS   it stands still for up to so long, every 3 seconds or so; 2500, and 0 is never
#
# For example: tests/stall.sh build/release/tests/process/test_hostile --gtest_filter='Hostile.H5*'
# The exit code is that of the program.
set -euo pipefail
. "$(dirname "$0")/help.sh"
busy=3 still=2500
while [[ ${1:-} == --* ]]; do
    [[ ${2:-} =~ ^[0-9]+$ ]] || wrong_usage "$1 needs a number"
    case $1 in
    --busy) busy=$2 ;;
    --still) still=$2 ;;
    *) wrong_usage "$1 is not known" ;;
    esac
    shift 2
done
[ $# -gt 0 ] || wrong_usage "a program to run is missing"
root=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)
group=$root/safar-stall-$$
mkdir "$group" 2>/dev/null ||
    { echo "$0: no group can be made in '$root': it needs root and cgroups of version 2" >&2; exit 2; }

loops=()
end() {
    for loop in "${loops[@]}"; do kill "$loop" 2>/dev/null || true; done
    echo 0 >"$group/cgroup.freeze"
    for left in $(cat "$group/cgroup.procs"); do kill -KILL "$left" 2>/dev/null || true; done
    until rmdir "$group" 2>/dev/null; do sleep 0.1; done
}
trap end EXIT
for ((i = 0; i < busy; ++i)); do
    while :; do :; done &
    loops+=($!)
done
(echo "$BASHPID" >"$group/cgroup.procs" && exec "$@") &
program=$!
while kill -0 $program 2>/dev/null; do
    sleep "$((RANDOM % 6)).$((RANDOM % 10))"
    [ "$still" = 0 ] && continue
    time=$((RANDOM % still))
    echo 1 >"$group/cgroup.freeze"
    sleep "$((time / 1000)).$(printf %03d $((time % 1000)))"
    echo 0 >"$group/cgroup.freeze"
done
status=0
wait $program || status=$?
exit $status
