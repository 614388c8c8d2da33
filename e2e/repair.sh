#!/usr/bin/env bash
# What was killed is planned, made again in order and has its data; what an edit of the program or
# of the bindings would do to things that exist is refused before anything is touched.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim ved-sample-app
mkdir "$TMP/shop" "$TMP/edit"
chmod 711 "$TMP" "$TMP/shop"

# ---- a database and an application on this machine ----

SHOP=$TMP/shop/shop.ved

shop_files() {
    cat >"$SHOP" <<'VED'
domain Database {
  state { status: string }
  goal Ready { predicate status == "ready" }
  transition Boot_db {
    step {
      if status == "pending" {
        emit Infra.CreatePostgres()
        emit Broadcast(Event::DatabaseReady)
        status = "ready"
      }
    }
  }
}
domain App {
  state { db_ready: bool  app_status: string }
  goal Live { predicate db_ready == true && app_status == "running" }
  on Event::DatabaseReady { db_ready = true }
  transition Boot_app {
    step {
      if db_ready == true && app_status != "running" {
        emit Infra.StartAppContainer()
        app_status = "running"
      }
    }
  }
}
VED
    cat >"$TMP/shop/ved.yaml" <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: local
    config: { boot_id_file: $TMP/boot_id }
YAML
    echo 00000000-0000-4000-8000-000000000001 >"$TMP/boot_id"
}

ved_shop() { # VERB [FLAGS...]: a hung application must not hold up the test
    timeout -k 5 60 "$VED" "$1" "$SHOP" --color never "${@:2}"
}

resource() { # EFFECT FILTER
    "$VED" get resources "$SHOP" -o json 2>/dev/null |
        jq -r --arg effect "$1" ".[] | select(.effect == \$effect) | $2"
}

database_url() {
    resource Infra.CreatePostgres .outputs.url
}

application_url() {
    resource Infra.StartAppContainer .outputs.url
}

server_pid() {
    pgrep -f -- "-D $TMP/shop/.*/server/data\$"
}

port_is_closed() {
    ! port_is_open "$1"
}

kill_application() {
    local pid
    pid=$(resource Infra.StartAppContainer .outputs.pid)
    kill -KILL "$pid"
    wait_until 10 pid_is_gone "$pid"
}

kill_database() {
    local pid port
    pid=$(server_pid)
    port=$(resource Infra.CreatePostgres .outputs.port)
    kill -KILL "$pid"
    wait_until 10 pid_is_gone "$pid"
    wait_until 10 port_is_closed "$port"
}

# The lines of the plan with a sign, as `SIGN EFFECT`, on one line.
planned() {
    ved_shop plan 2>/dev/null | sed -n 's/^  \([-+~/]*\) \([A-Z][A-Za-z.]*\)\( {\)*$/\1 \2/p' | paste -sd ' '
}

# What apply did, in its order, on one line.
repaired() {
    grep -o '^[A-Za-z_.]*\[0\]: [A-Za-z]* complete' "$TMP/err" | sed 's/.*\.\([A-Za-z]*\)\[0\].*/\1/' | paste -sd ' '
}

kept() {
    psql -Xqtw -A "$(database_url)" -c 'SELECT n FROM kept' 2>&1
}

page_is_served() {
    curl -sf --max-time 5 "$(application_url)" >"$TMP/page" && grep -q guests "$TMP/page"
}

# expect_repair WHAT PLANNED REPAIRED
expect_repair() {
    check_equal "$1: the plan shows it" "$(planned)" "$2"
    check_exit 2 "$1: the plan ends with 2 if asked" ved_shop plan --detailed-exitcode
    check_exit 0 "$1: apply repairs it" ved_shop apply
    check_equal "$1: in the right order" "$(repaired)" "$3"
    check_equal "$1: at the same addresses" "$(database_url) $(application_url)" "$URLS"
    check_equal "$1: the rows are kept" "$(kept)" 42
    check "$1: the page is served" page_is_served
    check_exit 0 "$1: then there is nothing to do" ved_shop plan --detailed-exitcode
}

the_machine_is_repaired() {
    local database='Infra.CreatePostgres' application='Infra.StartAppContainer'
    shop_files
    check_exit 0 "the shop is applied" ved_shop apply
    URLS="$(database_url) $(application_url)"
    psql -Xqtw "$(database_url)" -c 'CREATE TABLE kept AS SELECT 42 AS n' >/dev/null
    kill_application
    expect_repair "application killed" "+ $application" StartAppContainer
    kill_database
    expect_repair "database killed" "+ $database" CreatePostgres
    kill_application
    kill_database
    expect_repair "application, then database killed" "+ $database + $application" \
        "CreatePostgres StartAppContainer"
    kill_database
    kill_application
    expect_repair "database, then application killed" "+ $database + $application" \
        "CreatePostgres StartAppContainer"
    kill_application
    kill_database
    echo 00000000-0000-4000-8000-000000000002 >"$TMP/boot_id"
    expect_repair "machine rebooted" "+ $database + $application" \
        "CreatePostgres StartAppContainer"
    check_exit 0 "the shop is destroyed" ved_shop destroy
    check_equal "nothing of it runs" "$(server_pid)" ""
}

# ---- edits, with a provider that only simulates ----

