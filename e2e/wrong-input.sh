#!/usr/bin/env bash
# Whatever is wrong – a program, a flag, a binding file, a plugin, a state folder, the disk –, ved
# ends with the right code and one clear message, and what was whole before still works after.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
chmod 711 "$TMP"
cd "$TMP" || exit 1

run_ved() {
    timeout -k 5 20 "$VED" "$@"
}

# wrong CODE NAME WORDS VERB...: ends with the code and says the words, in no more than one error.
wrong() {
    local code=$1 name=$2 words=$3
    shift 3
    check_exit "$code" "$name: ends with $code" run_ved "$@"
    check "$name: says why" grep -aEq -- "$words" err
    check "$name: in one sentence" test "$(grep -ac '^Error: ' err)" -le 1
}

# A plugin that is just ending may hold its folder for another moment.
unmount() {
    for _ in $(seq 50); do
        umount "$1" 2>/dev/null && return
        sleep 0.1
    done
    umount "$1"
}

# ---- programs ----

good_program() {
    cat <<'VED'
domain Store {
  state { made: bool  size: int = 3 }
  goal Made { predicate made == true }
  transition Make { step { if made == false { emit API.CreateStore(name: "main") made = true } } }
}
domain Worker {
  state { count: int }
  goal Two { predicate count == 2 }
  transition Add { step { emit API.CreateWorker() count = count + 1 } }
}
VED
}

zeros_as() { # COUNT CHARACTER
    head -c "$1" /dev/zero | tr '\0' "$2"
}

programs() {
    zeros_as 1000000 a >line.ved
    printf 'domain A { state { x: int \0 } }' >nul.ved
    { printf 'domain A { state { x: int } goal G { predicate x == ' && zeros_as 100000 '(' &&
        printf '1 } }'; } >deep.ved
    head -c 100000 /dev/urandom >noise.ved
    mkdir folder.ved
    : >empty.ved
    { printf '// ' && zeros_as 1000000 a && echo && good_program; } >comment.ved
    for verb in check apply plan; do
        wrong 65 "$verb: a line of 1 MB" 'error\[V-ERR-' $verb line.ved
        wrong 65 "$verb: a NUL byte" 'NUL byte' $verb nul.ved
        wrong 65 "$verb: 100000 parentheses" 'nested deeper' $verb deep.ved
        wrong 65 "$verb: noise" 'error\[V-ERR-' $verb noise.ved
        wrong 65 "$verb: a folder" "'folder.ved': Is a directory" $verb folder.ved
        wrong 65 "$verb: nothing there" "'none.ved': No such file" $verb none.ved
    done
    check_exit 0 "check: an empty program is one" run_ved check empty.ved
    check_exit 0 "check: a comment of 1 MB is no mistake" run_ved check comment.ved
    check "no wrong program left a state" test ! -e .ved
}

programs_cut_off() {
    local size bytes code bad=0
    good_program >whole.ved
    size=$(stat -c %s whole.ved)
    for ((bytes = 1; bytes < size; bytes += 9)); do
        head -c $bytes whole.ved >cut.ved
        code=0
        run_ved check cut.ved >out 2>err || code=$?
        [ $code -eq 65 ] || { [ $code -eq 0 ] && ! grep -q 'error\[' err; } || bad=$((bad + 1))
    done
    check_equal "a program cut off anywhere is a program or 65" $bad 0
}

# ---- flags ----

flags() {
    wrong 64 "no verb" 'did you mean .ved apply' aply whole.ved
    wrong 64 "no flag" 'no flag --bogus' apply --bogus whole.ved
    wrong 64 "a misspelt flag" 'did you mean --timeout' apply --timeuot 3s whole.ved
    wrong 64 "a flag of another verb" 'no flag --out' apply --out x whole.ved
    wrong 64 "a flag without its value" 'needs a value' apply whole.ved --timeout
    wrong 64 "a value too many" 'takes no value' apply whole.ved --json=1
    wrong 64 "a bad time" 'expected a time' apply whole.ved --timeout 5x
    wrong 64 "a bad number" 'expected a number' apply whole.ved --parallelism -3
    wrong 64 "a bad choice" 'auto, always or never' apply whole.ved --color pink
    wrong 64 "a bad format" 'expected json or yaml' apply whole.ved --state-format xml
    wrong 64 "no file" 'expected one program' apply
    wrong 64 "two files" 'expected one program' plan whole.ved whole.ved
    wrong 64 "neither program nor plan" 'neither a program' apply noise.bin
    wrong 64 "get of nothing known" 'expected one of domains' get weather
    wrong 64 "a bad --provider" 'expected NAME=PLUGIN' apply whole.ved --provider API
    wrong 64 "a provider over plain HTTP" 'no https:// URL' plan whole.ved --provider API=http://127.0.0.1:1
    wrong 64 "--set without a domain" 'expected Domain.field=value' plan whole.ved --set made=true
    wrong 64 "--set of no domain" "no domain 'Shop'" plan whole.ved --set Shop.made=true
    wrong 64 "--set of no field" "no field 'colour'" plan whole.ved --set Store.colour=red
    wrong 64 "--set of another type" "Store.size=many" plan whole.ved --set Store.size=many
    wrong 64 "no --var-file" 'No such file' plan whole.ved --var-file none.yaml
    echo '[1, 2]' >vars.yaml
    wrong 64 "a --var-file that is a list" 'expected a mapping of domains' plan whole.ved --var-file vars.yaml
    echo 'Store: [1]' >vars.yaml
    wrong 64 "a --var-file of lists" 'Store: expected a mapping of fields' plan whole.ved --var-file vars.yaml
    echo 'Store: [' >vars.yaml
    wrong 64 "a --var-file that is no YAML" 'YAML line' plan whole.ved --var-file vars.yaml
    check_exit 64 "no verb at all ends with 64" run_ved
}

