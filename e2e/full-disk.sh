#!/bin/bash
# A disk that is full in the middle of an apply: ved begins nothing more, says so, ends with 74, and
# goes on when there is room again, with nothing lost and nothing done twice.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
OBJECTS=80
mkdir "$TMP/disk"
if ! mount -t tmpfs -o size=8m tmpfs "$TMP/disk" 2>"$TMP/mount.err"; then
    ok "a full disk is left out: $(tr '\n' ' ' <"$TMP/mount.err")"
    exit 0
fi
# Not while something below it is open: after our processes have ended.
trap 'umount -l "$TMP/disk"; finish_script' EXIT

cp "$ROOT/e2e/fixtures/load.ved" "$TMP/load.ved"
cat >"$TMP/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    config: { delay_ms: 20 }
YAML
STATE=$TMP/disk/state

apply() {
    timeout 100 "$VED" apply "$TMP/load.ved" --auto-approve --state "$STATE" --color never -q
}

made() {
    wc -l <"$STATE/providers/sim/effects.ndjson" 2>/dev/null || echo 0
}

some_are_made() {
    [ "$(made)" -ge 15 ]
}

fill() {
    dd if=/dev/zero of="$TMP/disk/fill" bs=1k oflag=append conv=notrunc 2>/dev/null
    [ "$(stat -f -c %a "$TMP/disk")" -eq 0 ]
}

says_why() { # FILE
    grep -q 'No space left on device\|no room' "$1"
}

# fill_in_the_middle TITLE: an apply of which the disk becomes full, and one on the full disk.
fill_in_the_middle() {
    local title=$1 running before
    start "$TMP/apply.log" timeout 100 "$VED" apply "$TMP/load.ved" --auto-approve \
        --state "$STATE" --color never
    running=$STARTED
    check "$title: an apply is in the middle of its work" wait_until 30 some_are_made
    check "$title: the disk is full" fill
    wait "$running"
    check_equal "$title: the apply ends with 74" "$?" 74
    check "$title: and says why" says_why "$TMP/apply.log"
    check_exit 0 "$title: the state is whole" "$VED" state verify --state "$STATE"
    # What ved had taken beforehand it has given back.
    check "$title: the disk is full again" fill
    before=$(made)
    check_exit 74 "$title: the next apply ends with 74" apply
    check "$title: and says why, too" says_why "$TMP/err"
    check_equal "$title: and has made nothing" "$(made)" "$before"
    rm "$TMP/disk/fill"
}

all_is_there_once() { # TITLE
    check_equal "$1: each effect took hold once" \
        "$(jq -rs '[length, (map(.op) | unique | length), (map(.uid) | unique | length)] |
                  map(tostring) | join(" ")' "$STATE/providers/sim/effects.ndjson")" \
        "$OBJECTS $OBJECTS $OBJECTS"
    check_equal "$1: and the state has each object once" \
        "$("$VED" get resources -o json --state "$STATE" |
            jq -r '[length, ([.[].uid] | unique | length)] | map(tostring) | join(" ")')" \
        "$OBJECTS $OBJECTS"
}

# The state's disk alone: what the plugin keeps is elsewhere.
mkdir -p "$STATE/providers" "$TMP/kept"
ln -s "$TMP/kept" "$STATE/providers/sim"
fill_in_the_middle "ved's disk"
check_exit 0 "ved's disk: with room again it goes on, and finishes" apply
all_is_there_once "ved's disk"

# The plugin's too: an effect may have failed for good by then, which the apply after next does.
rm -r "$STATE"
fill_in_the_middle "both disks"
apply >/dev/null 2>&1
check_exit 0 "both disks: with room again it goes on, and finishes" apply
all_is_there_once "both disks"
