#!/bin/bash
# `ved apply` and its plugin are killed with SIGKILL at random moments and started again: nothing is
# lost, nothing is made twice, and no crash point is left out. Once under load: many domains, many
# effects under way, messages, timers and events between them.
#
# KILLS=200 (in each of the runs), SEED=... (printed, so that a run can be repeated), RUNS="load"
# (only these); `make kills`
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-200}
SEED=${SEED:-$RANDOM}
RUNS=${RUNS:-ved forget plugin load}
need_programs ved ved-provider-sim kill-driver crashpoint.so

# Of our own, so that a build at the same time does not take them away in the middle.
mkdir "$TMP/bin"
# One run is in memory, where ved comes further between two kills; the others are on a real disk.
MEMORY=$TMP/memory
if [ -w /dev/shm ]; then
    MEMORY=$(mktemp -d /dev/shm/ved-e2e.XXXXXX)
    trap 'rm -rf "$MEMORY"; finish_script' EXIT
fi
mkdir -p "$MEMORY"
cp "$BUILD_DIR"/ved "$BUILD_DIR"/ved-provider-* "$BUILD_DIR"/{kill-driver,crashpoint.so} "$TMP/bin"
VED=$TMP/bin/ved

# bindings FILE FORGET: every effect goes to the counting provider, which takes a few ms for each.
bindings() {
    cat >"$1" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    config: { delay_ms: 3, forget_keys: $2 }
YAML
}

# A round is done when its apply reached the end; each is counted by itself.
rounds_finished() {
    local round
    for round in "$1"/round-*; do
        [ -n "$(find "$round" -name calls.ndjson -print -quit)" ] && echo "$round"
    done
}

# Every line of the call log, from all of the round's plugin folders; and of what took hold.
calls() {
    find "$1" -name calls.ndjson -exec cat {} +
}

effects() {
    find "$1" -name effects.ndjson -exec cat {} +
}

verify_round() { # FOLDER TITLE FORGET OBJECTS
    local round=$1 title=$2 forget=$3 count=$4 objects files
    objects=$("$VED" get resources -o json --state "$round/state" 2>&1)
    check_equal "$title: the state has every object once" \
        "$(jq -r '[length, ([.[].uid] | unique | length), ([.[].address] | unique | length)] |
                  map(tostring) | join(" ")' <<<"$objects" 2>&1)" "$count $count $count"
    files=$(find "$round" -path '*/objects/*.json' -printf '%f\n' | sed 's/\.json$//' | sort)
    check_equal "$title: the provider has just these objects" "$files" \
        "$(jq -r '.[].uid' <<<"$objects" 2>&1 | sort)"
    check_equal "$title: each object was asked for under one key" \
        "$(calls "$round" | jq -rs '[[.[] | {uid, op}] | unique | length, (map(.uid) | unique | length)] |
                  map(tostring) | join(" ")' 2>&1)" "$count $count"
    check_equal "$title: each object was made by one effect, and no effect took hold twice" \
        "$(effects "$round" | jq -rs '[length, (map(.op) | unique | length), (map(.uid) | unique | length)] |
                  map(tostring) | join(" ")' 2>&1)" "$count $count $count"
    check_equal "$title: each repetition was the same request" \
        "$(calls "$round" | jq -rs 'group_by([.uid, .op]) | map(map(.digest) | unique | length) |
                  map(select(. != 1)) | length' 2>&1)" 0
    if ! $forget; then
        # What the plugin's own death interrupted it resumes, and says so; nothing else is repeated.
        check_equal "$title: each request was performed once" \
            "$(calls "$round" | jq -rs 'map(select(.resumed | not)) | group_by([.uid, .op]) |
                      map(select(length > 1)) | length' 2>&1)" 0
    fi
}

# One line of facts for all rounds of a run; the rounds' own lines only where they fail.
verify_rounds() { # WORK TITLE FORGET OBJECTS
    local work=$1 title=$2 forget=$3 objects=$4 round count=0 before=$FAILED
    for round in $(rounds_finished "$work"); do
        verify_round "$round" "$title, $(basename "$round")" "$forget" "$objects" >"$work/round.out"
        count=$((count + 1))
        grep -v '^ok ' "$work/round.out"
    done
    [ $count -gt 0 ] || not_ok "$title: there are rounds to verify"
    [ "$FAILED" -ne "$before" ] ||
        ok "$title: each object once, under one key, same bytes ($count rounds)"
}

run() { # FOLDER VICTIM FORGET PROGRAM OBJECTS TITLE
    local work=$1 victim=$2 forget=$3 program=$4 objects=$5 title=$6
    mkdir -p "$work"
    cp "$ROOT/e2e/fixtures/$program.ved" "$work/$program.ved"
    bindings "$work/ved.yaml" "$forget"
    echo "# $title: $KILLS kills, seed $SEED"
    "$TMP/bin/kill-driver" --ved "$VED" --shim "$TMP/bin/crashpoint.so" \
        --stack "$work/$program.ved" --work "$work" --victim "$victim" --kills "$KILLS" \
        --seed "$SEED" --longest-ms "${LONGEST_MS:-300}" -- --bindings "$work/ved.yaml" \
        >"$work/report" 2>"$work/errors"
    sed -E "s/^(ok|not ok) /\\1 $title: /; t; s/^/# /" "$work/report"
    if grep -q '^not ok' "$work/report" || ! grep -q '^ok' "$work/report"; then
        FAILED=$((FAILED + 1))
        tail -n 20 "$work/errors" | sed 's/^/#   /'
        tail -n 20 "$(ls -d "$work"/round-* | sort -V | tail -n 1)/apply.log" | sed 's/^/#   apply: /'
    fi
    verify_rounds "$work" "$title" "$forget" "$objects"
}

run_named() { # NAME
    case $1 in
    ved) run "$TMP/ved" ved false fifty 50 "ved killed" ;;
    forget) run "$TMP/forget" ved true fifty 50 "ved killed, provider forgets keys" ;;
    plugin) run "$TMP/plugin" plugin false fifty 50 "plugin killed" ;;
    load) run "$MEMORY/load" ved false load 80 "ved killed under load" ;;
    *) not_ok "there is a run '$1'" ;;
    esac
}

# Mostly they wait, so they run side by side.
pids=()
for name in $RUNS; do
    run_named "$name" >"$TMP/run-$name" &
    pids+=($!)
done
wait "${pids[@]}"
for name in $RUNS; do
    cat "$TMP/run-$name"
    grep -q '^ok .* each object once' "$TMP/run-$name" &&
        ! grep -q '^not ok' "$TMP/run-$name" || FAILED=$((FAILED + 1))
done
