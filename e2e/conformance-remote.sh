#!/usr/bin/env bash
# The conformance suite against a provider that it has not started: reached by certificate or token,
# asked and never killed, and what it says when it is not let in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fixtures/plugin.sh"

need_programs ved
SAMPLES=$ROOT/tests/providers/samples
CA=(--tls-ca "$CERTS/ca.crt")
ME=(--tls-cert "$CERTS/client.crt" --tls-key "$CERTS/client.key")

conformance() { # [FLAG]...
    timeout -k 5 100 "$VED" provider check "$URL" --samples "$SAMPLES/sim.json" "$@"
}

skipped() { # of those, how many because it would have to be killed
    grep -c '^ok .*# SKIP this needs a plugin that is started here' "$TMP/out"
}

make_certificates
printf 'token-of-this-run' >"$TMP/token"
printf 'another-token' >"$TMP/wrong"
serve "$TMP/data" "$(cat "$SAMPLES/sim.config.json")" --token-file "$TMP/token"

check_exit 0 "a provider that runs elsewhere keeps the rules" conformance "${CA[@]}" "${ME[@]}" \
    --only VPP-001 --only VPP-009 --only VPP-023 --only VPP-026 --only VPP-072 --only VPP-085
check_equal "those that would kill it are not tried" "$(skipped)" 2
check_equal "nothing that was made is left" \
    "$(request GET /v1/instances)$(body '.items | length')" 2000
check_exit 0 "a token is as good as a certificate" conformance "${CA[@]}" \
    --token-file "$TMP/token" --only VPP-001 --only VPP-020
check_exit 77 "with another token it is AUTH" conformance "${CA[@]}" --token-file "$TMP/wrong"
check_exit 77 "and without any" conformance "${CA[@]}"
check_exit 69 "whose authority is not known is not believed" conformance "${ME[@]}"
check_exit 64 "a certificate needs its key" conformance "${CA[@]}" --tls-cert "$CERTS/client.crt"
check_exit 64 "a provider elsewhere takes no config from here" conformance "${CA[@]}" --config '{}'

# ---- machines, and the other verbs ----

check_exit 0 "the result as one document" conformance "${CA[@]}" "${ME[@]}" --json --only VPP-001
check_equal "has the counts and the rule" \
    "$(jq -r '[.passed, .failed, .skipped, .results[0].rule] | map(tostring) | join(" ")' "$TMP/out")" \
    "1 0 0 VPP-001 handshake-is-complete"
check_exit 0 "the schema of a provider elsewhere" "$VED" provider schema "$URL" "${CA[@]}" "${ME[@]}"
check_equal "is what it serves" "$(jq -r '.effects.Ping.kind' "$TMP/out")" action
check_exit 0 "the schema of a plugin here" "$VED" provider schema local
check_equal "is what it prints" "$(jq -r '.effects.WriteFile.type' "$TMP/out")" file
check_exit 0 "the plugins on this machine" "$VED" provider list --json
check_equal "have their names" "$(jq -r 'map(.name) | contains(["local", "sim"])' "$TMP/out")" true
kill_plugin
check_exit 69 "a provider that has gone is unreachable" conformance "${CA[@]}" "${ME[@]}"
