# Shared by every e2e script: `. "$(dirname "$0")/lib.sh"` first thing.
#
# An e2e script is self-contained: it runs from any folder, uses the programs in $BUILD_DIR (default
# build/release), prints one `ok NAME` or `not ok NAME` line for each fact it proves, leaves neither
# files nor processes behind, and exits non-zero if any fact did not hold. All of that but the facts
# is done here.
#
#     . "$(dirname "$0")/lib.sh"
#     check "apply creates the file" test -e "$TMP/file"
#
# Variables: ROOT (the checkout), BUILD_DIR (absolute), VED (the program), TMP (a folder of our own).

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD_DIR=${BUILD_DIR:-$ROOT/build/release}
case $BUILD_DIR in /*) ;; *) BUILD_DIR=$ROOT/$BUILD_DIR ;; esac
VED=$BUILD_DIR/ved
TMP=$(mktemp -d "${TMPDIR:-/tmp}/ved-e2e.XXXXXX")

# Whatever we start inherits this, so what is left at the end can be told from anybody else's.
export VED_E2E_MARK="$$.$RANDOM$RANDOM"

FAILED=0
OUR_PIDS=()

ok() {
    printf 'ok %s\n' "$*"
}

not_ok() {
    printf 'not ok %s\n' "$*"
    FAILED=$((FAILED + 1))
}

# check NAME COMMAND...: the fact holds if the command succeeds; else its output is shown.
check() {
    local name=$1 code=0
    shift
    "$@" >"$TMP/check.out" 2>&1 </dev/null || code=$?
    if [ $code -eq 0 ]; then
        ok "$name"
    else
        not_ok "$name"
        printf '#   exit %s from: %s\n' $code "$*"
        sed 's/^/#   /' "$TMP/check.out" | tail -n 30
    fi
}

# check_exit CODE NAME COMMAND...: the fact holds if the command ends with that code. Its output is
# in $TMP/out and $TMP/err.
check_exit() {
    local expected=$1 name=$2 code=0
    shift 2
    "$@" >"$TMP/out" 2>"$TMP/err" </dev/null || code=$?
    if [ "$code" -eq "$expected" ]; then
        ok "$name"
    else
        not_ok "$name"
        printf '#   exit %s, expected %s, from: %s\n' "$code" "$expected" "$*"
        tail -n 15 "$TMP/out" | sed 's/^/#   stdout: /'
        tail -n 15 "$TMP/err" | sed 's/^/#   stderr: /'
    fi
}

# check_equal NAME FOUND EXPECTED
check_equal() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '#   found:    %s\n#   expected: %s\n' "$2" "$3"
    fi
}

# Give up on the rest: without this nothing else would mean anything.
bail() {
    not_ok "$*"
    exit 1
}

need_programs() {
    local program
    for program in "$@"; do
        [ -x "$BUILD_DIR/$program" ] || bail "$program is built in $BUILD_DIR"
    done
}

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1 </dev/null; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

port_is_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

wait_port() { # PORT [SECONDS]
    wait_until "${2:-20}" port_is_open "$1"
}

# A port nobody listens on now, outside the range the kernel gives to clients.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        port_is_open $port || break
    done
    echo $port
}

# start LOG COMMAND...: in the background; its pid is in $STARTED and it is stopped at the end.
start() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    STARTED=$!
    OUR_PIDS+=("$STARTED")
}

# stop PID [SIGNAL]: ask, wait up to 10 s, then kill.
stop() {
    kill "-${2:-TERM}" "$1" 2>/dev/null || return 0
    if ! wait_until 10 pid_is_gone "$1"; then
        kill -KILL "$1" 2>/dev/null
    fi
    wait "$1" 2>/dev/null
    return 0
}

pid_is_gone() {
    [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

# Pids of processes, other than this shell, that were started by this script or by those.
left_processes() {
    local environ pid
    for environ in /proc/[0-9]*/environ; do
        pid=${environ#/proc/}
        pid=${pid%/environ}
        [ "$pid" != "$$" ] && [ "$pid" != "$BASHPID" ] || continue
        if grep -qzx "VED_E2E_MARK=$VED_E2E_MARK" "$environ" 2>/dev/null; then
            echo "$pid"
        fi
    done
}

nothing_is_left() {
    [ -z "$(left_processes)" ]
}

finish_script() {
    local code=$? pid
    trap - EXIT
    for pid in ${OUR_PIDS[@]+"${OUR_PIDS[@]}"}; do
        pid_is_gone "$pid" || stop "$pid"
    done
    if ! wait_until 10 nothing_is_left; then
        not_ok "$(basename "$0"): no process is left behind"
        for pid in $(left_processes); do
            printf '#   left: %s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
            kill -KILL "$pid" 2>/dev/null
        done
    fi
    if [ -n "${KEEP_TMP:-}" ]; then
        printf '# kept: %s\n' "$TMP"
    else
        rm -rf "$TMP"
    fi
    [ "$FAILED" -eq 0 ] || exit 1
    exit "$code"
}
trap finish_script EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
