#!/usr/bin/env bash
# Real APIs over HTTP, known only by their description in the bindings: one of ours, with pages,
# operations, entity tags and trouble of every kind, and the gateway of etcd. Whatever dies or is
# lost on the way, there is one object.
#
#     e2e/provider-http.sh ['PATTERN']    only the parts whose names fit
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-http kill-driver crashpoint.so
FIXTURES=$ROOT/e2e/fixtures/rest
SECRET=s3cret-of-the-api

# ---- the API ----

# serve [CERTS]: an API with its store in this folder; its port is in $API.
serve() {
    API=$(free_port)
    STORE=$PWD/api
    start "$PWD/api.log" python3 "$FIXTURES/server.py" "$API" "$STORE" "$@"
    wait_port "$API" || bail "the API listens"
    printf '%s\n' $SECRET >token
}

# bind [AUTH]: everything that the API has, as provider API of the stack in this folder.
bind() {
    sed "s|PORT|$API|; s|AUTH|${1:-\{ bearer: \{ token_file: token \} \}}|" "$FIXTURES/all.yaml" >ved.yaml
}

# program EFFECT...: a stack that emits these, one after the other.
program() {
    local effect
    {
        echo 'domain D { state { done: bool } goal Done { predicate done } transition Make { step { if !done {'
        for effect in "$@"; do
            echo "  emit API.$effect"
        done
        echo '  done = true } } } }'
    } >stack.ved
}

trouble() { # MATCH HOW [TIMES [SECONDS]]
    printf '{"match":"%s","how":"%s","times":%s,"seconds":%s}\n' "$1" "$2" "${3:-1}" "${4:-0}" \
        >"$STORE/trouble.json"
}

stored() { # COLLECTION
    find "$STORE/$1" -name '*.json' 2>/dev/null | wc -l
}

asked() { # JQ-CONDITION: how many requests
    jq -rs "map(select($1)) | length" "$STORE/requests.ndjson"
}

apply() {
    timeout -k 5 60 "$VED" apply --auto-approve stack.ved "$@"
}

ask() { # METHOD PATH [BODY]
    curl -sS --max-time 10 -X "$1" -H "Authorization: Bearer $SECRET" \
        ${3:+-H 'Content-Type: application/json' --data "$3"} "http://127.0.0.1:$API/v1$2"
}

edit_stored() { # FILE JQ
    jq -c "$2" "$1" >"$1.edited" && mv "$1.edited" "$1"
}

changed_nothing() {
    check_exit 0 "$1: a second apply" apply
    check_equal "$1: has nothing to do" "$(last_line)" "$NOTHING_TO_DO"
}

# ---- the life of an object ----

