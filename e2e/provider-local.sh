#!/usr/bin/env bash
# The provider of this machine, driven over TLS as a controller drives it: real databases and real
# processes, which survive the plugin and are never there twice, whenever it is killed.
. "$(dirname "$0")/lib.sh"

need_programs ved-provider-local ved-sample-app
CERTS=$TMP/certs
DATA=$TMP/data
LINEAGE=b0000000000000000000000000000001
OPS=0
URL=

# ---- certificates: an authority, the plugin, the client ----

certificate() { # NAME ALTNAME
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$CERTS/$1.key" -out "$CERTS/$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$CERTS/$1.ext"
    openssl x509 -req -in "$CERTS/$1.csr" -CA "$CERTS/ca.crt" -CAkey "$CERTS/ca.key" \
        -CAcreateserial -days 2 -extfile "$CERTS/$1.ext" -out "$CERTS/$1.crt" 2>/dev/null
}

make_certificates() {
    mkdir -p "$CERTS/plugin"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \
        -keyout "$CERTS/ca.key" -out "$CERTS/ca.crt" 2>/dev/null
    certificate plugin IP:127.0.0.1
    certificate client URI:ved:core
    cp "$CERTS/plugin.crt" "$CERTS/plugin/tls.crt"
    cp "$CERTS/plugin.key" "$CERTS/plugin/tls.key"
    cp "$CERTS/ca.crt" "$CERTS/plugin/ca.crt"
}

# ---- the plugin ----

has_url() {
    grep -q '^https://127.0.0.1:[0-9]*$' "$TMP/plugin.out"
}

serve() {
    rm -f "$TMP/stdin"
    mkfifo "$TMP/stdin"
    mkdir -p "$DATA"
    "$BUILD_DIR/ved-provider-local" --listen 127.0.0.1:0 --tls "$CERTS/plugin" --data "$DATA" \
        >"$TMP/plugin.out" 2>>"$TMP/plugin.err" <"$TMP/stdin" &
    PLUGIN=$!
    OUR_PIDS+=("$PLUGIN")
    exec 9>"$TMP/stdin"
    wait_until 20 has_url || {
        tail -n 5 "$TMP/plugin.err"
        bail "the plugin says where it listens"
    }
    URL=$(head -n 1 "$TMP/plugin.out")
}

kill_plugin() {
    kill -KILL "$PLUGIN"
    wait "$PLUGIN" 2>/dev/null
    exec 9>&-
}

# ---- requests: the status is printed, the body is in $TMP/body ----

request() { # METHOD PATH BODY [curl options...]
    local method=$1 path=$2
    printf '%s' "$3" >"$TMP/request"
    shift 3
    curl -sS --max-time 70 -o "$TMP/body" -w '%{http_code}' -X "$method" \
        -H 'Content-Type: application/json' --data-binary "@$TMP/request" \
        --cacert "$CERTS/ca.crt" --cert "$CERTS/client.crt" --key "$CERTS/client.key" \
        "$@" "$URL$path" 2>"$TMP/curl.err"
}

uid() { # NUMBER
    printf '%032x' "$1"
}

next_op() {
    OPS=$((OPS + 1))
    OP=$(printf '7f1c0000-0000-8000-8000-%012d' "$OPS")
}

# mutate METHOD PATH MEMBERS: under a new key; waits for the end. Status and body are the outcome's.
mutate() {
    local status
    next_op
    status=$(request "$1" "$2" \
        "{\"op\":\"$OP\",\"owner\":{\"lineage\":\"$LINEAGE\",\"address\":\"D.E\"}$3}" \
        -H "Idempotency-Key: \"$OP\"" -H 'Prefer: wait=50' -H 'Ved-Deadline-Ms: 55000')
    [ "$status" != 202 ] || status=$(await_operation)
    STATUS=$status
}

operation_is_over() {
    request GET "/v1/operations/$OP?wait=5" '' >/dev/null
    case $(body .state) in succeeded | failed | cancelled) ;; *) return 1 ;; esac
}

