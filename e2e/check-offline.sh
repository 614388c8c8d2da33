#!/usr/bin/env bash
# `ved check` knows what the bound plugins take and give: without a network, without starting one,
# and also when their programs are gone, from what plan and apply kept.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim

# Plugins of our own, so that they can be taken away: the programs of the build, beside a ved.
mkdir "$TMP/bin" "$TMP/shop"
cp "$BUILD_DIR/ved" "$BUILD_DIR/ved-provider-local" "$BUILD_DIR/ved-provider-sim" "$TMP/bin"
cd "$TMP/shop" || exit 1

# Alone in a network without any device but a loopback that is down; not everybody may have one.
OFFLINE=()
if unshare --net true 2>/dev/null; then
    OFFLINE=(unshare --net)
fi

run_check() {
    timeout -k 5 60 ${OFFLINE[@]+"${OFFLINE[@]}"} "$TMP/bin/ved" check "$@"
}

program() { # STATEMENTS
    cat >stack.ved <<VED
domain Files {
    state { made: bool  url: string  port: int }
    goal Made { predicate made == true }
    transition Make {
        step {
            $1
            made = true
        }
    }
}
VED
}

# wrong NAME STATEMENTS WORDS...: 65, and all the words in what is said.
wrong() {
    local name=$1 words
    program "$2"
    shift 2
    check_exit 65 "$name ends with 65" run_check stack.ved
    check "$name is a V-ERR-004" grep -q '^error\[V-ERR-004\]' "$TMP/err"
    for words in "$@"; do
        check "$name: says '$words'" grep -qF -- "$words" "$TMP/err"
    done
}

right() { # NAME STATEMENTS
    program "$2"
    check_exit 0 "$1 ends with 0" run_check stack.ved
    check_equal "$1: nothing is said but that" "$(grep -c . "$TMP/err" "$TMP/out" | tr '\n' ' ')" \
        "$(printf '%s:1 %s:0 ' "$TMP/err" "$TMP/out")"
}

mistakes() { # WHERE
    wrong "$1, an unknown effect" 'emit Infra.WriteFil("a", "b")' 'has no effect WriteFil' \
        'did you mean WriteFile?'
    wrong "$1, an unknown parameter" 'emit Infra.WriteFile("a", "b", mod: "0600")' \
        "Infra.WriteFile has no parameter 'mod'" 'did you mean mode?'
    wrong "$1, a missing parameter" 'emit Infra.WriteFile("a")' \
        "needs the parameter 'content', which is string"
    wrong "$1, a wrong type" 'emit Infra.WriteFile("a", 7)' \
        "parameter 'content' of Infra.WriteFile is string, found int" 'this is int'
    wrong "$1, a member the result has not" \
        'let db = emit Infra.CreatePostgres() url = db.hots' "'db' has no member 'hots'" \
        'did you mean host?'
    wrong "$1, a member of another type" \
        'let db = emit Infra.CreatePostgres() url = db.port' "'db.port' is int, expected string"
    right "$1, what is right" \
        'let db = emit Infra.CreatePostgres(version: "15") url = db.url port = db.port'
}

nothing_was_made() { # NAME
    check_equal "$1: no state, no objects" "$(find . -mindepth 1 ! -name stack.ved ! -name ved.yaml)" ""
}

# ---- never planned: the plugin's program is asked ----

mistakes "asked"
nothing_was_made "asked"
check "nothing runs afterwards" test -z "$(pgrep -f "$TMP/bin/ved-provider" || true)"

# ---- a name that nobody bound may be bound later ----

program 'emit Cloud.ProvisionWorker()'
check_exit 0 "an effect of nobody's ends with 0" run_check stack.ved
check "it is a warning" grep -q '^warning\[V-WRN-030\]' "$TMP/err"
check_exit 65 "and bound to a plugin that has it not, 65" run_check stack.ved --provider Cloud=local
check_exit 0 "bound to one that takes any, 0" run_check stack.ved --provider Cloud=sim
check_equal "and nothing is said" "$(grep -c 'V-' "$TMP/err")" 0

