#!/bin/bash
# A controller over a real engine: a container that is removed or stopped outside is back as soon as
# the engine tells of it, long before the next look would come.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"

need_programs ved ved-provider-docker
start_engine
busybox_image
cd "$TMP" || exit 1

cat >boxes.ved <<'VED'
domain Boxes {
    state {
        made: bool
    }
    goal Made {
        predicate made
    }
    transition Make {
        step {
            emit Infra.RunContainer("localhost/busybox", "first", command: ["sleep", "1000"], stop_timeout_s: 1)
            emit Infra.RunContainer("localhost/busybox", "second", command: ["sleep", "1000"], stop_timeout_s: 1)
            made = true
        }
    }
}
VED
cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: docker
    config: { socket: $ENGINE }
    limits: { resync: 10m }
YAML

runs() { # NAME
    [ "$(podman inspect "$1" --format '{{.State.Running}}' 2>/dev/null)" = true ]
}

# back_within SECONDS NAME: how long it took is in $TOOK, in ms.
back_within() {
    local from
    from=$(date +%s%3N)
    wait_until "$1" runs "$2" || return 1
    TOOK=$(($(date +%s%3N) - from))
    [ "$TOOK" -le $(($1 * 1000)) ]
}

start "$TMP/log" "$VED" controller boxes.ved
check "two containers run" wait_until 30 runs second
check "both" wait_until 30 runs first
sleep 1
podman rm --force --time 0 first >/dev/null
back_within 2 first && ok "one that is removed is back within 2 s ($TOOK ms)" ||
    not_ok "one that is removed is back within 2 s"
podman kill second >/dev/null
back_within 2 second && ok "one that is killed runs again within 2 s ($TOOK ms)" ||
    not_ok "one that is killed runs again within 2 s"
check "the log says what was lost" grep -q 'type=object_lost .*addr=Boxes\.Make' "$TMP/log"
stop "$STARTED"
check_exit 0 "an apply finds all as it is to be" "$VED" apply boxes.ved
check_equal "and has nothing to do" "$(tail -n 1 "$TMP/out")" \
    "No changes. Your infrastructure matches the configuration."
check_exit 0 "it is destroyed" "$VED" destroy -y boxes.ved
check_equal "nothing is left" "$(engine_has)" ""
[ "$FAILED" -eq 0 ] || tail -n 20 "$TMP/log" | cut -c 1-300 | sed 's/^/# log: /'
