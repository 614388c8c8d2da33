#!/usr/bin/env bash
# What every provider plugin owes its client, proved with curl against the simulating provider: one
# object for a hundred equal requests, memory across kill -9, answers in time, and no way around TLS.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fixtures/plugin.sh"

calls() { # DATA JQ-CONDITION: how many calls reached the provider
    jq -s "[.[] | select($2)] | length" "$1/calls.ndjson"
}

# ---- facts ----

transport() {
    check_equal "the handshake is answered" "$(request GET /.well-known/ved-provider)" 200
    check_equal "the handshake says who and which version" \
        "$(body '.name + " " + .protocol.versions[0] + " " + (.idempotency.ttl_s|tostring)')" \
        "sim 1.0 2592000"
    check_equal "health is ready" "$(request GET /v1/health)$(body .ready)" "200true"
    check_equal "no client certificate, no answer" \
        "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$CERTS/ca.crt" "$URL/v1/health")" 000
    check_equal "a certificate of another authority, no answer" \
        "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$CERTS/ca.crt" \
            --cert "$CERTS/stranger.crt" --key "$CERTS/stranger.key" "$URL/v1/health")" 000
    check_equal "plain HTTP, no answer" \
        "$(curl -s -o /dev/null -w '%{http_code}' "http${URL#https}/v1/health")" 000
    check_equal "TLS 1.2, no answer" "$(request GET /v1/health '' --tls-max 1.2)" 000
    check_equal "another protocol version is refused" \
        "$(request GET /v1/health '' -H 'Ved-Protocol: 2.0')$(body .code)" \
        "400PROTOCOL_VERSION_UNSUPPORTED"
    check_equal "an unknown path is a problem" "$(request GET /v1/nothing)$(body .code)" \
        "404NOT_FOUND"
    request GET /v1/schema >/dev/null
    check_equal "--schema prints what is served, without serving" \
        "$("$SIM" --schema --config "$CONFIG" </dev/null)" "$(cat "$TMP/body")"
    local etag
    etag=$(sed -n 's/^ETag: \([^\r]*\)\r*$/\1/p' "$TMP/head")
    check_equal "the schema comes once for its etag" \
        "$(request GET /v1/schema '' -H "If-None-Match: $etag")" 304
}

creation() {
    check_equal "PUT creates" "$(put 1 1 CreatePostgres '{"name":"db"}')" 201
    check_equal "the reply is the object" "$(body '.state.id + .state.name + .outcome')" \
        "sim-00000000dbapplied"
    cp "$TMP/body" "$TMP/first"
    check_equal "the same request gets the same answer" \
        "$(put 1 1 CreatePostgres '{"name":"db"}')$(cmp "$TMP/first" "$TMP/body")" 201
    check "and says that it is a replay" grep -qi '^Idempotency-Replayed: true' "$TMP/head"
    check_equal "the key for another request is refused" \
        "$(put 1 1 CreatePostgres '{"name":"other"}')$(body .code)" "422IDEMPOTENCY_KEY_REUSED"
    check_equal "the key for another object is refused" \
        "$(put 1 2 CreatePostgres '{"name":"db"}')$(body .code)" "422IDEMPOTENCY_KEY_REUSED"
    check_equal "a new key for what exists: 412 with the object" \
        "$(put 2 1 CreatePostgres '{"name":"db"}' -H 'If-None-Match: *')$(body .representation.state.name)" \
        412db
    check_equal "an old etag: 412" \
        "$(put 3 1 CreatePostgres '{"name":"db"}' -H 'If-Match: "old"')$(body .code)" \
        412ETAG_MISMATCH
    check_equal "an update is 200" "$(put 4 1 CreatePostgres '{"name":"db","size":2}')" 200
    check_equal "GET reads it" \
        "$(request GET "/v1/instances/CreatePostgres/$(uid 1)")$(body .state.size)" 2002
    check_equal "the operation can be asked for" \
        "$(request GET "/v1/operations/$(op 1)")$(body '.state + .result.state.name')" \
        200succeededdb
    check_equal "a list by owner has it" \
        "$(request GET "/v1/instances?owner=$LINEAGE")$(body '.items[].uid')" "200$(uid 1)"
    check_equal "a list of another owner has not" \
        "$(request GET "/v1/instances?owner=x")$(body '.items | length')" 2000
}

