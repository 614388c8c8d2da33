#!/usr/bin/env bash
# What becomes of a domain's objects outside is heard by its handlers: changed, lost and failed.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local
cd "$TMP" || exit 1

cat >stack.ved <<PROGRAM
domain Keeper {
    state {
        made: bool
        changed: int
        lost: int
        failed: int
        digest: string
    }

    goal Made {
        predicate made
    }

    on Infra.changed(r) {
        changed += 1
        digest = r.outputs.digest
    }

    on Infra.lost(r) {
        lost += 1
        emit Log("lost \${r.address}")
    }

    on Infra.failed(e) {
        failed += 1
        emit Log("failed \${e.effect}")
    }

    transition Make {
        step {
            if !made {
                emit Infra.WriteFile(name: "f", path: "$TMP/file", content: "one")
                emit Infra.WriteFile(name: "g", path: "$TMP/absent/file", content: "two")
                made = true
            }
        }
    }
}
PROGRAM
cat >ved.yaml <<'BINDINGS'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: local
    limits: { timeout: 2s }
BINDINGS
state() { "$VED" get domains -o json stack.ved | jq -r ".[0].state.$1"; }

check_exit 1 "an effect that fails" "$VED" apply -y stack.ved
check_equal "is heard of once" "$(state failed)" 1
check_equal "and nothing else is" "$(state changed),$(state lost)" 0,0
mkdir "$TMP/absent"
check_exit 0 "the next attempt" "$VED" apply -y stack.ved
check_equal "makes both" "$(cat "$TMP/file")$(cat "$TMP/absent/file")" onetwo
check_exit 0 "nothing happens" "$VED" apply -y stack.ved
check_equal "and nothing is heard" "$(state changed),$(state lost)" 0,0

echo other >"$TMP/file"
check_exit 0 "a file that was changed outside" "$VED" apply -y stack.ved
check_equal "is heard of" "$(state changed)" 1
check_equal "with what it is now" "$(state digest)" \
    "sha256:$(sha256sum "$TMP/file" | cut -d' ' -f1)"
check_exit 0 "a second look" "$VED" apply -y stack.ved
check_equal "is no second change" "$(state changed)" 1

rm "$TMP/absent/file"
check_exit 0 "a file that was deleted" "$VED" apply -y stack.ved
check_equal "is heard of" "$(state lost)" 1
check_equal "and is back" "$(cat "$TMP/absent/file")" two
check_exit 0 "destroy" "$VED" destroy -y stack.ved
check "takes all away" test ! -e "$TMP/file" -a ! -e "$TMP/absent/file"
