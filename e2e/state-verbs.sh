#!/usr/bin/env bash
# What an operator can do about a state folder: verify, history, repair and restore, on states that
# real applies made and real kills and damage spoiled.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cd "$TMP" || exit 1

cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    config: { delay_ms: 60 }
YAML
cat >stack.ved <<'PROGRAM'
domain Farm {
    state {
        size: int
        made: int
    }

    goal Grown {
        predicate made >= size
    }

    transition Grow {
        step {
            if made < size {
                emit API.CreateThing(name: "thing-${made}")
                made = made + 1
            }
        }
    }
}
PROGRAM
STATE=$TMP/.ved/stack
apply() { "$VED" apply --auto-approve stack.ved "$@"; }
things() { find "$STATE/providers" -path '*/objects/*.json' | wc -l; }
owned() { "$VED" get resources -o json stack.ved | jq length; }
made() { "$VED" get domains -o json "$@" | jq '.[0].state.made'; }
# The journal that records go to now.
journal() { find "$STATE" -maxdepth 1 -name 'journal-*.ndjson' -size +0 | sort -V | tail -n 1; }
lines() { cat "$STATE"/journal-*.ndjson 2>/dev/null | tr -d '\0' | wc -l; }
# Change a byte in the middle of a line: spoil FILE LINE
spoil() {
    local at
    at=$(($(head -n $(($2 - 1)) "$1" | wc -c) + 60))
    printf '~' | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

# ---- a first state, whole ----

check_exit 0 "an apply" apply --set Farm.size=3
check_exit 0 "verify says that it is whole" "$VED" state verify stack.ved
check "and which files hold what" grep -q 'checkpoint-[0-9]*.json *whole: the state at' out
check_exit 0 "verify has it for machines" "$VED" state verify --json stack.ved
check "file by file" jq -e '.damaged == false and ([.files[] | select(.health != "whole")] | length) == 0
    and ([.files[].kind] | unique) == ["checkpoint","journal","program","stack"]' out
check_exit 0 "history" "$VED" state history --json stack.ved
check "has each committed slice with cause, effect and change" jq -e \
    '[.[] | select(.type == "commit")] | length == 3 and
     all(.cause.goal == "Grown" and .effects[0].outcome == "applied" and .changes.made > 0)' out
check_exit 0 "history of a domain, the last two" "$VED" state history --domain Farm --limit 2 --json stack.ved
check "is two entries" jq -e 'length == 2' out
check_exit 0 "history for people" "$VED" state history stack.ved
check "is a table" grep -q '^SEQUENCE  *TIME  *DOMAIN' out
check_exit 0 "a whole state needs no repair" "$VED" state repair stack.ved
check "and says so" grep -q 'nothing to repair' out
cp -r .ved backup
ORDERLY=$(journal)
spoil "$ORDERLY" "$(wc -l <"$ORDERLY")"
check_exit 74 "what was stopped in order may not be torn, its last group either" \
    "$VED" state verify stack.ved
check_exit 74 "repair looks at it" "$VED" state repair stack.ved
check "and sees that a later checkpoint has it" grep -q 'Nothing is lost' out
cp "backup/stack/$(basename "$ORDERLY")" "$ORDERLY"
check_exit 0 "put back, it is whole" "$VED" state verify stack.ved

# ---- killed, then damaged ----

start apply.log "$VED" apply --auto-approve stack.ved --set Farm.size=40
APPLY=$STARTED
BEFORE=$(lines)
enough() { [ "$(lines)" -gt $((BEFORE + 30)) ]; }
check "an apply is under way" wait_until 60 enough
kill -KILL "$APPLY"
wait "$APPLY" 2>/dev/null
sleep 0.2
check_exit 0 "killed, its state is whole" "$VED" state verify stack.ved
check "and was not stopped in order" grep -q 'not stopped in order' out
SPOILED=$(journal)
cp "$SPOILED" journal.before
spoil "$SPOILED" 12
check_exit 74 "a byte is damaged: verify says so" "$VED" state verify stack.ved
check "with line and both checksums" grep -qE 'line 12, byte [0-9]+: record [0-9]+ is damaged: checksum is [0-9a-f]{8}, expected [0-9a-f]{8}' out
check_exit 74 "and for machines" "$VED" state verify --json stack.ved
check "with line, byte and both checksums" jq -e \
    '.damaged and (.files[] | select(.health == "damaged") |
     .line == 12 and .byte > 0 and (.expected | length) == 8 and .found != .expected)' out
