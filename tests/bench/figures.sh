#!/bin/bash
# The figures: what the shipped `ved` does with the programs of figures/*.ved, each beside what this
# machine does at most, measured in the same run: figures.sh BUILD [--full] [--must] [--busy]
# [--json FILE] [NAME...]. Ends with 1 if one could not be measured, or with --must if a limit is not
# held. With --busy, times are the processor's also where the clock's are meant: for a machine that
# others use at the same time, on which the clock says nothing about ved.
#
# A rate is a difference by a difference: of slices, and of the times of a short run and a long one.
# So what it takes to start falls out. "Core" is `ved plan`, which keeps all of it in memory, by
# processor time; "durable" is `ved apply` with its state folder on the disk, by the clock.
set -u
HERE=$(cd "$(dirname "$0")/figures" && pwd) || exit 1
BUILD=$(cd "${1:-build/release}" && pwd) || exit 1
shift
VED=$BUILD/ved
FIGURES=$BUILD/figures
BENCH=$BUILD/bench
FULL= MUST= BUSY= JSON=
while [ $# -gt 0 ]; do
    case $1 in
    --full) FULL=1 ;;
    --must) MUST=1 ;;
    --busy) BUSY=1 ;;
    --json) JSON=$2 && shift ;;
    -*) echo "figures.sh: unknown flag '$1'" >&2 && exit 64 ;;
    *) break ;;
    esac
    shift
done
# Beside the binaries: temporary folders are often in memory, and these figures are of a disk.
TMP=$(mktemp -d "$BUILD/figures.XXXXXX") || exit 1
CHILD= KEEPER=
cleanup() {
    [ -n "$CHILD$KEEPER" ] && kill -9 $CHILD $KEEPER 2>/dev/null
    rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
FAILED=0 MISSED=0
: >"$TMP/rows"

. "$HERE/lib.sh"
for part in core durable effects start restart asleep timers; do
    . "$HERE/$part.sh"
done

ALL="slices ring-1000 ring-1000000 durable-1000 durable-1 effects leaving journal-bytes start size long
    restart-100000 asleep timers"
heading
for figure in ${*:-$ALL}; do
    if ! declare -F "figure_$figure" >/dev/null; then
        echo "figures.sh: no figure '$figure'; there are $(echo $ALL)" >&2
        exit 64
    fi
    "figure_$figure" || { echo "figures.sh: $figure could not be measured" >&2; FAILED=1; }
    rm -rf "$TMP/state"
done
[ -n "$JSON" ] && rows_save "$JSON"
[ $FAILED -eq 0 ] && { [ -z "$MUST" ] || [ $MISSED -eq 0 ]; }
