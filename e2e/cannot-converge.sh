#!/usr/bin/env bash
# A stack that cannot reach its goals ends quickly, says why in one sentence a goal, and fills
# neither the disk nor the time; and what check, fmt and get say about programs and states.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cd "$TMP" || exit 1
cat >ved.yaml <<'YAML'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    config: { fail_always: [CreateBroken], delay_ms: { CreateSlow: 60000 } }
YAML

ved_apply() { # NAME [FLAGS...]
    local name=$1
    shift
    timeout -k 5 40 "$VED" apply "$name.ved" --quiet --color never "$@"
}

# disk_is_bounded NAME KILOBYTES
disk_is_bounded() {
    local used
    used=$(du -s ".ved/$1" | cut -f 1)
    [ "$used" -lt "$2" ] || {
        echo "$used KiB"
        return 1
    }
}

# cannot NAME CODE GOAL WORDS: the program on stdin ends with that code and one sentence for the
# goal, which has the words.
cannot() {
    local name=$1 code=$2 goal=$3 words=$4 before=$SECONDS
    cat >"$name.ved"
    check_exit "$code" "$name: apply ends with $code" ved_apply "$name"
    check "$name: quickly" test $((SECONDS - before)) -le 10
    says "$name" "$goal" "$words"
    check "$name: the state stays small" disk_is_bounded "$name" 1024
}

says() { # NAME GOAL WORDS
    check_equal "$1: one sentence for $2" "$(grep -c "^goal $2 " err)" 1
    check "$1: it says why" grep -Eq "^goal $2 .*($3)" err
}

# ---- what cannot converge ----

two_goals_fight() {
    cannot fight 5 D.One 'oscillates' <<'VED'
domain D {
  state { x: int }
  goal One { predicate x == 1 strategy { Up } }
  goal Two { predicate x == 2 strategy { Down } }
  transition Up { step { x = 1 } }
  transition Down { step { x = 2 } }
}
VED
    says fight D.Two 'oscillates'
}

an_event_nobody_emits() {
    cannot unheard 5 D.Done 'waits for event Never, which nothing' <<'VED'
domain D {
  state { heard: bool  done: bool }
  goal Done { predicate done == true }
  on Event::Never { heard = true }
  transition Go { step { if heard == true { done = true } } }
}
VED
}

a_count_that_nothing_assigns() {
    cannot pool 5 Pool.Three 'left the state as it was' <<'VED'
domain Pool {
  state { workers: int }
  goal Three { predicate workers == 3 }
  transition Grow { step { if workers < 3 { emit API.CreateWorker() } } }
}
VED
    check_equal "pool: one object was made" "$("$VED" get resources pool.ved -o json | jq length)" 1
    check_exit 5 "pool: the next apply makes no other that is not needed" ved_apply pool
    check "pool: and ends within its rules" \
        test "$("$VED" get resources pool.ved -o json | jq length)" -le 2
}

a_divergence() {
    local before=$SECONDS
    cat >diverge.ved <<'VED'
domain D {
  state { n: int }
  goal Never { predicate n < 0 }
  transition Count { step { n = n + 1 } }
}
VED
    check_exit 5 "diverge: a million slices end with 5" ved_apply diverge --max-slices 1000000
    says diverge D.Never 'not reached.*--max-slices'
    check "diverge: in reasonable time" test $((SECONDS - before)) -le 20
    check "diverge: on less than 200 MB" disk_is_bounded diverge 200000
    check_exit 0 "diverge: plan ends too" timeout -k 5 30 "$VED" plan diverge.ved --quiet \
        --max-slices 1000000
    check "diverge: and says where" grep -q 'prediction ends after 1000000 slices' out err
}

objects_without_end() {
    cat >swarm.ved <<'VED'
domain D {
  state { n: int }
  goal Never { predicate n < 0 }
  transition Make { step { n = n + 1 emit API.CreateBee() } }
}
VED
    check_exit 0 "swarm: plan of objects without end ends" timeout -k 5 120 "$VED" plan swarm.ved -q
    check "swarm: and says where" grep -q 'prediction ends after 50000 effects' out err
}

