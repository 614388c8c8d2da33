#!/usr/bin/env bash
# Every code that ved prints can be asked about, and a misspelt one is answered with the nearest.
. "$(dirname "$0")/lib.sh"

need_programs ved
cd "$TMP" || exit 1

check_exit 0 "all codes are listed" "$VED" explain
cp out codes
check "one a line" test "$(grep -cE '^V-(ERR|WRN|LNT|NTE)-[0-9]{3}  .' codes)" -eq "$(wc -l <codes)"
check "and there are some" test "$(wc -l <codes)" -gt 30

explained=0
while read -r code meaning; do
    "$VED" explain "$code" >one 2>err || break
    [ "$(head -n 1 one)" = "$code: $meaning" ] && grep -q "\[$code\]" one && explained=$((explained + 1))
done <codes
check "each is explained, with what it prints" test "$explained" -eq "$(wc -l <codes)"

check_exit 0 "lower case is understood" "$VED" explain v-err-022
check_exit 64 "an unknown code is 64" "$VED" explain V-ERR-0022
check "with the code meant" grep -q 'did you mean `ved explain V-ERR-0' err
check_exit 64 "so is a word that is no code" "$VED" explain nonsense
check "with where they are listed" grep -q '`ved explain` lists them' err
check_exit 64 "so are two codes" "$VED" explain V-ERR-001 V-ERR-002
