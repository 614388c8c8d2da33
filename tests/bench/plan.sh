#!/bin/bash
# How long `ved plan` takes for a stack of 10,000 objects, from its start to its end, and how much
# memory: plan.sh BUILD [CASE...]. Fails where a limit is not held.
#
# The stack is made once, in a folder of its own, by an apply with the simulating provider. Each
# case changes something and plans; the best of several rounds counts, by the processor time of ved
# and its plugin together. As everywhere here, a slow or busy machine has lower limits.
set -u
BUILD=$(cd "${1:-build/release}" && pwd) || exit 1
shift
TMP=$(mktemp -d "${TMPDIR:-/tmp}/ved-bench.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
LEAST_MB_S=150
ROUNDS=3
FAILED=0

cases() { # name, how many objects change, limits: milliseconds, megabytes
    echo "nothing 0 500 128"
    echo "one 1 500 128"
    echo "all 10000 2000 128"
}

wanted() { # NAME, of the cases that were named, if any were
    local name=$1 other
    shift
    [ $# -eq 0 ] && return 0
    for other in "$@"; do
        [ "$other" = plan ] || [ "$other" = "plan/$name" ] && return 0
    done
    return 1
}

bindings() { # SIZE-OF-ONE SIZE-OF-ALL
    cat >"$TMP/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: sim
    limits: { concurrency: 64 }
    config: { delay_ms: 0, results: { Make: { url: "http://\${uid}/" } } }
    actions:
      MakeOne: { size: $1 }
      Make: { size: $2 }
YAML
}

stack_make() {
    cat >"$TMP/stack.ved" <<'VED'
domain Pool {
    state {
        made: bool
    }

    goal Full {
        predicate made
    }

    transition Fill {
        step {
            for hundred in range(100) {
                parallel {
                    for i in range(100) {
                        emit Infra.Make(name: "w${hundred * 100 + i}", color: "red")
                    }
                }
            }
            made = true
        }
    }
}

domain Other {
    state {
        made: bool
    }

    goal Made {
        predicate made
    }

    transition Make {
        step {
            emit Infra.MakeOne(name: "one", color: "red")
            made = true
        }
    }
}
VED
    bindings 1 1
    "$BUILD/ved" apply --quiet "$TMP/stack.ved" >"$TMP/log" 2>&1 || { cat "$TMP/log"; exit 1; }
}

# How much of the limits this machine is given just now, from 0 to 1.
share() {
    "$BUILD/bench" "$TMP/least.json" shops/check >/dev/null
    jq --argjson least $LEAST_MB_S '.[0] | [1, .size / 1e6 / .least_s / $least] | min' "$TMP/least.json"
}

check_plan() { # CHANGES: what is measured is what was meant
    local expected="^Plan: 0 to add, $1 to change, 0 to destroy\\.$" found
    [ "$1" -gt 0 ] || expected='^No changes\.'
    found=$("$BUILD/ved" plan --quiet "$TMP/stack.ved" 2>/dev/null | tail -n 1)
    grep -Eq "$expected" <<<"$found" || { echo "plan of $1 changes says: $found"; FAILED=1; }
}

measure() { # NAME CHANGES MS MB
    local best= took round verdict
    case $1 in
    nothing) bindings 1 1 ;;
    one) bindings 2 1 ;;
    all) bindings 1 2 ;;
    esac
    check_plan "$2"
    for ((round = 0; round < ROUNDS; round++)); do
        took=$("$BUILD/bench" --run "$BUILD/ved" plan --quiet "$TMP/stack.ved" 2>/dev/null) || FAILED=1
        best=$(printf '%s\n%s\n' "$best" "$took" | sed '/^$/d' | sort -n | head -n 1)
    done
    verdict=$(awk -v t="$best" -v ms="$3" -v mb="$4" -v share="$(share)" 'BEGIN {
        split(t, a); time = ms / share / (a[1] * 1000); memory = mb / a[3]
        held = time >= 1 && memory >= 1 ? "ok" : "TOO MUCH"
        printf("%9.1f %9.1f %7.0f %20s %6.2f %6.2f  %s", a[1] * 1000, a[2] * 1000, a[3],
            "<=" ms " ms <=" mb " MB", time, memory, held) }')
    printf '%-12s %-8s %s\n' 10000 "plan/$1" "$verdict"
    case $verdict in *'TOO MUCH') FAILED=1 ;; esac
}

names=$(cases | while read -r name _; do wanted "$name" "$@" && echo "$name"; done)
[ -n "$names" ] || exit 0
stack_make
printf '%-12s %-8s %9s %9s %7s %20s %6s %6s\n' objects work ms "ms clock" "peak MB" limit "of ms" "of MB"
while read -r name changes ms mb; do
    ! grep -qx "$name" <<<"$names" || measure "$name" "$changes" "$ms" "$mb"
done < <(cases)
exit $FAILED
