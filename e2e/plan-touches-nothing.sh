#!/bin/bash
# A plan says what would happen and does none of it; a saved one is what apply then keeps to.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-local ved-provider-sim

files_outside_state() {
    find "$TMP/shop" -path "$TMP/shop/.ved" -prune -o -print | sort
}

temporary_files() {
    find /tmp /var/tmp "$HOME" -maxdepth 1 -newer "$TMP/shop/stack.ved" ! -name 'ved-e2e.*' \
        -iname '*ved*' -print 2>/dev/null
}

new_stack "$TMP/shop"
cd "$TMP/shop" || exit 1
FILES=$(files_outside_state)

verb 0 "a plan ends with 0" plan stack.ved
cp "$TMP/out" "$TMP/first"
check "it has both effects in order, each with goal, transition and what unlocks it" in_order "$TMP/out" \
    '^# Database\.Boot_db\.CreatePostgres\[0\] will be created +\(goal Ready; transition Boot_db\)$' \
    '^# App\.Boot_app\.StartAppContainer\[0\] will be created +\(goal Live; transition Boot_app; after event DatabaseReady from Database\)$' \
    'Database\.Ready +met$' 'App\.Live +met$' '^Plan: 2 to add, 0 to change, 0 to destroy\.$'
check_equal "no process runs afterwards" "$(processes_below "$TMP/shop")" ""
check_equal "no file appeared outside the state's folder" "$(files_outside_state)" "$FILES"
check_equal "nor in the places for temporary files" "$(temporary_files)" ""
check_equal "no object was made below it" "$(find .ved -name 'postgres' -o -name 'process' -o -name 'checkpoint-*')" ""
verb 0 "it can be planned again" plan stack.ved
check "the second plan has the same bytes" cmp "$TMP/out" "$TMP/first"

verb 2 "--detailed-exitcode says 2 while an effect is pending" plan stack.ved --detailed-exitcode
verb 0 "--summary has one line for each object" plan stack.ved --summary
check_equal "and no more" "$(grep -c '^  + ' "$TMP/out")" 2
verb 0 "--quiet leaves the summary" plan stack.ved --quiet
check_equal "and nothing else on stdout" "$(cat "$TMP/out")" 'Plan: 2 to add, 0 to change, 0 to destroy.'
check_equal "and nothing on stderr" "$(cat "$TMP/err")" ""

# ---- the machine's stream ----

verb 2 "--json is planned alike" plan stack.ved --json --detailed-exitcode
check "every line of the stream is an object" jq -es 'all(type == "object")' "$TMP/out"
check_equal "its types are those agreed, in order" "$(jq -r .type "$TMP/out" | uniq | tr '\n' ' ')" \
    'version diagnostic planned_change change_summary exit '
check "its lines are numbered 1, 2, 3" jq -es '[.[].seq] == [range(1; length + 1)]' "$TMP/out"
check "every line has level, message, module and time" jq -es \
    'all(.["@level"] and .["@message"] and .["@module"] == "ved.ui" and .["@timestamp"])' "$TMP/out"
check "the first line is the version" jq -es '.[0] | .type == "version" and .ui == "1.0" and (.ved | length > 0)' "$TMP/out"
check "a planned change has address, action, op and cause" jq -es \
    '[.[] | select(.type == "planned_change")] | length == 2 and
     all(.change.action == "create" and (.op | length > 0) and (.cause | contains("goal"))) and
     .[0].change.resource.addr == "Database.Boot_db.CreatePostgres[0]" and
     .[1].after == "event DatabaseReady from Database"' "$TMP/out"
check "the last line is the exit, with its counts" jq -es \
    '.[-1] | .type == "exit" and .code == 2 and .name == "CHANGES" and .counts.add == 2 and .counts.remove == 0' "$TMP/out"
