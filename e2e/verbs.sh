#!/usr/bin/env bash
# What people do to a state by hand: look at what drifted, forget, replace, import, adopt, move. With
# real files, directories and processes.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local
chmod 711 "$TMP"
STACK=$TMP/web.ved
WORLD=$TMP/world
mkdir "$WORLD"

web() { # NAME CONTENT
    cat >"$STACK" <<VED
domain Web {
  state { made: bool }
  goal Made { predicate made == true }
  transition Make {
    step {
      if made == false {
        emit Infra.CreateDirectory(path: "$WORLD/dir")
        emit Infra.WriteFile(name: "$1", path: "$WORLD/page", content: "$2")
        emit Infra.WriteFile(name: "log", path: "$WORLD/log", content: "none")
        emit Infra.RunProcess(command: "exec sleep 1000.$$")
        made = true
      }
    }
  }
}
domain Spare {
  state { made: bool = true }
  goal Made { predicate made == true }
  transition Make {
    step {
      if made == false {
        emit Infra.CreateDirectory(path: "$WORLD/spare")
        emit Infra.WriteFile(name: "page", path: "$WORLD/spare/page", content: "none")
        emit Infra.WriteFile(name: "log", path: "$WORLD/spare/log", content: "none")
        emit Infra.RunProcess(command: "exec sleep 1001.$$")
        made = true
      }
    }
  }
}
VED
}

PAGE='Web.WriteFile["page"]'
LOG='Web.WriteFile["log"]'
DIR='Web.Make.CreateDirectory[0]'
PROCESS='Web.Make.RunProcess[0]'

ved() { # VERB...: without a terminal
    timeout -k 5 60 "$VED" "$@" --color never
}

resource() { # ADDRESS MEMBER
    "$VED" get resources "$STACK" -o json | jq -r --arg a "$1" ".[] | select(.address == \$a) | .$2"
}

addresses() {
    "$VED" state list "$STACK" | sort | paste -sd ' '
}

last() {
    tail -n 1 "$TMP/out"
}

state_digest() {
    find "$TMP/.ved" -type f ! -name lock ! -name '*.log' ! -path '*/run/*' ! -path '*/providers/*' \
        -exec sha256sum {} + | sort | sha256sum
}

says() { # TEXT: standard output or the errors have it
    grep -qF -- "$1" "$TMP/out" "$TMP/err"
}

nothing_to_do() { # NAME
    check_exit 0 "$1: then there is nothing to do" ved plan --detailed-exitcode "$STACK"
}

# untouched NAME CODE TEXT COMMAND...: refused with that code and those words, and nothing is written
untouched() {
    local name=$1 code=$2 text=$3 before
    shift 3
    before=$(state_digest)
    check_exit "$code" "$name" "$@"
    check "$name: with the reason" says "$text"
    check_equal "$name: nothing is touched" "$(state_digest)" "$before"
}

# ---- drift ----

drift() {
    local pid before
    web page one
    check_exit 0 "the stack is applied" ved apply "$STACK"
    check_exit 0 "nothing has drifted" ved drift --detailed-exitcode "$STACK"
    check_equal "and it says so" "$(last)" "No drift: 4 objects are as recorded."
    echo other >"$WORLD/page"
    rm "$WORLD/log"
    rmdir "$WORLD/dir"
    before=$(state_digest)
    check_exit 0 "drift is no failure" ved drift "$STACK"
    check_exit 2 "but for those who ask" ved drift --detailed-exitcode "$STACK"
    check_equal "it is counted" "$(last)" "Drift: 2 lost, 1 changed, 1 as recorded."
    check "with the fields that differ" grep -q '^      ~ size = 3 -> 6$' "$TMP/out"
    check_equal "looking touches nothing" "$(state_digest)" "$before"
    check_equal "nor the world" "$(cat "$WORLD/page")" other
    check_exit 0 "machines read it" ved drift --json "$STACK"
    check_equal "an object a line" \
        "$(jq -r 'select(.type == "resource_drift") | .resource.addr + " " + .drift' "$TMP/out" | paste -sd ' ')" \
        "$DIR lost $LOG lost $PAGE changed"
    pid=$(resource "$PROCESS" external_id)
    check_exit 0 "it is repaired" ved drift --repair "$STACK"
    check_equal "what changed" "$(cat "$WORLD/page")" one
    check_equal "what was lost" "$(cat "$WORLD/log")" none
    check "all of it" test -d "$WORLD/dir"
    check_equal "and nothing else" "$(resource "$PROCESS" external_id)" "$pid"
    check_exit 0 "then nothing has drifted" ved drift --detailed-exitcode "$STACK"
    nothing_to_do "after the repair"
    sed -i 's/made: bool = true/made: bool = false/' "$STACK"
    rm "$WORLD/log"
    check_exit 0 "a repair is of what the state has" ved drift --repair "$STACK"
    check "and serves no goal" test ! -e "$WORLD/spare"
    web page one
}

