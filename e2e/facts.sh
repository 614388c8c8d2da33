#!/bin/bash
# What is outside is seen through facts: a goal waits for one, apply goes on until it is there, and
# what nobody can say is unknown.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim
cd "$TMP" || exit 1
FLAG=$TMP/flag

cat >site.ved <<END
domain Site {
    state { opened: bool }
    goal Open { predicate opened && System.file_exists("$FLAG") }
    transition Watch { if System.file_exists("$FLAG") { opened = true } }
}
END

goal_status() { # NAME FILE
    "$VED" get goals "$2" -o json | jq -r ".[] | select(.name == \"$1\") | .status"
}

goal_waits_for_facts() {
    "$VED" get goals site.ved -o json | grep -q 'waits for a change of its state or its facts'
}

fact() { # FILE MEMBER
    "$VED" get facts "$1" -o json | jq -c ".[0].$2"
}

# ---- a file ----

check_exit 0 "plan asks the machine really" "$VED" plan site.ved
check "and shows the goal that waits" grep -q 'Site.Open *blocked' "$TMP/out"
check "and leaves no state" test ! -e .ved/site/stack.json

check_exit 5 "apply waits until --timeout for a file that does not come" \
    "$VED" apply --timeout 1s site.ved
check "it says what the goal waits for" grep -q 'goal Site.Open waits for a change of its state or its facts' "$TMP/err"
check_equal "what was seen is in the state" "$(fact site.ved value)" false
check "the reason is kept" goal_waits_for_facts
check_equal "under the name that the program gives it" "$(fact site.ved fact)" \
    "\"System.file_exists(\\\"$FLAG\\\")\""

start "$TMP/apply.log" "$VED" apply --timeout 60s site.ved
sleep 1
check "apply is still there" kill -0 "$STARTED"
touch "$FLAG"
check "it ends once the file is there" wait "$STARTED"
check "it says why it goes on" grep -q '^waiting: goal Site.Open' "$TMP/apply.log"
check "it says that the fact has changed" grep -q 'fact System.file_exists.* is true' "$TMP/apply.log"
check_equal "the goal is met" "$(goal_status Open site.ved)" met

check_exit 0 "another apply has nothing to do" "$VED" apply --timeout 20s site.ved
check "and says so" grep -q '^No changes' "$TMP/out"

rm "$FLAG"
check_exit 5 "a file that has gone is seen before anything is decided" \
    "$VED" apply --timeout 1s site.ved
check_equal "by the next apply" "$(fact site.ved value)" false

start "$TMP/apply.log" "$VED" apply --timeout 60s site.ved
wait_until 20 grep -q '^waiting' "$TMP/apply.log"
kill -INT "$STARTED"
code=0
wait "$STARTED" || code=$?
check_equal "a signal ends the waiting in order" $code 130
check_exit 5 "after which the next apply waits as before" "$VED" apply --timeout 1s site.ved

# ---- a fact that cannot be observed ----

cat >web.ved <<'END'
domain Web {
    goal Served { predicate Infra.status("db") == "up" }
    transition Serve { emit Infra.StartServer() }
}
END
cat >ved.yaml <<'END'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: sim
    limits: { resync: 200ms }
    config: { facts: { "status(db)": { unknown: "the network is down" } } }
END
FACTS=$TMP/.ved/web/providers/sim/facts.json
CALLS=$TMP/.ved/web/providers/sim/calls.ndjson

check_exit 5 "nothing runs for a goal that is unknown" "$VED" apply --timeout 1s web.ved
check "it says which fact, and why" grep -qF \
    'goal Web.Served is unknown: fact Infra.status("db") is not known: the network is down' "$TMP/err"
check_equal "its status is unknown" "$(goal_status Served web.ved)" unknown
check_equal "so is the fact's" "$(fact web.ved status)" '"unknown"'
check "no effect was asked for" test ! -s "$CALLS"

start "$TMP/apply.log" "$VED" apply --timeout 60s web.ved
echo '{"status(db)":"down"}' >"$FACTS.new" && mv "$FACTS.new" "$FACTS"
check "what becomes known is acted upon" wait_until 30 grep -q StartServer "$CALLS"
echo '{"status(db)":"up"}' >"$FACTS.new" && mv "$FACTS.new" "$FACTS"
check "until the goal is met" wait "$STARTED"
check_equal "which its status says" "$(goal_status Served web.ved)" met

# ---- a fact that an effect changes ----

cat >pool.ved <<'END'
domain Pool {
    goal Three { predicate Infra.count("ProvisionWorker") >= 3 }
    transition Grow { emit Infra.ProvisionWorker() }
}
END

check_exit 0 "a plan does not know what its effects will have changed" "$VED" plan pool.ved
check "and plans one" grep -q '^Plan: 1 to add' "$TMP/out"
check_exit 0 "facts are observed again after each effect" "$VED" apply --timeout 60s pool.ved
check "so it makes as many as are needed" grep -q '^Apply complete! Resources: 3 added' "$TMP/out"

# ---- whom an environment asks ----

rm ved.yaml
cat >placed.ved <<'END'
environment Test { provider Infra = "sim" { config: {facts: {"load": 3}} } }
deploy A to Test
domain A { goal Calm { predicate Infra.load() < 5 } }
END
check_exit 0 "a domain asks the provider of its environment" "$VED" apply --timeout 20s placed.ved
check_equal "which the fact is named by" "$(fact placed.ved fact)" '"Test.Infra.load()"'
check_equal "and found by at rest" "$(goal_status Calm placed.ved)" met

# ---- a query that nobody has ----

cat >wrong.ved <<'END'
domain D { goal G { predicate System.no_such("x") } }
END
check_exit 65 "an unknown query is refused before anything is done" "$VED" plan wrong.ved
check "by its name" grep -q 'V-ERR-004.*no_such' "$TMP/err"
