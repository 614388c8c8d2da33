#!/bin/bash
# While a domain waits it costs nothing, and what it waits for cannot be lost.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-sim

# User and system time of a process that it has used up to now, in ms.
cpu_ms() { # PID
    local text ticks
    text=$(sed 's/.*) //' "/proc/$1/stat") || return 1
    ticks=$(awk '{ print $12 + $13 }' <<<"$text")
    echo $((ticks * 1000 / $(getconf CLK_TCK)))
}

sleeping() {
    new_stack . && sim_bindings . 'delay_ms: {CreatePostgres: 30000}'
    "$VED" apply stack.ved >run.out 2>run.err </dev/null &
    local apply=$! code=0 before after
    wait_until 10 grep -q CreatePostgres .ved/stack/providers/sim/calls.ndjson
    before=$(cpu_ms $apply)
    sleep 28
    after=$(cpu_ms $apply)
    check "a database that takes 30 s has cost ved less than 50 ms, its start included ($after ms)" test "$after" -lt 50
    check_equal "while it waits nothing is used" "$((after - before < 20))" 1
    check_equal "what waits is asleep" "$("$VED" get domains -o json | jq -r '.[] | select(.domain == "App") | .lifecycle')" sleeping
    check_equal "nothing of the application has run" "$(sim_calls)" CreatePostgres
    check_equal "every 10 s it says that it is at it" \
        "$(grep -o 'Still creating... \[[0-9]*s elapsed' run.err | tr '\n' ' ')" \
        'Still creating... [10s elapsed Still creating... [20s elapsed '
    check "and how far it is, by the provider" \
        grep -Eq '\[20s elapsed, (50 %, settling|preparing), CreatePostgres\]' run.err
    wait $apply || code=$?
    check_equal "then both are there" "$code $(last_line run.out)" "0 $BOTH_ADDED"
}

# The database's domain commits, its event goes out with the same record, and ved dies before the
# application's effect is answered.
dying() {
    new_stack . && sim_bindings . 'delay_ms: {StartAppContainer: 2000}'
    "$VED" apply stack.ved >run.out 2>run.err </dev/null &
    local apply=$!
    wait_until 10 committed
    kill -KILL $apply
    wait $apply 2>/dev/null
    check_equal "ved was killed after the database's commit: it is ready" "$(domain_field Database status)" ready
    check_equal "the application is not yet running" "$(domain_field App app_status)" ""
    verb 0 "the next apply starts the application all the same" apply stack.ved
    check_equal "it runs" "$(domain_field App app_status)" running
    check_equal "the database was made once" \
        "$(jq -rs 'map(select(.effect == "CreatePostgres")) | length' .ved/stack/providers/sim/calls.ndjson)" 1
    check_equal "so was the application" "$(sim_objects)" 2
}

committed() {
    grep -hq '"type":"commit".*"domain":"Database"' .ved/stack/journal-*.ndjson
}

# The event is recorded and the application has not heard of it: the journal ends with the commit.
unheard() {
    new_stack . && sim_bindings . 'delay_ms: {StartAppContainer: 2000}'
    "$VED" apply stack.ved >run.out 2>run.err </dev/null &
    local apply=$! file
    wait_until 10 committed
    kill -KILL $apply
    wait $apply 2>/dev/null
    wait_until 5 pool_is_gone
    file=$(grep -l '"type":"commit".*"domain":"Database"' .ved/stack/journal-*.ndjson)
    # As if ved had died with the commit on the disk and nothing else: what came after it is cut off
    # from the journal, and the provider has never been asked for the application.
    sed -i '/"type":"commit".*"domain":"Database"/q' "$file"
    rm .ved/stack/providers/sim/journal.ndjson
    sed -i '/StartAppContainer/d' .ved/stack/providers/sim/calls.ndjson
    grep -l StartAppContainer .ved/stack/providers/sim/objects/* 2>/dev/null | xargs -r rm
    check_equal "where the record ends with the commit the application has not heard" "$(domain_field App db_ready)" false
    check_equal "but its message waits" "$("$VED" get domains -o json | jq '.[] | select(.domain == "App") | .mailbox')" 1
    verb 0 "and the next apply hears it" apply stack.ved
    check_equal "starts the application, and nothing else" "$(last_line) $(sim_calls)" \
        'Apply complete! Resources: 1 added, 0 changed, 0 destroyed. CreatePostgres StartAppContainer'
}

pool_is_gone() {
    [ -z "$(processes_below "$PWD")" ]
}

parts sleeping dying unheard