refusals() {
    put_body 20 A '{}'
    check_equal "no key: 400" \
        "$(request PUT "/v1/instances/A/$(uid 20)" "$TMP/request")$(body .code)" \
        400IDEMPOTENCY_KEY_MISSING
    check_equal "another key in the body: 400" \
        "$(request PUT "/v1/instances/A/$(uid 20)" "$TMP/request" \
            -H 'Idempotency-Key: "other"')$(body .code)" 400IDEMPOTENCY_KEY_MISSING
    check_equal "a wrong Content-Digest: 400" \
        "$(put 20 20 A '{}' -H 'Content-Digest: sha-256=:AAAA:')$(body .code)" 400INVALID_REQUEST
    put_body 20 A '{}'
    local digest
    digest=$(openssl dgst -sha256 -binary "$TMP/request" | base64)
    check_equal "the right Content-Digest: 201" \
        "$(put 20 20 A '{}' -H "Content-Digest: sha-256=:$digest:")" 201
    check_equal "a body that is not JSON: 400" \
        "$(post /v1/plan '{"items":')$(body .code)" 400INVALID_REQUEST
    check_equal "another media type: 415" \
        "$(request POST /v1/plan '' --data-binary x -H 'Content-Type: text/plain')$(body .code)" \
        415UNSUPPORTED_MEDIA
    head -c 4194400 /dev/zero | tr '\0' ' ' >"$TMP/large"
    check_equal "a body a little over 4 MiB: 413 with a problem" \
        "$(request POST /v1/plan "$TMP/large")$(body .code)" 413TOO_LARGE
    head -c 20000000 /dev/zero | tr '\0' ' ' >"$TMP/large"
    check_equal "a body of 20 MB: 413" "$(request POST /v1/plan "$TMP/large" -H 'Expect:')" 413
    printf '{"items":%s%s}' "$(printf '[%.0s' {1..70})" "$(printf ']%.0s' {1..70})" >"$TMP/deep"
    check_equal "JSON deeper than 64: 400" "$(request POST /v1/plan "$TMP/deep")" 400
    check_equal "a uid that is none: 400" \
        "$(put_body 21 A '{}' && request PUT /v1/instances/A/nonsense "$TMP/request" \
            -H "Idempotency-Key: \"$(op 21)\"")$(body .code)" 400INVALID_REQUEST
    check_equal "after all that the plugin is well" "$(request GET /v1/health)" 200
}

parallel_puts() { # DATA
    local i
    put_body 30 Parallel '{"n":1}'
    cp "$TMP/request" "$TMP/parallel"
    for i in $(seq 100); do
        printf 'next\nurl = "%s"\nrequest = "PUT"\ndata-binary = "@%s"\n' \
            "$URL/v1/instances/Parallel/$(uid 30)" "$TMP/parallel"
        printf 'header = "Content-Type: application/json"\nheader = "Idempotency-Key: \\"%s\\""\n' \
            "$(op 30)"
        printf 'cacert = "%s"\ncert = "%s"\nkey = "%s"\n' "$CERTS/ca.crt" "$CERTS/client.crt" \
            "$CERTS/client.key"
        printf 'output = "%s"\nwrite-out = "%%{http_code}\\n"\n' "$TMP/parallel.$i"
    done | sed 1d >"$TMP/parallel.config"
    curl -s --parallel --parallel-immediate --parallel-max 100 -K "$TMP/parallel.config" \
        >"$TMP/parallel.status" 2>/dev/null
    check_equal "100 parallel requests with one key are all answered 201" \
        "$(sort "$TMP/parallel.status" | uniq -c | tr -d ' \n')" 100201
    check_equal "with one and the same answer" \
        "$(cat "$TMP"/parallel.[0-9]* | md5sum | wc -l)$(for i in $(seq 100); do
            md5sum <"$TMP/parallel.$i"; done | sort -u | wc -l)" 11
    check_equal "and the provider was called once" "$(calls "$1" '.effect == "Parallel"')" 1
}