# ---- bindings ----

# binding NAME WORDS [CODE]: the text on stdin is refused.
binding() {
    cat >bad.yaml
    wrong "${3:-65}" "bindings: $1" "$2" plan whole.ved --bindings bad.yaml --provider-timeout 2s
}

with_head() {
    printf 'apiVersion: ved.dev/v1\nkind: Bindings\n%s\n' "$1"
}

bindings() {
    with_head 'providers: { API: { plugin: sim, colour: red } }' | binding "unknown member" 'API.colour is not known'
    with_head 'colour: red' | binding "unknown member above" 'colour is not known'
    with_head 'providers: { API: { plugin: 7 } }' | binding "bad type" 'API.plugin: expected a text'
    with_head 'providers: [1]' | binding "a list" 'providers: expected a mapping'
    with_head 'providers: { API: { plugin: sim, limits: { rate: 5/d } } }' | binding "bad rate" 'expected a rate'
    with_head 'providers: { API: { plugin: sim, limits: { concurrency: 0 } } }' | binding "bad concurrency" 'from 1 to 10000'
    with_head 'providers: { API: { plugin: sim, allow_short_ttl: maybe } }' | binding "bad flag" 'allow_short_ttl: expected true or false'
    with_head '  bad: [' | binding "no YAML" 'YAML line 3'
    with_head 'providers: { API: &a { plugin: sim } }' | binding "an anchor" 'anchors'
    echo 'kind: Bindings' | binding "no version" 'apiVersion: expected ved.dev/v1'
    echo 'apiVersion: ved.dev/v9' | binding "another version" 'apiVersion: expected ved.dev/v1'
    binding "empty" 'no document' </dev/null
    zeros_as 5000000 '#' | binding "huge" 'larger than 4194304 bytes'
    { with_head '' && printf 'providers: ' && zeros_as 100000 '['; } | binding "deep" 'nested too deeply'
    wrong 65 "bindings: no file" "'none.yaml': No such file" plan whole.ved --bindings none.yaml
    wrong 65 "bindings: a folder" 'Is a directory' plan whole.ved --bindings .
}

# ---- bindings that fit nothing ----

# misfit NAME FROM TO WORDS: with FROM spelt TO in the bindings, plan warns in these words.
misfit() {
    sed "s/$2/$3/" fits.yaml >ved.yaml
    run_ved plan stack.ved >out 2>err
    check "bindings, $1: a warning" grep -q "^Warning: bindings: .*$4" err
}

bindings_that_fit_nothing() {
    good_program >stack.ved
    cat >fits.yaml <<'YAML'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    actions:
      CreateStore: { size: 1 }
      CreateWorker: { store: "${resource.CreateStore.id?}" }
YAML
    misfit "a provider nobody names" 'API:' 'APY:' 'did you mean API?'
    misfit "an effect nobody emits" 'CreateWorker:' 'CreateWorkr:' 'did you mean CreateWorker?'
    misfit "a reference to nothing" 'resource.CreateStore' 'resource.CreateStor' \
        'did you mean CreateStore?'
    misfit "a misspelt reference" '{resource' '{resorce' 'is left as it is'
    cp fits.yaml ved.yaml
    check_exit 0 "bindings that fit: plan" run_ved plan stack.ved
    check "bindings that fit: no warning" test -z "$(grep 'Warning: bindings' err)"
    sed 's/id?/idd/' fits.yaml >ved.yaml
    check_exit 1 "bindings, a field the result has not: apply fails" run_ved apply stack.ved
    check_exit 1 "bindings, a field the result has not: the next one, too" run_ved apply stack.ved
    check "bindings, a field the result has not: said again" grep -q "has no field 'idd'" err
    rm -rf .ved ved.yaml
}

