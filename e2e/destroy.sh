#!/bin/bash
# Destroy takes away what the stack owns, dependants first, leaves nothing of it behind, and the
# next apply begins from the start.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-local ved-provider-sim ved-sample-app

objects_of() { # FOLDER: what providers keep of objects
    find "$1" -path '*/providers/local/postgres/*' -o -path '*/providers/local/process/*' \
        -o -path '*/objects/*.json'
}

brought_up() { # NAME
    verb 0 "$1: apply brings both up" apply stack.ved
    check_equal "$1: from the start" "$(last_line)" "$BOTH_ADDED"
    PORTS=$("$VED" get resources -o json | jq -r '.[].outputs.port')
    check_equal "$1: both are processes of the stack" \
        "$(processes_below "$PWD" | wc -l | awk '{ print ($1 >= 2) }')" 1
    check "$1: both ports are open" ports_are open
}

ports_are() { # open|closed
    local port count=0
    for port in $PORTS; do
        count=$((count + 1))
        case $1 in
        open) port_is_open "$port" || return 1 ;;
        closed) ! port_is_open "$port" || return 1 ;;
        esac
    done
    [ $count -eq 2 ]
}

taken_down() { # NAME
    verb 0 "$1: destroy ends with 0" destroy
    check_equal "$1: it says how many it took away" "$(last_line)" "$BOTH_DESTROYED"
    check "$1: the application first" in_order "$TMP/err" \
        'StartAppContainer\[0\]: Destroying' 'StartAppContainer\[0\]: Destruction complete' \
        'CreatePostgres\[0\]: Destroying' 'CreatePostgres\[0\]: Destruction complete'
    check_equal "$1: no process is left" "$(processes_below "$PWD")" ""
    check "$1: no port is open" ports_are closed
    check_equal "$1: no folder of an object is left" "$(objects_of .)" ""
    check_equal "$1: the state owns nothing" "$("$VED" get resources -o json | jq length)" 0
}

really() {
    new_stack .
    for round in first second; do
        brought_up "$round"
        sed -E 's/\[op [^]]*\]|\[id=.*|[0-9]+s//g' "$TMP/err" >"progress.$round"
        taken_down "$round"
        sed -E 's/\[op [^]]*\]|[0-9]+s//g' "$TMP/err" >>"progress.$round"
    done
    check "the second round goes as the first" cmp progress.first progress.second
    verb 0 "destroy with nothing left ends with 0" destroy
    check_equal "and says so" "$(last_line)" 'Apply complete! Resources: 0 added, 0 changed, 0 destroyed.'
    check_equal "it begins nothing" "$(cat "$TMP/err")" ""
}

never() {
    new_stack .
    verb 74 "destroy where nothing was ever applied ends with 74" destroy stack.ved
    check "it says so, and what to do" has_line "$TMP/err" 'holds no stack: apply one first'
    verb 74 "without a program's name alike" destroy
    check "and makes no state by looking for one" test ! -e .ved
}

two() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    mv stack.ved red.ved && cp red.ved blue.ved
    verb 0 "of two stacks in one folder the first is applied" apply red.ved
    verb 0 "a verb without a file takes the only one" get domains
    verb 0 "the second is applied" apply blue.ved
    check_equal "it does not know the first one's objects" "$(last_line)" "$BOTH_ADDED"
    check_equal "each has its own" "$(find .ved/red -path '*/objects/*' | wc -l) $(find .ved/blue -path '*/objects/*' | wc -l)" "2 2"
    verb 64 "a verb without a file asks which of them" destroy
    check "it names both, and the flag" has_line "$TMP/err" "(blue, red|red, blue).*--stack"
    verb 64 "looking asks alike" get resources
    verb 0 "destroy takes the one it is told" destroy --stack red
    check_equal "both of its objects" "$(last_line)" "$BOTH_DESTROYED"
    check_equal "and leaves the other" "$(find .ved/red -path '*/objects/*' | wc -l) $(find .ved/blue -path '*/objects/*' | wc -l)" "0 2"
    verb 0 "which has nothing to do" apply blue.ved
    check_equal "and says so" "$(last_line)" "$NOTHING_TO_DO"
    verb 0 "a file names its stack, too" destroy blue.ved
    check_equal "nothing is left" "$(objects_of .ved)" ""
}

killed() { # EFFECT OBJECTS: how many were there when ved died
    new_stack . && sim_bindings . "delay_ms: {$1: 1500}"
    "$VED" apply stack.ved >run.out 2>run.err </dev/null &
    local apply=$!
    wait_until 10 grep -q "$1" .ved/stack/providers/sim/calls.ndjson
    kill -KILL $apply
    wait $apply 2>/dev/null
    verb 0 "destroy after an apply was killed during $1 ends with 0" destroy
    check_equal "killed during $1: it took away what there was" "$(last_line | sed 's/.*, //')" "$2 destroyed."
    check_equal "killed during $1: nothing is left" "$(objects_of .ved)$(processes_below "$PWD")" ""
    check_equal "killed during $1: the state owns nothing" "$("$VED" get resources -o json | jq length)" 0
    sim_bindings . 'delay_ms: 0'
    verb 0 "killed during $1: the next apply begins from the start" apply stack.ved
    check_equal "killed during $1: with both" "$(last_line)" "$BOTH_ADDED"
}

killed_early() { killed CreatePostgres 1; }
killed_late() { killed StartAppContainer 2; }

# The same with a real database, of which initdb has made a part.
killed_really() {
    new_stack .
    "$VED" apply stack.ved >run.out 2>run.err </dev/null &
    local apply=$!
    wait_until 10 grep -q Creating run.err
    sleep 0.3
    kill -KILL $apply
    wait $apply 2>/dev/null
    verb 0 "a database half made is destroyed" destroy
    check_equal "no process of it is left" "$(processes_below "$PWD")" ""
    check_equal "nor any of its files" "$(objects_of .ved)" ""
}

# A destroy that dies while the database goes, and what comes after it.
half_destroyed() { # VERB RESULT
    new_stack .
    "$VED" apply stack.ved >/dev/null 2>&1 </dev/null
    "$VED" destroy >run.out 2>run.err </dev/null &
    local destroy=$!
    wait_until 10 grep -q 'CreatePostgres.*Destroying' run.err
    kill -KILL $destroy
    wait $destroy 2>/dev/null
    check_equal "killed in destroy: the application is gone, the database is going" \
        "$("$VED" get resources -o json | jq -r '.[] | .effect + " " + .state')" 'Infra.CreatePostgres leaving'
    verb 0 "killed in destroy: $1 after it ends with 0" "$1" stack.ved
    check_equal "killed in destroy: it finished that first" "$(last_line)" "$2"
    verb 0 "killed in destroy: at the end all can be taken away" destroy
    check_equal "killed in destroy: nothing is left" "$(objects_of .)$(processes_below "$PWD")" ""
}

destroyed_then_destroyed() {
    half_destroyed destroy 'Apply complete! Resources: 0 added, 0 changed, 1 destroyed.'
}

destroyed_then_applied() {
    half_destroyed apply 'Apply complete! Resources: 2 added, 0 changed, 1 destroyed.'
}

parts destroyed_then_destroyed destroyed_then_applied really never two killed_early killed_late killed_really