waiting() { # DATA
    check_equal "an operation that takes longer than wait: 202" \
        "$(put 40 40 Slow '{}' -H 'Prefer: respond-async, wait=1')$(body .state)" 202running
    check "with where to ask" grep -qi "^Location: /v1/operations/$(op 40)" "$TMP/head"
    check "and when" grep -qi '^Retry-After: ' "$TMP/head"
    check_equal "a second operation for a busy object: 409 with the first" \
        "$(put 41 40 Slow '{"x":1}')$(body '.code + .op')" "409OPERATION_IN_PROGRESS$(op 40)"
    check_equal "running operations are listed" \
        "$(request GET "/v1/operations?state=running&owner=$LINEAGE")$(body '.items[].op')" \
        "200$(op 40)"
    check_equal "an observation of a busy object is an error, not absent" \
        "$(post /v1/observe "{\"items\":[{\"type\":\"Slow\",\"uid\":\"$(uid 40)\"}]}")$(body '.items[0].status')" \
        200error
    local before=$SECONDS
    check_equal "a long poll is answered at the end" \
        "$(request GET "/v1/operations/$(op 40)?wait=30")$(body .state)" 200succeeded
    check_equal "and not after its whole wait" "$((SECONDS - before < 10))" 1
    check_equal "the deadline of the request is kept" \
        "$(put 42 42 Slow '{}' -H 'Ved-Deadline-Ms: 300')" 202
    check_equal "cancelling is accepted" "$(request POST "/v1/operations/$(op 42):cancel")" 202
    check_equal "and the outcome is known" \
        "$(request GET "/v1/operations/$(op 42)?wait=20")$(body '.state + .problem.outcome')" \
        200cancellednot_applied
    check "a cancelled creation left no object" test ! -e "$1/objects/$(uid 42).json"
}

failures() { # DATA
    check_equal "an injected failure is a problem" "$(put 50 50 SendPayment '{}')$(body .outcome)" \
        422not_applied
    check_equal "which is repeated for its key" "$(put 50 50 SendPayment '{}')" 422
    check_equal "without a second call" "$(calls "$1" '.effect == "SendPayment"')" 1
    check_equal "a transient failure says so" "$(put 51 51 Flaky '{}')$(body .retryable)" 503true
    check_equal "and the same key tries again" "$(put 51 51 Flaky '{}')" 201
}

actions() {
    check_equal "an action is done" "$(action 60 RunJob '{"n":1}')$(body '.state.n')" 2001
    check_equal "once for its key" "$(action 60 RunJob '{"n":1}')" 200
    check "and replayed" grep -qi '^Idempotency-Replayed: true' "$TMP/head"
    check_equal "an unknown action is refused" "$(action 61 Nothing '{}')$(body .code)" \
        422VALIDATION_FAILED
}

many_facts() { # COUNT
    post /v1/query "$(jq -nc --argjson n "$1" '{items: [range($n) | {query: "status", args: {name: "db"}}]}')"
}

