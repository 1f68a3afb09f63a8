#!/bin/sh
# Builds Safar, founds the demo's federation and shows it. A second run reuses what is there.
#
#     run.sh [--fresh] [--data DIR]   build, start, tour; DIR holds the real files (uk-returns/, uk-nrm/, ...)
#     run.sh --down                   stop what the demo started
#
# $SAFAR_DEMO says where the five nodes live (default ~/.local/state/safar-demo).
set -eu
demo=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$demo/../.." && pwd)
safar="$source/build/release/cli/safar"

data=
fresh=
while [ $# -gt 0 ]; do
    case $1 in
    --down)
        [ -x "$safar" ] || { echo "run.sh: nothing was built here, so nothing was started" >&2; exit 0; }
        exec "$safar" demo down
        ;;
    --data)
        [ $# -ge 2 ] || { echo "run.sh: --data needs a directory" >&2; exit 2; }
        data=$(cd "$2" && pwd) || exit 2
        shift 2
        ;;
    --fresh)
        fresh=--fresh
        shift
        ;;
    -h | --help)
        sed -n '2,7s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "run.sh: unknown argument '$1'; --help says what there is" >&2
        exit 2
        ;;
    esac
done

[ ! -f "$source/.ci/packages.sh" ] || sh "$source/.ci/packages.sh"
cd "$source"
generator=
if command -v ninja >/dev/null 2>&1; then generator="-G Ninja"; fi
if [ ! -f build/release/CMakeCache.txt ]; then
    # shellcheck disable=SC2086 # two words or none
    cmake --preset release $generator >/dev/null
fi
echo "Building safar and safard (the first time takes minutes) ..."
cmake --build build/release --target safar safard -j "$(nproc)" >build/release/demo-build.log 2>&1 ||
    { tail -n 40 build/release/demo-build.log >&2; echo "run.sh: the build failed; all of it is in build/release/demo-build.log" >&2; exit 1; }

set -- $fresh
[ -z "$data" ] || set -- "$@" --data "$data"
"$safar" demo up "$@"
"$safar" demo tour
root=${SAFAR_DEMO:-${XDG_STATE_HOME:-$HOME/.local/state}/safar-demo}
cat <<END

Go on by yourself, for example:
    alias safar=$safar
    export SAFAR_NODE=$root/iom
    safar status
    safar stats return --by year,return_type_group --where nationality=Pakistan
    safar conflict list
    safar demo story            one worker's journey through five agencies
    safar --help
Stop it: $demo/run.sh --down
END
