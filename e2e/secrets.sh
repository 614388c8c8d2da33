#!/usr/bin/env bash
# A secret reaches the provider it is meant for, and nothing else: no output and no log, and no file
# but sealed.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim
cd "$TMP" || exit 1

CANARY="canary-$RANDOM-$RANDOM"
cat >stack.ved <<PROGRAM
domain Vault {
    state {
        password: secret
        written: string
        done: bool
    }

    goal Done {
        predicate done
    }

    transition Use {
        step {
            if !done {
                let file = emit Infra.WriteFile(name: "key", path: "$TMP/key", content: password)
                emit Log("wrote \${password} to \${file.path}")
                done = true
            }
        }
    }
}
PROGRAM
export XDG_STATE_HOME=$TMP/plugin-state HOME=$TMP/home
mkdir -p "$HOME"
run() { "$VED" "$@" --set Vault.password="$CANARY" stack.ved; }

check_exit 0 "a plan with a secret" run plan
cat out err >said
check_exit 0 "an apply with a secret" run apply --auto-approve
cat out err >>said
check_equal "the provider has it" "$(cat "$TMP/key")" "$CANARY"
check_exit 0 "a second apply" run apply --auto-approve
check "changes nothing" grep -q '^No changes\.' out
cat out err >>said
for kind in domains goals resources mailboxes effects deadletters; do
    "$VED" get $kind -o json stack.ved >>said 2>&1
done
"$VED" state show stack.ved >>said 2>&1
"$VED" show --json stack.ved >>said 2>&1
"$VED" show stack.ved >>said 2>&1
run plan --json >>said 2>&1
check "what was said is there" grep -q '(sensitive)' said
check_equal "and the secret is not in it" "$(grep -c "$CANARY" said)" 0
check "the plugin keeps something" test -n "$(ls .ved/*/providers)"
check_equal "and the secret is not in it" "$(grep -rl "$CANARY" .ved/*/providers "$HOME" | wc -l)" 0

# ---- at rest ----

STATE=.ved/stack
nowhere() { # NAME: in no file but the one that the provider wrote for it
    check_equal "$1: the secret is in no file" "$(grep -rl "$CANARY" . --exclude said --exclude key 2>/dev/null)" ""
}
nowhere "after an apply"
check "it is sealed in the journal" grep -q '"$sealed":"1:' $STATE/journal-0.ndjson
check "and in each whole checkpoint" test -z "$(grep -L '"$sealed"' $(grep -L '"base"' $STATE/checkpoint-*))"
check_equal "the folder's own key is its owner's alone" "$(stat -c %a $STATE/secrets.key)" 600
check_exit 0 "a plan is saved" run plan --out saved.plan
nowhere "in a saved plan"
check_exit 64 "which needs it again" "$VED" apply saved.plan
check "and says which" grep -q 'Vault.password' err
check_exit 0 "and has it then" "$VED" apply saved.plan --set Vault.password="$CANARY"
for shown in history verify repair; do
    check_exit 0 "state $shown" "$VED" state $shown --json stack.ved
    cat out err >>said