check_exit 74 "nothing runs" apply --set Farm.size=40
check "and the way out is named" grep -q 'ved state repair' err
cp "$SPOILED" journal.spoiled
check_exit 74 "repair shows what could be saved" "$VED" state repair stack.ved
check "and what is lost, in words" grep -qE 'line [0-9]+: .*slice [0-9]+ of Farm' out
check "and changes nothing" cmp -s "$SPOILED" journal.spoiled
check_exit 74 "repair for machines" "$VED" state repair --json stack.ved
check "is one object" jq -e '.needed and (.lost | length) > 5 and .position > 0' out
check_exit 0 "repair --cut goes on with what there is" "$VED" state repair --cut stack.ved
check "in a new epoch" grep -q 'epoch 2 begins' out
check "which is in the state" grep -qE '"epoch": ?2' "$STATE"/checkpoint-*.json
check "the damaged file is kept as it was" cmp -s "$STATE/epoch-1/$(basename "$SPOILED")" journal.spoiled
check "it is in the audit" jq -es '.[-1].edit == "repair" and .[-1].user != "" and
    (.[-1].command | startswith("ved state repair"))' "$STATE/audit.ndjson"
check_exit 0 "what was saved is whole" "$VED" state verify stack.ved
check_exit 0 "the state goes on" apply --set Farm.size=40
check_equal "and reaches its goal" "$(made stack.ved)" 40
check_equal "with its objects" "$(owned)" 40
check "what it lost stays in the world" test "$(things)" -gt 40
check_exit 74 "what was before is a state folder itself, damaged as it was" \
    "$VED" state verify --state "$STATE/epoch-1"
check_exit 64 "what is no state is not restored" "$VED" state restore nowhere stack.ved

# ---- back to an earlier state ----

POSITION=$("$VED" state verify --json stack.ved | jq .position)
check_exit 0 "another apply" apply --set Farm.size=42
check_exit 0 "restore a position" "$VED" state restore "$POSITION" stack.ved
check "says what is left behind" grep -q 'records are left behind' out
check_equal "it is as it was" "$(made stack.ved)" 40
check "in a new epoch" grep -qE '"epoch": ?3' "$STATE"/checkpoint-*.json
check_exit 74 "a position that is not there" "$VED" state restore 999999 stack.ved
check_exit 0 "and back again, from what was kept aside" "$VED" state restore "$STATE/epoch-2" stack.ved
check_equal "nothing was lost" "$(made stack.ved)" 42
check_exit 0 "restore a backup" "$VED" state restore backup/stack stack.ved
check_equal "it is as it was" "$(made stack.ved)" 3
check_equal "each restore is in the audit" \
    "$(jq -s '[.[] | select(.edit == "restore")] | length' "$STATE/audit.ndjson")" 3
check_exit 0 "a checkpoint's file" "$VED" state restore "$(find "$STATE/epoch-4" -name 'checkpoint-*')" stack.ved
check_equal "is its state" "$(made stack.ved)" 42
check_exit 0 "the same state in a new epoch" "$VED" state restore newest stack.ved
check_exit 0 "it goes on" apply --set Farm.size=43
check_equal "and reaches its goal" "$(made stack.ved)" 43
mkdir other && cp stack.ved other/other.ved && cp ved.yaml other/
check_exit 0 "another stack" "$VED" apply --auto-approve other/other.ved --set Farm.size=1
check_exit 4 "its state is not restored here" "$VED" state restore other/.ved/other stack.ved
check_equal "and nothing is touched" "$(made stack.ved)" 43

# ---- killed while it is repaired or restored ----

cp -r .ved before
for at in $(seq 1 12); do
    rm -rf .ved && cp -r before .ved
    start restore.log "$VED" state restore newest stack.ved
    sleep "0.0$(printf %02d $((at * 3)))"
    kill -KILL "$STARTED" 2>/dev/null
    wait "$STARTED" 2>/dev/null
    "$VED" state verify stack.ved >/dev/null 2>&1 || "$VED" state repair --cut stack.ved >/dev/null 2>&1
    [ "$(made stack.ved 2>/dev/null)" = 43 ] || echo "kill $at: $(made stack.ved 2>&1)"
done >killed 2>/dev/null
check_equal "killed at any time, a restore loses nothing" "$(cat killed)" ""