await_operation() {
    wait_until 120 operation_is_over || true
    if [ "$(body .state)" = succeeded ]; then
        jq '.result' "$TMP/body" >"$TMP/result" && mv "$TMP/result" "$TMP/body"
        echo 200
    else
        echo "operation $(body '.problem.code // .state')"
    fi
}

put() { # UID-NUMBER TYPE EFFECT DESIRED
    mutate PUT "/v1/instances/$2/$(uid "$1")" ",\"effect\":\"$3\",\"desired\":$4"
}

delete() { # UID-NUMBER TYPE
    mutate DELETE "/v1/instances/$2/$(uid "$1")" ''
}

observe() { # UID-NUMBER TYPE
    request POST /v1/observe "{\"items\":[{\"type\":\"$2\",\"uid\":\"$(uid "$1")\"}]}" >/dev/null
    body '.items[0].status'
}

body() { # JQ-FILTER
    jq -r "$1" "$TMP/body"
}

applied() { # 200 or 201
    [ "$STATUS" = 200 ] || [ "$STATUS" = 201 ] || {
        echo "status $STATUS: $(cat "$TMP/body")"
        return 1
    }
}

# ---- looking at the machine ----

folder_of() { # UID-NUMBER
    echo "$DATA/postgres/$(uid "$1")"
}

# Pids of the servers, not of their helpers, on the data of a cluster.
servers() { # UID-NUMBER
    pgrep -f -- "-D $(folder_of "$1")/server/data\$"
}

stands_in() { # UID-NUMBER: how many processes work in the cluster's folder
    local link count=0
    for link in /proc/[0-9]*/cwd; do
        case $(readlink "$link" 2>/dev/null) in "$(folder_of "$1")"*) count=$((count + 1)) ;; esac
    done
    echo $count
}

sql() { # URL STATEMENT
    psql -Xqtw -A "$1" -c "$2" 2>&1
}

page_status() { # URL
    curl -s -o /dev/null --max-time 5 -w '%{http_code}' "$1"
}

port_is_closed() {
    ! port_is_open "$1"
}

# ---- facts ----

one_database_serves() {
    put 1 postgres CreatePostgres '{"name":"main"}'
    check "a database is created" applied
    DATABASE=$(body .state.url)
    PORT=$(body .state.port)
    check_equal "psql connects with the url of the result" \
        "$(sql "$DATABASE" 'SELECT current_user')" app
    check_equal "the password is in no answer and no log" \
        "$(grep -c "$(cut -d: -f5 "$(folder_of 1)/pgpass")" "$TMP/body" "$TMP/plugin.err" |
            cut -d: -f2 | tr '\n' ' ')" "0 0 "
    check_equal "the database is observed" "$(observe 1 postgres)" found
    sql "$DATABASE" 'CREATE TABLE kept AS SELECT 42 AS n' >/dev/null
}

server_killed_is_repaired() {
    kill -KILL "$(servers 1)"
    wait_until 10 port_is_closed "$PORT"
    check_equal "a killed server is absent" "$(observe 1 postgres)" absent
    put 1 postgres CreatePostgres '{"name":"main"}'
    check "it is repaired" applied
    check_equal "at the same url" "$(body .state.url)" "$DATABASE"
    check_equal "with its data" "$(sql "$DATABASE" 'SELECT n FROM kept')" 42
}

plugin_killed_leaves_the_server() {
    local before
    before=$(servers 1)
    kill_plugin
    check_equal "the server outlives the plugin" "$(sql "$DATABASE" 'SELECT n FROM kept')" 42
    serve
    check_equal "the next plugin finds it" "$(observe 1 postgres)" found
    put 1 postgres CreatePostgres '{"name":"main"}'
    check_equal "and starts no second" "$(servers 1)" "$before"
}

