#!/bin/bash
# Builds the fuzz targets (clang, ASan and UBSan) and runs each for SECONDS (default 30), two at a time,
# from the inputs kept in tests/fuzz/corpus/TARGET and those that earlier runs found.
#
#   tests/fuzz/run.sh [SECONDS] [TARGET...]  for example tests/fuzz/run.sh 300 event_decode
#   tests/fuzz/run.sh --keep [TARGET...]     writes what was found, minimised, to tests/fuzz/corpus
#
# A crash, a hang or too much memory fails the run; the last lines name the command that shows it again.
set -eu
. "$(dirname "$0")/../help.sh"
what=${1:-30}
[[ $what =~ ^([0-9]+|--keep)$ ]] || wrong_usage "'$what' is no number of seconds"
cd "$(dirname "$0")/../.."
[ $# -eq 0 ] || shift
cmake --preset fuzz -G Ninja >/dev/null
export CCACHE_BASEDIR="$PWD"
build=(fuzz_targets)
[ $# -eq 0 ] || build=("${@/#/fuzz_}")
cmake --build --preset fuzz --target "${build[@]}" # and only the libraries that they link
mkdir -p build/fuzz/crashes

# Choosing inputs by rare features (entropic) costs more than an execution of these.
export plain_choice="session_bytes session_three_peers fork_sequence"
# Long inputs from the start (len_control): slow targets would else try nothing above a few bytes.
export limits="-timeout=5 -rss_limit_mb=1024 -len_control=0" input_bytes_max=65536
export kept_bytes_max="${KEPT_BYTES_MAX:-$((60 * 1024))}"

run_one() {
    target=$1 seconds=$2
    name=${target##*/fuzz_}
    found=build/fuzz/corpus/$name kept=tests/fuzz/corpus/$name log=build/fuzz/$name.log
    mkdir -p "$found"
    choice=1
    [[ " $plain_choice " != *" $name "* ]] || choice=0
    dirs=("$found")
    [ ! -d "$kept" ] || dirs+=("$kept")
    # shellcheck disable=SC2086 # three words
    if "$target" -max_total_time="$seconds" $limits -max_len="$input_bytes_max" \
        -entropic="$choice" -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$name-" "${dirs[@]}" >"$log" 2>&1; then
        stat() { sed -n "s/^stat::$1: *//p" "$log"; }
        printf '%-22s %s runs, %s a second, the slowest %s s, %s MiB\n' "$name" \
            "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" \
            "$(stat slowest_unit_time_sec)" "$(stat peak_rss_mb)"
        return 0
    fi
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    {
        echo "== fuzz target $name failed"
        tail -n 40 "$log"
        echo "== $name: all of it is in $log; to see it again: $target ${input:-(it left no input)}"
    } >&2
    return 1
}

# Minimised, about kept_bytes_max of it.
keep_one() {
    target=$1
    name=${target##*/fuzz_}
    kept=tests/fuzz/corpus/$name merged=build/fuzz/merged/$name
    rm -rf "$merged"
    mkdir -p "$merged" "$kept"
    # shellcheck disable=SC2086 # three words
    "$target" -set_cover_merge=1 $limits -max_len=4096 "$merged" "build/fuzz/corpus/$name" "$kept" \
        >"build/fuzz/$name-merge.log" 2>&1 || { tail -n 20 "build/fuzz/$name-merge.log" >&2; return 1; }
    rm -f "$kept"/*
    total=$(find "$merged" -type f -printf '%s\n' | awk '{ s += $1 } END { print s + 0 }')
    # Where that is too much, every second, third ... of them in order of size, the largest first.
    each=$(((total + kept_bytes_max - 1) / kept_bytes_max))
    [ "$each" -gt 0 ] || each=1
    find "$merged" -type f -printf '%s %p\n' | sort -rn |
        awk -v each="$each" 'NR % each == 1 % each { print $2 }' | xargs -r cp -t "$kept"
    files=$(find "$kept" -type f | wc -l)
    bytes=$(find "$kept" -type f -printf '%s\n' | awk '{ s += $1 } END { print s + 0 }')
    printf '%-22s %s inputs, %s bytes\n' "$name" "$files" "$bytes"
}
export -f run_one keep_one

targets=()
for target in build/fuzz/tests/fuzz/fuzz_*; do
    if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
    if [ $# -gt 0 ] && [[ " $* " != *" ${target##*/fuzz_} "* ]]; then continue; fi
    targets+=("$target")
done
[ ${#targets[@]} -gt 0 ] || { echo "run.sh: no fuzz target '$*'; see build/fuzz/tests/fuzz" >&2; exit 2; }
step=run_one
[ "$what" != --keep ] || step=keep_one
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c "$step"' "$1" "$2"' _ {} "$what"
