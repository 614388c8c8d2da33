#!/bin/bash
# A domain in whose slice the process dies: its successor learns it from the note in the state folder,
# counts it before it tries again, and takes only that domain down. And what is stuck goes on by hand.
. "$(dirname "$0")/lib.sh"
need_programs ved

cd "$TMP" || exit 1

# Poison computes for long, in one slice, when it hears of it: long enough to be killed in it.
cat >stack.ved <<'END'
domain Poison {
  state { heard: int  mood: string = "well" }
  transition Hear(x: int) {
    let i = 0
    let s = 0
    while i < x { s += i i += 1 }
    heard += 1
  }
}
domain Other {
  state { n: int }
  goal Done { predicate n == 40 priority low }
  transition Boot { send_high Poison Hear(1500000) }
  transition T { n += 1 }
}
END

note() { od -An -tu8 -j16 -N8 .ved/stack/running 2>/dev/null | tr -d ' '; }

# PID: it has opened the note, and has computed for 3 ms since the slice that stands in it was first
# seen there. It is Poison's, once that is known.
computes() {
    local now ran
    grep -q /running "/proc/$1/maps" 2>/dev/null || return 1
    now=$(note)
    read -r ran _ <"/proc/$1/schedstat"
    [ "$now" = "$seen" ] || since=$ran
    seen=$now
    [ -n "$now" ] && [ "$now" != 0 ] && [ "$now" = "${poison:-$now}" ] &&
        [ $((ran - since)) -gt 3000000 ]
}

# kill_in_slice SIGNAL: run until the long slice is found in the note while the process stands
# still, and end it there. All others are over within microseconds.
kill_in_slice() {
    local pid hit=1 seen= since=0
    "$VED" apply stack.ved >out 2>err </dev/null &
    pid=$!
    OUR_PIDS+=("$pid")
    for _ in $(seq 5000); do
        pid_is_gone $pid && break
        kill -STOP $pid
        if computes $pid; then
            kill "-$1" $pid
            hit=0
        fi
        kill -CONT $pid
        [ $hit -eq 0 ] && break
        sleep 0.002
    done
    wait $pid 2>/dev/null
    return $hit
}

records() { cat .ved/stack/journal-*.ndjson | grep -c "\"type\":\"$1\""; }
attempts() { "$VED" get mailboxes -o json | jq -r '.[] | select(.name == "Hear") | .attempts'; }
lifecycle() { "$VED" get domains -o json | jq -r ".[] | select(.domain == \"$1\") | .lifecycle"; }

check "it dies in a slice" kill_in_slice SEGV
check "the note outlives it" test -s .ved/stack/running
poison=$(note)
check "and again, in what had not been durable the first time" kill_in_slice SEGV
check_equal "the first death was counted before that" "$(records crash)" 1
check "and again, killed from outside" kill_in_slice KILL
check_equal "and counted, with its message" "$(records crash) $(attempts)" "2 1"
check "it says by which signal" grep -q '"text":"signal 11, ' .ved/stack/journal-0.ndjson
check "others have gone on, for the domain alone waits" \
    test "$("$VED" get domains -o json | jq '.[] | select(.domain == "Other") | .state.n')" = 40
for _ in 1 2 3; do kill_in_slice SEGV || not_ok "it dies in the slice"; done
check_exit 1 "after five restarts within a minute it is down, and the run goes on without it" \
    "$VED" apply stack.ved
check "which is said" grep -q 'domain Poison is down: the process died 6 times within a minute' "$TMP/err"
check_equal "and seen" "$(lifecycle Poison) $(lifecycle Other)" "down sleeping"
check "no note is left in the end" test ! -e .ved/stack/running

check_exit 64 "one that is not down is not resumed" "$VED" resume Other
check_exit 0 "one that is down is" "$VED" resume Poison
check_equal "and is not down any more" "$(lifecycle Poison)" runnable
check "which stands in the audit" grep -q '"edit":"resume"' .ved/stack/audit.ndjson

check "its message kills once more" kill_in_slice SEGV
check_exit 1 "and is a dead letter then, after five tries more than the first" "$VED" apply stack.ved
check "with the reason" test "$("$VED" get deadletters -o json | jq -r '.[0].reason')" = \
    "signal 11, Segmentation fault"
check_equal "so the domain goes on" "$(lifecycle Poison)" sleeping

letter=$("$VED" get deadletters -o json | jq '.[0].id')
check_exit 0 "the letter is put back" "$VED" redeliver "$letter"
check_exit 0 "and handled, where nothing kills it" "$VED" apply stack.ved
check_equal "once" "$("$VED" get domains -o json | jq '.[] | select(.domain == "Poison") | .state.heard')" 1
check_exit 64 "nothing is left to put back" "$VED" redeliver Poison
check_exit 0 "the journal is computed to the same" "$VED" replay
