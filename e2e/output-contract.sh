#!/bin/bash
# What is printed where: the last line of a result, progress and errors on stderr, colours and the
# question only where a person sits at a terminal.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-sim
ESC=$(printf '\033')

# on_terminal INPUT COMMAND...: what a person at a terminal would see is in $TMP/seen.
on_terminal() {
    local input=$1
    shift
    printf "$input" | TERM=xterm script -qec "$*" "$TMP/seen" >/dev/null
}

checked_on_terminal() { # CODE NAME INPUT COMMAND...
    local expected=$1 name=$2 code=0
    shift 2
    on_terminal "$@" || code=$?
    tr -d '\r' <"$TMP/seen" >"$TMP/plain"
    check_equal "$name" "$code" "$expected"
}

asking() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    checked_on_terminal 7 "at a terminal, 'no' is declined with 7" 'no\n' "$VED" apply stack.ved
    check "the plan was shown before the question" in_order "$TMP/plain" 'CreatePostgres\[0\].* will be created' \
        '^Plan: 2 to add' "Only 'yes'" 'not attempted\.$' 'declined: nothing was done'
    check "nothing was done" test ! -e .ved/stack/providers/sim/objects -o "$(sim_objects)" = 0
    checked_on_terminal 7 "so is 'y'" 'y\n' "$VED" apply stack.ved
    checked_on_terminal 7 "so is an empty line" '\n' "$VED" apply stack.ved
    checked_on_terminal 7 "so is the end of the input" '\004' "$VED" apply stack.ved
    check_equal "nothing was done by any of them" "$(sim_objects)" 0
    checked_on_terminal 0 "'yes' goes on" 'yes\n' "$VED" apply stack.ved
    check "to the end" has_line "$TMP/plain" "^$BOTH_ADDED"
    checked_on_terminal 0 "nothing is asked where nothing is to do" '' "$VED" apply stack.ved
    check "and it says so" has_line "$TMP/plain" "^$NOTHING_TO_DO"
    check "and shows no plan" has_no_line "$TMP/plain" "Only 'yes'"
    cp stack.ved before.ved
    sed -i 's/app_status: string/app_status: string  visits: int  welcomed: bool/
            s/goal Live .*/&  goal Welcome { predicate welcomed }  transition Greet { step { emit Infra.Greet()  welcomed = true } }/' stack.ved
    checked_on_terminal 7 "a changed program is asked about" 'no\n' "$VED" apply stack.ved
    check "with what it would do" has_line "$TMP/plain" '^Plan: 1 to add'
    check_equal "declined, the state still belongs to the program before" "$(domain_field App visits)" null
    verb 0 "which has nothing to do" apply before.ved --stack stack
    check_equal "and says so" "$(last_line)" "$NOTHING_TO_DO"
    checked_on_terminal 7 "destroy asks alike" 'no\n' "$VED" destroy
    check "with its plan" in_order "$TMP/plain" 'StartAppContainer\[0\].* will be destroyed' \
        'CreatePostgres\[0\].* will be destroyed' 'Plan: 0 to add, 0 to change, 2 to destroy'
    checked_on_terminal 0 "--auto-approve is not asked" '' "$VED" destroy --auto-approve
    check "and goes on" has_line "$TMP/plain" "^$BOTH_DESTROYED"
}

# Ctrl-C instead of an answer: the byte that a terminal makes SIGINT of.
interrupting() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    local code=0
    { wait_until 10 grep -q "Only 'yes'" "$TMP/seen"; printf '\003'; sleep 1; } |
        TERM=xterm script -qefc "$VED apply stack.ved" "$TMP/seen" >/dev/null || code=$?
    check_equal "Ctrl-C at the question ends with 130" "$code" 130
    check_equal "and nothing is done" "$(sim_objects)" 0
    verb 0 "the next apply begins from the start" apply stack.ved
    check_equal "with both" "$(last_line)" "$BOTH_ADDED"
}

