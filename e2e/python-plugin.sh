#!/usr/bin/env bash
# The plugin of manifests/plugins, which owes nothing to the SDK, under a real `ved apply`: files are
# made, changed, repaired and destroyed, also when it is killed in the middle of writing one.
. "$(dirname "$0")/lib.sh"

need_programs ved
export PYTHONDONTWRITEBYTECODE=1
FILES=$TMP/files
STACK=$TMP/stack/stack.ved
mkdir "$FILES" "$TMP/stack"

program() { # CONTENT DELAY
    cat >"$STACK" <<VED
domain Pages {
  state { written: int = 0 }
  goal Written { predicate written == 2 }
  transition Write {
    step {
      if written < 2 {
        emit Disk.File(path: "$FILES/index", content: "$1", delay_s: $2)
        emit Disk.File(path: "$FILES/about", content: "about", mode: "0600")
        written = 2
      }
    }
  }
}
VED
    cat >"$TMP/stack/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Disk: { plugin: $ROOT/manifests/plugins/files.py }
YAML
}

ved() { # VERB [FLAG]...
    timeout -k 5 60 "$VED" "$1" "$STACK" --color never "${@:2}"
}

content() { # NAME
    cat "$FILES/$1" 2>&1
}

# ---- made, the same again, changed ----

program one 0
check_exit 0 "ved apply makes two files with a plugin in Python" ved apply --auto-approve
check_equal "with what they are to hold" "$(content index) $(content about)" "one about"
check_equal "and their mode" "$(stat -c %a "$FILES/index" "$FILES/about" | paste -sd ' ')" "644 600"
check_exit 0 "there is nothing more to do" ved plan --detailed-exitcode
made=$("$VED" get resources "$STACK" -o json | jq -r '[.[] | .uid] | sort | join(" ")')
program two 0
check_exit 0 "another content is an update" ved apply --auto-approve
check_equal "which is written" "$(content index)" two
check_equal "and they are the objects of before" \
    "$("$VED" get resources "$STACK" -o json | jq -r '[.[] | .uid] | sort | join(" ")')" "$made"

# ---- drift ----

echo by hand >"$FILES/index"
rm "$FILES/about"
check_exit 2 "what was changed and removed by hand is seen" ved drift --detailed-exitcode
check_exit 0 "and made again" ved drift --repair --auto-approve
check_equal "as it was" "$(content index) $(content about)" "two about"

# ---- killed in the middle ----

plugin_pid() {
    pgrep -f "files.py --listen .* --data $TMP/stack/"
}

# The write stands in the store as begun.
is_writing() {
    python3 -c '
import glob, sqlite3, sys
query = "SELECT count(*) FROM doc WHERE kind = ? AND body LIKE ?"
[path] = glob.glob(sys.argv[1] + "/.ved/*/providers/*/store.db")
running = sqlite3.connect(path).execute(query, ("operation", "%\"state\": \"running\"%"))
sys.exit(running.fetchone()[0] == 0)' "$TMP/stack"
}

kill_in_the_middle() {
    program three 3
    ved apply --auto-approve >"$TMP/apply.out" 2>&1 </dev/null &
    local applying=$! code=0
    wait_until 20 is_writing || return 1
    kill -KILL "$(plugin_pid)" || return 1
    wait $applying || code=$?
    cat "$TMP/apply.out"
    return $code
}

check "ved apply succeeds with the plugin killed in the middle of a write" kill_in_the_middle
check_equal "it is written once it is started again" "$(content index)" three
check_equal "still as the same object" \
    "$("$VED" get resources "$STACK" -o json | jq -r '[.[] | .uid] | sort | join(" ")')" "$made"
check_equal "and nothing is left beside the files" "$(ls "$FILES" | paste -sd ' ')" "about index"

# ---- destroyed ----

check_exit 0 "ved destroy removes them" ved destroy --auto-approve
check_equal "all" "$(ls "$FILES")" ""