# The plugin dies while it makes a cluster; its successor finishes the operation by itself.
plugin_killed_while_creating() { # UID-NUMBER DELAY-SECONDS
    local n=$1 delay=$2
    next_op
    request PUT "/v1/instances/postgres/$(uid "$n")" \
        "{\"op\":\"$OP\",\"owner\":{\"lineage\":\"$LINEAGE\",\"address\":\"D.E\"},\"effect\":\"CreatePostgres\",\"desired\":{}}" \
        -H "Idempotency-Key: \"$OP\"" -H 'Prefer: wait=0' >/dev/null
    sleep "$delay"
    kill_plugin
    serve
    STATUS=$(await_operation)
    check "killed after $delay s: the operation is finished by the next plugin" applied
    check_equal "killed after $delay s: exactly one server" "$(servers "$n" | wc -l)" 1
    check_equal "killed after $delay s: it serves" "$(sql "$(body .state.url)" 'SELECT 1')" 1
    check "killed after $delay s: nothing half made is left" \
        test ! -e "$(folder_of "$n")/server/making"
    delete "$n" postgres
    check_equal "killed after $delay s: deletion leaves no process" "$(stands_in "$n")" 0
}

sample_application_uses_the_database() {
    local url
    put 2 process StartAppContainer "{\"env\":{\"DATABASE_URL\":\"$DATABASE\"},\"health\":{\"http\":\"/healthz\"}}"
    check "the sample application is started" applied
    url=$(body .state.url)
    APP=$(body .state.pid)
    sql "$DATABASE" "INSERT INTO guests(name) VALUES ('<Ada>')" >/dev/null
    check "its page counts the guests" grep -q 'guests: 1' <(curl -s "$url")
    check "names are escaped" grep -q '&lt;Ada&gt;' <(curl -s "$url")
    check_equal "HEAD has no body" "$(curl -sI "$url" | grep -c guests)" 0
    kill -KILL "$(servers 1)"
    wait_until 10 port_is_closed "$PORT"
    check_equal "without the database the page says 503" "$(page_status "$url")" 503
    check_equal "but the application is healthy" "$(page_status "${url}healthz")" 200
    put 1 postgres CreatePostgres '{"name":"main"}'
    check_equal "with the database again it is as before" "$(page_status "$url")" 200
    kill -KILL "$APP"
    wait_until 5 pid_is_gone "$APP"
    check_equal "a killed application is absent" "$(observe 2 process)" absent
    check_equal "the reason says so" "$(body '.items[0].reason')" "process $APP has exited"
    put 2 process StartAppContainer "{\"env\":{\"DATABASE_URL\":\"$DATABASE\"},\"health\":{\"http\":\"/healthz\"}}"
    check_equal "it is repaired at the same url" "$(body .state.url)" "$url"
    APP=$(body .state.pid)
    put 2 process StartAppContainer \
        "{\"env\":{\"DATABASE_URL\":\"$DATABASE\",\"X\":\"1\"},\"health\":{\"http\":\"/healthz\"}}"
    check "another environment is applied" applied
    check_equal "at the same url" "$(body .state.url)" "$url"
    check "by another process" pid_is_gone "$APP"
    APP=$(body .state.pid)
    check_equal "which has it" "$(tr '\0' '\n' <"/proc/$APP/environ" | grep -c '^X=1$')" 1
    delete 2 process
    check "deleting it ends it" pid_is_gone "$APP"
}

application_without_a_database() {
    put 3 process StartAppContainer '{}'
    check "it says that it has no database" \
        grep -q 'has no database' <(curl -s "$(body .state.url)")
    delete 3 process
}

# ---- files and folders: what is ours, what is not, what a change comes to ----

plan() { # UID-NUMBER TYPE EFFECT DESIRED
    request POST /v1/plan \
        "{\"items\":[{\"type\":\"$2\",\"effect\":\"$3\",\"uid\":\"$(uid "$1")\",\"desired\":$4}]}" \
        >/dev/null
    cp "$TMP/body" "$TMP/plan"
}

# Everything that was planned of the object and is known is in what a PUT has just answered.
agrees() {
    jq -es '.[1].state as $state | .[0].items[0].planned |
        with_entries(select(.value | tostring | contains("$unknown") | not)) |
        length > 0 and (to_entries | all(.value == $state[.key]))' "$TMP/plan" "$TMP/body"
}

