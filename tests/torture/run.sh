#!/bin/bash
# run.sh PROGRAM COUNT SEED FOLDER...: COUNT spoiled programs in two processes, each its own half.
set -u
cd "$(dirname "$0")/../.."
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

program=$1 count=$2 seed=$3
shift 3
half=$((count / 2))
log=build/mutate.log
"$program" "$half" "$seed" "$@" >"$log" 2>&1 &
first=$!
code=0
"$program" $((count - half)) $((seed + half)) "$@" || code=1
wait "$first" || code=1
cat "$log"
exit $code
