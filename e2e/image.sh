#!/bin/bash
# The image of Ved: small, quick to start, run by nobody in particular on a root it cannot write, and
# made from the Dockerfile without a registry.
#
# STARTS=15: so many starts of each kind are measured, in turns.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"

STARTS=${STARTS:-15}
SIZE_MAX=30000000
START_MAX_MS=50
need_programs ved ved-provider-local

run_ved() { # [PODMAN-OPTION...] -- VERB...
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    podman run --rm --network none --read-only --read-only-tmpfs=false --cap-drop all \
        --security-opt no-new-privileges ${options[@]+"${options[@]}"} localhost/ved "$@"
}

milliseconds() { # COMMAND...
    local begun=$EPOCHREALTIME ended
    "$@" >/dev/null 2>&1 </dev/null || return 1
    ended=$EPOCHREALTIME
    echo $(((${ended/./} - ${begun/./}) / 1000))
}

median() {
    sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

static_true() {
    podman run --rm --network none --read-only --read-only-tmpfs=false --cap-drop all \
        --security-opt no-new-privileges localhost/busybox /bin/busybox true
}

# --- What is in it ---

start_engine
check "the image is made without a registry" "$ROOT/.ci/image" "$BUILD_DIR" "$TMP/ved-image.tar"
check "made again from the same programs it is the same image" \
    "$ROOT/.ci/image" "$BUILD_DIR" "$TMP/again.tar"
manifest_digest() {
    tar -xOf "$1" index.json | jq -r '.manifests[].digest'
}
check_equal "the second image has the digest of the first" \
    "$(manifest_digest "$TMP/again.tar")" "$(manifest_digest "$TMP/ved-image.tar")"
check "an engine takes it" podman load --quiet --input "$TMP/ved-image.tar"
size=$(podman image inspect localhost/ved --format '{{.Size}}')
check "it is smaller than 30 MB: $((size / 1000)) kB" test "$size" -lt $SIZE_MAX
check_equal "it says that it is run by an ordinary user" \
    "$(podman image inspect localhost/ved --format '{{.Config.User}}')" 65532:65532
podman save --quiet --format docker-dir --output "$TMP/saved" localhost/ved >/dev/null
for layer in "$TMP"/saved/*; do
    tar -tvf "$layer" --numeric-owner 2>/dev/null
done >"$TMP/files"
check "its files can be listed" grep -q ' usr/bin/ved$' "$TMP/files"
check_equal "nothing in it belongs to that user" "$(awk '$2 ~ /65532/' "$TMP/files")" ""
check_equal "only /tmp can be written by others" \
    "$(awk '$1 !~ /^l/ && substr($1, 9, 1) == "w" { print $6 }' "$TMP/files")" tmp/
check_equal "there is no shell, package manager or set-uid program in it" \
    "$(grep -E '(^[^ ]*s|bin/(sh|bash|dash|busybox|apt|dpkg)$)' "$TMP/files")" ""

# --- It runs ---

check_exit 0 "it runs on a root that cannot be written" run_ved -- version
check_equal "it is the version that was built" "$(cat "$TMP/out")" "$("$VED" version)"
mkdir "$TMP/stack"
cat >"$TMP/stack/stack.ved" <<'VED'
domain Note {
    state {
        written: bool
    }
    goal Written {
        predicate written
    }
    transition Write {
        step {
            if !written {
                emit System.WriteFile("/stack/note", "from a container\n")
                written = true
            }
        }
    }
}
VED
chown -R 65532:65532 "$TMP/stack"
check_exit 0 "it plans a stack that is mounted" run_ved -v "$TMP/stack:/stack" -- plan stack.ved
check_equal "the plan is as ever" "$(tail -n 1 "$TMP/out")" "Plan: 1 to add, 0 to change, 0 to destroy."
check_exit 0 "it applies a stack that is mounted" \
    run_ved -v "$TMP/stack:/stack" -- apply --auto-approve stack.ved
check_equal "what it wrote belongs to the ordinary user" \
    "$(stat -c '%u %g' "$TMP/stack/note") $(cat "$TMP/stack/note")" "65532 65532 from a container"

# --- It starts at once ---

busybox_image
for ((i = 0; i < STARTS; i++)); do
    ours=$(milliseconds run_ved -- version) && other=$(milliseconds static_true) ||
        bail "both start, each time"
    echo "$ours" >>"$TMP/ours"
    echo "$other" >>"$TMP/other"
    echo $((ours - other)) >>"$TMP/more"
done
more=$(median <"$TMP/more")
echo "# ved version: $(median <"$TMP/ours") ms, static true: $(median <"$TMP/other") ms (medians of $STARTS)"
check "it starts in less than $START_MAX_MS ms: $more ms more than a static 'true'" \
    test "$more" -lt $START_MAX_MS