# ---- plugins ----

plugins() {
    printf '#!/bin/sh\nexit 3\n' >quits
    printf '#!/bin/sh\nhead -c 100000 /dev/urandom\nexec sleep 100\n' >garbles
    printf '#!/bin/sh\nexec sleep 100\n' >mute
    printf '#!/bin/sh\necho https://127.0.0.1:%s\nexec sleep 100\n' "$PLAIN_PORT" >plain
    chmod +x quits garbles mute plain
    wrong 69 "plugin: unknown" "ved-provider-nosuch': No such file" plan whole.ved --provider API=nosuch
    wrong 69 "plugin: ends at once" 'ended with code 3' plan whole.ved --provider API="$TMP/quits"
    wrong 69 "plugin: prints garbage" 'printed' plan whole.ved --provider API="$TMP/garbles"
    wrong 69 "plugin: never says its address" 'did not say in time' plan whole.ved \
        --provider API="$TMP/mute" --provider-timeout 1s
    wrong 69 "plugin: speaks no TLS" 'gave no handshake within 1 s' plan whole.ved \
        --provider API="$TMP/plain" --provider-timeout 1s
    wrong 69 "plugin: nobody listens" 'gave no handshake within 1 s' plan whole.ved \
        --provider API=https://127.0.0.1:"$(free_port)" --provider-timeout 1s
}

# ---- damaged states ----

bindings_of_sim() {
    with_head 'providers: { API: { plugin: sim } }' >ved.yaml
}

make_good_state() {
    rm -rf .ved run
    bindings_of_sim
    check_exit 0 "a good state is made" run_ved apply whole.ved --state good --quiet
}

flip() { # FILE BYTE
    printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 1)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

is_refused() { # WHAT: the copy in ./bad, by those who read and those who write; nothing is changed.
    local before code=0 verb
    before=$(find bad -type f ! -name lock -exec sha256sum {} + | sort)
    for verb in "get domains" "apply whole.ved" "destroy"; do
        code=0
        # shellcheck disable=SC2086
        run_ved $verb --state bad >out 2>err || code=$?
        if [ $code -ne 74 ] || [ "$(grep -ac '^Error: ' err)" -ne 1 ]; then
            echo "$1: $verb: exit $code: $(cat err)" >>wrongs
        fi
    done
    [ "$before" = "$(find bad -type f ! -name lock -exec sha256sum {} + | sort)" ] ||
        echo "$1: something was changed" >>wrongs
}

report_wrongs() { # NAME
    check_equal "$1" "$(head -n 5 wrongs)" ""
    : >wrongs
}

newest() { # GLOB
    find good -maxdepth 1 -name "$1" | sort -V | tail -n 1
}

fresh_copy() {
    rm -rf bad
    cp -a good bad
}

flipped_bytes() {
    local file size i
    : >wrongs
    for file in stack.json "$(basename "$(newest 'checkpoint-*')")" \
        "$(basename "$(newest 'program-*')")"; do
        size=$(stat -c %s "good/$file")
        for i in 0 1 2 3 4 5; do
            fresh_copy
            flip "bad/$file" $(((size - 1) * i / 5))
            is_refused "$file byte $(((size - 1) * i / 5))"
        done
        report_wrongs "one flipped byte in $file is noticed and named"
        fresh_copy
        truncate -s $((size / 2)) "bad/$file"
        is_refused "$file cut off"
        truncate -s 0 "bad/$file"
        is_refused "$file empty"
        rm "bad/$file"
        [ "${file#checkpoint}" != "$file" ] || is_refused "$file missing"
        report_wrongs "$file cut off, empty or missing is noticed and named"
    done
}

# A journal as a kill leaves it: not sealed, several groups.
flipped_journal() {
    local journal line offset
    echo 'domain Slow { state { s: bool } goal S { predicate s == true } transition T { step { if s == false { emit API.CreateSlow() s = true } } } }' >>whole.ved
    with_head 'providers: { API: { plugin: sim, config: { delay_ms: { CreateSlow: 60000 } } } }' >ved.yaml
    start slow.log "$VED" apply whole.ved --state good --quiet
    wait_until 20 grep -q CreateSlow good/providers/sim/calls.ndjson
    kill -KILL "$STARTED"
    wait "$STARTED" 2>/dev/null
    journal=$(newest 'journal-*.ndjson')
    line=$(head -n 1 "$journal" | wc -c)
    : >wrongs
    for offset in 3 20 40 $((line - 1)); do
        fresh_copy
        flip "bad/$(basename "$journal")" "$offset"
        is_refused "journal byte $offset"
    done
    report_wrongs "one flipped byte in a journal's first group is noticed and named"
    check "with line and byte" grep -Eq 'line 1.*byte' err
    bindings_of_sim
    check_exit 0 "the undamaged state goes on" run_ved apply whole.ved --state good --quiet
    check_equal "with each object once" \
        "$("$VED" get resources --state good -o json | jq length)" 4
}

