#!/bin/bash
# Of two copies of a state the one with the older epoch changes nothing any more: its requests say
# which epoch they come from, and a provider that has heard of a newer one refuses them. All tries of
# an effect are one trace.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cp "$ROOT"/e2e/fixtures/faults/*.ved "$TMP"
cat >"$TMP/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
stack: shop
providers:
  API:
    plugin: sim
    config: { fail_transient: { CreateKey: 2 } }
YAML

apply() { # STATE PROGRAM
    timeout 60 "$VED" apply "$TMP/$2.ved" --auto-approve --state "$TMP/$1" --color never
}

traces() { # JQ-FILTER: over the three tries of the key
    jq -rs "map(select(.effect == \"CreateKey\") | .traceparent | split(\"-\")) | $1" \
        "$TMP/first/providers/sim/calls.ndjson"
}

check_exit 0 "a first apply" apply first before
check_equal "each try of an effect is a span of its own, in one trace" \
    "$(traces '[length, (map(.[1]) | unique | length), (map(.[2]) | unique | length)] | join(" ")')" \
    "3 1 3"
check_equal "effects have traces of their own" \
    "$(jq -rs 'map({op, trace: (.traceparent | split("-")[1])}) | unique |
              [length, (map(.trace) | unique | length)] | join(" ")' \
        "$TMP/first/providers/sim/calls.ndjson")" "4 4"

cp -a "$TMP/first" "$TMP/second"
check_exit 0 "a copy begins a new epoch" \
    "$VED" state restore newest --state "$TMP/second" --yes
check_exit 0 "the copy goes on" apply second after

# Both have the same providers: what they keep is where the second copy has left it.
rm -r "$TMP/first/providers"
cp -a "$TMP/second/providers" "$TMP/first/providers"
made=$(wc -l <"$TMP/second/providers/sim/effects.ndjson")
check_exit 4 "the first one is refused with 4" apply first after
check "it says why, and what to do" grep -q \
    'has begun a newer epoch than 1, .* `ved state restore newest`' "$TMP/err"
check_equal "and has changed nothing" "$(wc -l <"$TMP/first/providers/sim/effects.ndjson")" "$made"
