#!/bin/bash
# How long `ved plan` takes for stacks of many objects, from its start to its end, and how much
# memory: plan.sh BUILD [CASE...]. Fails where a limit is not held.
#
# Each stack is made once, in a folder of its own, by an apply with the simulating provider. Each
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

# name, stack, objects, sizes of one and of all others, what is to add and to change, limits:
# milliseconds, megabytes
cases() {
    echo "nothing pool 10000 1 1 0 0 500 128"
    echo "one pool 10000 2 1 0 1 500 128"
    echo "all pool 10000 1 2 0 10000 2000 128"
    echo "keyed-one keyed 10000 2 1 0 1 1000 144"
    echo "keyed-all keyed 10000 1 2 0 9999 2000 144"
    echo "unnamed unnamed 20000 1 1 20000 0 1000 96"
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

bindings() { # STACK SIZE-OF-ONE SIZE-OF-ALL
    cat >"$TMP/$1/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: sim
    limits: { concurrency: 64 }
    config: { delay_ms: 0, results: { Make: { url: "http://\${uid}/" } } }
    actions:
      MakeOne: { size: $2 }
      Make: { size: $3 }
YAML
}

# Many objects of one domain, and one of another.
pool_text() {
    cat <<'VED'
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
}

# Many instances of one object each.
keyed_text() {
    cat <<'VED'
domain Starter {
    state {
        started: bool
    }

    goal Started {
        predicate started
    }

    transition Start {
        step {
            for n in range(10000) {
                spawn Worker["w${n}"]
            }
            started = true
        }
    }
}

domain Worker[key: string] {
    state {
        made: bool
    }

    goal Made {
        predicate made
    }

    transition Make {
        step {
            if key == "w0" {
                emit Infra.MakeOne(label: key, color: "red")
            } else {
                emit Infra.Make(label: key, color: "red")
            }
            made = true
        }
    }
}
VED
}

# Many objects that only their number tells apart.
unnamed_text() {
    cat <<'VED'
domain Pool {
    state {
        made: int
    }

    goal Full {
        predicate made == 2
    }

    transition Fill {
        step {
            for n in range(10000) {
                emit Infra.Make(label: "w${n}", color: "red")
            }
            made = 1
        }

        step {
            for n in range(10000) {
                emit Infra.Make(label: "v${n}", color: "red")
            }
            made = 2
        }
    }
}
VED
}

stack_make() { # STACK: applied, unless it is to be made by the plan
    [ -d "$TMP/$1" ] && return
    mkdir "$TMP/$1"
    "$1_text" >"$TMP/$1/stack.ved"
    bindings "$1" 1 1
    [ "$1" = unnamed ] && return
    "$BUILD/ved" apply --quiet "$TMP/$1/stack.ved" >"$TMP/log" 2>&1 || { cat "$TMP/log"; exit 1; }
}

# How much of the limits this machine is given just now, from 0 to 1.
share() {
    "$BUILD/bench" "$TMP/least.json" shops/check >/dev/null
    jq --argjson least $LEAST_MB_S '.[0] | [1, .size / 1e6 / .least_s / $least] | min' "$TMP/least.json"
}

check_plan() { # STACK ADDS CHANGES: what is measured is what was meant
    local expected="^Plan: $2 to add, $3 to change, 0 to destroy\\.$" found
    [ "$2 $3" != "0 0" ] || expected='^No changes\.'
    found=$("$BUILD/ved" plan --quiet "$TMP/$1/stack.ved" 2>/dev/null | tail -n 1)
    grep -Eq "$expected" <<<"$found" || { echo "plan of $1, $2 and $3, says: $found"; FAILED=1; }
}

measure() { # NAME STACK OBJECTS SIZE-OF-ONE SIZE-OF-ALL ADDS CHANGES MS MB
    local best= took round verdict
    stack_make "$2"
    bindings "$2" "$4" "$5"
    check_plan "$2" "$6" "$7"
    for ((round = 0; round < ROUNDS; round++)); do
        took=$("$BUILD/bench" --run "$BUILD/ved" plan --quiet "$TMP/$2/stack.ved" 2>/dev/null) || FAILED=1
        best=$(printf '%s\n%s\n' "$best" "$took" | sed '/^$/d' | sort -n | head -n 1)
    done
    verdict=$(awk -v t="$best" -v ms="$8" -v mb="$9" -v share="$(share)" 'BEGIN {
        split(t, a); time = ms / share / (a[1] * 1000); memory = mb / a[3]
        held = time >= 1 && memory >= 1 ? "ok" : "TOO MUCH"
        printf("%9.1f %9.1f %7.0f %20s %6.2f %6.2f  %s", a[1] * 1000, a[2] * 1000, a[3],
            "<=" ms " ms <=" mb " MB", time, memory, held) }')
    printf '%-8s %-16s %s\n' "$3" "plan/$1" "$verdict"
    case $verdict in *'TOO MUCH') FAILED=1 ;; esac
}

names=$(cases | while read -r name _; do wanted "$name" "$@" && echo "$name"; done)
[ -n "$names" ] || exit 0
printf '%-8s %-16s %9s %9s %7s %20s %6s %6s\n' objects work ms "ms clock" "peak MB" limit "of ms" "of MB"
while read -r name rest; do
    # shellcheck disable=SC2086 # its words are arguments
    ! grep -qx "$name" <<<"$names" || measure "$name" $rest
done < <(cases)
exit $FAILED