check_equal "nothing else is said" "$(cat "$TMP/err")" ""
jq -c 'del(.["@timestamp"])' "$TMP/out" >"$TMP/stream"
verb 2 "--json-into is planned alike" plan stack.ved --json-into "$TMP/into" --detailed-exitcode
check "stdout stays as it is for people" cmp "$TMP/out" "$TMP/first"
check_equal "the file has the stream" "$(jq -c 'del(.["@timestamp"])' "$TMP/into")" "$(cat "$TMP/stream")"

# ---- saved plans; the simulating provider shows what was asked for ----

sim_bindings "$TMP/shop" 'delay_ms: 0'
verb 0 "a plan is saved" plan stack.ved --out "$TMP/saved.plan"
verb 0 "a saved plan can be shown" show "$TMP/saved.plan" --json
check "with what it changes" jq -e \
    '.format_version and ([.resource_changes[].change.actions[0]] == ["create", "create"]) and (.stages | length == 2)' "$TMP/out"
verb 0 "a saved plan is applied" apply "$TMP/saved.plan"
check_equal "that did what was planned" "$(last_line)" "$BOTH_ADDED"
verb 4 "the same plan a second time is stale" apply "$TMP/saved.plan"
check "it says so, and what to do" has_line "$TMP/err" 'state has changed since the plan was made.*plan again'
verb 0 "--detailed-exitcode says 0 when nothing is pending" plan stack.ved --detailed-exitcode
check_equal "and so does the summary" "$(last_line)" "$NOTHING_TO_DO"
verb 0 "nothing to do is saved, too" plan stack.ved --out "$TMP/nothing.plan"
rm .ved/stack/providers/sim/objects/*
verb 4 "a run that asks for what is not in its plan stops with 4" apply "$TMP/nothing.plan"
check "it says what the run asked for" has_line "$TMP/err" 'CreatePostgres.*not in the plan'
check_equal "and did none of it" "$(sim_calls)" "CreatePostgres StartAppContainer"
verb 0 "planned anew, what is gone comes back" plan stack.ved --out "$TMP/repair.plan"
check_equal "the plan says so" "$(last_line)" 'Plan: 2 to add, 0 to change, 0 to destroy.'
verb 0 "by that plan" apply "$TMP/repair.plan"
check_equal "both are there" "$(sim_objects)" 2
verb 0 "a destroy is planned and saved" plan --destroy --out "$TMP/destroy.plan"
check_equal "the plan says so" "$(last_line)" 'Plan: 0 to add, 0 to change, 2 to destroy.'
check "with the destructions again above the summary, last one first" in_order "$TMP/out" \
    '^Destroys and replacements:' '^  -   App\.' '^  -   Database\.' '^Plan:'
verb 0 "by that plan" apply "$TMP/destroy.plan"
check_equal "both are taken away" "$(last_line)" "$BOTH_DESTROYED"

# ---- a saved plan means one state and one set of bindings, wherever it is applied ----

new_stack "$TMP/far"
sim_bindings "$TMP/far" 'delay_ms: 0'
mkdir "$TMP/state"
cat >"$TMP/far/stack.ved" <<'VED'
domain Pool {
    state { size: int = 1  made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.MakePool(size: size)  made = true } }
}
VED
cd "$TMP/far" || exit 1
verb 0 "a plan with values of its own is saved" plan stack.ved --set Pool.size=7 --state "$TMP/state/far" --out "$TMP/far.plan"
cd / || exit 1
verb 4 "with other values it is not applied" apply "$TMP/far.plan" --set Pool.size=8
check "it says why" has_line "$TMP/err" 'other bindings or parameters.*plan again'
verb 0 "it is applied from any folder" apply "$TMP/far.plan"
check_equal "to the state it was made for, with its values" \
    "$("$VED" get resources -o json --state "$TMP/state/far" | jq -c 'map(.inputs)')" '[{"size":7}]'
cd "$TMP/far" || exit 1
check "and to no other" test ! -e .ved