reading() { # DATA
    local one="{\"type\":\"CreatePostgres\",\"uid\":\"$(uid 1)\""
    post /v1/observe "{\"items\":[$one},{\"type\":\"A\",\"uid\":\"$(uid 999)\"}]}" >/dev/null
    check_equal "observe finds what is there and not what is not" \
        "$(body '[.items[].status] | join(" ")')" "found absent"
    local etag
    etag=$(body '.items[0].etag | @json')
    check_equal "the etag of an observation is that of the object" \
        "$(request GET "/v1/instances/CreatePostgres/$(uid 1)")$(body '.etag | @json')" "200$etag"
    post /v1/observe "{\"items\":[$one,\"etag\":$etag}]}" >/dev/null
    check_equal "observe by etag is unchanged" "$(body '.items[0].status')" unchanged
    post /v1/plan "{\"items\":[$one,\"effect\":\"CreatePostgres\",\"desired\":{\"size\":2,\"name\":\"db\"}},
        $one,\"effect\":\"CreatePostgres\",\"desired\":{\"name\":\"db\"}},
        {\"type\":\"A\",\"effect\":\"A\",\"uid\":\"$(uid 998)\",\"desired\":{\"x\":{\"\$unknown\":{}}}}]}" >/dev/null
    check_equal "plan predicts" "$(body '[.items[].action] | join(" ")')" "noop update create"
    post /v1/query '{"items":[{"query":"status","args":{"name":"db"}},{"query":"nothing","args":{}}]}' >/dev/null
    check_equal "query knows or says why not" \
        "$(body '.items[0].value + " " + (.items[1].unknown | type)')" "up string"
    request GET /.well-known/ved-provider >/dev/null
    local most
    most=$(body .limits.max_batch)
    check_equal "as many items as the handshake says are taken, one more is too many" \
        "$(many_facts "$most") $(body '.items | length') $(many_facts $((most + 1))) $(body .code)" \
        "200 $most 413 TOO_LARGE"
    rm "$1/objects/$(uid 1).json"
    post /v1/observe "{\"items\":[$one}]}" >/dev/null
    check_equal "a lost object is absent" "$(body '.items[0].status')" absent
    check_equal "a PUT with what was wanted brings it back" \
        "$(put 70 1 CreatePostgres '{"name":"db","size":2}')" 200
    check "the object is there again" test -e "$1/objects/$(uid 1).json"
}

# ---- what a change comes to ----

server_item() { # UID-NUMBER DESIRED
    printf '{"type":"Server","effect":"Server","uid":"%s","desired":%s}' "$(uid "$1")" "$2"
}

plan_server() { # UID-NUMBER DESIRED
    post /v1/plan "{\"items\":[$(server_item "$1" "$2")]}" >/dev/null
    cp "$TMP/body" "$TMP/plan"
}

# What was planned and is known, against what a PUT has just answered.
agrees() {
    jq -es '(.[0].items[0].planned | with_entries(select(.value | tostring | contains("$unknown") | not)))
        as $known | .[1].state as $state | ($known | length > 0) and
        ($known | to_entries | all(.value == $state[.key])) and
        (.[0].items[0].planned | keys) == ($state | keys)' "$TMP/plan" "$TMP/body"
}

digest_of() { # FOLDER: of every file in it, by name
    (cd "$1" && find . -type f ! -name plugin.log -exec md5sum {} + | sort | md5sum)
}

changes() { # DATA
    local state i before
    plan_server 200 '{"zone":"a","size":1}'
    check_equal "a new object is planned" "$(body '.items[0] | .action + (.replace_because | tostring)')" \
        'create[]'
    check_equal "what follows from its uid is not known" "$(body '.items[0].planned.url | keys[0]')" \
        '$unknown'
    check_equal "and is made" "$(put 200 200 Server '{"zone":"a","size":1}')" 201
    check "as was planned" agrees
    check "without anything unknown" sh -c "! grep -q unknown '$TMP/body'"
    state=$(body .state.url)
    plan_server 200 '{"zone":"a","size":1}'
    check_equal "what was applied is planned as nothing" "$(body '.items[0].action')" noop
    check "which is how it is" \
        jq -e --arg url "$state" '.items[0].planned.url == $url' "$TMP/plan"
    plan_server 200 '{"zone":"a","size":2}'
    check_equal "a change of what may change is an update, with a break" \
        "$(body '.items[0] | .action + (.disruptive | tostring)')" updatetrue
    check_equal "whose results are known" "$(body '.items[0].planned.url')" "$state"
    check_equal "and is applied" "$(put 201 200 Server '{"zone":"a","size":2}')" 200
    check "as was planned, too" agrees
    jq -S .state "$TMP/body" >"$TMP/updated"
    request GET "/v1/instances/Server/$(uid 200)" >/dev/null
    check "what is read is what was updated" cmp "$TMP/updated" <(jq -S .state "$TMP/body")
    plan_server 200 '{"zone":"b","size":2}'
    check_equal "a change of what may not is a replacement, for a reason" \
        "$(body '.items[0] | .action + .replace_because[0] + (.planned.url | keys[0])')" \
        'replace/zone$unknown'
    check_equal "and refused as an update" \
        "$(put 202 200 Server '{"zone":"b","size":2}')$(body '.code + .errors[0].pointer')" \
        422UNSUPPORTED_CHANGE/zone
    plan_server 200 '{"zone":{"$unknown":{}},"size":2}'
    check_equal "a value that is not known may be another" "$(body '.items[0].action')" replace
    check_equal "but stands in plans only" \
        "$(put 203 200 Server '{"zone":"a","size":{"$unknown":{}}}')$(body .code)" \
        400INVALID_REQUEST
    before=$(digest_of "$1")
    for i in $(seq 100); do
        plan_server 200 "{\"zone\":\"z$i\",\"size\":$i}"
    done
    check_equal "a hundred plans change nothing" "$(digest_of "$1")" "$before"
    plan_server 200 "[7]"
    check_equal "what does not fit is a problem of its item" "$(body '.items[0].problem.code')" \
        INVALID_REQUEST
    check_equal "how the types are replaced is in the schema" \
        "$(request GET /v1/schema)$(body .types.Server.replace_order)" 200create_first
}

losses() { # DATA
    check_equal "what is lost is deleted without a word" \
        "$(put 210 210 Server '{"zone":"a"}')$(echo "D.Server" >"$1/lose"
            post /v1/observe "{\"items\":[$(server_item 210 '{}')]}")$(body '.items[0].status')" \
        201200absent
    check_equal "as if it were there" "$(delete 211 210 Server)" 200
    put 212 210 Server '{"zone":"a"}' >/dev/null
    rm "$1/objects/$(uid 210).json"
    check_equal "and made again when it is wanted" \
        "$(put 213 210 Server '{"zone":"a"}')$(body .state.url)" "200http://$(uid 210)/"
    printf '{"Server":"the moon is full"}' >"$1/fail.json"
    check_equal "what is told to fail fails, for that reason" \
        "$(put 214 210 Server '{"zone":"a","n":1}')$(body .detail)" "422the moon is full"
    rm "$1/fail.json"
}