# ---- bindings ----

cat >ved.yaml <<'YAML'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: local
    actions:
      WriteFile: { content: "from the binding" }
      Note: { action: WriteFile, content: "noted" }
      Lost: { action: WriteFlie }
      Typo: { action: WriteFile, contnet: "x", content: "y" }
  Bank:
    plugin: https://127.0.0.1:1
YAML
right "a parameter that the binding gives" 'emit Infra.WriteFile("a") emit Infra.Note("b")'
wrong "an effect that is another action" 'emit Infra.Note(7)' "parameter 'path' of Infra.Note is"
wrong "an action that is not there" 'emit Infra.Lost("a")' 'has no effect WriteFlie'
wrong "a default that is no parameter" 'emit Infra.Typo("a")' \
    "the binding gives Infra.Typo 'contnet'" 'did you mean content?'
program 'emit Bank.Pay(1)'
check_exit 0 "a remote plugin that was never asked ends with 0" run_check stack.ved
check_equal "one sentence says what is not checked" "$(grep -c '^Warning: .*Bank.*`ved plan`' "$TMP/err")" 1
rm ved.yaml

# ---- kept: the plugin's program is gone ----

program 'emit Infra.WriteFile("a", "b")'
check_exit 0 "a plan keeps what the plugin says" timeout 60 "$TMP/bin/ved" plan stack.ved
check_equal "in one file" "$(find .ved/stack/schemas -name 'local-*.json' | wc -l)" 1
KEPT=$(find .ved/stack/schemas -name 'local-*.json')
BEFORE=$(stat -c '%i %Y' "$KEPT")
check_exit 0 "a second plan" timeout 60 "$TMP/bin/ved" plan stack.ved
check_equal "does not write it again" "$(stat -c '%i %Y' "$KEPT")" "$BEFORE"
mv "$TMP/bin/ved-provider-local" "$TMP/bin/away"
mistakes "kept"

# ---- a kept file that cannot be believed ----

cp "$KEPT" "$TMP/kept"
program 'emit Infra.WriteFil("a", "b")'
for damage in 'head -c 1000' 'sed s/WriteFile/WriteFiel/' 'head -c 0'; do
    $damage "$TMP/kept" >"$KEPT"
    check_exit 0 "after $damage: nothing is known, so 0" run_check stack.ved
    check "after $damage: the file is named" grep -q "^Warning: .*$(basename "$KEPT")" "$TMP/err"
    check "after $damage: what is not checked is said" grep -q '^Warning: .*not checked' "$TMP/err"
done
truncate -s 100M "$KEPT"
check_exit 0 "one that is too large is ignored" run_check stack.ved
check "and said to be" grep -q '^Warning: .*larger than' "$TMP/err"
mv "$TMP/bin/away" "$TMP/bin/ved-provider-local"
check_exit 65 "with the program back it is asked again" run_check stack.ved

# ---- programs that do not answer ----

for script in 'exec sleep 100' 'exit 3' 'head -c 20000000 /dev/zero' 'echo https://127.0.0.1:1'; do
    printf '#!/bin/sh\n%s\n' "$script" >"$TMP/odd"
    chmod +x "$TMP/odd"
    program 'emit Odd.Thing(1)'
    check_exit 0 "a plugin that does '$script' ends with 0" run_check stack.ved --provider Odd="$TMP/odd"
    check "it is said of '$script'" grep -q '^Warning: .*Odd.*not checked' "$TMP/err"
done

# ---- plan and apply say the same ----

rm -rf .ved
program 'let db = emit Infra.CreatePostgres(verison: "15") url = db.hots'
run_check stack.ved >"$TMP/out" 2>"$TMP/err"
grep -a -A30 '^error' "$TMP/err" >"$TMP/checked"
for verb in plan apply; do
    check_exit 65 "$verb: the same program ends with 65" timeout 60 "$TMP/bin/ved" $verb stack.ved
    grep -a -A30 '^error' "$TMP/err" >"$TMP/said"
    check "$verb: in the same words" cmp "$TMP/said" "$TMP/checked"
done
