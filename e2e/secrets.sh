#!/usr/bin/env bash
# A secret reaches the provider it is meant for, and no output, log or file of the provider's.
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
sed -i "s/done: bool/done: bool  other: int/" stack.ved
CANARY2="$CANARY-two"
check_exit 0 "another value is an edit" \
    "$VED" apply --auto-approve --set Vault.password="$CANARY2" stack.ved
check_equal "in words without it" "$(cat out err | grep -c "$CANARY")" 0
check_equal "and the provider has it" "$(cat "$TMP/key")" "$CANARY2"
check_exit 0 "destroy" "$VED" destroy --auto-approve stack.ved
check "takes the file away" test ! -e "$TMP/key"
