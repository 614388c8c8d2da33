#!/bin/bash
# What a program orders is the order in the world: nothing follows from an effect that has not
# succeeded, and everything does once it has.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-sim

calls_of() { # EFFECT
    jq -rs --arg effect "$1" 'map(select(.effect == $effect)) | length' \
        .ved/stack/providers/sim/calls.ndjson
}

event_was_sent() {
    journal 'select(.type == "commit" and .domain == "Database")' | grep -q .
}

application_was_asked_for() {
    grep -q StartAppContainer .ved/stack/providers/sim/calls.ndjson
}

slow() {
    new_stack . && sim_bindings . 'delay_ms: {CreatePostgres: 3000}'
    "$VED" apply stack.ved --json-into stream >out 2>err </dev/null &
    local apply=$! code=0
    wait_until 10 grep -q CreatePostgres .ved/stack/providers/sim/calls.ndjson
    sleep 2
    check "while the database takes its time, it is still being created" test -d "/proc/$apply"
    check "meanwhile its event is not in the journal" not event_was_sent
    check "nor is the application asked for" not application_was_asked_for
    check_equal "nor is the database's state another" "$(domain_field Database status)" pending
    wait $apply || code=$?
    check_equal "then all of it is done" "$code $(last_line out)" "0 $BOTH_ADDED"
    check_equal "database, event, application" \
        "$(jq -r 'select(.type | test("^(apply_start|apply_complete|event_sent)$")) |
                  .type + " " + (.hook.resource.addr // .["@message"])' stream | tr '\n' ';')" \
        "apply_start Database.Boot_db.CreatePostgres[0];apply_complete Database.Boot_db.CreatePostgres[0];event_sent DatabaseReady;apply_start App.Boot_app.StartAppContainer[0];apply_complete App.Boot_app.StartAppContainer[0];"
    check_equal "the journal has them in this order too" \
        "$(journal 'select(.type == "answer" or .type == "commit" or .cause.on) |
                    [.type // "slice", .domain // .outcome] | join(" ")' | tr -d '"' | tr '\n' ';')" \
        "answer applied;commit Database;slice App;answer applied;commit App;"
}

not() {
    ! "$@"
}

broken() {
    new_stack . && sim_bindings . 'fail_always: ["CreatePostgres"]'
    verb 1 "where the database cannot be created, apply ends with 1" apply stack.ved
    check_equal "it counts what failed" "$(last_line)" \
        'Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 0 unknown, 0 not attempted.'
    check "it says what failed and why" has_line "$TMP/err" \
        'Database\.Boot_db\.CreatePostgres\[0\]: failed after [0-9]+s: .*injected failure'
    check "it says of each goal what it waits for" in_order "$TMP/err" 'Database\.Ready' 'App\.Live'
    check "the event was not sent" not event_was_sent
    check_equal "the application was not asked for" "$(sim_calls)" CreatePostgres
    check_equal "the database's state is what it was" "$(domain_field Database status)" pending
    check_equal "the application has not heard of it" "$(domain_field App db_ready)" false
    check_equal "no object is recorded as there" "$("$VED" get resources -o json | jq 'map(select(.state == "ready")) | length')" 0
    verb 1 "as long as it is broken, the next apply ends alike" apply stack.ved
    sim_bindings . 'delay_ms: 0'
    verb 0 "once it is repaired, the next apply finishes the job" apply stack.ved
    check_equal "it adds both" "$(last_line)" "$BOTH_ADDED"
    check_equal "each was made once" "$(sim_objects)" 2
    check_equal "the application after the database" "$(sim_calls)" \
        "CreatePostgres CreatePostgres CreatePostgres StartAppContainer"
    verb 0 "then there is nothing to do" apply stack.ved
    check_equal "and it says so" "$(last_line)" "$NOTHING_TO_DO"
}

shaky() {
    new_stack . && sim_bindings . 'fail_transient: {CreatePostgres: 2, StartAppContainer: 1}'
    verb 0 "what fails for a moment is tried again" apply stack.ved
    check_equal "and succeeds" "$(last_line)" "$BOTH_ADDED"
    check_equal "after as many tries as it took" "$(sim_calls)" \
        "CreatePostgres CreatePostgres CreatePostgres StartAppContainer StartAppContainer"
    check_equal "each with one key" \
        "$(jq -rs 'map({effect, op}) | unique | length' .ved/stack/providers/sim/calls.ndjson)" 2
    check_equal "each once in the world" "$(sim_objects)" 2
}

half() {
    new_stack . && sim_bindings . 'fail_always: ["StartAppContainer"]'
    verb 1 "where the application cannot be started, apply ends with 1" apply stack.ved
    check_equal "the database stays" "$(last_line)" \
        'Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed, 1 failed, 0 unknown, 0 not attempted.'
    check_equal "it is ready" "$(domain_field Database status)" ready
    sim_bindings . 'delay_ms: 0'
    verb 0 "once that is repaired, only the application is missing" apply stack.ved
    check_equal "and added" "$(last_line)" 'Apply complete! Resources: 1 added, 0 changed, 0 destroyed.'
    check_equal "the database was asked for once" "$(calls_of CreatePostgres)" 1
}

parts slow broken shaky half
