#!/usr/bin/env bash
# What a plugin on the SDK owes those who listen, come from afar, come too often, or come with an
# older state: the change feed, tokens, the rate limit, upgrades; proved with curl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fixtures/plugin.sh"

cursor() { # [TEXT]: go on from there, or from the feed's present end
    request GET /v1/events >/dev/null
    echo "${1:-$(body .cursor)}" >"$TMP/cursor"
}

# What was told since the cursor, a line for each event; the cursor goes on.
events() { # [WAIT]
    request GET "/v1/events?cursor=$(cat "$TMP/cursor")&wait=${1:-0}" >/dev/null
    body .cursor >"$TMP/cursor"
    body '.items[] | .change + " " + .type + " " + .uid'
}

observe() { # UID-NUMBER
    post /v1/observe "{\"items\":[{\"type\":\"A\",\"uid\":\"$(uid "$1")\"}]}" >/dev/null
}

feed() { # DATA
    local before old listener
    check_equal "the handshake offers events" \
        "$(request GET /.well-known/ved-provider)$(body '.capabilities | index("events") != null')" 200true
    check_equal "without a cursor the feed begins with nothing" \
        "$(request GET /v1/events)$(body '.items | length')" 2000
    cursor
    old=$(cat "$TMP/cursor")
    put 1 1 A '{"n":1}' >/dev/null
    check_equal "what comes into being is told" "$(events)" "changed A $(uid 1)"
    check_equal "once for a cursor" "$(events)" ""
    put 2 1 A '{"n":1}' >/dev/null
    check_equal "what changes nothing is not" "$(events)" ""
    put 3 1 A '{"n":2}' >/dev/null
    check_equal "a change is" "$(events)" "changed A $(uid 1)"
    jq '.desired.n = 9' "$1/objects/$(uid 1).json" >"$TMP/edited"
    cp "$TMP/edited" "$1/objects/$(uid 1).json"
    observe 1
    check_equal "a change from outside is told when it is seen" "$(events)" "changed A $(uid 1)"
    observe 1
    check_equal "and not again" "$(events)" ""
    rm "$1/objects/$(uid 1).json"
    observe 1
    check_equal "so is a loss" "$(events)" "gone A $(uid 1)"
    put 4 1 A '{"n":2}' >/dev/null
    delete 5 1 A >/dev/null
    check_equal "what is removed is gone" "$(events | tail -n 1)" "gone A $(uid 1)"
    cursor "$old"
    check_equal "an older cursor gets all of it again" "$(events | wc -l)" 6
    before=$SECONDS
    check_equal "who waits in vain is told nothing, with a cursor" "$(events 1)$((SECONDS > before))" 1
    mkdir "$TMP/listener"
    cp "$TMP/cursor" "$TMP/listener/"
    (TMP=$TMP/listener; events 30 >"$TMP/heard") &
    listener=$!
    sleep 0.3
    put 6 6 A '{}' >/dev/null
    wait "$listener"
    check_equal "who waits is told at once" "$(cat "$TMP/listener/heard")$((SECONDS - before < 15))" \
        "changed A $(uid 6)1"
    check_equal "a cursor that is none is lost" \
        "$(request GET '/v1/events?cursor=nonsense')$(body '.code')" 410CURSOR_LOST
    cursor
    kill_plugin
    serve "$1" "$CONFIG"
    check_equal "so is one of an earlier process, as nobody knows what it missed" \
        "$(request GET "/v1/events?cursor=$(cat "$TMP/cursor")&wait=5")$(body '.code')" 410CURSOR_LOST
    check_equal "and without one it goes on" "$(request GET /v1/events)" 200
}

conditional() {
    put 10 10 A '{"n":1}' >/dev/null
    local etag
    etag=$(body '.etag')
    check_equal "what is as it was need not be read" \
        "$(request GET "/v1/instances/A/$(uid 10)" '' -H "If-None-Match: $etag")" 304
    check_equal "the right etag lets an update in" \
        "$(put 11 10 A '{"n":2}' -H "If-Match: $etag")" 200
    check_equal "which is another object then" \
        "$(request GET "/v1/instances/A/$(uid 10)" '' -H "If-None-Match: $etag")$(body .state.n)" 2002
    check_equal "operations are listed by several states" \
        "$(request GET '/v1/operations?state=pending,succeeded')$(body '[.items[].op] | index("'"$(op 10)"'") != null')" \
        200true
}

