#!/bin/bash
# The compact program, as it stands, in containers of a real engine: a database that answers, and an
# application that reaches it by name and answers on a published port. What is found a second time
# is left alone; what is destroyed is gone, volumes and network with it. What goes missing between
# is brought back on the data that it had.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-docker ved-sample-app
start_engine
postgres_image
app_image
new_stack "$TMP/shop"
cd "$TMP/shop" || exit 1
# The example as it is, with the version that this machine has.
sed "s/version: \"15\"/version: \"$POSTGRES_VERSION\"/" "$ROOT/manifests/containers/ved.yaml" >ved.yaml
check "the program is the compact one, unchanged" cmp stack.ved "$ROOT/e2e/fixtures/compact.ved"

container_of() { # EFFECT: its name
    podman ps --all --filter "label=ved.effect=$1" --format '{{.Names}}'
}

sql() { # STATEMENT
    podman exec -u postgres "$(container_of CreatePostgres)" psql -h /run/postgresql -U app -d shop -AtXc "$1"
}

page() {
    curl -s --max-time 5 "$(resource StartAppContainer .outputs.url)"
}

page_shows() { # PATTERN
    page | grep -Eq "$1"
}

# --- Made ---

verb 0 "it is planned" plan stack.ved
check_equal "database and application are to be added" "$(last_line)" \
    "Plan: 2 to add, 0 to change, 0 to destroy."
check_equal "planning has made nothing" "$(engine_has)" ""
verb 0 "it is applied" apply stack.ved -y
check_equal "both were added" "$(last_line)" "$BOTH_ADDED"
check_equal "the database answers a query" "$(sql 'SELECT 1')" 1
check "the application answers on a published port, with what is in the database" \
    wait_until 10 page_shows 'guests: [0-9]'
check_equal "two containers run" "$(podman ps -q | wc -l)" 2
check_equal "they are on a network of their own, and no other" \
    "$(podman inspect --format '{{len .NetworkSettings.Networks}}' $(podman ps -q) | sort -u) $(engine_has network | wc -l)" "1 1"
check_equal "the application was told the database by name" \
    "$(podman inspect "$(container_of StartAppContainer)" | jq -r '.[0].Config.Env[]' |
        sed -nE 's|^DATABASE_URL=.*@([^:/]*).*|\1|p')" "$(container_of CreatePostgres)"
password=$(podman inspect "$(container_of StartAppContainer)" | jq -r '.[0].Config.Env[]' |
    sed -nE 's|^DATABASE_URL=[a-z]+://[^:]*:([^@]*)@.*|\1|p')
check "the database asks for a password" test "${#password}" -ge 16
check_equal "what is printed does not show it" \
    "$(cat "$TMP/out" "$TMP/err" <("$VED" show) <("$VED" get resources -o json) | grep -cF "$password")" 0

# --- Found ---

sql "INSERT INTO guests (name) VALUES ('Ada')" >/dev/null
check "the application shows what was written" page_shows 'guests: 1'
containers=$(podman ps --no-trunc -q | sort)
verb 0 "it is applied again" apply stack.ved -y
check_equal "there is nothing to do" "$(last_line)" "$NOTHING_TO_DO"
check_equal "the same containers run" "$(podman ps --no-trunc -q | sort)" "$containers"

# --- Lost ---

lost=$(container_of CreatePostgres)
podman rm --force --time 0 "$lost" >/dev/null
verb 0 "the loss of the database is planned" plan stack.ved
check "it is to be created again" has_line "$TMP/out" '^ *\+ .*CreatePostgres'
check_equal "that alone is to be added" "$(last_line)" "Plan: 1 to add, 0 to change, 0 to destroy."
verb 0 "the loss is repaired" apply stack.ved -y
check_equal "a container of the same name runs" "$(container_of CreatePostgres)" "$lost"
check_equal "what was written before is still there" "$(sql 'SELECT name FROM guests')" Ada
check "the application reaches it again" wait_until 15 page_shows 'guests: 1'

# --- Changed ---

podman tag localhost/ved-sample-app localhost/ved-sample-app:next
sed -i 's|localhost/ved-sample-app|&:next|' ved.yaml
before=$(podman ps --no-trunc -q --filter label=ved.effect=StartAppContainer)
verb 0 "another image is planned" plan stack.ved
check "it is a replacement, and the image is the reason" in_order "$TMP/out" \
    'StartAppContainer.* replaced' 'image.*(forces|replace|cannot)'
verb 0 "another image is applied" apply stack.ved -y
check_equal "another container runs that image" \
    "$(podman ps --filter label=ved.effect=StartAppContainer --format '{{.Image}}')" \
    localhost/ved-sample-app:next
check "it is another one" test "$before" != "$(podman ps --no-trunc -q --filter label=ved.effect=StartAppContainer)"
check "it answers" wait_until 10 page_shows 'guests: 1'

# --- Destroyed ---

verb 0 "it is destroyed" destroy -y
check_equal "both were destroyed" "$(last_line | sed 's/Apply/Apply/')" "$BOTH_DESTROYED"
check_equal "nothing is left: no container, volume or network" "$(engine_has)" ""
