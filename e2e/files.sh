#!/bin/bash
# A program of several files: what each sees of the others, what is kept of them, and what an edit of
# one of them means.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim

cp -r "$ROOT/manifests/tour" "$TMP/edge"
cd "$TMP/edge" || exit 1
stack=10-files.ved

check_exit 0 "a program is checked with the files it imports" timeout 60 "$VED" check $stack
check_exit 0 "from any folder" timeout 60 "$VED" check "$TMP/edge/$stack"

check_exit 0 "a plan is saved" timeout 60 "$VED" plan --out saved.plan $stack
mv net away
check_exit 65 "without its files it is no program" timeout 60 "$VED" check $stack
check "which is said where the file is imported" grep -q "$stack:2:8" "$TMP/err" "$TMP/out"
check_exit 0 "the saved plan has all of them in it" timeout 120 "$VED" apply --auto-approve saved.plan
mv away net

check_exit 0 "with its files the program has nothing left to do" timeout 120 "$VED" apply --auto-approve $stack
check "as nothing was changed" grep -q '^No changes\.' "$TMP/out"

sed -i 's/"https"/"http"/' net/base.ved
check_exit 0 "an edit of an imported file that would change what exists is seen" timeout 60 "$VED" plan $stack
check "with the object that it would change" grep -q '^# Gateway.Route\["a.example"\] will be updated in place' "$TMP/out"
sed -i 's/"http"/"https"/' net/base.ved
check_exit 0 "undone, there is nothing left to do" timeout 120 "$VED" plan $stack
check "again" grep -q '^No changes\.' "$TMP/out"

sed -i 's/^const SCHEME/const SCHEMA/' net/base.ved
check_exit 65 "a mistake in an imported file is found" timeout 60 "$VED" check $stack
check "and its place is in that file" grep -q 'net/base.ved:10:' "$TMP/err" "$TMP/out"
sed -i 's/^const SCHEMA/const SCHEME/; s/^export const PORT/const PORT/' net/base.ved
check_exit 65 "what is no longer exported is not seen" timeout 60 "$VED" check $stack
check "which names the file that has it" grep -q 'net/base.ved' "$TMP/err" "$TMP/out"
sed -i 's/^const PORT/export const PORT/; 1i import "../10-files.ved"' net/base.ved
check_exit 65 "files do not import each other" timeout 60 "$VED" check $stack
check "and the circle is shown" grep -q '"10-files.ved" -> "net/base.ved" -> "10-files.ved"' "$TMP/err" "$TMP/out"
sed -i '1s/.*/import "..\/..\/other.ved"/' net/base.ved
check_exit 65 "nothing outside of the program's folder is imported" timeout 60 "$VED" check $stack
sed -i 1d net/base.ved

check_exit 0 "destroy needs the state alone" timeout 120 "$VED" destroy --auto-approve $stack
