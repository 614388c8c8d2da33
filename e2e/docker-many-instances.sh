#!/bin/bash
# Two hundred containers from one program, in instances of a keyed domain: two calls that change
# something for each, one list and one stream of events for all, as many at a time as were allowed,
# and hardly longer than a loop of the shell takes.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"
. "$ROOT/e2e/fixtures/stack.sh"
. "$ROOT/e2e/fixtures/many.sh"

need_programs ved ved-provider-docker
start_engine
busybox_image
many_containers "in instances of a keyed domain" keyed_program