adoption() { # DATA
    check_equal "the handshake offers it" \
        "$(request GET /.well-known/ved-provider)$(body '.capabilities | contains(["adopt","lookup","plan","list"])')" \
        200true
    mkdir -p "$1/outside"
    printf '{"effect":"Server","desired":{"zone":"c","size":9}}' >"$1/outside/sim-abcdef01.json"
    check_equal "what stands outside is looked up by its name" \
        "$(post /v1/lookup '{"type":"Server","external_id":"sim-abcdef01"}')$(body '.effect + .desired.zone + (.owner | tostring)')" \
        200Servercnull
    check_equal "and searched for" \
        "$(post /v1/lookup '{"type":"Server","search":"\"c\""}')$(body '.items[].external_id')" \
        200sim-abcdef01
    check_equal "what is not there is not found" \
        "$(post /v1/lookup '{"type":"Server","external_id":"sim-0"}')$(body .code)" 404NOT_FOUND
    check_equal "a question without a name is refused" \
        "$(post /v1/lookup '{"type":"Server"}')$(body .code)" 400INVALID_REQUEST
    put_body 220 Server '{"zone":"c","size":8}' ',"adopt":{"external_id":"sim-abcdef01"}'
    check_equal "PUT takes it over" \
        "$(request PUT "/v1/instances/Server/$(uid 220)" "$TMP/request" \
            -H "Idempotency-Key: \"$(op 220)\"")$(body '.external_id + (.state.size | tostring)')" \
        201sim-abcdef018
    check "and it is not there twice" test ! -e "$1/outside/sim-abcdef01.json"
    put_body 221 Server '{"zone":"c","size":8}' ',"adopt":{"external_id":"sim-abcdef01"}'
    check_equal "another object takes it from that" \
        "$(request PUT "/v1/instances/Server/$(uid 221)" "$TMP/request" \
            -H "Idempotency-Key: \"$(op 221)\"")" 201
    check_equal "which is known no more" "$(request GET "/v1/instances/Server/$(uid 220)")" 404
    check_equal "lookup says whose it is" \
        "$(post /v1/lookup '{"type":"Server","external_id":"sim-abcdef01"}')$(body '.uid + .owner.address')" \
        "200$(uid 221)D.Server"
    put_body 222 Server '{}' ',"adopt":7'
    check_equal "what cannot be meant by adopt is refused" \
        "$(request PUT "/v1/instances/Server/$(uid 222)" "$TMP/request" \
            -H "Idempotency-Key: \"$(op 222)\"")$(body .code)" 400INVALID_REQUEST
}

deletion() {
    check_equal "another state may not delete it" \
        "$(LINEAGE=other delete 80 1 CreatePostgres)$(body .code)" 409NOT_OWNED
    check_equal "its own may" "$(delete 81 1 CreatePostgres)" 200
    check_equal "then it is gone" "$(request GET "/v1/instances/CreatePostgres/$(uid 1)")" 404
    check_equal "deleting again is 404" "$(delete 82 1 CreatePostgres)" 404
    check_equal "the first deletion is remembered" "$(delete 81 1 CreatePostgres)" 200
}