# ---- forget and import ----

forget_and_import() {
    untouched "an unknown address is refused" 64 "did you mean '$PAGE'" \
        ved forget 'Web.WriteFile["pgae"]' "$STACK"
    untouched "what is no address is refused" 64 'expected Domain.Transition.Effect[n]' \
        ved forget 'Web Make' "$STACK"
    untouched "forget needs an address" 64 'ved forget ADDR' ved forget
    check_exit 0 "an object is forgotten" ved forget "$PAGE" "$STACK"
    check_equal "it stays" "$(cat "$WORLD/page")" one
    check_equal "the state has it no more" "$(addresses)" "$DIR $PROCESS $LOG"
    nothing_to_do "what was forgotten"
    untouched "an import needs what is there" 64 "there is no file '$WORLD/nothing'" \
        ved import "$PAGE" "$WORLD/nothing" "$STACK"
    untouched "and a place of the program" 64 "did you mean '$PAGE'" \
        ved import 'Web.WriteFiel["page"]' "$WORLD/page" "$STACK"
    untouched "that is free" 64 "owns an object at" ved import "$LOG" "$WORLD/log" "$STACK"
    check_exit 0 "it is imported" ved import "$PAGE" "$WORLD/page" "$STACK"
    check_equal "and the state has it" "$(resource "$PAGE" state)" left
    check_exit 0 "apply takes it over" ved apply "$STACK"
    check_equal "it is the state's again" "$(resource "$PAGE" state) $(cat "$WORLD/page")" "ready one"
    nothing_to_do "what was imported"
    check_equal "all of that is audited" \
        "$(jq -r '.user + " " + .edit + " " + .address' "$TMP/.ved/web/audit.ndjson" | paste -sd ';')" \
        "$(id -un) forget $PAGE;$(id -un) import $PAGE"
}

# A program whose things are there already.
import_into_a_new_stack() {
    local stack=$TMP/new/new.ved
    mkdir "$TMP/new"
    echo theirs >"$WORLD/theirs"
    cat >"$stack" <<VED
domain New {
  state { made: bool }
  goal Made { predicate made == true }
  transition Make { step { if made == false {
    emit Infra.WriteFile(path: "$WORLD/theirs", content: "ours") made = true } } }
}
VED
    check_exit 1 "what is there and not ours is left alone" ved apply "$stack"
    check "and the way out is named" says '--adopt'
    check_equal "it is as it was" "$(cat "$WORLD/theirs")" theirs
    check_exit 0 "it is imported" ved import 'New.Make.WriteFile[0]' "$WORLD/theirs" "$stack"
    check_equal "which does not change it" "$(cat "$WORLD/theirs")" theirs
    check_exit 0 "apply takes it over" ved apply "$stack"
    check_equal "and makes it what the program says" "$(cat "$WORLD/theirs")" ours
    check_exit 0 "destroy" ved destroy "$stack"
    check "takes it away" test ! -e "$WORLD/theirs"
    echo theirs >"$WORLD/theirs"
    check_exit 0 "or all of it is adopted at once" ved apply --adopt "$stack"
    check_equal "by apply alone" "$(cat "$WORLD/theirs")" ours
    check_exit 0 "the only object of a slice is forgotten" \
        ved forget 'New.Make.WriteFile[0]' "$stack"
    check_exit 0 "imported" ved import 'New.Make.WriteFile[0]' "$WORLD/theirs" "$stack"
    check_exit 0 "and taken over" ved apply "$stack"
    check_exit 0 "for good" ved drift --detailed-exitcode "$stack"
    check_equal "and all" "$(last)" "No drift: 1 object is as recorded."
    check_exit 0 "and goes with the stack" ved destroy "$stack"
}

