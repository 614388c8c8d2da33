#!/bin/bash
# --timeout ends a run that waits for a provider to say what exists, with 5 and a sentence: nothing
# is wrong with the provider, it was only not waited for. The next run goes on.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cp "$ROOT/e2e/fixtures/faults/before.ved" "$TMP/shop.ved"
cat >"$TMP/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API: { plugin: sim }
YAML

verb() { # VERB FLAG...
    local verb=$1
    shift
    timeout 60 "$VED" "$verb" "$TMP/shop.ved" --state "$TMP/state" --color never "$@"
}

check_exit 0 "a first apply" verb apply --auto-approve

# The plugin reads this file before each answer, and waits for somebody to write to it.
mkfifo "$TMP/state/providers/sim/lose"
check_exit 5 "apply ends with 5" verb apply --auto-approve --timeout 1s
check "and says so" grep -qx 'the time given by --timeout is over' "$TMP/err"
check_exit 5 "plan ends with 5" verb plan --timeout 1s
check "and says so too" grep -qx 'the time given by --timeout is over' "$TMP/err"

rm "$TMP/state/providers/sim/lose"
check_exit 0 "the state is whole" "$VED" state verify --state "$TMP/state"
check_exit 0 "the next apply finishes" verb apply --auto-approve
check "and has nothing to do" grep -q '^No changes' "$TMP/out"