crash() { # DATA
    local put_pid
    for phase in preparing settling; do
        local n=90
        [ $phase = preparing ] || n=91
        put $n $n Slow '{"n":1}' -H 'Prefer: wait=0' >/dev/null
        wait_until 10 phase_is $n $phase || not_ok "the operation comes to '$phase'"
        kill_plugin
        serve "$1" "$CONFIG"
        check_equal "killed while $phase: the operation is known and running again" \
            "$(request GET "/v1/operations/$(op $n)")$(body .state)" 200running
        check_equal "killed while $phase: it succeeds" \
            "$(request GET "/v1/operations/$(op $n)?wait=30")$(body '.state + .result.uid')" \
            "200succeeded$(uid $n)"
        check_equal "killed while $phase: the second call was told that it is one" \
            "$(calls "$1" ".op == \"$(op $n)\"") $(calls "$1" ".op == \"$(op $n)\" and .resumed")" \
            "2 1"
        check_equal "killed while $phase: one object, made by that operation" \
            "$(jq -r .created_by "$1/objects/$(uid $n).json")" "$(op $n)"
        check_equal "killed while $phase: the same request is answered from memory" \
            "$(put $n $n Slow '{"n":1}' -H 'Prefer: wait=0')" 201
    done
}

phase_is() { # OP-NUMBER PHASE
    request GET "/v1/operations/$(op "$1")" >/dev/null && [ "$(body .phase)" = "$2" ]
}

secrets() { # DATA
    printf '{"op":"%s","owner":{"lineage":"%s"},"effect":"Secretive","desired":%s,"secrets":%s}' \
        "$(op 100)" "$LINEAGE" '{"password":{"$secret":"s1"}}' '{"s1":"hunter2hunter2"}' \
        >"$TMP/request"
    check_equal "a request with a secret is done" \
        "$(request PUT "/v1/instances/Secretive/$(uid 100)" "$TMP/request" \
            -H "Idempotency-Key: \"$(op 100)\"")" 201
    check "the secret is neither answered nor stored nor logged" \
        sh -c "! grep -r hunter2 '$1' '$TMP/body' '$TMP/plugin.err'"
}

interrupted_secret() { # DATA
    printf '{"op":"%s","owner":{"lineage":"%s"},"effect":"Slow","desired":%s,"secrets":%s}' \
        "$(op 101)" "$LINEAGE" '{"password":{"$secret":"s1"}}' '{"s1":"hunter2hunter2"}' \
        >"$TMP/secret-request"
    set -- "$1" PUT "/v1/instances/Slow/$(uid 101)" "$TMP/secret-request" \
        -H "Idempotency-Key: \"$(op 101)\""
    request "${@:2}" -H 'Prefer: wait=0' >/dev/null
    wait_until 10 phase_is 101 settling
    kill_plugin
    serve "$1" "$CONFIG"
    check_equal "killed with a secret in hand: its client is asked to send it again" \
        "$(request GET "/v1/operations/$(op 101)")$(body '.state + (.problem | .outcome + (.retryable|tostring))')" \
        200failedunknowntrue
    check_equal "and then it succeeds" "$(request "${@:2}")" 201
    check_equal "as the same object" "$(jq -r .created_by "$1/objects/$(uid 101).json")" "$(op 101)"
}