EDIT=$TMP/edit/team.ved

team() {
    cat >"$EDIT" <<'VED'
domain Store {
  state { made: bool  size: int = 3  grown: int }
  goal Made { predicate made == true }
  transition Make {
    step {
      if made == false {
        emit API.CreateStore(name: "main", size: size)
        emit Broadcast(Event::StoreMade)
        made = true
      }
    }
  }
}
domain Worker {
  state { ready: bool  count: int  label: string = "w" }
  goal Two { predicate count == 2 }
  on Event::StoreMade { ready = true }
  transition Add {
    step {
      if ready == true {
        emit API.CreateWorker(label: label)
        count = count + 1
      }
    }
  }
}
VED
    cat >"$TMP/edit/ved.yaml" <<'YAML'
apiVersion: ved.dev/v1
kind: Bindings
providers:
  API:
    plugin: sim
    actions:
      CreateStore: { zone: north }
YAML
}

ved_team() {
    timeout -k 5 30 "$VED" "$1" "$EDIT" --color never "${@:2}"
}

team_state() {
    find "$TMP/edit/.ved" -type f ! -name lock ! -name plugin.log ! -path '*/run/*' -exec sha256sum {} + | sort | sha256sum
}

edit() { # SED-EXPRESSION [FILE]
    sed -i "$1" "${2:-$EDIT}"
}

# refused WHAT WORDS [FLAGS...]: the edit that was just made is refused by plan and apply alike, in
# one sentence, and is taken back.
refused() {
    local what=$1 words=$2 before
    shift 2
    before=$(team_state)
    check_exit 65 "$what: apply refuses it" ved_team apply "$@"
    check_equal "$what: in one sentence" "$(grep -c "^error\[V-ERR-00[37]\]: .*$words.*nothing was touched" "$TMP/err")" 1
    check_exit 65 "$what: plan refuses it" ved_team plan "$@"
    check_equal "$what: nothing is touched" "$(team_state)" "$before"
    team
}

edits_without_a_way_are_refused() {
    team
    check_exit 0 "the team is applied" ved_team apply
    edit 's/  grown: int//'
    refused "a field removed" "'Store.grown' is gone"
    edit 's/grown: int/grown: string/'
    refused "a field retyped" "'Store.grown' was int"
    check_exit 64 "a value for what slices assign is refused" ved_team apply --set Worker.count=5
    check_equal "with a sentence" "$(grep -c "^Error: --set 'Worker.count=5': .*slices assign" "$TMP/err")" 1
    check_exit 0 "afterwards there is nothing to do" ved_team plan --detailed-exitcode
}

# applied WHAT SUMMARY [FLAGS...]
applied() {
    local what=$1 summary=$2
    shift 2
    check_exit 0 "$what: plan accepts it" ved_team plan "$@"
    check_exit 0 "$what: apply takes it" ved_team apply "$@"
    check_equal "$what: and does just that" "$(tail -n 1 "$TMP/out")" "$summary"
    check_exit 0 "$what: which lasts" ved_team plan --detailed-exitcode "$@"
}

other_edits_are_applied() {
    local none='No changes. Your infrastructure matches the configuration.'
    edit 's/^domain Store {/\/\/ Where it all is kept.\ndomain Store {\n\n/'
    applied "a comment and blank lines" "$none"
    check_exit 0 "the program is formatted" "$VED" fmt "$EDIT"
    applied "formatting" "$none"
    edit 's/count == 2/count == 3/'
    applied "another goal" 'Apply complete! Resources: 1 added, 0 changed, 0 destroyed.'
    cat >>"$EDIT" <<'VED'
domain Helper {
  state { made: bool }
  goal Made { predicate made == true }
  transition Make { step { if made == false { emit API.CreateHelper() made = true } } }
}
VED
    applied "a new domain" 'Apply complete! Resources: 1 added, 0 changed, 0 destroyed.'
    edit 's/^\( *\)ready: bool/\1ready: bool\n\1spare: int = 7/'
    applied "a new field with a first value" "$none"
    check_equal "the new field has it" \
        "$("$VED" get domains "$EDIT" -o json | jq '.[] | select(.domain == "Worker") | .state.spare')" 7
    edit 's/goal Two/goal Spare { predicate spare == 9 strategy { Rest } }\n  transition Rest { step { if spare < 9 { spare = spare + 1 } } }\n  goal Two/'
    applied "a new transition and a new goal" "$none"
    edit 's/^domain Helper {/domain Extra { state { limit: int = 5  n: int } goal Full { predicate n == limit } transition Fill { step { n = n + 1 } } }\ndomain Helper {/'
    applied "a domain with a parameter" "$none"
    applied "a changed parameter" "$none" --set Extra.limit=8
    check_equal "which the goal was reached with" \
        "$("$VED" get domains "$EDIT" -o json | jq '.[] | select(.domain == "Extra") | .state.n')" 8
    check_exit 0 "what was made is destroyed without a binding" \
        env -C "$TMP" "$VED" destroy --state "$TMP/edit/.ved/team"
    check_equal "by the plugin that made it" \
        "$(find "$TMP/edit/.ved" -path '*/objects/*.json' | wc -l)" 0
}

the_machine_is_repaired
edits_without_a_way_are_refused
other_edits_are_applied
