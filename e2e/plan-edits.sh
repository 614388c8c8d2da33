#!/bin/bash
# What a plan shows of an edit: fields before and after, what they force, and because of what; what
# is known beforehand; what may only have been renamed; and that nothing is taken away unasked.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-sim ved-provider-local

bindings() { # [ACTIONS]
    cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
providers:
  Infra:
    plugin: sim
    config:
      delay_ms: 0
      immutable: { Make: [zone], Rent: [zone] }
      create_first: [Rent]
      results: { Make: { url: "http://\${uid}/" } }
    actions: { ${1:-} }
YAML
}

# program [SED...]: the stack as it is first, edited
program() {
    cat >stack.ved <<'VED'
domain Store {
    state {
        size: int = 3
        made: bool
    }

    goal Made {
        predicate made
    }

    transition Make {
        step {
            let box = emit Infra.Make(name: "box", zone: "north", size: size, labels: {a: "x", b: "y"})
            emit Infra.Rent(name: "flat", zone: "north")
            emit Broadcast(Event::Made(url: box.url))
            made = true
        }
    }
}

domain Shop {
    state {
        address: string
        open: bool
    }

    goal Open {
        predicate open
    }

    on Event::Made(url) {
        address = url
    }

    transition Start {
        step {
            if address != "" {
                emit Infra.Serve(name: "web", upstream: address)
                open = true
            }
        }
    }
}
VED
    local edit
    for edit in "$@"; do
        sed -i "$edit" stack.ved
    done
}

fresh() { # FOLDER
    mkdir -p "$TMP/$1" && cd "$TMP/$1" || exit 1
    bindings
    program
    check_exit 0 "$1: the stack is applied" "$VED" apply stack.ved --quiet
}

plan() { # SUMMARY NAME FLAG...
    local summary=$1 name=$2
    shift 2
    verb 0 "$name is planned" plan stack.ved "$@"
    check_equal "$name: summary" "$(last_line)" "$summary"
}

updates() {
    fresh updates
    plan "$NOTHING_TO_DO" "no edit"
    program 's/size: int = 3/size: int = 4/'
    plan 'Plan: 0 to add, 1 to change, 0 to destroy.' "another parameter"
    check "the field before and after, what is hidden, and the parameter" in_order "$TMP/out" \
        '^# Store\.Make\["box"\] will be updated in place +\(.*Store\.size.*transition Make\)$' \
        '^  ~ Infra\.Make "box" \{$' '^      ~ size = 3 -> 4$' '^        # \(2 unchanged attributes hidden\)$' '^    \}$'
    check "what keeps its url changes nobody who reads it" has_no_line "$TMP/out" 'Shop\.Serve|decided after'
    program 's/b: "y"/b: "z", c: "new"/'
    plan 'Plan: 0 to add, 1 to change, 0 to destroy.' "a changed member"
    check "only what differs inside is shown" in_order "$TMP/out" '^      ~ labels = \{$' '^          ~ b = "y" -> "z"$' \
        '^          \+ c = "new"$' '^            # \(1 unchanged attribute hidden\)$' '^        \}$'
    check "because of the line of the text" has_line "$TMP/out" '^# Store.*stack\.ved:13'
    program 's/upstream: address/upstream: address, theme: "dark"/'
    bindings 'Serve: { port: 80 }'
    plan 'Plan: 0 to add, 1 to change, 0 to destroy.' "a field more, and a default more"
    check "both are added" in_order "$TMP/out" '^      \+ port  = 80$' '^      \+ theme = "dark"$' \
        '^        # \(1 unchanged attribute hidden\)$'
    verb 0 "it is applied without being asked" apply stack.ved
    check_equal "as it was planned" "$(last_line)" 'Apply complete! Resources: 0 added, 1 changed, 0 destroyed.'
}

