#!/bin/bash
# lint.sh FILE STAMP CPPFLAG...: clang-tidy and cppcheck on one file; touches STAMP if both are
# content, so that make asks again only when the file, one of its headers or the rules change.
set -u

file=$1
stamp=$2
shift 2
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=0

# The file that defines the functions which analyzer.h redefines cannot include it.
knowledge=(-include tests/tidy/analyzer.h)
[ "$file" != lang/base/error.c ] || knowledge=()

# How far the analyzer follows one function. Its own ceiling of 225000 takes four times as long and
# finds next to nothing more; LINT_NODES=225000 make lint asks for it.
depth=(--extra-arg=-Xclang --extra-arg=-analyzer-config
       --extra-arg=-Xclang --extra-arg=max-nodes="${LINT_NODES:-50000}")

if ! clang-tidy --quiet "${depth[@]}" "$file" -- -std=gnu17 "$@" ${knowledge[@]+"${knowledge[@]}"} >"$output" 2>&1; then
    # Without the counts of suppressed warnings in system headers.
    grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' "$output"
    failed=1
fi

# One process a file: the rules that need the whole program are off in tests/tidy/cppcheck.txt.
if ! cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --library=posix,gnu --max-configs=2 --error-exitcode=1 \
    --suppressions-list=tests/tidy/cppcheck.txt "$@" "$file" >"$output" 2>&1; then
    cat "$output"
    failed=1
fi

[ $failed -eq 0 ] || exit 1
mkdir -p "$(dirname "$stamp")"
touch "$stamp"