# What an edit of the program adds is there already.
import_with_an_edit() {
    local stack=$TMP/new/new.ved
    check_exit 0 "a stack is applied" ved apply "$stack" --adopt
    echo theirs >"$WORLD/more"
    sed -i "s|made = true }|emit Infra.WriteFile(name: \"more\", path: \"$WORLD/more\", content: \"ours\") made = true }|" "$stack"
    check_exit 0 "what an edit adds is imported" ved import 'New.WriteFile["more"]' "$WORLD/more" "$stack"
    check_equal "the rest is as it was" "$(cat "$WORLD/more") $(cat "$WORLD/theirs")" "theirs ours"
    check_exit 0 "and taken over with the edit" ved apply "$stack"
    check_equal "as the program says" "$(cat "$WORLD/more")" ours
    check_exit 0 "for good" ved plan --detailed-exitcode "$stack"
    check_exit 0 "and destroyed" ved destroy "$stack"
    check "with the rest" test ! -e "$WORLD/more"
}

# ---- replace ----

replace() {
    local pid
    pid=$(resource "$PROCESS" external_id)
    untouched "nobody approves of a replacement" 7 'nobody to ask' \
        ved replace "$PROCESS" "$STACK"
    untouched "what is not there is not replaced" 64 "did you mean '$PROCESS'" \
        ved replace 'Web.Make.RunProces[0]' "$STACK" --auto-approve
    untouched "a plan shows it" 0 "# $PROCESS will be replaced" \
        ved plan --replace "$PROCESS" "$STACK"
    check_equal "and counts it" "$(last)" "Plan: 1 to add, 0 to change, 1 to destroy."
    check_exit 0 "it is replaced" ved replace "$PROCESS" "$STACK" --auto-approve
    check_equal "alone" "$(last)" "Apply complete! Resources: 1 added, 0 changed, 1 destroyed."
    check "the former process is gone" pid_is_gone "$pid"
    check "there is another one" test "$(resource "$PROCESS" external_id)" != "$pid"
    check_equal "at the same address" "$(addresses)" "$DIR $PROCESS $LOG $PAGE"
    nothing_to_do "what was replaced"
    check_exit 0 "a plan of it is saved" ved plan --replace "$LOG" --out "$TMP/plan" "$STACK"
    check_exit 0 "and applied" ved apply "$TMP/plan"
    check_equal "as it says" "$(last)" "Apply complete! Resources: 1 added, 0 changed, 1 destroyed."
    nothing_to_do "the saved plan"
}

# ---- state mv ----

move() {
    untouched "what is owned is not moved onto" 64 "owns an object at '$LOG'" \
        ved state mv "$PAGE" "$LOG" "$STACK"
    untouched "nor to another effect" 64 'has no emission for' \
        ved state mv "$PAGE" 'Web.Make.WriteFile[0]' "$STACK"
    untouched "nor to a domain that is not there" 64 "did you mean 'Spare'" \
        ved state mv "$PAGE" 'Spar.WriteFile["page"]' "$STACK"
    check_exit 0 "an object gets another name" \
        ved state mv "$PAGE" 'Web.WriteFile["index"]' "$STACK"
    web index one
    nothing_to_do "with a program that says so"
    check_equal "it is the same file" "$(resource 'Web.WriteFile["index"]' state)" ready
    check_exit 0 "and back" ved state mv 'Web.WriteFile["index"]' "$PAGE" "$STACK" --json
    check_equal "for machines" \
        "$(jq -r 'select(.type == "state_edited") | .edit + " " + .to' "$TMP/out")" "move $PAGE"
    web page one
    nothing_to_do "and the program"
}

