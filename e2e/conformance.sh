#!/usr/bin/env bash
# The conformance suite against providers that keep the protocol, of which none may be said to break
# it, and against such as break it in one way each, which must be named.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim ved-provider-local
SAMPLES=$ROOT/tests/providers/samples
export PYTHONDONTWRITEBYTECODE=1

# Every rule holds, and as many as that could not be tried.
conforms() { # NAME SKIPPED PLUGIN [FLAG]...
    local name=$1 skipped=$2 plugin=$3 code=0
    shift 3
    "$VED" provider check "$plugin" "$@" >"$TMP/tap" 2>"$TMP/err" </dev/null || code=$?
    check_equal "$name keeps every rule" "$code $(grep -c '^not ok' "$TMP/tap")" "0 0"
    check_equal "$name: $skipped of them could not be tried" \
        "$(grep -c '^ok .*# SKIP' "$TMP/tap")" "$skipped"
    if [ $code -ne 0 ]; then
        sed 's/^/#   /' "$TMP/err"
        grep -A40 '^not ok' "$TMP/tap" | head -n 80 | sed 's/^/#   /'
    fi
}

check "docs/conformance.md has the rules of the suite" "$ROOT/tests/tidy/rules.sh" --check

conforms sim 3 sim --samples "$SAMPLES/sim.json" --config "$SAMPLES/sim.config.json"
conforms local 1 local --samples "$SAMPLES/local.json"
conforms "the plugin in Python" 14 "$ROOT/manifests/plugins/files.py" --samples "$SAMPLES/files.json"

# ---- what it says when it cannot begin ----

check_exit 64 "a rule that there is not is wrong usage" "$VED" provider check sim --only VPP-999
check_exit 64 "so is plain HTTP" "$VED" provider check http://127.0.0.1:1
check_exit 69 "a provider that is not there is unreachable" "$VED" provider check https://127.0.0.1:1
check_exit 69 "so is a plugin that does not come up" "$VED" provider check /bin/false
check_equal "which the TAP says, too" "$(grep -c '^Bail out!' "$TMP/out")" 1
