#!/bin/bash
# run.sh replay         every input of each corpus once
# run.sh fuzz SECONDS   look for new ones, so long for each target, two targets at once
#
# A target is build/fuzz/NAME_fuzz, its corpus tests/fuzz/corpus/NAME. What was found is left in
# build/fuzz/findings; inputs that reach new code go to build/fuzz/corpus, not to the checkout.
set -u
cd "$(dirname "$0")/../.."
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1

mode=${1:-replay}
seconds=${2:-600}
findings=build/fuzz/findings
mkdir -p "$findings"

names=()
for source in tests/fuzz/*_fuzz.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" _fuzz.c)
    names+=("$name")
done
if [ ${#names[@]} -eq 0 ]; then
    echo "not ok there are fuzz targets in tests/fuzz"
    exit 1
fi

# libFuzzer reads input that is too long only up to its idea of a sensible length.
common=(-max_len=1048576 -timeout=25 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0)

replay() { # NAME
    local corpus=tests/fuzz/corpus/$1 log=build/fuzz/$1.replay.log inputs
    mapfile -d '' inputs < <(find "$corpus" -type f -print0 2>/dev/null)
    # Without any input the target would start to fuzz.
    if [ ${#inputs[@]} -eq 0 ]; then
        echo "not ok corpus of $1 has inputs in $corpus"
        return 1
    fi
    if "build/fuzz/$1_fuzz" -timeout=25 -rss_limit_mb=2048 -artifact_prefix="$findings/$1-" \
        "${inputs[@]}" >"$log" 2>&1 </dev/null &&
        [ "$(grep -c '^Executed ' "$log")" -eq ${#inputs[@]} ]; then
        echo "ok corpus of $1 replayed, ${#inputs[@]} inputs"
    else
        echo "not ok corpus of $1 replayed"
        tail -n 40 "$log"
        return 1
    fi
}

fuzz() { # NAME SECONDS
    local found=build/fuzz/corpus/$1 log=build/fuzz/$1.fuzz.log dictionary=tests/fuzz/$1.dict
    local options=("${common[@]}" -max_total_time="$2" -artifact_prefix="$findings/$1-")
    mkdir -p "$found"
    [ ! -e "$dictionary" ] || options+=(-dict="$dictionary")
    if "build/fuzz/$1_fuzz" "${options[@]}" "$found" "tests/fuzz/corpus/$1" >"$log" 2>&1 </dev/null; then
        echo "ok $1 fuzzed for $2 s"
    else
        echo "not ok $1 fuzzed for $2 s; the input is in $findings, the report in $log"
        tail -n 40 "$log"
        return 1
    fi
}

failed=0
case $mode in
replay)
    for name in "${names[@]}"; do
        replay "$name" || failed=1
    done
    ;;
fuzz)
    running=()
    for name in "${names[@]}"; do
        fuzz "$name" "$seconds" &
        running+=($!)
        if [ ${#running[@]} -eq 2 ]; then
            # The first finding ends it: what follows would only bury it.
            wait "${running[0]}" || failed=1
            wait "${running[1]}" || failed=1
            running=()
            [ $failed -eq 0 ] || break
        fi
    done
    for pid in ${running[@]+"${running[@]}"}; do
        wait "$pid" || failed=1
    done
    ;;
*)
    echo "usage: tests/fuzz/run.sh replay | fuzz SECONDS" >&2
    exit 64
    ;;
esac
exit $failed
