#!/usr/bin/env bash
# The conformance suite against the provider of containers, with a real engine behind it, which has
# nothing left afterwards.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"

need_programs ved ved-provider-docker
start_engine
busybox_image

check_exit 0 "every rule holds" timeout -k 5 150 "$VED" provider check docker \
    --samples "$ROOT/tests/providers/samples/docker.json" --config "{\"socket\": \"$ENGINE\"}"
grep -A30 '^not ok' "$TMP/out" | head -n 80 | sed 's/^/#   /'
check_equal "but those that the provider has no capability or sample for" \
    "$(grep -c '^ok .*# SKIP' "$TMP/out")" 3
stop_engine
