#!/bin/bash
# `ved`, its plugin and the engine's service are killed with SIGKILL at every crash point, between the
# two calls of a container too, and started again: by the engine's own list there is one container
# for each object in the end, and it runs.
#
# KILLS=36 (of ved; half as many of its plugin, which has half as many points), SEED=... (printed)
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"
. "$ROOT/e2e/fixtures/stack.sh"

KILLS=${KILLS:-36}
SEED=${SEED:-$RANDOM}
BOXES=4 # that the program makes
need_programs ved ved-provider-docker kill-driver crashpoint.so

bindings() { # FOLDER
    cat >"$1/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: docker
    config: { socket: $ENGINE, network: none }
YAML
}

# What the state in a folder has, and what the engine has of its lineage: uids, in order.
objects() {
    "$VED" get resources -o json --state "$1" | jq -r '.[].uid' | sort
}


# Every container of ours that there is belongs to an object, and no two to the same one.
one_container_each() { # STATE-FOLDER...
    local state uids=() found
    for state in "$@"; do
        mapfile -t -O ${#uids[@]} uids < <(objects "$state")
    done
    [ ${#uids[@]} -eq $((BOXES * $#)) ] || { echo "${#uids[@]} objects in $# states" && return 1; }
    found=$(podman ps --all --format json | jq -r '.[] | "\(.Labels["ved.uid"]) \(.State)"' | sort)
    diff <(printf '%s running\n' "${uids[@]}" | sort) <(echo "$found")
}

rounds() { # FOLDER: state folders of the applies that came to their end
    find "$1" -mindepth 2 -maxdepth 2 -path '*/round-*/state' -print | sort -V
}

killed() { # VICTIM KILLS
    local victim=$1 kills=$2 work=$TMP/$1
    mkdir "$work"
    cp "$ROOT/e2e/fixtures/boxes.ved" "$work/boxes.ved"
    bindings "$work"
    echo "# $victim: $kills kills, seed $SEED"
    "$BUILD_DIR/kill-driver" --ved "$VED" --shim "$BUILD_DIR/crashpoint.so" --stack "$work/boxes.ved" \
        --work "$work" --victim "$victim" --kills "$kills" --seed "$SEED" --longest-ms 1200 \
        -- --bindings "$work/ved.yaml" >"$work/report" 2>"$work/errors"
    sed -E "s/^(ok|not ok) /\\1 $victim killed: /; t; s/^/# /" "$work/report"
    if grep -q '^not ok' "$work/report" || ! grep -q '^ok' "$work/report"; then
        FAILED=$((FAILED + 1))
        tail -n 20 "$work/errors" | sed 's/^/#   /'
        tail -n 20 "$(ls -d "$work"/round-* | sort -V | tail -n 1)/apply.log" | sed 's/^/#   apply: /'
    fi
    check "$victim killed: one running container for each object of $(rounds "$work" | wc -l) applies" \
        one_container_each $(rounds "$work")
    podman rm --all --force --time 0 >/dev/null 2>&1
}

# The service dies in the middle of an apply and comes back a moment later.
engine_killed() { # CONTAINERS-THERE
    local work=$TMP/engine-$1 code=0 apply
    mkdir "$work"
    cd "$work" || exit 1
    cp "$ROOT/e2e/fixtures/boxes.ved" stack.ved
    bindings .
    "$VED" apply stack.ved -y --state "$work/state" >apply.log 2>&1 </dev/null &
    apply=$!
    OUR_PIDS+=("$apply")
    wait_until 20 at_least "$1"
    kill_engine
    sleep 0.5
    start_engine
    wait "$apply" || code=$?
    # Whoever has given up says that it can be tried again; both end in the same.
    echo "# the engine killed with $1 containers there: apply ended with $code"
    [ "$code" -eq 0 ] ||
        verb 0 "the engine killed with $1 containers there: the next apply ends well" \
            apply stack.ved -y --state "$work/state"
    check "the engine killed with $1 containers there: one running container for each object" \
        one_container_each "$work/state"
    verb 0 "the engine killed with $1 containers there: a plan says what holds" \
        plan stack.ved --state "$work/state"
    check_equal "the engine killed with $1 containers there: nothing to do" "$(last_line)" "$NOTHING_TO_DO"
    podman rm --all --force --time 0 >/dev/null 2>&1
}

at_least() {
    [ "$(podman ps --all --quiet | wc -l)" -ge "$1" ]
}

start_engine
busybox_image
killed ved "$KILLS"
killed plugin $((KILLS / 2))
for there in 0 1 3; do
    engine_killed $there
done