fences() { # DATA
    local LINEAGE=c0000000000000000000000000000002
    local trace=4bf92f3577b34da6a3ce929d0e0e4736
    check_equal "a request of a new epoch is taken" \
        "$(put 130 130 CreateFenced '{"n":1}' -H 'Ved-Fence: 2' -H "traceparent: 00-$trace-00f067aa0ba902b7-01")" 201
    check_equal "one of the epoch before is refused" \
        "$(put 131 130 CreateFenced '{"n":2}' -H 'Ved-Fence: 1')$(body '.code + .outcome')" 409STALE_FENCEnot_applied
    check_equal "so is one that says none" "$(put 132 130 CreateFenced '{"n":2}')$(body .code)" 409STALE_FENCE
    check_equal "and its repetition of what was done" "$(put 130 130 CreateFenced '{"n":1}')$(body .code)" 409STALE_FENCE
    put_body 133 CreateFenced '{"n":3}' ',"fence":3'
    check_equal "the body may say it as well" \
        "$(request PUT "/v1/instances/CreateFenced/$(uid 130)" "$TMP/request" -H "Idempotency-Key: \"$(op 133)\"")" 200
    check_equal "and then it counts" "$(put 134 130 CreateFenced '{"n":4}' -H 'Ved-Fence: 2')$(body .code)" 409STALE_FENCE
    check_equal "what is no number is not understood" \
        "$(put 135 130 CreateFenced '{"n":4}' -H 'Ved-Fence: two')$(body .code)" 400INVALID_REQUEST
    check_equal "a client of an older epoch cancels nothing" \
        "$(request POST "/v1/operations/$(op 133):cancel")$(body .code)" 409STALE_FENCE
    check_equal "but it may look" "$(request GET "/v1/instances/CreateFenced/$(uid 130)")$(body .state.n)" 2003
    kill_plugin
    serve "$1" "$CONFIG"
    check_equal "a killed plugin knows the epoch" \
        "$(put 136 130 CreateFenced '{"n":5}' -H 'Ved-Fence: 2')$(body .code)" 409STALE_FENCE
    check_equal "another state's fences are its own" \
        "$(LINEAGE=d0000000000000000000000000000003 put 137 131 CreateFenced '{"n":1}' -H 'Ved-Fence: 1')" 201
    check "a trace is in the plugin's log" grep -q "$(op 130) D.CreateFenced trace 00-$trace-" "$TMP/plugin.err"
    check_equal "and reaches the provider" \
        "$(jq -r "select(.op == \"$(op 130)\") | .traceparent" "$1/calls.ndjson")" "00-$trace-00f067aa0ba902b7-01"
}

departure() { # DATA
    put 120 120 Slow '{"n":1}' --max-time 1 >/dev/null
    check_equal "a client that goes away does not stop its operation" \
        "$(request GET "/v1/operations/$(op 120)?wait=20")$(body .state)" 200succeeded
    check_equal "nor the plugin" "$(request GET /v1/health)" 200
}

succession() { # DATA
    local first=$PLUGIN
    exec 8>&9
    ( sleep 0.5; kill -TERM "$first" ) &
    serve "$1" "$CONFIG"
    exec 8>&-
    wait "$first"
    check_equal "SIGTERM ends the plugin with 0" "$?" 0
    check_equal "a successor waits for the lock and serves" "$(request GET /v1/health)" 200
}

restart() { # DATA
    exec 9>&-
    wait "$PLUGIN"
    check_equal "the plugin ends with 0 when its stdin ends" "$?" 0
    serve "$1" "$CONFIG"
    check_equal "a restart remembers keys" "$(put 4 1 CreatePostgres '{"name":"db","size":2}')" 200
    check "and answers from memory" grep -qi '^Idempotency-Replayed: true' "$TMP/head"
    kill_plugin
    printf '{"crc":"00' >>"$1/journal.ndjson"
    serve "$1" '{"forget_keys":true}'
    check_equal "a torn end of the journal is no obstacle, forgotten keys are forgotten" \
        "$(request GET "/v1/operations/$(op 4)")" 404
    check_equal "but instances are kept" \
        "$(request GET "/v1/instances/Parallel/$(uid 30)")$(body .state.n)" 2001
    check_equal "and not made again under a new key" \
        "$(put 110 30 Parallel '{"n":1}' -H 'If-None-Match: *')" 412
    stop "$PLUGIN"
    exec 9>&-
    check_exit 64 "a wrong command line is exit code 64" "$SIM" --listen nonsense
}

make_certificates
DATA=$TMP/data
CONFIG='{"fail":{"SendPayment":1},"fail_transient":{"Flaky":1},"delay_ms":{"Slow":3000},
    "actions":["RunJob"],"facts":{"status(db)":"up"},"immutable":{"Server":["zone"]},
    "disruptive":{"Server":["size"]},"create_first":["Server"],
    "results":{"Server":{"url":"http://${uid}/"}}}'
serve "$DATA" "$CONFIG"
transport
creation
refusals
parallel_puts "$DATA"
waiting "$DATA"
failures "$DATA"
actions
reading "$DATA"
changes "$DATA"
losses "$DATA"
adoption "$DATA"
deletion
secrets "$DATA"
crash "$DATA"
interrupted_secret "$DATA"
fences "$DATA"
departure "$DATA"
succession "$DATA"
restart "$DATA"