colours() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    checked_on_terminal 0 "a plan at a terminal" '' "$VED" plan stack.ved
    check "is coloured" has_line "$TMP/seen" "$ESC\\[32m"
    checked_on_terminal 0 "with NO_COLOR set" '' env NO_COLOR=1 "$VED" plan stack.ved
    check "it is not" has_no_line "$TMP/seen" "$ESC"
    checked_on_terminal 0 "nor with TERM=dumb" '' env TERM=dumb "$VED" plan stack.ved
    check "it is not either" has_no_line "$TMP/seen" "$ESC"
    checked_on_terminal 0 "with --color=never" '' "$VED" plan stack.ved --color=never
    check "it is never" has_no_line "$TMP/seen" "$ESC"
    verb 0 "a plan in a pipe" plan stack.ved
    check "has no colours" has_no_line "$TMP/out" "$ESC"
    check "nor on stderr" has_no_line "$TMP/err" "$ESC"
    verb 0 "with --color=always" plan stack.ved --color=always
    check "it has" has_line "$TMP/out" "$ESC\\[32m"
    check_equal "which is all the difference" "$(sed "s/$ESC\[[0-9;]*m//g" "$TMP/out")" \
        "$("$VED" plan stack.ved 2>/dev/null)"
}

quietly() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    verb 0 "apply --quiet" apply stack.ved --quiet
    check_equal "prints its summary and nothing else" "$(cat "$TMP/out" "$TMP/err")" "$BOTH_ADDED"
    verb 0 "destroy --quiet" destroy --quiet
    check_equal "prints its summary, too" "$(cat "$TMP/out" "$TMP/err")" "$BOTH_DESTROYED"
    sim_bindings . 'fail_always: ["CreatePostgres"]'
    verb 1 "a failing apply --quiet" apply stack.ved --quiet
    check_equal "prints its summary" "$(cat "$TMP/out")" \
        'Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 0 unknown, 0 not attempted.'
    check "and the error" has_line "$TMP/err" 'injected failure'
    check "but no progress" has_no_line "$TMP/err" 'Creating'
}

streaming() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    verb 0 "apply --json" apply stack.ved --json
    check_equal "has the types agreed, in order" "$(jq -r .type "$TMP/out" | tr '\n' ' ')" \
        'version diagnostic apply_start apply_complete event_sent apply_start apply_complete goal goal converged change_summary exit '
    check_equal "numbers its lines" "$(jq -s '[.[].seq] == [range(1; length + 1)]' "$TMP/out")" true
    check "ends with the exit and its counts" jq -es \
        '.[-1] | .code == 0 and .name == "OK" and .counts.add == 2 and .counts.failed == 0' "$TMP/out"
    check_equal "says nothing else" "$(cat "$TMP/err")" ""
    verb 0 "destroy --json-into" destroy --json-into stream
    check_equal "prints for people what it always does" "$(last_line)" "$BOTH_DESTROYED"
    check "and for machines into the file" jq -es \
        '.[-1].counts.remove == 2 and ([.[] | select(.type == "apply_complete")] | length == 2)' stream
    sim_bindings . 'fail_always: ["CreatePostgres"]'
    verb 1 "a failing apply --json" apply stack.ved --json
    check "has the error" jq -es 'any(.type == "apply_errored" and (.problem | contains("injected")))' "$TMP/out"
    check "and ends with its name" jq -es '.[-1] | .code == 1 and .name == "FAILED" and .counts.failed == 1' "$TMP/out"
}

refusing() {
    new_stack . && sim_bindings . 'delay_ms: 0'
    verb 64 "an unknown flag is 64" apply stack.ved --colour
    check "with the flag meant" has_line "$TMP/err" 'did you mean --color'
    verb 64 "an unknown verb is 64" aply stack.ved
    check "with the verb meant" has_line "$TMP/err" 'did you mean .ved apply'
    echo 'domain {' >broken.ved
    verb 65 "a program that does not parse is 65" plan broken.ved
    check "with its place" has_line "$TMP/err" 'broken\.ved:1:8'
    verb 65 "one that is not there, too" plan nowhere.ved
    printf 'apiVersion: ved.dev/v1\nkind: Bindings\nproviders: {Infra: {plugin: sim, limit: {}}}\n' >bad.yaml
    verb 65 "so are bindings with a misspelt word" plan stack.ved --bindings bad.yaml
    check "with the words there are" has_line "$TMP/err" 'limit is not known here: expected one of'
    verb 69 "a provider that does not exist is 69" apply stack.ved --provider Infra="$PWD/nobody"
    check_equal "none of these printed a result" "$(cat "$TMP/out")" ""
}

parts asking interrupting colours quietly streaming refusing