done
check_equal "say nothing of it" "$(grep -c "$CANARY" said)" 0
mv $STATE/secrets.key away
check_exit 74 "without its key the state is refused" run apply
check "and says what is missing" grep -q 'secrets.former' err
check_exit 0 "history needs none" "$VED" state history stack.ved
mv away $STATE/secrets.key
# One sealed value in the place of another, with checksums that are right: of a record elsewhere.
cp -r .ved before
python3 - $STATE/journal-0.ndjson <<'SWAP' 2>/dev/null || echo "# no python: values are not swapped"
import re, sys
def crc(data):
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = c >> 1 ^ 0x82F63B78 if c & 1 else c >> 1
        table.append(c)
    c = 0xFFFFFFFF
    for b in data:
        c = table[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF
path = sys.argv[1]
lines = open(path, 'rb').read().rstrip(b'\0').splitlines(True)
sealed = re.compile(rb'\{"\$sealed":"[^"]*"\}')
at = [i for i, line in enumerate(lines) if sealed.search(line)]
a, b = at[0], at[1]
first, second = sealed.search(lines[a]).group(), sealed.search(lines[b]).group()
lines[a] = lines[a].replace(first, second)
lines[b] = lines[b].replace(second, first)
for i in (a, b):
    head = lines[i].index(b'"crc":"') + 7
    bare = lines[i][:head] + lines[i][head + 8:]
    lines[i] = lines[i][:head] + b'%08x' % crc(bare) + lines[i][head + 8:]
open(path, 'wb').write(b''.join(lines))
SWAP
check_exit 0 "the swapped file has all its checksums" "$VED" state verify stack.ved
check_exit 74 "and is not believed" "$VED" state restore 6 stack.ved
check "as the value is of another place" grep -q 'sealed for another place' err
rm -rf .ved && mv before .ved

# ---- keys ----

check_exit 0 "rekey" "$VED" state rekey stack.ved
check "names the new key" grep -qE 'with the key [0-9a-f]{8}' out
OLD=$(grep -oE 'key [0-9a-f]{8}' out | cut -c5-)
check "all is sealed with it" grep -q "\"1:$OLD:" $STATE/journal-0.ndjson
check_exit 0 "the state goes on" run apply
bindings() { printf 'apiVersion: ved.dev/v1\nkind: Bindings\nsecrets: { key: %s }\n' "$1" >ved.yaml; }
openssl rand -hex 32 >outside.key
bindings "{ file: outside.key }"
check_exit 0 "a named key seals from now on" run apply
check_exit 0 "rekey to it" "$VED" state rekey stack.ved
check "the folder keeps none any more" test ! -e $STATE/secrets.key
check_equal "and nothing of the former one is left" "$(grep -rl "1:$OLD:" .ved)" ""
check_exit 0 "the state goes on" run apply
export OUTSIDE_KEY
OUTSIDE_KEY=$(cat outside.key)
bindings "{ env: OUTSIDE_KEY }"
check_exit 0 "the key may be in a variable" run apply
bindings "{ command: 'cat outside.key' }"
check_exit 0 "or what a command prints" run apply
bindings "{ command: 'echo $CANARY' }"
check_exit 74 "what is no key is refused" run apply
check_equal "without being said" "$(grep -c "$CANARY" err)" 0
bindings "{ file: nowhere }"
check_exit 74 "a key that is not there as well" run apply
bindings "{ colour: red }"
check_exit 65 "bindings that say no key" run apply
bindings "{ file: outside.key }"
nowhere "with a named key"

# ---- repeated by a provider that says why it failed ----

mkdir failing
sed "s|path: \"$TMP/key\"|path: password|" stack.ved >failing/failing.ved
"$VED" apply --auto-approve --timeout 3s --set Vault.password="/proc/$CANARY/key" failing/failing.ved \
    >out 2>err </dev/null
check "a failure says why" grep -q "create '.*No such file" failing/.ved/failing/providers/local/plugin.log
check_equal "without the secret that it is about" "$(cat out err | grep -c "$CANARY")" 0
nowhere "after a failure"

# ---- killed ----

"$VED" destroy --auto-approve stack.ved >/dev/null 2>&1
start apply.log "$VED" apply --auto-approve --set Vault.password="$CANARY" stack.ved
for _ in 1 2 3 4 5 6 7 8; do
    sleep 0.01
    nowhere "under way" >>running
done
kill -KILL "$STARTED" 2>/dev/null
wait "$STARTED" 2>/dev/null
check "while it runs, the secret is in no file" test -z "$(grep '^not ok' running)"
nowhere "after a kill"
check_exit 0 "and the next apply goes on" run apply --auto-approve
check_equal "with it" "$(cat "$TMP/key")" "$CANARY"
sed -i "s/done: bool/done: bool  other: int/" stack.ved
CANARY2="$CANARY-two"
check_exit 0 "another value is an edit" \
    "$VED" apply --auto-approve --set Vault.password="$CANARY2" stack.ved
check_equal "in words without it" "$(cat out err | grep -c "$CANARY")" 0
check_equal "and the provider has it" "$(cat "$TMP/key")" "$CANARY2"
check_exit 0 "destroy" "$VED" destroy --auto-approve stack.ved
check "takes the file away" test ! -e "$TMP/key"
