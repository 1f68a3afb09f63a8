#!/bin/bash
# Cost against size: the federation benchmark with 10 k, 100 k, 1 M and 10 M returns, and the append benchmark.
#
#   tests/bench/sweep.sh [10k] [100k] [1m] [10m]      (default: all four; about 12 minutes and 6 GB of disk)
#
# Writes build/bench/sweep.tsv (a line a size, microseconds a record and milliseconds a question) and, where
# gnuplot is installed, build/bench/sweep.svg. SAFAR_DATA: folder with the real files (default ../shared/data).
set -euo pipefail
. "$(dirname "$0")/../help.sh"
cd "$(dirname "$0")/../.."
returns=${SAFAR_DATA:-../shared/data}/uk-returns/returns.csv.gz
[ -f "$returns" ] || { echo "skipped: $returns is not there (set SAFAR_DATA)"; exit 0; }
sizes=("$@")
[ $# -gt 0 ] || sizes=(10k 100k 1m 10m)
bin=build/release/tests/bench/bench_federation
[ -x "$bin" ] || { echo "$bin is not built: run tests/bench/run.sh, or cmake --build --preset release"; exit 2; }
out=build/bench
mkdir -p "$out"
file=$out/sweep.csv
trap 'rm -f "$file"' EXIT

# Small sizes take rows evenly from the whole table; the large one counts each cell ten times.
select_rows() {
    case $1 in
    10k) zcat "$returns" | awk -F, -v every=108 'NR == 1 || NR % every == 0' ;;
    100k) zcat "$returns" | awk -F, -v every=11 'NR == 1 || NR % every == 0' ;;
    1m) zcat "$returns" ;;
    10m) zcat "$returns" | awk 'BEGIN { FS = OFS = "," } NR > 1 { $NF = $NF * 10 } { print }' ;;
    *) echo "unknown size $1; known: 10k 100k 1m 10m" >&2; exit 2 ;;
    esac
}

echo "records import_us catch_up_us live_ms show_ms stats_ms start_s killed_s import_mib catch_up_mib" | tr ' ' '\t' >"$out/sweep.tsv"
for size in "${sizes[@]}"; do
    select_rows "$size" >"$file"
    "$bin" "$file" >"$out/sweep-$size.txt" || { cat "$out/sweep-$size.txt"; exit 1; }
    value() { awk -v name="$1" 'index($0, name " ") == 1 { print $(NF - 1) }' "$out/sweep-$size.txt"; }
    per() { awk -v rate="$1" 'BEGIN { printf "%.2f", 1e6 / rate }'; }
    printf '%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.0f\n' "$(value records)" "$(per "$(value import)")" \
        "$(per "$(value 'catch-up, verified, durable, derived')")" \
        "$(value 'one new event, commit here to there, p50')" "$(value 'record show over the API, p50')" \
        "$(value 'statistics by three dimensions, p50')" "$(value 'start after a clean stop, until ready')" \
        "$(value 'start after kill -9, until ready')" "$(value 'import, peak memory')" \
        "$(value 'catch-up, peak memory')" >>"$out/sweep.tsv"
    tail -1 "$out/sweep.tsv"
done
column -t "$out/sweep.tsv"

if command -v gnuplot >/dev/null; then
    gnuplot <<PLOT
set terminal svg size 800,500
set output "$out/sweep.svg"
set logscale xy
set xlabel "records"
set ylabel "microseconds a record; milliseconds a question"
set key outside
plot for [c in "import_us catch_up_us live_ms show_ms stats_ms"] "$out/sweep.tsv" using "records":c with linespoints title c noenhanced
PLOT
    echo "plot: $out/sweep.svg"
fi
