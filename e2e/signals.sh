#!/bin/bash
# A run that is told to stop stops in order, and the next one goes on where it was; two runs of one
# state never work at once.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-sim

# begin ARGUMENT...: apply in the background; its pid is in $APPLY. Job control gives it signals as
# a terminal would: a shell without it has SIGINT ignored in what it starts in the background.
begin() {
    set -m
    "$VED" apply stack.ved "$@" >run.out 2>run.err </dev/null &
    APPLY=$!
    set +m
}

effect_runs() {
    wait_until 10 grep -q "$1" .ved/stack/providers/sim/calls.ndjson
}

ends_with() { # CODE NAME
    local code=0
    wait "$APPLY" || code=$?
    check_equal "$2" "$code" "$1"
}

lasts_less_than() { # SECONDS SINCE
    [ $((SECONDS - $2)) -lt "$1" ]
}

goes_on() {
    verb 0 "$1: the next apply goes on and ends with 0" apply stack.ved
    check_equal "$1: each object is there once" \
        "$(sim_objects) $("$VED" get resources -o json | jq '[.[].uid] | unique | length')" "2 2"
    check_equal "$1: each was asked for under one key" \
        "$(jq -rs 'map({uid, op}) | unique | length' .ved/stack/providers/sim/calls.ndjson)" 2
    verb 0 "$1: then there is nothing to do" apply stack.ved
    check_equal "$1: and it says so" "$(last_line)" "$NOTHING_TO_DO"
}

stops() { # SIGNAL CODE
    new_stack . && sim_bindings . 'delay_ms: {CreatePostgres: 2500}'
    begin
    check "SIG$1: an effect runs" effect_runs CreatePostgres
    kill "-$1" -- -$APPLY
    ends_with "$2" "SIG$1: it ends with $2"
    check "SIG$1: it says that it stops, and what it waits for" has_line run.err '^Stopping .*1 running effect'
    check "SIG$1: the effect that ran was awaited" has_line run.err 'CreatePostgres.*Creation complete'
    check "SIG$1: none was begun after it" has_no_line run.err 'StartAppContainer.*Creating'
    check_equal "SIG$1: the summary says so" "$(last_line run.out | cut -d, -f1-3)" \
        'Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed'
    check "SIG$1: it ends as agreed" ends_as_agreed run.out
    check_equal "SIG$1: what it did is in the state" "$(domain_field Database status)" ready
    check_exit 0 "SIG$1: the state is whole" "$VED" state verify
    goes_on "SIG$1"
}

interrupt() { stops INT 130; }
terminate() { stops TERM 143; }

impatient() {
    new_stack . && sim_bindings . 'delay_ms: {CreatePostgres: 8000}'
    local since
    begin
    effect_runs CreatePostgres
    since=$SECONDS
    kill -INT $APPLY
    wait_until 5 grep -q '^Stopping' run.err
    kill -INT $APPLY
    ends_with 130 "twice SIGINT: it ends with 130"
    check "twice SIGINT: at once, not when the effect has ended" lasts_less_than 4 $since
    check "twice SIGINT: it ends as agreed" ends_as_agreed run.out
    check_equal "twice SIGINT: no process is left" "$(processes_below "$PWD")" ""
    sim_bindings . 'delay_ms: 0'
    goes_on "twice SIGINT"
}

# A provider that does not come to say where it listens.
starting() { # SIGNAL CODE
    new_stack .
    mkdir slow
    printf '#!/bin/sh\nexec sleep 20\n' >slow/ved-provider-slow
    chmod +x slow/ved-provider-slow
    local since=$SECONDS
    begin --provider "Infra=$PWD/slow/ved-provider-slow"
    wait_until 5 pgrep -P $APPLY
    kill "-$1" -- -$APPLY
    ends_with "$2" "SIG$1 while a provider starts: it ends with $2"
    check "SIG$1 while a provider starts: at once" lasts_less_than 4 $since
    check "SIG$1 while a provider starts: it says that nothing was begun" has_line run.err 'nothing was begun'
    check_equal "SIG$1 while a provider starts: no process is left" "$(processes_below "$PWD")" ""
    verb 0 "SIG$1 while a provider starts: the state is usable" apply stack.ved --provider Infra=sim
}

starting_interrupt() { starting INT 130; }
starting_terminate() { starting TERM 143; }

together() {
    new_stack . && sim_bindings . 'delay_ms: {CreatePostgres: 2500}'
    begin
    effect_runs CreatePostgres
    local since=$SECONDS
    verb 75 "of two runs at once one is refused with 75" apply stack.ved
    check "it says who holds the state" has_line "$TMP/err" \
        "held by pid $APPLY on host .*\(ved apply stack\.ved\) since .*--lock-timeout"
    check "at once" lasts_less_than 2 $since
    verb 75 "destroy is refused alike" destroy
    verb 75 "so is plan, which would use the same providers" plan stack.ved
    verb 0 "looking is not" get domains
    verb 75 "--lock-timeout waits no longer than it says" apply stack.ved --lock-timeout 300ms
    verb 0 "--lock-timeout waits until the other has ended" apply stack.ved --lock-timeout 20s
    check_equal "and finds its work done" "$(last_line)" "$NOTHING_TO_DO"
    ends_with 0 "the first one has ended well meanwhile"
    check_equal "it did all of it" "$(last_line run.out)" "$BOTH_ADDED"
    check_equal "once" "$(sim_calls)" "CreatePostgres StartAppContainer"
}

parts interrupt terminate impatient starting_interrupt starting_terminate together
