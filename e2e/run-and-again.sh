#!/bin/bash
# A database and an application come up in the order their program implies, can be reached, and are
# left alone by a second run.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-local ved-sample-app
if [ -e "$ROOT/manifests/shop/stack.ved" ]; then
    mkdir "$TMP/shop"
    cp "$ROOT/manifests/shop/stack.ved" "$TMP/shop/"
    [ ! -e "$ROOT/manifests/shop/ved.yaml" ] || cp "$ROOT/manifests/shop/ved.yaml" "$TMP/shop/"
else
    new_stack "$TMP/shop"
fi
cd "$TMP/shop" || exit 1

page_shows() { # COUNT
    curl -s --max-time 5 "$PAGE" | grep -q "guests: $1<"
}

query() { # SQL
    psql "$DATABASE" -XAtq -c "$1"
}

object_pids() {
    resource StartAppContainer .outputs.pid
    head -n 1 "$DATA/postmaster.pid"
}

verb 0 "the first run brings both up" apply stack.ved
check_equal "it says how many it added" "$(last_line)" "$BOTH_ADDED"
check "progress on stderr is in causal order" in_order "$TMP/err" \
    'CreatePostgres.*: Creating\.\.\. \[op [0-9a-f-]+\]' \
    'CreatePostgres.*: Creation complete after [0-9]+s \[id=.+\]' \
    'StartAppContainer.*: Creating\.\.\.' 'StartAppContainer.*: Creation complete after'
check "nothing of the progress is on stdout" has_no_line "$TMP/out" 'Creating|complete after'

DATABASE=$(grep -o 'postgresql://[^[:space:]]*' "$TMP/out")
PAGE=$(grep -o 'http://[^[:space:]]*' "$TMP/out")
DATA=$(dirname "$(find "$TMP/shop/.ved" -name postmaster.pid | head -n 1)")
check "it prints how to reach the database" test -n "$DATABASE"
check "it prints how to reach the application" test -n "$PAGE"
check_equal "psql with the printed address answers" "$(query 'SELECT 6 * 7' 2>&1)" 42
check "the answer is from a data directory below the stack's folder" \
    test "${DATA#"$TMP"/shop/.ved/}" != "$DATA"
check_equal "that data directory is the server's own" \
    "$(sed -n 4p "$DATA/postmaster.pid")" "$(sed -E 's|.*@127.0.0.1:([0-9]+)/.*|\1|' <<<"$DATABASE")"

check "the application answers with a count of its guests" wait_until 5 page_shows "$(query 'SELECT count(*) FROM guests')"
BEFORE=$(query 'SELECT count(*) FROM guests')
query "INSERT INTO guests (name) VALUES ('Ada')"
check "a guest added by psql is counted on its page" page_shows $((BEFORE + 1))

PIDS=$(object_pids)
verb 0 "the second run ends well" apply stack.ved
check_equal "it says that there is nothing to do" "$(last_line)" "$NOTHING_TO_DO"
check "it says again how to reach both" in_order "$TMP/out" "${DATABASE%%\?*}" "$PAGE"
check "it begins no effect" has_no_line "$TMP/err" 'Creating|Destroying|Running'
check_equal "the same processes run as before" "$(object_pids)" "$PIDS"
check "the guest is still there" page_shows $((BEFORE + 1))

check_equal "both run for the stack alone" \
    "$(comm -12 <(sort <<<"$PIDS") <(processes_below "$TMP/shop" | sort) | wc -l)" 2
verb 0 "destroy takes both away" destroy
check_equal "no process of the stack is left" "$(processes_below "$TMP/shop")" ""