life() {
    serve
    cp "$ROOT"/manifests/rest/* .
    sed -i "s/8080/$API/" ved.yaml
    check_exit 0 "the example is planned" "$VED" plan stack.ved
    check "and what it comes to is known as far as it can be" grep -q 'size = 2' "$TMP/out"
    check "a plan asks for nothing" test ! -s "$STORE/requests.ndjson"
    check_exit 0 "it is applied" apply
    check_equal "three objects" "$(last_line)" 'Apply complete! Resources: 3 added, 0 changed, 0 destroyed.'
    check_equal "by one request each, and a look before a name is taken" "$(asked true)" 4
    check_equal "each under the key of its operation" "$(jq -r '.key // empty' "$STORE/requests.ndjson" | sort -u | wc -l)" 3
    changed_nothing "the example"
    check_equal "it asked once for all boxes, and for the site by its tag" \
        "$(jq -r '"\(.path) \(.status)"' "$STORE/requests.ndjson" | tail -n +5 | sort | tr '\n' ' ')" \
        "/v1/boxes 200 /v1/sites/www.example 304 "

    edit_stored "$STORE/boxes/box-1.json" '.size = 9'
    check_exit 2 "a change from outside is drift" "$VED" drift stack.ved --detailed-exitcode
    check "which is shown" has_line "$TMP/out" 'size = 2 -> 9'
    check_exit 0 "it is changed back" "$VED" drift stack.ved --repair
    check_equal "in the object itself" "$(ask GET /boxes/box-1 | jq .size)" 2

    rm "$STORE/boxes/box-2.json"
    check_exit 0 "an object that was lost is made again" apply
    check_equal "by a name of its own" "$(resource_of 'CreateBox[1]' .outputs.id)" box-3

    sed -i 's/"first", size: 2/"first", size: 3/' stack.ved
    check_exit 0 "an edit is applied" apply
    check_equal "in place" "$(ask GET /boxes/box-1 | jq .size)" 3
    check_equal "and only if nobody has changed it meanwhile" "$(asked '.method == "PATCH" and .if_match != null and .status == 200')" 2
    sed -i 's/"first", size/"other", size/' stack.ved
    check_exit 0 "another name is another box" apply
    check_equal "made before the old one went" \
        "$(jq -r 'select(.method == "POST" or .method == "DELETE") | .method' "$STORE/requests.ndjson" | tail -n 2 | tr '\n' ' ')" "POST DELETE "
    check_exit 0 "all is destroyed" "$VED" destroy
    check_equal "and nothing is left" "$(($(stored boxes) + $(stored sites)))" 0
}

resource_of() { # PART-OF-ADDRESS JQ
    "$VED" get resources stack.ved -o json | jq -r ".[] | select(.address | contains(\"$1\")) | $2"
}

foreign() {
    serve
    bind
    ask PUT /sites/a.example '{"text":"theirs"}' >/dev/null
    program 'Site("a.example", "ours")'
    check_exit 1 "what is there already is refused" apply
    check "with its name" has_line "$TMP/err" "'a.example' is there already"
    check_equal "and left alone" "$(ask GET /sites/a.example | jq -r .text)" theirs
    check_exit 0 "it can be taken over" apply --adopt
    ask POST /boxes '{"name":"theirs"}' >/dev/null
    program 'Box("theirs")'
    check_exit 0 "a box is imported by its id" "$VED" import 'D.Make.Box[0]' box-1 stack.ved
    check_exit 0 "then it is ours" apply
    check_equal "and there is one" "$(stored boxes)" 1
    program 'Key("p1", "one", note: "first")' 'Key("p2", "two")'
    check_exit 0 "objects below others are made, by a form" apply
    check_equal "each below its own" "$(stored projects@p1@keys) $(stored projects@p2@keys)" "1 1"
    check_equal "what was not given is not sent" "$(cat "$STORE"/projects@p2@keys/*.json | jq -r 'has("note")')" false
    sed -i 's/first/second/' stack.ved
    check_exit 0 "one is changed" apply
    changed_nothing "objects below others"
    check_exit 0 "and destroyed" "$VED" destroy
    check_equal "where they are" "$(stored projects@p1@keys) $(stored projects@p2@keys)" "0 0"
}

# ---- who asks ----

auth() {
    serve
    program 'Box("a/b c")'
    local way name=0
    for way in "bearer: { token: $SECRET }" "basic: { user: ada, password_file: token }" \
        "header: { name: X-Api-Key, value: $SECRET }" "query: { name: api_key, value: $SECRET }" \
        "sigv4: { region: eu-1, service: boxes, access_key: AKIDEXAMPLE, secret_key_file: token }"; do
        name=$((name + 1))
        rm -rf .ved
        bind "{ $way }"
        check_exit 0 "${way%%:*}: an object is made" apply
        check_exit 0 "${way%%:*}: seen, changed and removed" "$VED" destroy
    done
    check_equal "nothing is left" "$(stored boxes)" 0
    bind
    rm -rf .ved
    echo wrong >token
    check_exit 77 "who is not known ends with 77" apply
    check "and the API's own word" has_line "$TMP/err" 'answered 401: who are you'
    check "in which the token is concealed" has_no_line "$TMP/err" 'Bearer wrong'
    echo $SECRET >token
    check_exit 0 "a new token is read while it is there" apply
    bind "{ query: { name: api_key, value: $SECRET } }"
    stop "$STARTED" KILL
    check_exit 69 "an API that is gone" timeout 60 "$VED" drift stack.ved
    check_equal "no message and no file of ours has the secret" \
        "$(cat "$TMP/out" "$TMP/err" | grep -c $SECRET) $(grep -rl $SECRET .ved | wc -l)" "0 0"
}

certificate() { # NAME ALTNAME: by the authority in this folder
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" \
        -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" \
        -out "$1.crt" 2>/dev/null
}

certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \
        -keyout ca.key -out ca.crt 2>/dev/null
    certificate tls IP:127.0.0.1
    certificate me URI:ved:test
    serve "$PWD"
    bind
    sed -i "s|http://127|https://127|; s|timeout: 2s|&\n      tls: { ca: ca.crt, cert: me.crt, key: me.key }|" ved.yaml
    program 'Box("a")'
    check_exit 0 "by certificates on both sides an object is made" apply
    sed -i 's/, cert: me.crt, key: me.key//' ved.yaml
    check_exit 69 "without one of ours nobody is let in" timeout 60 "$VED" drift stack.ved
    sed -i '/tls: {/d' ved.yaml
    check_exit 69 "and an API with an unknown authority is not trusted" timeout 60 "$VED" drift stack.ved
    check_equal "the object is what it was" "$(stored boxes)" 1
}

# ---- lists, facts, actions ----

lists() {
    serve
    bind
    local collection i
    for i in 1 2 3 4 5 6 7 8; do
        for collection in boxes rules pages offsets cursors; do
            echo "{\"id\":\"$i\",\"name\":\"n$i\"}" | put_stored "$collection" "$i"
        done
    done
    cat >stack.ved <<'VED'
domain D {
  state { done: bool  text: string  restarts: int }
  goal Done { predicate done }
  transition Look { step { if !done {
    text = "${API.boxes()} ${API.rules()} ${API.pages()} ${API.offsets()} ${API.cursors()} ${API.box_name("7")} ${API.site_exists("x")}"
    let r = emit API.Restart("7")
    restarts = r.restarts
    done = true
  } } }
}
VED
    check_exit 0 "facts and an action" apply
    check_equal "every way of paging counts to the end" "$(domain_field D text)" "8 8 8 8 8 n7 false"
    check_equal "the action has its result" "$(domain_field D restarts)" 1
    check_equal "and left its mark" "$(ask GET /boxes/7 | jq .restarts)" 1
    rm -rf .ved "$STORE"/boxes/*
    program $(seq -f 'Box("b%g")' 1 40)
    check_exit 0 "forty objects are made" apply
    : >"$STORE/requests.ndjson"
    check_exit 0 "and observed" "$VED" drift stack.ved
    check_equal "by the pages of one list" "$(asked true)" 14
}

put_stored() { # COLLECTION ID
    mkdir -p "$STORE/$1"
    cat >"$STORE/$1/$2.json"
}

# ---- what takes its time ----

operations() {
    serve
    bind
    program 'Slow("a")' 'Machine("m")' 'Disk("d")' 'Cluster("c")'
    check_exit 0 "objects that take their time" apply
    check_equal "are waited for" "$(resource_of Slow .outputs.status) $(resource_of Machine .outputs.name) $(resource_of Disk .outputs.id) $(resource_of Cluster .outputs.name)" "active m d c"
    changed_nothing "what took its time"
    program 'Disk("fails")'
    check_exit 1 "an operation that fails" apply
    check "says why" has_line "$TMP/err" 'it failed: no more disks'
    program 'Cluster("fails")'
    check_exit 1 "one whose answer has an error" apply
    check "says why, too" has_line "$TMP/err" 'no more clusters'
    program 'Box("refused")'
    check_exit 1 "a refusal" apply
    check "is the API's own word" has_line "$TMP/err" 'answered 422: that name is refused'
}

# ---- answers that are lost ----

lost() {
    serve
    bind
    local how n=0
    for how in lose cut fail fail_late garbage; do
        n=$((n + 1))
        rm -rf .ved
        program "Box(\"$how\")"
        trouble "POST /v1/boxes" $how
        check_exit 0 "$how: it is applied" apply
        check_equal "$how: there is one" "$(cat "$STORE"/boxes/*.json | jq -r .name | grep -cx $how)" 1
        changed_nothing $how
    done
    rm -rf .ved
    program 'Box("busy")' 'Site("cut")'
    trouble "POST /v1/boxes" busy 2
    check_exit 0 "an API that wants to be left alone is asked later" apply
    check_equal "three times" "$(asked '.status == 429 and .method == "POST"') $(stored sites)" "2 1"
    rm -rf .ved
    program 'Box("late")'
    trouble "POST /v1/boxes" late 1 3
    check_exit 0 "late: a box that is made after the answer was given up" apply
    sleep 1
    check_equal "late: there is one" "$(cat "$STORE"/boxes/*.json | jq -r .name | grep -cx late)" 1
    rm -rf .ved
    program 'Site("lost")'
    trouble "PUT /v1/sites/lost" lose
    check_exit 0 "a name of ours is found by itself" apply
}

# Nothing to find it by: neither made again nor forgotten.
blind() {
    serve
    bind
    sed -i 's/plugin: http/&\n    limits: { timeout: 3s }/' ved.yaml
    program 'Blind("x")'
    trouble "POST /v1/blind" lose
    check_exit 6 "what cannot be found again is unknown" apply
    apply --timeout 1s >out 2>err </dev/null
    check_equal "it is not sent again" "$(stored blind)" 1
}

# ---- deaths ----

kills() { # VICTIM
    serve
    bind "{ bearer: { token: $SECRET } }"
    program 'Box("a")' 'Box("b")' 'Machine("c")' 'Box("d")'
    # Nothing that is killed here goes on for longer.
    sed -i 's/settle: 3s/settle: 300ms/' ved.yaml
    "$BUILD_DIR/kill-driver" --ved "$VED" --shim "$BUILD_DIR/crashpoint.so" --stack "$PWD/stack.ved" \
        --work "$PWD" --victim "$1" --kills "${KILLS:-12}" --seed "${SEED:-7}" --longest-ms 400 \
        -- --bindings "$PWD/ved.yaml" >report 2>errors
    grep -E '^(ok|not ok) ' report | grep -v 'every crash point was hit' | sed -E "s/^(ok|not ok) /\\1 $1 killed: /"
    FAILED=$((FAILED + $(grep -v 'every crash point was hit' report | grep -c '^not ok')))
    local rounds objects
    rounds=$(find . -maxdepth 1 -name 'round-*' | wc -l)
    objects=$(cat "$STORE"/boxes/*.json "$STORE"/machines/*.json | jq -rs 'length')
    check_equal "$1 killed: each object is there once ($rounds rounds)" "$objects" $((rounds * 4))
    check_equal "$1 killed: no uid twice" "$(cat "$STORE"/boxes/*.json "$STORE"/machines/*.json | jq -r .tag | sort | uniq -d | wc -l)" 0
}

kill_ved() { kills ved; }
kill_plugin() { kills plugin; }

# ---- another's API ----

# The JSON gateway of etcd: POST for everything, keys and values in Base64, no 404.
etcd() {
    local port peer
    command -v etcd >/dev/null || bail "etcd is installed"
    port=$(free_port)
    peer=$(free_port)
    start etcd.log env -i PATH="$PATH" VED_E2E_MARK="$VED_E2E_MARK" "$(command -v etcd)" --data-dir "$PWD/etcd" \
        --listen-client-urls "http://127.0.0.1:$port" --advertise-client-urls "http://127.0.0.1:$port" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "default=http://127.0.0.1:$peer"
    wait_port "$port" || bail "etcd listens"
    cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: http
    config:
      base_url: http://127.0.0.1:$port/v3/kv
      timeout: 10s
      resources:
        Entry:
          positional: [key, value]
          parameters: { key: { type: string, required: true, immutable: true }, value: { type: string, required: true } }
          id: "\${key}"
          create: &put { method: POST, path: /put, repeatable: true, body: { key: "\${key|base64}", value: "\${value|base64}" } }
          read: { method: POST, path: /range, body: { key: "\${id|base64}" }, document: /kvs/0, absent_without: /kvs/0 }
          update: *put
          delete: { method: POST, path: /deleterange, body: { key: "\${id|base64}" } }
          results: { value: { pointer: /value, base64: true, type: string, parameter: value } }
YAML
    sed -i 's/&put //; s/update: \*put/update: { method: POST, path: \/put, body: { key: "${key|base64}", value: "${value|base64}" } }/' ved.yaml
    program 'Entry("/a/key", "häh?")' 'Entry("other", "2")'
    check_exit 0 "etcd: two entries" apply
    check_equal "etcd: have their values" "$(resource_of 'Entry[0]' .outputs.value)" "häh?"
    changed_nothing etcd
    etcd_put /a/key changed
    check_exit 2 "etcd: a change from outside is seen" "$VED" drift stack.ved --detailed-exitcode
    check_exit 0 "etcd: and changed back" "$VED" drift stack.ved --repair
    check_equal "etcd: in etcd" "$(etcd_get /a/key)" "häh?"
    sed -i 's/"2"/"3"/; s/\/a\/key/\/b\/key/' stack.ved
    check_exit 0 "etcd: one is changed, one replaced" apply
    check_equal "etcd: as wanted" "$(etcd_get other)$(etcd_get /b/key)$(etcd_get /a/key)" "3häh?"
    check_exit 0 "etcd: all is destroyed" "$VED" destroy
    check_equal "etcd: and gone" "$(etcd_get other)$(etcd_get /b/key)" ""
}

etcd_ask() { # PATH BODY
    curl -sS --max-time 10 -X POST --data "$2" "$(sed -n 's/ *base_url: //p' ved.yaml)$1"
}

etcd_put() { # KEY VALUE
    etcd_ask /put "{\"key\":\"$(printf %s "$1" | base64)\",\"value\":\"$(printf %s "$2" | base64)\"}" >/dev/null
}

etcd_get() { # KEY
    etcd_ask /range "{\"key\":\"$(printf %s "$1" | base64)\"}" | jq -r '.kvs[0].value // empty' | base64 -d
}

# ---- the protocol, and mistakes ----

protocol() {
    serve
    bind "{ bearer: { token: $SECRET } }"
    python3 -c 'import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin)["providers"]["API"]["config"]))' <ved.yaml >config.json
    check_exit 0 "the rules of the protocol" timeout 100 "$VED" provider check http \
        --config "$PWD/config.json" --samples "$FIXTURES/samples.json"
    check "none is broken" grep -q ' 0 failed' "$TMP/out"
}

mistakes() {
    API=1
    bind
    program 'Box("a")'
    check_exit 0 "the binding is read by check" "$VED" check stack.ved
    sed -i 's|update: { method: PATCH, path: "/boxes/${id}"|update: { method: PATCH, path: "/boxes/${nam}"|' ved.yaml
    check_exit 69 "a mistake in it ends a plan with 69" "$VED" plan stack.ved
    check "with the sentence, at once" has_line "$TMP/err" "resources.Box.update.path: '\\$\\{nam\\}': there is no parameter 'nam'"
    check_exit 0 "check warns" "$VED" check stack.ved
    check "with the sentence, too" has_line "$TMP/err" "there is no parameter 'nam'"
}

# A part, after which what it has started is ended.
ended() { # PART
    "$1"
    local pid
    for pid in ${OUR_PIDS[@]+"${OUR_PIDS[@]}"}; do
        stop "$pid"
    done
}

# Those that wait most first.
names=()
for name in blind lost kill_plugin kill_ved operations auth certificates life foreign lists etcd protocol mistakes; do
    # shellcheck disable=SC2254
    case $name in
    ${1:-*})
        eval "part_$name() { ended $name; }"
        names+=("part_$name")
        ;;
    esac
done
parts "${names[@]}"
