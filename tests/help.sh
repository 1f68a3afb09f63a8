# shellcheck shell=bash
# Read by the scripts of tests/ as they begin: with --help a script prints the comment at its head and ends.
case ${1:-} in
--help | -h)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
# Says what was wrong with an argument, and where help is.
wrong_usage() {
    echo "$0: $1; see $0 --help" >&2
    exit 2
}
