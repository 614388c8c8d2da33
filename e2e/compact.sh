#!/bin/bash
# The compact shape of a program runs as it stands: no flag, no binding, no edit, however it is laid
# out and whatever its names are.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-local ved-sample-app
COMPACT=$ROOT/e2e/fixtures/compact.ved

with_comments() {
    sed -E 's|$| // as it should be|; s|^( *)goal|\1/* what must hold */ goal|' "$COMPACT"
}

with_other_names() {
    sed 's/Database/Ledger/g; s/\bApp\b/Counter/g; s/\bstatus\b/mood/g; s/db_ready/may_open/g
         s/app_status/doors/g; s/Boot_db/Raise/g; s/Boot_app/Unlock/g; s/"pending"/"dreamt"/g
         s/"ready"/"real"/g; s/"running"/"open"/g; s/LedgerReady/TheLedgerStands/g
         s/\bReady\b/Standing/; s/\bLive\b/Open/' "$COMPACT"
}

with_tabs() {
    sed -E ':again; s/^(\t*)  /\1\t/; t again' "$COMPACT"
}

on_few_lines() {
    tr '\n' ' ' <"$COMPACT" | sed -E 's/ +/ /g'
}

with_windows_lines() {
    sed 's/$/\r/' "$COMPACT"
}

# What every layout of it must lead to.
plans_the_same() { # NAME PROGRAM DOMAIN... (of the database, of the application)
    local name=$1 database=$3 application=$4
    mkdir -p "$TMP/$name"
    printf '%s' "$2" >"$TMP/$name/stack.ved"
    cd "$TMP/$name" || exit 1
    verb 0 "$name: it is planned as it stands" plan stack.ved
    check "$name: database first, the application after its event" in_order "$TMP/out" \
        "^# $database\..*\.CreatePostgres\[0\] will be created" \
        "^# $application\..*\.StartAppContainer\[0\] will be created .*; after event .* from $database\)" "^  $database\..* met$" "^  $application\..* met$" \
        '^Plan: 2 to add, 0 to change, 0 to destroy\.$'
    check "$name: a note says which first value was inferred" in_order "$TMP/err" \
        "^note.*starts as" '= help: to say so, write .*: string = "'
    check_equal "$name: there is no other diagnostic" "$(grep -cE '^(note|warning|error)' "$TMP/err")" 1
    cd "$TMP" || exit 1
}

applies() { # NAME DOMAIN DOMAIN
    local name=$1 database=$2 application=$3
    cd "$TMP/../$name" || exit 1
    verb 0 "$name: it is applied as it stands" apply stack.ved
    check_equal "$name: both were added" "$(last_line)" "$BOTH_ADDED"
    check "$name: the application was begun when the database was complete" in_order "$TMP/err" \
        "$database\..*CreatePostgres.*: Creation complete" "$application\..*: Creating\.\.\."
    journal 'select(.type == "commit" or .cause.on or .type == "answer") |
             [.type // "slice", .domain // .outcome] | join(" ")' >"$TMP/records"
    check_equal "$name: effect, commit with the event, its handler, then the application" \
        "$(tr -d '"' <"$TMP/records" | tr '\n' ';')" \
        "answer applied;commit $database;slice $application;answer applied;commit $application;"
    check "$name: the application uses the database" wait_until 5 page_counts
    verb 0 "$name: destroy takes both away" destroy
}

page_counts() {
    curl -s --max-time 5 "$(resource StartAppContainer .outputs.url)" | grep -q 'guests: [0-9]'
}

as_it_stands() { applies original Database App; }
renamed() { applies names Ledger Counter; }

plans_the_same original "$(cat "$COMPACT")" Database App
plans_the_same comments "$(with_comments)" Database App
plans_the_same names "$(with_other_names)" Ledger Counter
plans_the_same tabs "$(with_tabs)" Database App
plans_the_same lines "$(on_few_lines)" Database App
plans_the_same windows "$(with_windows_lines)" Database App
check "the layouts differ" test "$(sort -u <(md5sum <"$TMP/original/stack.ved") <(md5sum <"$TMP/comments/stack.ved") \
    <(md5sum <"$TMP/tabs/stack.ved") <(md5sum <"$TMP/lines/stack.ved") <(md5sum <"$TMP/windows/stack.ved") | wc -l)" = 5
parts as_it_stands renamed