move_a_domain() {
    check_exit 0 "all of a domain is moved" ved state mv Web Spare "$STACK"
    check_equal "at once" "$(addresses)" "${DIR/Web/Spare} ${PROCESS/Web/Spare} ${LOG/Web/Spare} ${PAGE/Web/Spare}"
    untouched "and not onto another's" 64 "'Spare' owns 4 objects" ved state mv Web Spare "$STACK"
    check_exit 0 "apply destroys none of it" ved apply "$STACK"
    check_equal "it is there" "$(cat "$WORLD/page")" one
    check_exit 0 "and back" ved state mv Spare Web "$STACK"
    check_equal "as it was" "$(addresses)" "$DIR $PROCESS $LOG $PAGE"
}

# ---- a state that is held, and kills ----

held() {
    local stack=$TMP/held/held.ved
    mkdir "$TMP/held"
    cat >"$stack" <<VED
domain Held {
  state { made: bool }
  goal There { predicate Infra.file_exists("$WORLD/never") == true }
  goal Made { predicate made == true }
  transition Make { step { if made == false {
    emit Infra.WriteFile(name: "x", path: "$WORLD/x", content: "x") made = true } } }
}
VED
    start "$TMP/hold.log" "$VED" apply "$stack"
    wait_until 20 test -e "$WORLD/x"
    check_exit 75 "a state that is held is not edited" ved forget 'Held.WriteFile["x"]' "$stack"
    check_exit 75 "by none of the verbs" ved state mv 'Held.WriteFile["x"]' 'Held.WriteFile["y"]' "$stack"
    check_exit 75 "nor looked at with its providers" ved drift "$stack"
    stop "$STARTED"
    check_exit 0 "afterwards it is" ved forget 'Held.WriteFile["x"]' "$stack"
    rm "$WORLD/x"
}

# kill_at N COMMAND...: killed after N ms; then it is either as before or as after.
kill_at() {
    local ms=$1 pid
    shift
    "$@" >/dev/null 2>&1 </dev/null &
    pid=$!
    sleep "0.$(printf %03d "$ms")"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

kills() {
    local ms whole=yes before
    before=$(resource "$LOG" uid)
    for ms in 2 5 8 12 20 40; do
        kill_at $ms "$VED" forget "$LOG" "$STACK"
        "$VED" state verify "$STACK" >/dev/null 2>&1 || whole=no
        case $(resource "$LOG" uid) in "$before" | "") ;; *) whole=no ;; esac
        [ -e "$WORLD/log" ] || whole=no
    done
    check_equal "a killed edit is done or not done" $whole yes
    if [ -n "$(resource "$LOG" uid)" ]; then
        ved forget "$LOG" "$STACK" >/dev/null 2>&1
    fi
    for ms in 30 100 200; do
        kill_at $ms "$VED" import "$LOG" "$WORLD/log" "$STACK"
    done
    if [ -z "$(resource "$LOG" uid)" ]; then
        check_exit 0 "what a kill prevented is done again" ved import "$LOG" "$WORLD/log" "$STACK"
    fi
    for ms in 20 60 120 240; do
        kill_at $ms "$VED" replace "$PROCESS" "$STACK" --auto-approve
    done
    check_exit 0 "what was killed half-way is finished" ved apply "$STACK" --auto-approve
    check_equal "with each object once" "$(addresses)" "$DIR $PROCESS $LOG $PAGE"
    check_equal "and one process" "$(pgrep -cf "^sleep 1000\.$$\$")" 1
    nothing_to_do "after the kills"
    check "every line of the audit is one" jq -e . "$TMP/.ved/web/audit.ndjson"
}

drift
forget_and_import
import_into_a_new_stack
import_with_an_edit
replace
move
check_exit 0 "apply" ved apply "$STACK" --auto-approve
kills
held
move_a_domain
check_exit 0 "the stack is destroyed" ved destroy "$STACK"
check_equal "nothing is left" "$(ls -A "$WORLD")" ""
