#!/bin/bash
# A flood of a million messages at one domain, with the program as it is shipped: all are handled, its
# mailbox and the process stay under their ceilings, and a ring of other domains goes round beside it
# about as fast as alone. And mailboxes that are full drain.
. "$(dirname "$0")/lib.sh"
need_programs ved

cd "$TMP" || exit 1

FLOOD=${FLOOD:-1000000}
RING=20
HOPS=2000

# A ring in which each domain has a message all the time, so that all are as urgent as the flood's.
ring() {
    local i next
    for ((i = 0; i < RING; i++)); do
        next=$(((i + 1) % RING))
        cat <<END
domain R$i {
  state { hops: int }
  transition Boot { send R$next Hop }
  transition Hop { hops += 1  if hops < $HOPS { send R$next Hop } }
}
END
    done
}

flood() {
    cat <<END
domain Flood {
  state { sent: int }
  goal Poured { predicate sent >= $FLOOD }
  transition Pour { sent += 1000  for i in range(1000) { send Sink Take } }
}
domain Sink {
  state { taken: int }
  transition Take { taken += 1 }
}
END
}

# The slice numbers at which R0 was run, from the journal; then the median of their distances.
median_hop() { # STATE
    cat "$1"/journal-*.ndjson | tr -d '\0' | jq -r '
        select((.type // "slice") == "slice" and .domain == "R0") |
        select(.cause.on == "Hop" or .cause.transition == "Hop") | .slice' | sort -n |
        awk 'NR > 1 { print $1 - last } { last = $1 }' |
        sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

field() { "$VED" get domains --state "$1" -o json | jq -r ".[] | select(.domain == \"$2\") | .state.$3"; }

# The flood outlasts the ring by far, and what the journal keeps of it has all of the ring.
ring >alone.ved
(ring && FLOOD=50000 flood) >beside.ved

check_exit 0 "the ring goes round alone" "$VED" apply --max-slices 0 --state alone alone.ved
alone=$(median_hop alone)
check_equal "its hops can be told from the journal" "$alone" $RING
check_exit 0 "the ring goes round beside a flood" "$VED" apply --max-slices 0 --state beside beside.ved
beside=$(median_hop beside)
check "its median hop is not a fifth longer ($alone, then $beside slices)" \
    test $((${beside:-1000} * 10)) -le $((alone * 12))
check_equal "it has gone round as often" "$(field beside R0 hops)" $HOPS
check_equal "each message of the flood was handled" "$(field beside Sink taken)" 50000

# All of it, looked at while it runs.
flood >million.ved
start log "$VED" apply --max-slices 0 --state million million.ved
most=0
while ! pid_is_gone "$STARTED"; do
    kb=$(awk '/^RssAnon/ { print $2 }' "/proc/$STARTED/status" 2>/dev/null)
    [ "${kb:-0}" -gt "$most" ] && most=$kb
    sleep 0.1
done
check "a flood of $FLOOD ends with every goal met" wait "$STARTED"
check_equal "each message was handled" "$(field million Sink taken)" "$FLOOD"
check_equal "none has become a dead letter" \
    "$("$VED" get deadletters --state million -o json | jq length)" 0
check "memory stayed below 64 MiB ($most kB)" test "$most" -gt 0 -a "$most" -lt 65536

# ---- full mailboxes ----

cat >full.ved <<'END'
domain A {
  state { heard: int }
  transition Boot { for i in range(9990) { send B Hear } }
  transition Hear { heard += 1  if heard < 10100 { send B Hear } }
}
domain B {
  state { heard: int }
  transition Boot { for i in range(9990) { send A Hear } }
  transition Hear { heard += 1  if heard < 10100 { send A Hear } }
}
domain C {
  state { heard: int }
  transition Boot { for i in range(9990) { send D Hear } }
  transition Hear { heard += 1  if heard < 10100 { send D Hear } }
}
domain D {
  state { heard: int }
  transition Boot { for i in range(9990) { send E Hear } }
  transition Hear { heard += 1  if heard < 10100 { send E Hear } }
}
domain E {
  state { heard: int }
  transition Boot { for i in range(9990) { send C Hear } }
  transition Hear { heard += 1  if heard < 10100 { send C Hear } }
}
domain Self {
  state { heard: int }
  transition Boot { for i in range(9990) { send self Hear } }
  transition Hear { heard += 1  if heard < 10100 { send self Hear } }
}
END
check_exit 0 "two that answer each other, a ring and one alone, all with full mailboxes, come to rest" \
    "$VED" apply --max-slices 0 --state full full.ved
check_equal "with each message handled" \
    "$("$VED" get domains --state full -o json | jq -c '[.[].state.heard] | unique')" '[20089]'
