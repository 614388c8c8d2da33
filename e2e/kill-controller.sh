#!/bin/bash
# `ved controller` is killed with SIGKILL under load, again and again, and now and then its plugin
# with it: every payment is made once, in order, and the state is readable each time.
#
# KILLS=100, SEED=... (printed, so that a run can be repeated); `make kills`
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-100}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
need_programs ved ved-provider-local ved-provider-sim

# In memory it comes further between two kills; and of our own, so that a build at the same time does
# not take the programs away.
if [ -w /dev/shm ]; then
    MEMORY=$(mktemp -d /dev/shm/ved-e2e.XXXXXX)
    trap 'rm -rf "$MEMORY"; finish_script' EXIT
else
    MEMORY=$TMP/memory
    mkdir "$MEMORY"
fi
mkdir "$TMP/bin"
cp "$BUILD_DIR"/ved "$BUILD_DIR"/ved-provider-* "$TMP/bin"
VED=$TMP/bin/ved
cd "$MEMORY" || exit 1
cp "$ROOT/e2e/fixtures/pay.ved" .
cat >ved.yaml <<'YAML'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    config: { delay_ms: 3, actions: [Pay] }
YAML
STATE=.ved/pay
PAID=$STATE/providers/sim/effects.ndjson
mkdir -p "$(dirname "$PAID")"
touch "$PAID"

# A plugin that was about to be started when its parent died holds the parent's lock until it runs.
begin() {
    start "$MEMORY/log" "$VED" controller pay.ved --lock-timeout 5s
}

paid() {
    jq -r '.address | capture("Pay\\[\"(?<n>[0-9]+)\"\\]").n' "$PAID"
}

# More than so many lines.
has_paid() {
    [ "$(wc -l <"$PAID")" -gt "$1" ]
}

# Two of three are killed while they pay, the others anywhere from their start on.
await_moment() {
    if [ $((RANDOM % 3)) -gt 0 ]; then
        wait_until 10 has_paid "$(wc -l <"$PAID")"
    fi
    sleep "0.$(printf '%03d' $((RANDOM % 90)))"
}

echo "# $KILLS kills, seed $SEED"
refused=0
plugins=0
for ((kill = 0; kill < KILLS; kill++)); do
    begin
    await_moment
    if [ $((kill % 10)) -eq 9 ] && pkill -KILL -P "$STARTED" -f ved-provider-sim; then
        plugins=$((plugins + 1))
    fi
    if ! kill -KILL "$STARTED" 2>/dev/null; then
        refused=$((refused + 1))
        sed 's/^/# /' log | tail -n 5
    fi
    wait "$STARTED" 2>/dev/null
done
check_equal "every state that a kill left could be gone on with ($KILLS kills, $plugins of them with the plugin's)" \
    "$refused" 0
check_exit 0 "the state is whole" "$VED" state verify --state "$STATE"

begin
before=$(wc -l <"$PAID")
check "it goes on paying" wait_until 20 has_paid $((before + 50))
stop "$STARTED"
check "it stops in order" grep -q 'type=stopped' log

count=$(wc -l <"$PAID")
n=$("$VED" get domains -o json --state "$STATE" | jq '.[] | select(.domain == "Clock").state.n')
check_equal "no payment was made twice ($count of them)" "$(paid | sort -n | uniq -d | wc -l)" 0
check_equal "none was left out up to the last one" "$(paid | sort -n | tail -n 1)" "$count"
check_equal "and each is by its own key" "$(jq -r .op "$PAID" | sort -u | wc -l)" "$count"
waiting=$("$VED" get mailboxes -o json --state "$STATE" | jq '[.[] | select(.name == "Pay")] | length')
check_equal "what the clock has handed out is paid or waits" $((count + waiting)) "$n"
check_equal "what was paid is what the payers have counted" \
    "$("$VED" get domains -o json --state "$STATE" | jq '[.[] | select(.domain == "Payer").state.paid] | add')" \
    "$count"
