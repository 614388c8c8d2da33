#!/usr/bin/env bash
# The conformance suite against providers that keep the protocol, of which none may be said to break
# it, and against such as break it in one way each, which must be named.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim ved-provider-local provider-reference
SAMPLES=$ROOT/tests/providers/samples
export PYTHONDONTWRITEBYTECODE=1

# Several at once: most of their time they wait. What each printed is in $TMP/NAME.tap.
AT_ONCE=6

try() { # NAME PLUGIN [FLAG]...
    local name=$1
    shift
    "$VED" provider check "$@" >"$TMP/$name.tap" 2>"$TMP/$name.err" </dev/null
    echo $? >"$TMP/$name.code"
}

at_most() { # NUMBER of jobs
    while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do
        wait -n
    done
}

begin() { # NAME PLUGIN [FLAG]...
    at_most $AT_ONCE
    try "$@" &
}

broken() { # NAME: the numbers of the rules that do not hold
    grep '^not ok' "$TMP/$1.tap" | grep -o 'VPP-[0-9]*' | paste -sd ' '
}

# Every rule holds, and as many as that could not be tried.
conforms() { # NAME SKIPPED
    check_equal "$1 keeps every rule" "$(cat "$TMP/$1.code") $(broken "$1")" "0 "
    check_equal "$1: $2 of them could not be tried" "$(grep -c '^ok .*# SKIP' "$TMP/$1.tap")" "$2"
    if [ "$(cat "$TMP/$1.code")" -ne 0 ]; then
        sed 's/^/#   /' "$TMP/$1.err"
        grep -A40 '^not ok' "$TMP/$1.tap" | head -n 80 | sed 's/^/#   /'
    fi
}

check "docs/conformance.md has the rules of the suite" "$ROOT/tests/tidy/rules.sh" --check

# ---- those who keep it, and some of those who do not, by all rules ----

PROVIDERS=$ROOT/tests/providers
hostile() { # NAME WAY [FLAG]...
    begin "$1" "$PROVIDERS/hostile/hostile.py" --samples "$SAMPLES/files.json" \
        --config "{\"wrong\": \"$2\"}" "${@:3}"
}

WHOLE="needs-no-key takes-the-last-of-two takes-stale-fences"
begin sim sim --samples "$SAMPLES/sim.json" --config "$SAMPLES/sim.config.json"
begin local local --samples "$SAMPLES/local.json"
begin reference "$BUILD_DIR/provider-reference" --samples "$SAMPLES/reference.json"
begin files "$ROOT/manifests/plugins/files.py" --samples "$SAMPLES/files.json"
begin harmless "$PROVIDERS/hostile/hostile.py" --samples "$SAMPLES/files.json"
for way in $WHOLE; do
    hostile "whole-$way" "$way"
done

# ---- all who do not, by the rules that they break ----

while read -r way rules; do
    only=()
    for rule in $rules; do
        only+=(--only "$rule")
    done
    hostile "$way" "$way" "${only[@]}"
done <"$PROVIDERS/hostile/ways.txt"
wait

conforms sim 3
conforms local 1
conforms reference 0
conforms files 14
conforms harmless 3
while read -r way rules; do
    check_equal "$way is caught by $rules" "$(cat "$TMP/$way.code") $(broken "$way")" "69 $rules"
    case " $WHOLE " in
    *" $way "*) check_equal "$way: by nothing else" "$(broken "whole-$way")" "$rules" ;;
    esac
done <"$PROVIDERS/hostile/ways.txt"
check_equal "every way to be wrong has its rules" \
    "$("$PROVIDERS/hostile/hostile.py" --ways | sort)" "$(cut -d' ' -f1 "$PROVIDERS/hostile/ways.txt" | sort)"

# ---- what it says when it cannot begin ----

check_exit 64 "a rule that there is not is wrong usage" "$VED" provider check sim --only VPP-999
check_exit 64 "so is plain HTTP" "$VED" provider check http://127.0.0.1:1
check_exit 69 "a provider that is not there is unreachable" "$VED" provider check https://127.0.0.1:1
check_exit 69 "so is a plugin that does not come up" "$VED" provider check /bin/false
check_equal "which the TAP says, too" "$(grep -c '^Bail out!' "$TMP/out")" 1
