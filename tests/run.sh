#!/bin/bash
# Everything `make test` runs: builds with both compilers and with sanitizers, unit and golden tests
# twice, the fuzz corpus, the end-to-end scripts, lint and the checks of the source. Ends with
# `N passed, N failed` and with 1 if anything failed. Nothing is left out silently: a step that has
# nothing to run has failed.
#
#   tests/run.sh             all of it
#   tests/run.sh STEP...     only these: build units fuzz e2e checks
set -u
cd "$(dirname "$0")/.."

# What make hands down from the command line (-j, BUILD=) is not meant for the makes below.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BUILD
export LC_ALL=C
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

JOBS=2
LOGS=build/test
PASSED=0
FAILED=0
mkdir -p "$LOGS"

libraries=(base lang core host conformance sdk local sim docker http)

count() { # PASSED FAILED
    PASSED=$((PASSED + $1))
    FAILED=$((FAILED + $2))
}

show() { # LOG LINES: what went wrong, indented
    tail -n "$2" "$1" | sed 's/^/    /'
}

# check NAME COMMAND...: one test that passes if the command does.
check() {
    local name=$1 log=$LOGS/${1//[^a-z0-9]/-}.log start=$SECONDS
    shift
    if "$@" >"$log" 2>&1 </dev/null; then
        count 1 0
        printf 'ok      %s (%d s)\n' "$name" $((SECONDS - start))
    else
        count 0 1
        printf 'FAILED  %s (%d s)\n' "$name" $((SECONDS - start))
        show "$log" 60
        return 1
    fi
}

# A Criterion binary; its own sum counts, and a binary that died before printing one is a failure.
unit() {
    local binary=$1 log=$LOGS/${1//\//-}.log code=0 start=$SECONDS sum tested passing
    timeout 300 "$binary" --color=never >"$log" 2>&1 </dev/null || code=$?
    sum=$(grep -aE 'Synthesis: Tested: ' "$log" | tail -n 1)
    tested=$(sed -nE 's/.*Tested: ([0-9]+).*/\1/p' <<<"$sum")
    passing=$(sed -nE 's/.*Passing: ([0-9]+).*/\1/p' <<<"$sum")
    # Criterion counts a test that leaks as passed.
    ! grep -qa 'ERROR: [A-Za-z]*Sanitizer' "$log" || [ $code -ne 0 ] || code=1
    if [ -z "$tested" ] || [ "$tested" -eq 0 ]; then
        count 0 1
        printf 'FAILED  %s ran no test, exit code %d (%d s)\n' "$binary" $code $((SECONDS - start))
        show "$log" 40
    elif [ $code -ne 0 ] || [ "$passing" -ne "$tested" ]; then
        # A binary may fail beside its tests: a leak that is found at the end.
        count "$passing" $((passing < tested ? tested - passing : 1))
        printf 'FAILED  %s: %d of %d tests, exit code %d (%d s)\n' "$binary" "$passing" "$tested" \
            $code $((SECONDS - start))
        show "$log" 60
    else
        count "$passing" 0
        printf 'ok      %s: %d tests (%d s)\n' "$binary" "$tested" $((SECONDS - start))
    fi
}

# A program that prints `ok ...` and `not ok ...` lines and exits non-zero if there is one of these.
script() { # NAME SECONDS COMMAND...
    local name=$1 limit=$2 log=$LOGS/${1//\//-}.log code=0 start=$SECONDS good bad
    shift 2
    timeout --kill-after=20 "$limit" "$@" >"$log" 2>&1 </dev/null || code=$?
    good=$(grep -ac '^ok ' "$log")
    bad=$(grep -ac '^not ok ' "$log")
    [ "$code" -ne 124 ] && [ "$code" -ne 137 ] ||
        echo "# stopped: it ran longer than $limit seconds" >>"$log"
    if [ $((good + bad)) -eq 0 ] || { [ $code -ne 0 ] && [ "$bad" -eq 0 ]; }; then
        bad=1
    fi
    count "$good" "$bad"
    if [ "$bad" -eq 0 ]; then
        printf 'ok      %s: %d facts (%d s)\n' "$name" "$good" $((SECONDS - start))
    else
        printf 'FAILED  %s: %d of %d facts, exit code %d (%d s)\n' "$name" "$bad" $((good + bad)) \
            $code $((SECONDS - start))
        grep -a -A 12 '^not ok ' "$log" | sed 's/^/    /' | head -n 100
        show "$log" 15
    fi
}

step_build() {
    check "build with gcc" make -s -j$JOBS BUILD=release CC=gcc all units kill-harness test-providers
    check "build with clang" make -s -j$JOBS BUILD=clang all units kill-harness test-providers
    check "build with sanitizers" make -s -j$JOBS BUILD=asan CC=gcc all units
}

step_units() {
    local flavour library
    for flavour in release asan; do
        for library in "${libraries[@]}"; do
            unit "build/$flavour/unit-$library"
        done
    done
}

step_fuzz() {
    check "build the fuzzers" make -s -j$JOBS BUILD=fuzz fuzz-build &&
        script fuzz-corpus 120 tests/fuzz/run.sh replay
    script mutations 900 make -s CC=gcc mutate
    script walks 900 make -s CC=gcc walk
    script simulate 900 make -s CC=gcc simulate SIMULATIONS=20000
    script mutants 300 make -s CC=gcc mutants
    script flips 300 make -s CC=gcc flips
}

# Like script, beside others: what it says comes in one piece when it ends, what it counts too.
script_beside() { # NAME SECONDS COMMAND...
    local said=$LOGS/${1//\//-}.said
    PASSED=0
    FAILED=0
    script "$@" >"$said" 2>&1
    echo "$PASSED $FAILED" >"$said.sum"
    cat "$said"
}

sums_take() {
    local sum passed failed
    for sum in "$LOGS"/*.said.sum; do
        [ -e "$sum" ] || continue
        read -r passed failed <"$sum"
        count "$passed" "$failed"
        rm "$sum"
    done
}

# Those that measure time, or fill both cores by themselves, run with no other script beside them.
runs_alone() { # NAME
    case $1 in
    conformance | docker-many-* | flood | image | kill-apply | promises | supervision | timers) true ;;
    *) false ;;
    esac
}

# So many of them run at most from here on.
lanes_await() { # COUNT
    local pid running
    while :; do
        running=()
        for pid in "${LANES[@]}"; do
            ! kill -0 "$pid" 2>/dev/null || running+=("$pid")
        done
        LANES=("${running[@]}")
        [ ${#LANES[@]} -gt "$1" ] || return 0
        wait -n "${LANES[@]}"
    done
}

step_e2e() {
    local path name alone=()
    LANES=()
    export BUILD_DIR=$PWD/build/release
    rm -f "$LOGS"/*.said.sum
    for path in e2e/*.sh; do
        name=$(basename "$path" .sh)
        [ "$name" != lib ] || continue
        if runs_alone "$name"; then
            alone+=("$path")
            continue
        fi
        lanes_await $((JOBS - 1))
        script_beside "$path" 900 "$path" &
        LANES+=($!)
    done
    # Those that go through the whole system once more with sanitizers; the others measure or repeat.
    for path in compact destroy order-is-real plan-touches-nothing repair signals; do
        lanes_await $((JOBS - 1))
        script_beside "e2e/$path.sh-asan" 300 env BUILD_DIR="$PWD/build/asan" "e2e/$path.sh" &
        LANES+=($!)
    done
    lanes_await 0
    # 200 by hand and without COUNT; here as many as fit into the time.
    for path in "${alone[@]}"; do
        COUNT=120 script "$path" 900 "$path"
    done
    sums_take
}

step_checks() {
    # The same compiler as in step_build: with another, the programs under test would be made anew.
    check "lint" make -s BUILD=release CC=gcc lint
    check "layers" make -s BUILD=release CC=gcc check-layers
    check "links" make -s BUILD=release CC=gcc check-links
}

# The checks of the source use what the end-to-end scripts leave of two cores while they wait.
step_e2e_and_checks() {
    local out=$LOGS/checks.out sum
    tests/run.sh checks >"$out" 2>&1 </dev/null &
    local checks=$!
    step_e2e
    wait $checks
    sum=$(tail -n 1 "$out")
    head -n -1 "$out"
    if [[ $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        count 0 1
        echo "FAILED  the checks of the source ended without a sum"
    fi
}

[ $# -gt 0 ] || set -- build units fuzz e2e_and_checks
for name in "$@"; do
    case $name in
    build | units | fuzz | e2e | checks | e2e_and_checks) "step_$name" ;;
    *)
        echo "tests/run.sh: no step '$name'; there are: build units fuzz e2e checks" >&2
        exit 64
        ;;
    esac
done

echo "$PASSED passed, $FAILED failed"
[ $FAILED -eq 0 ]