progress() {
    put 20 20 Slow '{}' -H 'Prefer: wait=0' >/dev/null
    wait_until 10 has_progress
    check_equal "an operation says how far it is" "$(body '.phase + " " + (.progress | tostring)')" \
        "settling 0.5"
    request GET "/v1/operations/$(op 20)?wait=20" >/dev/null
}

has_progress() {
    request GET "/v1/operations/$(op 20)" >/dev/null && [ "$(body .phase)" = settling ]
}

upgrade() {
    check_equal "a state of the present shape stays as it is" \
        "$(post /v1/upgrade-state '{"type":"A","schema_version":1,"state":{"x":[1]}}')$(body '.state | tostring')" \
        '200{"x":[1]}'
    check_equal "one of a later shape is refused" \
        "$(post /v1/upgrade-state '{"type":"A","schema_version":2,"state":{}}')$(body '.code + .outcome')" \
        422STATE_FROM_FUTUREnot_applied
    check_equal "what is no state is not understood" \
        "$(post /v1/upgrade-state '{"type":"A"}')$(body .code)" 400INVALID_REQUEST
    put_body 30 A '{}'
    sed -i 's/"schema_version":1/"schema_version":7/' "$TMP/request"
    check_equal "nor is an object made by a client that knows a later schema" \
        "$(request PUT "/v1/instances/A/$(uid 30)" "$TMP/request" \
            -H "Idempotency-Key: \"$(op 30)\"")$(body .code)" 422STATE_FROM_FUTURE
}

tokens() { # DATA
    local without=(--max-time 20 --cacert "$CERTS/ca.crt" -s -o "$TMP/body" -w '%{http_code}')
    check_equal "without a token file only certificates count" \
        "$(request GET /.well-known/ved-provider)$(body '.auth | join(" ")')" 200mtls
    kill_plugin
    printf 'first-token\n' >"$TMP/token"
    serve "$1" "$CONFIG" --token-file "$TMP/token"
    check_equal "with one, a certificate still does" \
        "$(request GET /.well-known/ved-provider)$(body '.auth | join(" ")')" "200mtls bearer"
    check_equal "neither: 401" "$(curl "${without[@]}" "$URL/v1/health")$(body .code)" 401UNAUTHENTICATED
    check_equal "another token: 401" \
        "$(curl "${without[@]}" -H 'Authorization: Bearer other' "$URL/v1/health")" 401
    check_equal "the token: 200" \
        "$(curl "${without[@]}" -H 'Authorization: Bearer first-token' "$URL/v1/health")" 200
    printf 'second-token' >"$TMP/token"
    check_equal "tokens rotate" \
        "$(curl "${without[@]}" -H 'Authorization: Bearer first-token' "$URL/v1/health")$(
            curl "${without[@]}" -H 'Authorization: Bearer second-token' "$URL/v1/health")" 401200
    check_equal "a certificate of another authority is no help" \
        "$(curl "${without[@]}" --cert "$CERTS/stranger.crt" --key "$CERTS/stranger.key" \
            -H 'Authorization: Bearer second-token' "$URL/v1/health")" 000
}

rate() { # DATA
    local i statuses=
    kill_plugin
    serve "$1" '{"rate_per_s":2}'
    check_equal "the handshake says the rate" \
        "$(request GET /.well-known/ved-provider)$(body .limits.rate_per_s)" 2002
    for i in $(seq 12); do
        put $((40 + i)) $((40 + i)) A '{}' >>"$TMP/statuses"
        grep -q 429 "$TMP/statuses" && break
    done
    check_equal "who is too fast is throttled, and told when to come again" \
        "$(body '.code + .outcome + (.retryable | tostring) + (.retry_after_ms > 0 and .retry_after_ms <= 1000 | tostring)')" \
        THROTTLEDnot_appliedtruetrue
    check "in the header, too" grep -qi '^Retry-After: 1' "$TMP/head"
    check_equal "which hinders nobody from looking" \
        "$(request GET "/v1/instances/A/$(uid 41)")" 200
    sleep 1
    check_equal "and then it is let in" "$(put $((40 + i)) $((40 + i)) A '{}')" 201
}

make_certificates
DATA=$TMP/data
CONFIG='{"delay_ms":{"Slow":2000}}'
serve "$DATA" "$CONFIG"
feed "$DATA"
conditional
progress
upgrade
tokens "$DATA"
rate "$DATA"
