#!/bin/bash
# `ved apply` as it is, with another call failing in each run: every write, sync, open, connection
# ..., and of the allocations those at different places. It never ends by a signal or with a code or
# without a sentence that the manual does not have, the state is whole, and the next apply finishes
# what there is to do, with nothing lost and nothing done twice.
#
# FAULT_LIMIT=30 (runs for each kind of fault; 0: one for each call), SEED=1
. "$(dirname "$0")/lib.sh"

FAULT_LIMIT=${FAULT_LIMIT:-30}
SEED=${SEED:-1}
need_programs ved ved-provider-sim fault-driver fault.so

# Thousands of small files, and no fault in them that is not made here: memory will do.
WORK=$TMP
if [ -w /dev/shm ]; then
    WORK=$(mktemp -d /dev/shm/ved-e2e.XXXXXX)
    trap 'rm -rf "$WORK"; finish_script' EXIT
fi

# Of our own, so that a build at the same time does not take them away in the middle.
mkdir "$TMP/bin"
cp "$BUILD_DIR"/ved "$BUILD_DIR"/ved-provider-* "$BUILD_DIR"/{fault-driver,fault.so} "$TMP/bin"
cp "$ROOT"/e2e/fixtures/faults/*.ved "$TMP"
cat >"$TMP/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
stack: shop
providers:
  API:
    plugin: sim
YAML

# part NAME I LIMIT ARGUMENT...
part() {
    local name=$1 part=$2 limit=$3
    shift 3
    mkdir "$WORK/$name-$part"
    "$TMP/bin/fault-driver" --ved "$TMP/bin/ved" --shim "$TMP/bin/fault.so" --seed "$SEED" \
        --work "$WORK/$name-$part" --limit "$limit" --part "$part/2" "$@" -- \
        --bindings "$TMP/ved.yaml" --timeout 30s >"$TMP/$name-$part.out" 2>&1 ||
        echo "not ok it ended with $?" >>"$TMP/$name-$part.out"
}

# tried NAME TITLE LIMIT ARGUMENT...: in two halves.
tried() {
    local name=$1 title=$2
    shift 2
    part "$name" 1 "$@" &
    part "$name" 2 "$@"
    wait
    cat "$TMP/$name-1.out" "$TMP/$name-2.out" | sed -E "s/^(ok|not ok) /\1 $title: /"
    grep -q '^ok ' "$TMP/$name-1.out" || echo "not ok $title: something was tried"
}

# Mostly they wait, so all of them run side by side.
tried new "first apply" "$FAULT_LIMIT" --stack "$TMP/before.ved" >"$TMP/new.out" &
tried edited "apply of an edit" "$FAULT_LIMIT" --before "$TMP/before.ved" \
    --stack "$TMP/after.ved" >"$TMP/edited.out" &
# What its plugin cannot do is done by the next one, within the same apply.
tried plugin "plugin" "$((FAULT_LIMIT / 5))" --program ved-provider-sim \
    --stack "$TMP/before.ved" >"$TMP/plugin.out" &
wait
for name in new edited plugin; do
    cat "$TMP/$name.out"
    FAILED=$((FAILED + $(grep -c '^not ok' "$TMP/$name.out")))
done
