#!/bin/bash
# An engine behind TLS: the same as by its socket for who proves himself by a certificate, and
# nothing for anybody else, nor from an engine that cannot prove itself.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-docker
CERTS=$TMP/certs

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$CERTS/$1.key" -out "$CERTS/$1.crt" 2>/dev/null
}

certificate() { # NAME AUTHORITY [ALTNAME]
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$CERTS/$1.key" -out "$CERTS/$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "${3:-URI:ved:$1}" >"$CERTS/$1.ext"
    openssl x509 -req -in "$CERTS/$1.csr" -CA "$CERTS/$2.crt" -CAkey "$CERTS/$2.key" \
        -CAcreateserial -days 2 -extfile "$CERTS/$1.ext" -out "$CERTS/$1.crt" 2>/dev/null
}

bindings() { # AUTHORITY CLIENT
    cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: docker
    config:
      host: tcp://127.0.0.1:$port
      network: none
      tls: { ca: $CERTS/$1.crt, cert: $CERTS/$2.crt, key: $CERTS/$2.key }
YAML
}

mkdir "$CERTS"
authority ca
authority others
certificate engine ca IP:127.0.0.1
certificate client ca
certificate stranger others
start_engine
busybox_image
port=$(free_port)
start "$TMP/front.log" "$ROOT/e2e/fixtures/tls-front" "$port" "$CERTS" "$ENGINE"
wait_port "$port" || bail "the engine listens behind TLS"
new_stack "$TMP/tls" "$ROOT/e2e/fixtures/boxes.ved"
cd "$TMP/tls" || exit 1

bindings ca stranger
verb 5 "a client whose certificate is another authority's gets nothing" apply stack.ved -y --timeout 6s
bindings others client
verb 5 "an engine whose certificate is another authority's is not believed" apply stack.ved -y --timeout 14s
check "the message says that it is the certificate" has_line "$TMP/err" 'certificate problem'
check_equal "nothing was made for either" "$(engine_has)" ""
bindings ca client
verb 0 "who proves himself is served" apply stack.ved -y
check_equal "all run" "$(podman ps -q | wc -l)" 4
verb 0 "asked again" apply stack.ved -y
check_equal "there is nothing to do" "$(last_line)" "$NOTHING_TO_DO"
podman rm --force --time 0 "$(podman ps -q | head -n 1)" >/dev/null
verb 0 "the loss of one is seen and repaired" apply stack.ved -y
check_equal "one was added" "$(last_line)" 'Apply complete! Resources: 1 added, 0 changed, 0 destroyed.'
verb 0 "all are destroyed" destroy -y
check_equal "nothing is left" "$(engine_has)" ""