an_effect_that_fails() {
    cannot effect 1 D.Made 'terminate_after was reached.*injected failure' <<'VED'
domain D {
  state { made: bool  degraded: bool }
  goal Made {
    predicate made == true
    strategy { Make }
    backoff 50ms to 100ms
    terminate_after 3 retries
    fallback Degrade
  }
  transition Make { step { emit API.CreateBroken() made = true } }
  transition Degrade { step { degraded = true } }
}
VED
    check_equal "effect: it was tried three times" \
        "$(grep -c . .ved/effect/providers/sim/calls.ndjson)" 3
    check_equal "effect: the fallback ran" \
        "$("$VED" get domains effect.ved -o json | jq '.[].state.degraded')" true
}

faults() {
    cannot invariant 1 D.Five "invariant 'Small' would be broken" <<'VED'
domain D {
  state { n: int }
  goal Five { predicate n == 5 }
  invariant Small { n < 3 }
  transition Count { step { n = n + 1 } }
}
VED
    check_equal "invariant: the last state that kept it stands" \
        "$("$VED" get domains invariant.ved -o json | jq '.[].state.n')" 2
    cannot overflow 1 D.Never 'integer overflow.*9223372036854775807 . 1' <<'VED'
domain D {
  state { n: int = 9223372036854775807 }
  goal Never { predicate n < 0 }
  transition Count { step { n = n + 1 } }
}
VED
    cannot zero 1 D.None 'division by zero: 10 / 0' <<'VED'
domain D {
  state { n: int = 1  divisor: int }
  goal None { predicate n == 0 }
  transition Divide { step { n = 10 / divisor } }
}
VED
}

a_handler_that_faults() {
    cat >handler.ved <<'VED'
domain A {
  state { sent: bool }
  goal Sent { predicate sent == true }
  transition Send { step { emit Broadcast(Event::Boom(size: 7)) sent = true } }
}
domain B {
  state { n: int  divisor: int }
  on Event::Boom(size) { n = size / divisor }
}
VED
    check_exit 1 "handler: a dead letter ends apply with 1" ved_apply handler
    check_equal "handler: it is listed" \
        "$("$VED" get deadletters handler.ved -o json | jq -c 'map([.domain, .name, .from])')" \
        '[["B","Boom","A"]]'
    check "handler: with its reason" \
        test "$("$VED" get deadletters handler.ved -o json | jq -r '.[].reason | test("division by zero: 7 / 0")')" = true
    check_equal "handler: the table names it too" \
        "$("$VED" get deadletters handler.ved | grep -c 'Boom.*division by zero')" 1
    check_exit 0 "handler: the next apply has nothing to do" ved_apply handler
}

# A script has no goal that would say so.
a_script_that_fails() {
    echo 'emit API.CreateBroken(size: 3)' >script.ved
    check_exit 1 "script: apply ends with 1" ved_apply script
    check "script: and says what has not begun" grep -q \
        'domain main has not begun: Boot was not completed, because main\.Boot\.CreateBroken\[0\] failed' "$TMP/err"
    check_equal "script: it is not said to be complete" "$(tail -n 1 "$TMP/out")" \
        "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 0 unknown, 0 not attempted."
}

# ---- check and fmt ----

programs_are_checked_and_formatted() {
    cat >wrong.ved <<'VED'
domain D {
  state { n: int  ok: bool }
  goal G { predicate n == "one" }
  transition T { step { missing = 3  send Nobody Hello() } }
}
VED
    check_exit 65 "check: several mistakes end with 65" "$VED" check wrong.ved
    check_equal "check: each is a diagnostic of its own" "$(grep -c '^error\[' err)" 3
    check_exit 65 "check --json ends with 65 too" "$VED" check wrong.ved --json
    check_equal "check --json: each line is an object, and each mistake one with its place" \
        "$(jq -s '[.[] | select(.type == "diagnostic" and .diagnostic.severity == "error") |
            .diagnostic.range.start.line] | sort' out -c)" '[3,4,4]'
    check_equal "check --json: the last line is the exit code" \
        "$(tail -n 1 out | jq -r '[.type, .code, .name] | join(" ")')" 'exit 65 PROGRAM'
    check_equal "check --json: nothing else is said" "$(cat err)" ""
    check_exit 65 "check: one bad file of two" "$VED" check fight.ved wrong.ved
    check "check: the good one is checked all the same" grep -q 'fight.ved: ok' err
    printf 'domain D { state { n:int } }' >ugly.ved
    check_exit 1 "fmt --check: an unformatted file ends with 1" "$VED" fmt --check ugly.ved
    check_equal "fmt --check names it" "$(cat out)" ugly.ved
    check_equal "fmt --check writes nothing" "$(cat ugly.ved)" 'domain D { state { n:int } }'
    "$VED" fmt - <ugly.ved >formatted.ved
    check_exit 0 "fmt -: its output is formatted" "$VED" fmt --check formatted.ved
    check_exit 0 "fmt rewrites" "$VED" fmt ugly.ved
    check_equal "fmt and fmt - agree" "$(cat ugly.ved)" "$(cat formatted.ved)"
    printf 'domain D { state {' >broken.ved
    check_exit 65 "fmt: what does not parse is refused" "$VED" fmt broken.ved
    check_equal "fmt: and left as it is" "$(cat broken.ved)" 'domain D { state {'
}

