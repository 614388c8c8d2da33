#!/usr/bin/env bash
# Why something is as it is, when an effect was wanted, sent and answered, and what of a state
# matches an expression: with real files, through an edit, a loss, a failure and a dead letter, and
# with no more of the journal than a state keeps.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local
cd "$TMP" || exit 1

write_program() { # CONTENT
    cat >shop.ved <<VED
domain Database {
  state { status: string = "pending" }
  goal Ready { predicate status == "ready" }
  transition Boot_db {
    let file = emit Infra.WriteFile(path: "$TMP/db", content: "$1")
    status = "ready"
    emit Broadcast(Event::DatabaseReady(path: file.path))
  }
}
domain App {
  state { path: string  status: string }
  goal Live { predicate path != "" && status == "running" }
  on Event::DatabaseReady(path) { state.path = path }
  transition Boot_app {
    if path != "" && status != "running" {
      emit Infra.WriteFile(path: "$TMP/app", content: path)
      status = "running"
      send Counter["a"] Count(by: 3)
      send Counter["a"] Divide(by: 0)
    }
  }
}
domain Counter[id: string] {
  state { n: int }
  transition Count(by: int) { n += by }
  on message Divide(by: int) { n = n / by }
}
VED
}

apply() {
    timeout 60 "$VED" apply --auto-approve shop.ved
}

# The chain of slices, the newest first: "WHO: WHAT" in one line.
chain() {
    "$VED" why --json "$@" | jq -r '[.chain[] | "\(.who): \(.what)"] | join(" <- ")'
}

write_program one
check_exit 1 "a stack with a handler that faults is applied" apply

# ---- why ----

APP='App: goal Live; transition Boot_app <- App: event DatabaseReady from Database <- Database: goal Ready; transition Boot_db'
check_exit 0 "an object can be asked about" "$VED" why 'App.Boot_app.WriteFile[0]'
cp out why-app
check "it says where each slice stands in the program" grep -q 'App slice [0-9]*: goal Live; transition Boot_app  shop.ved:[0-9]' why-app
check "and with which record it committed, and when" grep -qE '^  20[0-9-]+T[0-9:.]+Z  record [0-9]+ +App slice' why-app
check "and with what all of it begins" grep -qx 'Database began with record [0-9]*, by an apply\.' why-app
check_equal "its chain goes over the event to the other domain" "$(chain 'App.Boot_app.WriteFile[0]')" "$APP"
check_equal "that of a value goes over the message" "$(chain 'Counter["a"].n')" \
    "Counter[\"a\"]: message Count from App <- $APP"
check_equal "and has its values" "$("$VED" why --json 'Counter["a"].n' | jq -r '.events[-1].text | sub("[0-9]+:"; "N:")')" \
    'slice N: 0 -> 3'

dead=$("$VED" get deadletters -o json | jq -r '.[0].id')
check_exit 0 "a dead letter can be asked about" "$VED" why "$dead"
check "it says what became of it" grep -q 'became a dead letter: its handler faulted' out
check_equal "and its chain begins with who sent it" "$(chain "$dead")" "$APP"
check_exit 0 "so can a message that has been handled" "$VED" why 1
check "which is said" grep -q '^event DatabaseReady from Database to App, which has been handled$' out

check_exit 64 "what there is not is refused" "$VED" why 'App.Boot_app.WriteFile[7]'
check "with the verb that lists what there is" grep -q 'ved get resources' err
check_exit 64 "so is a field that there is not" "$VED" why App.nothing
check_exit 64 "and what is no name at all" "$VED" why 'so?'
check_exit 64 "and nothing" "$VED" why

# ---- trace ----

check_exit 0 "an effect is traced by its address" "$VED" trace effect 'Database.Boot_db.WriteFile[0]'
check_equal "through every stage" "$(awk '/^  [A-Z]+ /{print $1}' out | paste -sd' ')" \
    "EMITTED PERSISTED EXECUTING RECORDED DELIVERED CONSUMED"
check "sent once" grep -q 'EXECUTING .*sent once' out
check "and answered with its id" grep -q "RECORDED .*: applied \[id=$TMP/db\]" out
op=$("$VED" trace effect --json 'Database.Boot_db.WriteFile[0]' | jq -r '.[0].op')
check_equal "and by its key, or the beginning of it" \
    "$("$VED" trace effect --json "${op:0:8}" | jq -r '.[0].address')" 'Database.Boot_db.WriteFile[0]'
