#!/usr/bin/env bash
# The protocol's document, docs/openapi/provider.yaml, against what is really said: ved and a plugin
# through a recorder that stands between them, request by request and answer by answer; and every
# answer to the conformance suite, which also asks what ved never would.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
DOCUMENT=$ROOT/docs/openapi/provider.yaml
SAMPLES=$ROOT/tests/providers/samples
TOOLS=$BUILD_DIR/openapi
RECORDER=$TMP/recorder.mjs
export VED_RECORDED=$BUILD_DIR/ved-provider-sim

# The checker with its packages, which stay for the next time.
install_tools() {
    mkdir -p "$TOOLS"
    if ! cmp -s "$ROOT/tests/openapi/package.json" "$TOOLS/package.json" || [ ! -e "$TOOLS/installed" ]; then
        rm -rf "$TOOLS/installed" "$TOOLS/node_modules"
        cp "$ROOT/tests/openapi/package.json" "$TOOLS/"
        (cd "$TOOLS" && timeout 100 npm install --no-package-lock --no-audit --no-fund --ignore-scripts \
            >"$TMP/npm" 2>&1 && touch installed) || {
            tail -n 5 "$TMP/npm"
            return 1
        }
    fi
    cp "$ROOT/tests/openapi/check.mjs" "$TOOLS/"
}

document() { # ARGUMENT...: the checker's own lines are facts
    timeout 60 node "$TOOLS/check.mjs" "$DOCUMENT" "$@" >"$TMP/facts" 2>"$TMP/check.err" || true
    sed -n '/^ok /p' "$TMP/facts"
    check "the document holds: $1" sh -c "! grep -q '^not ok' '$TMP/facts' && grep -q '^ok' '$TMP/facts'"
    grep -A13 '^not ok\|^# ' "$TMP/facts" | sed 's/^not ok/# not ok/'
    sed 's/^/#   /' "$TMP/check.err" | head -n 20
}

write_program() { # SIZE
    cat >"$TMP/shop.ved" <<EOF
domain Shop {
    state {
        made: bool
    }

    goal Made {
        predicate made == true && API.status("db") == "up"
    }

    transition Make {
        step {
            if made == false {
                let db = emit API.CreateDb(name: "db", size: $1)
                parallel {
                    emit API.CreateApp(name: "app", db: db.id)
                    emit API.CreateSlow(name: "slow")
                    emit API.Ping(text: "hello")
                }
                made = true
            }
        }
    }
}
EOF
}

write_bindings() { # CONFIG [LIMITS]
    cat >"$TMP/ved.yaml" <<EOF
apiVersion: ved.dev/v1
kind: Bindings
stack: shop
providers:
  API:
    plugin: $RECORDER
    limits: ${2:-{\}}
    config: $1
EOF
}

shop() { # VERB ARGUMENT...
    (cd "$TMP" && VED_EXCHANGES=$TMP/shop.ndjson timeout 100 "$VED" "$@" shop.ved --state "$TMP/state" --quiet)
}

talk() {
    write_bindings '{"actions":["Ping"],"facts":{"status(db)":"up"},"delay_ms":{"CreateSlow":11000},"fail_transient":{"CreateApp":1}}'
    write_program 1
    check_exit 0 "ved applies through the recorder" shop apply --auto-approve
    write_program 2
    check_exit 2 "plans a change" shop plan --detailed-exitcode
    check_exit 0 "makes it" shop apply --auto-approve
    check_exit 0 "and removes everything" shop destroy --auto-approve
    mkdir -p "$TMP/state/providers/recorder.mjs/outside"
    echo '{"effect":"CreateDb","desired":{"name":"db","size":2}}' \
        >"$TMP/state/providers/recorder.mjs/outside/theirs.json"
    check_exit 0 "and takes over what stands outside" shop import 'Shop.CreateDb["db"]' theirs
    rm -rf "$TMP/state"
    write_bindings '{"actions":["Ping"],"facts":{"status(db)":"up"},"delay_ms":{"CreateSlow":30000}}' '{ timeout: 1s }'
    check_exit 1 "what takes too long is cancelled" shop apply --auto-approve
    check_equal "which the recorder has seen" \
        "$(jq -s '[.[] | select(.url | endswith(":cancel"))] | length > 0' "$TMP/shop.ndjson")" true
}

suite() {
    VED_EXCHANGES=$TMP/suite.ndjson timeout 110 "$VED" provider check "$RECORDER" \
        --samples "$SAMPLES/sim.json" --config "$SAMPLES/sim.config.json" >"$TMP/tap" 2>&1 </dev/null
    check "the conformance suite has run" grep -q '^1\.\.' "$TMP/tap"
}

cp "$ROOT/tests/openapi/recorder.mjs" "$RECORDER"
chmod +x "$RECORDER"
check "the page of the manual is the document's" \
    sh -c "python3 '$ROOT/docs/openapi/page.py' '$DOCUMENT' | cmp - '$ROOT/docs/provider-protocol.md'"
check "the checker can be installed" install_tools
document "$ROOT/providers/sdk/problem.def"
talk
document --both "$TMP/shop.ndjson"
suite
document --answers "$TMP/shop.ndjson" "$TMP/suite.ndjson"