# ---- looking at states in all conditions ----

slow() {
    cat >slow.ved <<'VED'
domain D {
  state { first: bool  second: bool }
  goal Both { predicate first == true && second == true }
  transition One { step { if first == false { emit API.CreateQuick() first = true } } }
  transition Two { step { if first == true { emit API.CreateSlow() second = true } } }
}
VED
}

looks() { # STATE
    local what
    for what in domains goals resources mailboxes effects deadletters; do
        check_exit 0 "$1: get $what" "$VED" get $what slow.ved -o json
        check "$1: get $what is a list" jq -e 'type == "array"' out
    done
    check_exit 0 "$1: state show" "$VED" state show slow.ved
    check "$1: state show is an object" jq -e '.domains | length == 1' out
    check_exit 0 "$1: state list" "$VED" state list slow.ved
    check_exit 0 "$1: state verify" "$VED" state verify slow.ved
    check_exit 0 "$1: show" "$VED" show slow.ved
    check_exit 0 "$1: show --json" "$VED" show --json slow.ved
    check "$1: show --json is an object" jq -e '.kind == "ved.state"' out
}

creates_slowly() {
    grep -q 'CreateSlow' .ved/slow/providers/sim/calls.ndjson
}

half_done() { # FLAGS...
    start slow.log "$VED" apply slow.ved --quiet "$@"
    wait_until 20 creates_slowly
    kill -KILL "$STARTED"
    wait "$STARTED" 2>/dev/null
}

a_state_is_looked_at_in_all_conditions() {
    slow
    half_done
    looks "half done"
    check_equal "half done: what was done is listed" \
        "$("$VED" get resources slow.ved -o json | jq -c 'map(select(.state == "ready") | .effect)')" \
        '["API.CreateQuick"]'
    sed -i 's/CreateSlow: 60000/CreateSlow: 10/' ved.yaml
    check_exit 0 "half done: the next apply finishes" ved_apply slow
    looks "finished"
    check_equal "finished: each object once" \
        "$("$VED" get resources slow.ved -o json | jq -c 'map(.effect) | sort')" \
        '["API.CreateQuick","API.CreateSlow"]'
    check_exit 0 "destroy" timeout -k 5 30 "$VED" destroy slow.ved --quiet
    check_exit 0 "destroyed: get domains" "$VED" get domains slow.ved -o json
    check_equal "destroyed: nothing is left" "$("$VED" get resources slow.ved -o json | jq length)" 0
}

the_state_in_yaml() {
    sed -i 's/CreateSlow: 10/CreateSlow: 60000/' ved.yaml
    rm -rf .ved/slow
    half_done --state-format yaml
    sed -i 's/CreateSlow: 60000/CreateSlow: 10/' ved.yaml
    check_exit 0 "yaml: the next apply finishes" ved_apply slow --state-format yaml
    check "yaml: its checkpoints are YAML" test -n "$(find .ved/slow -name 'checkpoint-*.yaml')"
    check "yaml: and nothing else" test -z "$(find .ved/slow -name 'checkpoint-*.json')"
    looks "yaml"
    check_equal "yaml: each object once" \
        "$("$VED" get resources slow.ved -o json | jq -c 'map(.effect) | sort')" \
        '["API.CreateQuick","API.CreateSlow"]'
    check_exit 0 "yaml: apply in JSON goes on from it" ved_apply slow
    check_exit 0 "yaml: destroy" timeout -k 5 30 "$VED" destroy slow.ved -q --state-format yaml
    check_equal "yaml: nothing is left" "$(find .ved/slow -path '*/objects/*.json' | wc -l)" 0
}

two_goals_fight
an_event_nobody_emits
a_count_that_nothing_assigns
a_divergence
objects_without_end
an_effect_that_fails
faults
a_handler_that_faults
a_script_that_fails
programs_are_checked_and_formatted
a_state_is_looked_at_in_all_conditions
the_state_in_yaml