replacements() {
    fresh replacements
    program 's/Make(name: "box", zone: "north"/Make(name: "box", zone: "south"/'
    plan 'Plan: 1 to add, 0 to change, 1 to destroy.' "another zone"
    check "as one thing, with what forces it" in_order "$TMP/out" \
        '^# Store\.Make\["box"\] will be replaced +\(.*stack\.ved:13.*; zone changed, immutable\)$' \
        '^-/\+ Infra\.Make "box" \{$' '^      ~ zone = "north" -> "south"    # forces replacement$' \
        '^      ~ id   = "sim-[0-9a-f]*" -> \(known after apply\)$' '^        # \(2 unchanged attributes hidden\)$' \
        '^Destroys and replacements:$' '^  -/\+ Store\.Make\["box"\]$' '^Plan: '
    check "who decides by its url is predicted as far as that" has_line "$TMP/out" 'domain Shop: \(decided after'
    verb 7 "nobody to ask: it is not applied" apply stack.ved
    check "the plan is shown" has_line "$TMP/out" '^-/\+ Infra\.Make "box"'
    check_equal "nothing was attempted" "$(last_line)" \
        'Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 0 failed, 0 unknown, 2 not attempted.'
    check "how it is approved is said" has_line "$TMP/err" 'destroys or replaces 1 object.*--auto-approve.*--out'
    check_equal "nothing was done" "$(resource Make .inputs.zone)" north
    verb 0 "--json plans it" plan stack.ved --json
    check "as a replacement" jq -es 'any(.type == "planned_change" and .change.action == "replace" and
        (.cause | contains("zone changed, immutable")))' "$TMP/out"
    verb 0 "it is saved" plan stack.ved --out "$TMP/saved"
    check "with Terraform's keys" jq -e '.resource_changes[0] | .address == "Store.Make[\"box\"]" and
        .change.actions == ["delete", "create"] and .change.before.zone == "north" and
        .change.after.zone == "south" and .change.replace_paths == [["zone"]]' "$TMP/saved"
    program 's/Rent(name: "flat", zone: "north"/Rent(name: "flat", zone: "south"/'
    plan 'Plan: 1 to add, 0 to change, 1 to destroy.' "one that is made first"
    check "in that order" in_order "$TMP/out" '^# Store\.Rent\["flat"\] will be replaced' '^\+/- Infra\.Rent "flat" \{$' \
        '^      ~ zone = "north" -> "south"    # forces replacement$' '^  \+/- Store\.Rent\["flat"\]$'
    verb 0 "it is saved, too" plan stack.ved --out "$TMP/first"
    check "made before it is destroyed" jq -e '.resource_changes[0].change.actions == ["create", "delete"]' "$TMP/first"
    verb 0 "a saved plan is the approval" apply "$TMP/first"
    check_equal "done as planned" "$(last_line)" 'Apply complete! Resources: 1 added, 0 changed, 1 destroyed.'
    plan "$NOTHING_TO_DO" "that again"
}

destructions() {
    fresh destructions
    program '/emit Infra.Rent/d'
    plan 'Plan: 0 to add, 0 to change, 1 to destroy.' "an emission less"
    check "with what it had, and once more at the end" in_order "$TMP/out" '^# Store\.Rent\["flat"\] will be destroyed +\(.+\)$' \
        '^  - Infra\.Rent "flat" \{$' '^      - zone = "north" -> null$' '^  -   Store\.Rent\["flat"\]$'
    verb 7 "without approval it stays" apply stack.ved
    verb 0 "with it, it goes" apply stack.ved --auto-approve
    check_equal "and only that" "$(last_line)" 'Apply complete! Resources: 0 added, 0 changed, 1 destroyed.'
    bindings 'Make: { protect: true }'
    verb 0 "a binding protects" apply stack.ved
    program '/emit Infra.Rent/d' 's/zone: "north"/zone: "south"/'
    verb 3 "what it makes is not replaced" plan stack.ved
    check "its name is said" has_line "$TMP/err" 'Store\.Make\["box"\]'
    verb 3 "nor destroyed with the rest" destroy -y
    check "and the way out is said" has_line "$TMP/err" 'Store\.Make\["box"\] is protected.*in the bindings'
}

instances() {
    cd "$TMP" || exit 1
    bindings
    cat >stack.ved <<'VED'
domain Worker[id: string] {
    state {
        made: bool
    }

    goal Made {
        predicate made
    }

    transition Make {
        step {
            emit Infra.Make(name: id, zone: "north")
            made = true
        }
    }
}

system Crew {
    start domain Worker["a"]
    start domain Worker["b"]
}
VED
    verb 0 "instances that system starts" apply stack.ved
    sed -i '/start domain Worker\["b"\]/d' stack.ved
    plan 'Plan: 0 to add, 0 to change, 1 to destroy.' "one less"
    verb 7 "what it has goes by the edit, and needs approval" apply stack.ved
    verb 0 "with approval" apply stack.ved -y
    check_equal "it is destroyed" "$(last_line)" 'Apply complete! Resources: 0 added, 0 changed, 1 destroyed.'
}

renames() {
    fresh renames
    program 's/domain Store/domain Depot/'
    plan 'Plan: 2 to add, 0 to change, 2 to destroy.' "a renamed domain"
    check "the line that keeps it is proposed" has_line "$TMP/out" '^Note: .*: moved domain Store -> Depot$'
    echo 'moved domain Store -> Depot' >>stack.ved
    plan "$NOTHING_TO_DO" "the same with that line"
    check "both addresses are told" in_order "$TMP/out" '^# Depot\.Make\["box"\] will be renamed +\(was Store\.Make\["box"\]\)$' \
        '^  > Store\.Make\["box"\] -> Depot\.Make\["box"\]$' 'Depot\.Rent\["flat"\] will be renamed'
    program 's/transition Make/transition Build/'
    plan 'Plan: 2 to add, 0 to change, 2 to destroy.' "a renamed transition"
    check "one line for each of its effects" in_order "$TMP/out" '^Note: .*: moved Store\.Make\.Rent -> Store\.Build\.Rent$' \
        '^Note: .*: moved Store\.Make\.Make -> Store\.Build\.Make$'
    program 's/transition Start/transition Begin/' 's/, upstream/, theme: "dark", upstream/'
    verb 0 "a renamed transition with another argument is planned" plan stack.ved
    check "the line is proposed, with both places" has_line "$TMP/out" \
        '^Note: .*: moved Shop\.Start\.Serve -> Shop\.Begin\.Serve$'
}

parts updates replacements destructions instances renames
