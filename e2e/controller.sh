#!/bin/bash
# `ved controller` keeps stacks as their programs say: what is lost or changed outside is made again,
# `every` fires, files that change are read anew, one that is wrong is refused, and what runs goes
# on; several stacks in one process do not touch each other.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim
cd "$TMP" || exit 1

program() { # CONTENT
    cat <<VED
domain Files {
    state {
        made: bool
        ticks: int
    }
    goal Made {
        predicate made
    }
    transition Make {
        step {
            emit Infra.WriteFile("one.txt", "$1")
            made = true
        }
    }
    every 200ms {
        ticks += 1
    }
}
VED
}

bindings() { # PLUGIN
    cat <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: $1
    limits: { resync: 1s }
YAML
}

file_is() { # FILE CONTENT
    [ "$(cat "$1" 2>/dev/null)" = "$2" ]
}

logged() { # FILE PATTERN
    grep -qE "$2" "$1"
}

ticks() {
    "$VED" get domains one.ved -o json | jq '.[0].state.ticks'
}

# ---- one stack ----

one_stack() {
    mkdir one && cd one || exit 1
    program hello >one.ved
    bindings local >ved.yaml
    start "$TMP/one.log" "$VED" controller one.ved
    local controller=$STARTED
    check "it brings about what the program says" wait_until 20 file_is one.txt hello
    rm one.txt
    check "what is removed outside is made again" wait_until 10 file_is one.txt hello
    check "and the log says that it was lost" logged "$TMP/one.log" 'type=object_lost stack=one .*addr=Files\.Make'
    echo other >one.txt
    check "what is changed outside is made as it was" wait_until 10 file_is one.txt hello
    check_exit 75 "nobody else changes the state meanwhile" "$VED" apply one.ved
    program hullo >one.ved
    check "an edited program is read anew" wait_until 10 file_is one.txt hullo
    program hallo >new && mv new one.ved
    check "also one that replaces the file" wait_until 10 file_is one.txt hallo
    echo 'domain {' >>one.ved
    check "one that does not parse is refused" wait_until 10 logged "$TMP/one.log" 'type=reload_refused'
    rm one.txt
    check "and what ran goes on" wait_until 10 file_is one.txt hallo
    program hello | sed 's/ticks: int/ticks: string/; s/ticks += 1/ticks = "x"/' >one.ved
    check "so is one whose state has another shape" \
        wait_until 10 logged "$TMP/one.log" 'V-ERR-003|ticks.*migration'
    rm one.txt
    check "and what ran before it goes on" wait_until 10 file_is one.txt hallo
    program hello >one.ved
    sed -i 's/plugin: local/plugin: missing/' ved.yaml
    check "and one whose provider is not there" wait_until 10 logged "$TMP/one.log" 'ved-provider-missing'
    rm one.txt
    check "and what ran before that, too" wait_until 10 file_is one.txt hallo
    bindings local >ved.yaml
    kill -HUP "$controller"
    check "with SIGHUP it reads anew" wait_until 10 file_is one.txt hello
    kill -TERM "$controller"
    wait "$controller"
    check_equal "SIGTERM ends it with 143" $? 143
    check "at rest" logged "$TMP/one.log" 'type=stopped stack=one'
    local before
    before=$(ticks)
    check "'every' has fired" test "$before" -gt 5
    check_exit 0 "apply goes on where it ended" "$VED" apply one.ved
    check_equal "with nothing to do" "$(tail -n 1 "$TMP/out")" \
        "No changes. Your infrastructure matches the configuration."
    check_equal "and 'every' is a controller's" "$(ticks)" "$before"
    cd ..
}

# ---- what is not believed ----

many() {
    cat <<'VED'
domain Many {
    state {
        made: int
    }
    goal Made {
        predicate made == 20
    }
    transition Make {
        step {
            emit API.Box(name: string(made))
            made += 1
        }
    }
}
VED
}

boxes() {
    find .ved/many/providers/sim/objects -name '*.json' | wc -l
}

has_boxes() {
    [ "$(boxes)" -eq "$1" ]
}

brake() {
    mkdir many && cd many || exit 1
    many >many.ved
    bindings sim | sed 's/Infra/API/' >ved.yaml
    start "$TMP/many.log" "$VED" controller many.ved --json
    check "twenty are made" wait_until 20 has_boxes 20
    find .ved/many/providers/sim/objects -name '*.json' | head -n 1 | xargs rm
    check "one that is gone is made again" wait_until 10 has_boxes 20
    find .ved/many/providers/sim/objects -name '*.json' | head -n 5 | xargs rm
    check "five of twenty that are gone at once are not believed" \
        wait_until 10 logged "$TMP/many.log" '5 of its 20 objects are gone'
    sleep 3
    check "and none is made again" has_boxes 15
    check_equal "that is said once" "$(grep -c 'objects are gone' "$TMP/many.log")" 1
    kill -HUP "$STARTED"
    check "unless somebody says that it is so" wait_until 10 has_boxes 20
    stop "$STARTED"
    check "each line of the log is JSON with its stack" \
        jq -es 'all(.[]; .type == "version" or .type == "exit" or .stack == "many")' "$TMP/many.log"
    cd ..
}

# ---- several ----

several() {
    mkdir good bad third && cp one/ved.yaml good && cp one/ved.yaml bad && cp one/ved.yaml third
    program good | sed 's/one\.txt/good.txt/' >good/good.ved
    program third | sed 's/one\.txt/third.txt/' >third/third.ved
    echo 'domain {' >bad/bad.ved
    start "$TMP/several.log" "$VED" controller good/good.ved bad/bad.ved third/third.ved
    local controller=$STARTED
    check "one that is wrong does not keep the others from running" wait_until 20 file_is good.txt good
    check "each of them" wait_until 20 file_is third.txt third
    echo '}' >>good/good.ved
    check "a refused edit of one" wait_until 10 logged "$TMP/several.log" 'type=reload_refused stack=good'
    rm third.txt
    check "leaves the others alone" wait_until 10 file_is third.txt third
    kill -INT "$controller"
    wait "$controller"
    check_equal "the exit code says what was wrong and that it was ended" $? 65
    check_equal "both have come to rest" "$(grep -c type=stopped "$TMP/several.log")" 2
    check_exit 64 "one state folder is not for two programs" \
        "$VED" controller good/good.ved third/third.ved --state x
    check_exit 64 "a program is needed" "$VED" controller
}

one_stack
brake
several