# plan_and_put NAME ACTION UID-NUMBER TYPE EFFECT DESIRED
plan_and_put() {
    plan "${@:3}"
    check_equal "$1: planned as $2" "$(body '.items[0].action')" "$2"
    put "${@:3}"
    check "$1: applied" applied
    check "$1: as planned" agrees
    plan "${@:3}"
    check_equal "$1: then there is nothing to do" "$(body '.items[0].action')" noop
}

file() { # CONTENT [MODE]
    printf '{"path":"%s/f","content":"%s","mode":"%s"}' "$TMP" "$1" "${2:-0644}"
}

a_file_changes_in_place() {
    plan_and_put "a new file" create 20 file WriteFile "$(file one)"
    plan_and_put "another content" update 20 file WriteFile "$(file two)"
    plan_and_put "another mode" update 20 file WriteFile "$(file two 0600)"
    check_equal "the file has both" "$(stat -c %a "$TMP/f")$(cat "$TMP/f")" 600two
    plan 20 file WriteFile "{\"path\":\"$TMP/g\",\"content\":\"two\",\"mode\":\"0600\"}"
    check_equal "another path is a replacement" \
        "$(body '.items[0] | .action + .replace_because[0]')" replace/path
    put 20 file WriteFile "{\"path\":\"$TMP/g\",\"content\":\"two\",\"mode\":\"0600\"}"
    check_equal "and refused as an update" "$STATUS $(body '.code + .errors[0].pointer')" \
        "422 UNSUPPORTED_CHANGE/path"
}

a_path_has_one_owner() {
    put 21 file WriteFile "$(file mine)"
    check_equal "the path of another object is refused" "$STATUS $(body .code)" "409 CLAIMED"
    check "with its name" grep -q "$(uid 20), made by D.E" "$TMP/body"
    echo theirs >"$TMP/theirs"
    put 21 file WriteFile "{\"path\":\"$TMP/theirs\",\"content\":\"mine\"}"
    check_equal "a file that nobody made is refused" "$STATUS $(body .code)" "409 NOT_OWNED"
    check_equal "and left alone" "$(cat "$TMP/theirs")" theirs
    request POST /v1/lookup "{\"type\":\"file\",\"external_id\":\"$TMP/theirs\"}" >/dev/null
    check_equal "it is looked up" "$(body '.effect + .desired.content')" "WriteFiletheirs"
    mutate PUT "/v1/instances/file/$(uid 21)" \
        ",\"effect\":\"WriteFile\",\"desired\":{\"path\":\"$TMP/theirs\",\"content\":\"mine\"},\"adopt\":{\"external_id\":\"$TMP/theirs\"}"
    check_equal "and taken over" "$STATUS $(cat "$TMP/theirs")" "201 mine"
    delete 21 file
    check "then it is ours to delete" test ! -e "$TMP/theirs"
}

changes_from_outside_are_seen() {
    check_equal "a file left alone is found" "$(observe 20 file)" found
    check_equal "without a reason" "$(body '.items[0].reason // ""')" ""
    echo changed >"$TMP/f"
    check_equal "a changed one is found" "$(observe 20 file)" found
    check "with what has changed" grep -q 'digest was sha256:' "$TMP/body"
    put 20 file WriteFile "$(file two 0600)"
    check_equal "and written again" "$(cat "$TMP/f")" two
    rm "$TMP/f"
    check_equal "a deleted one is absent" "$(observe 20 file)" absent
    delete 20 file
    check_equal "and deleted without a word" "$STATUS" 200
}

deletion_leaves_nothing() {
    delete 1 postgres
    check_equal "deletion leaves no process" "$(stands_in 1)" 0
    check "deletion leaves no port" port_is_closed "$PORT"
    check "deletion leaves no folder" test ! -e "$(folder_of 1)"
    check_equal "the deleted database is absent" "$(observe 1 postgres)" absent
}

make_certificates
chmod 700 "$TMP"
serve
one_database_serves
server_killed_is_repaired
plugin_killed_leaves_the_server
sample_application_uses_the_database
application_without_a_database
a_file_changes_in_place
a_path_has_one_owner
changes_from_outside_are_seen
for delay in 0.02 0.1 0.4 1.2; do
    plugin_killed_while_creating 7 "$delay"
done
deletion_leaves_nothing
kill_plugin