other_states() {
    fresh_copy
    sed -i 's/"version": 1/"version": 2/' bad/stack.json
    wrong 74 "a state of a newer version" 'format version 2.*reads up to 1' get domains --state bad
    wrong 4 "the state of another stack" 'belongs to stack' apply empty.ved --state good
    wrong 74 "no state" 'apply' get domains --state none
    mkdir -p hollow
    wrong 74 "an empty folder" 'apply' get domains --state hollow
    wrong 74 "a file instead of a folder" 'Not a directory' apply whole.ved --state whole.ved
    echo x >hollow/checkpoint-5.json
    wrong 74 "no stack.json" 'no stack.json' apply whole.ved --state hollow
}

# ---- rights and disks ----

as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups env -C "$TMP/open" \
        timeout -k 5 20 "$TMP/open/ved" "$@"
}

rights() {
    mkdir open
    cp "$VED" whole.ved open/
    chmod 755 open
    chmod 600 whole.ved
    check_exit 74 "a state one may not read" as_nobody get domains --state "$TMP/good"
    check "says what to do" grep -Eq 'uid 65534|chown' err
    check_exit 74 "a state one may not write" as_nobody apply whole.ved --state "$TMP/good"
    check_exit 74 "a place one may not make a state in" as_nobody apply whole.ved
    check_exit 65 "a program one may not read" as_nobody check ../whole.ved
    check "names it" grep -q "whole.ved': Permission denied" err
}

counting() { # NUMBER
    cat >count.ved <<VED
domain D {
  state { n: int  text: string }
  goal Done { predicate n == $1 }
  transition Count { step { n = n + 1 text = "a text that is there to fill the disk: \${n}" } }
}
VED
}

disks() {
    mkdir disk
    if ! mount -t tmpfs -o size=2m tmpfs disk 2>/dev/null; then
        echo "# no tmpfs can be mounted here: full disks are not tried"
        return
    fi
    counting 40000
    wrong 74 "the disk fills up during an apply" 'No space left' apply count.ved --state disk/state --quiet
    check_exit 0 "what was done can be read" run_ved get domains --state disk/state -o json
    check "and is not nothing" jq -e '.[0].state.n > 1000' out
    wrong 74 "the disk is still full" 'No space left' apply count.ved --state disk/state --quiet
    mount -o remount,size=64m disk
    check_exit 0 "with room again apply goes on" run_ved apply count.ved --state disk/state --quiet
    check_equal "to the end" "$("$VED" get domains --state disk/state -o json | jq '.[0].state.n')" 40000
    mount -o remount,ro disk
    wrong 74 "a read-only disk" 'Read-only file system' apply count.ved --state disk/state
    check_exit 0 "can be read" run_ved get domains --state disk/state
    unmount disk
    mount -t tmpfs -o size=64k tmpfs disk
    head -c 200000 /dev/zero >disk/filler 2>/dev/null
    wrong 74 "a full disk" 'No space left' apply count.ved --state disk/state --quiet
    rm disk/filler
    mount -o remount,size=64m disk
    check_exit 0 "with room a new state is made there" run_ved apply count.ved --state disk/state -q
    unmount disk
}

unmount_all() {
    local code=$?
    if mountpoint -q "$TMP/disk"; then
        unmount "$TMP/disk"
    fi
    (exit $code) # what finish_script is to end with
    finish_script
}

programs
programs_cut_off
head -c 1000 /dev/urandom >noise.bin
flags
bindings
bindings_that_fit_nothing
PLAIN_PORT=$(free_port)
start plain.log python3 -c "
import socket
s = socket.socket(); s.bind(('127.0.0.1', $PLAIN_PORT)); s.listen(5)
while True:
    c, _ = s.accept(); c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'); c.close()"
wait_port "$PLAIN_PORT"
plugins
stop "$STARTED" KILL
make_good_state
flipped_bytes
other_states
flipped_journal
if [ "$(id -u)" -eq 0 ]; then
    trap unmount_all EXIT
    rights
    disks
fi