check "its stages follow each other in time" jq -e \
    '[.[0].stages[] | select(.at) | .at] as $t | $t == ($t | sort) and ($t | length) == 6' \
    <("$VED" trace effect --json "$op")
check_exit 64 "an effect that there is not is refused" "$VED" trace effect 00000000-dead
check "with how far back the journal goes" grep -q 'kept from record' err

# ---- a loss, and an edit ----

rm "$TMP/app"
check_exit 0 "what was lost is made again" timeout 60 "$VED" drift --repair --auto-approve shop.ved
"$VED" why 'App.Boot_app.WriteFile[0]' >out
check "its loss is among what happened to it" grep -q 'its provider has lost it' out
check_equal "and what it is because of is the same" "$(chain 'App.Boot_app.WriteFile[0]')" "$APP"

write_program two
check_exit 0 "an edit is applied" apply
check_equal "an object that was computed again says because of what" \
    "$(chain 'Database.Boot_db.WriteFile[0]')" \
    'Database: Boot_db again: edit at shop.ved:5 <- Database: goal Ready; transition Boot_db'
check_equal "and was asked for twice" \
    "$("$VED" trace effect --json 'Database.Boot_db.WriteFile[0]' | jq -r 'length')" 2

# ---- a failure ----

mkdir "$TMP/block"
cat >"$TMP/bad.ved" <<VED
domain Bad {
  state { done: bool }
  goal G { predicate done terminate_after 1 retries backoff 100ms }
  transition T { emit Infra.WriteFile(path: "$TMP/block", content: "x") done = true }
}
VED
timeout 60 "$VED" apply --auto-approve bad.ved >out 2>err
"$VED" trace effect --stack bad 'Bad.T.WriteFile[0]' >out 2>err
check "an effect that failed says how" grep -q 'RECORDED .*: failed' out
check "and what became of its slice" grep -q 'CONSUMED .*: abort' out

# ---- with no more than what a state keeps ----

# The newest checkpoint, those that it stands on, and the journal from there.
cp -r .ved/shop bare
newest=$(ls bare | sed -n 's/^checkpoint-\([0-9]*\)\.json$/\1/p' | sort -n | tail -n 1)
needed=" "
for ((n = newest; n >= 0; n = base)); do
    needed="$needed$n "
    base=$(jq '.base // -1' "bare/checkpoint-$n.json") || bail "checkpoint-$n.json can be read"
done
for file in bare/checkpoint-*.json; do
    n=${file##*-}
    [[ $needed == *" ${n%.json} "* ]] || rm "$file"
done
for file in bare/journal-*.ndjson; do
    n=${file##*-}
    [ "${n%.ndjson}" -ge "$newest" ] || rm "$file"
done
check_equal "a chain is in the checkpoint, too" "$(chain --state bare 'App.Boot_app.WriteFile[0]')" "$APP"
check_equal "of values as well, where a slice that made something set them" \
    "$(chain --state bare App.status)" "$APP"
check_equal "and of dead letters" "$(chain --state bare "$dead")" "$APP"
"$VED" why --state bare 'Counter["a"].n' >out
check "a value of which no more is known says so" grep -q 'it had that value at record' out

# ---- inspect ----

found() { # EXPR
    "$VED" inspect --stack shop --json --query "$1" | jq -r '.address // .domain' | sort | paste -sd' '
}

check_equal "objects are found by what they are" \
    "$(found "kind == 'object' && domain == 'App' && state == 'ready'")" 'App.Boot_app.WriteFile[0]'
check_equal "by what they were made with" "$(found 'inputs.content == "two"')" 'Database.Boot_db.WriteFile[0]'
check_equal "domains by their state" "$(found 'kind == "domain" && state.n > 2')" Counter
check_equal "dead letters as well" "$(found 'kind == "deadletter" && name == "Divide"')" Counter
check_equal "goals, too" "$(found 'kind == "goal" and status == "met"')" 'App Database'
check_exit 0 "people get tables" "$VED" inspect --stack shop --query "state == 'ready'"
check "with their heads" grep -q '^ADDRESS ' out
check_exit 64 "a name that there is not is refused" "$VED" inspect --stack shop --query "colour == 'red'"
check "with those that there are" grep -q 'expected an expression over kind, domain' err
check_exit 64 "so is what is no predicate" "$VED" inspect --stack shop --query '1 + 1'
