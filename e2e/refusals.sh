#!/usr/bin/env bash
# What an edit of the program, of bindings or of parameters asks and cannot have, and what is asked
# by hand: a table of refusals. Each ends with its code, names what it is about, says why, and gives
# the line that would make it possible; neither the state nor anything in the world is touched. Where
# that is a line of the program it is taken from the message: with it the edit passes.
#
#     e2e/refusals.sh             all of them
#     e2e/refusals.sh 'moved*'    the groups whose name fits the pattern
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim
chmod 711 "$TMP"

# ---- the language of the table ----

BINDINGS=ved.yaml # of every verb from then on
FLAGS=()

# A group begins in a folder of its own, with a program that is applied.
begin() { # [BINDINGS]: the program is standard input
    cat >stack.ved
    bindings "${1:-}"
    "$VED" apply stack.ved -y --quiet >begin.out 2>&1 || bail "the stack is applied: $(cat begin.out)"
    untouched=$(everything)
}

# What is said of the provider Infra beside its plugin: YAML, on one line.
bindings() {
    printf 'apiVersion: ved.dev/v1\nkind: Bindings\nproviders: { Infra: { plugin: %s } }\n' \
        "sim${1:+, $1}" >ved.yaml
}

# The state, the objects of its providers and the calls that made them.
everything() {
    find .ved -type f ! -empty ! -name lock ! -name plugin.log ! -path '*/run/*' ! -path '*/schemas/*' \
        ! -path '*/providers/*/journal.ndjson' ! -path '*/providers/*/lock' -exec sha256sum {} + | sort
}

edit() { # SED-EXPRESSION [LINE...]: of the program as it was applied
    sed -E "$1" stack.ved >edited/stack.ved
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >>edited/stack.ved
    ! cmp -s stack.ved edited/stack.ved || bail "the edit '$1' changes nothing"
}

complain() { # WHAT
    wrong="$wrong#   $1
$(sed 's/^/#     | /' err | tail -n 6)
"
}

# asked CODE TEXT... -- VERB...: ends with that code, says all of that, and touches nothing.
asked() {
    local code=0 expected=$1 texts=() text
    shift
    while [ "$1" != -- ]; do
        texts+=("$1") && shift
    done
    shift
    timeout -k 5 30 "$VED" "$@" --state .ved/stack --bindings "$BINDINGS" --color never \
        ${FLAGS[@]+"${FLAGS[@]}"} >out 2>err </dev/null || code=$?
    [ $code -eq "$expected" ] || complain "$1 ends with $code, expected $expected"
    for text in "${texts[@]}"; do
        grep -qE -- "$text" err || complain "$1 says: $text"
    done
    [ "$(grep -cE '^(Error: |error\[V-ERR-00[37]\])' err)" -le 1 ] || complain "$1 says it once"
    [ "$(everything)" = "$untouched" ] ||
        complain "$1 touches nothing: $(diff <(echo "$untouched") <(everything))"
}

told() { # NAME
    if [ -z "$wrong" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '%s' "$wrong"
    fi
    wrong=
}

# An edit is refused by plan and apply alike.
refused() { # CODE NAME TEXT...
    local code=$1 name=$2
    shift 2
    asked "$code" "$@" -- plan edited/stack.ved
    asked "$code" "$@" -- apply edited/stack.ved -y
    told "$name"
}

# So is one that a line of the program makes possible, which the refusal gives between backquotes.
curable() { # CODE NAME TEXT...
    local name=$2 version line
    asked "$1" "${@:3}" -- apply edited/stack.ved -y
    asked "$1" "${@:3}" -- plan edited/stack.ved
    version=$(grep -oE '`@version [0-9]+`' err | tr -d '`')
    line=$(grep -oE '`migration [^`]*`' err | tr -d '`')
    [ -z "$version" ] || sed -i "s/^domain Keeper {/&\n    $version/" edited/stack.ved
    echo "$line" >>edited/stack.ved
    asked 0 -- plan edited/stack.ved
    told "$name"
}

by_hand() { # CODE NAME TEXT -- VERB...
    local code=$1 name=$2 text=$3
    shift 4
    asked "$code" "$text" -- "$@"
    told "$name"
}

# ---- the shape of a state ----

group_shapes() {
    begin <<'VED'
enum Size { Small, Large }
record Port { host: string  number: int = 1 }
domain Keeper {
    state {
        made: bool
        count: int = 3
        ratio: float = 0.5
        label: string = "x"
        tags: list<string> = ["a"]
        port: Port = Port(host: "h")
        size: Size = Size::Small
        maybe: string?
        table: map<int> = {}
    }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "one") made = true } }
}
VED
    edit 's/count: int = 3/count: string = "3"/'
    curable 65 "a field of another type" 'V-ERR-003' "'Keeper.count' was int in the state and is string" \
        'migration Keeper 1 -> 2 . count = string\(old.count\) ' 'nothing was touched'
    edit 's/count: int = 3/count: float = 3.0/'
    curable 65 "an int that is a float" "'Keeper.count' was int .* is float" 'count = float\(old.count\)'
    edit 's/ratio: float = 0.5/ratio: int = 1/'
    curable 65 "a float that is an int" "'Keeper.ratio' was float .* is int" 'ratio = int\(old.ratio\)'
    edit 's/count: int = 3/count: int? = 3/'
    curable 65 "a field that may be null" "'Keeper.count' was int .* is int\?" 'count = old.count'
    edit 's/maybe: string\?/maybe: string/'
    curable 65 "a field that may be null no more" "'Keeper.maybe' was string\? " 'maybe = value_or\(old.maybe, ""\)'
    edit 's/count: int = 3/count: list<int> = []/'
    curable 65 "a field that is a list now" "'Keeper.count' was int .* is list<int>" 'count = \[old.count\]'
    edit '/tags:/d'
    curable 65 "a field that is gone" "'Keeper.tags' is gone, but the state holds" 'migration Keeper 1 -> 2 . }'
    edit 's/label: string/title: string/'
    curable 65 "a field of another name" "'Keeper.label' is gone" 'title = old.label'
    edit 's/label: string/title: string/; s/count: int = 3/count: string = "3"/; /tags:/d'
    curable 65 "three fields at once" "'Keeper.count' was int" "nor does the program take 'label', 'tags'" \
        'count = string\(old.count\)  title = old.label '
    edit 's/Small, Large/Small/'
    curable 65 "a member of an enum that is gone" "was Size .Small, Large. .* is Size .Small. " 'size = Size::Small'
    edit 's/number: int = 1 }/number: int = 1  scheme: string = "s" }/'
    curable 65 "a record with another field" 'was Port .host: string, number: int. ' \
        'port = Port\(host: old.port.host, number: old.port.number\)'
    edit 's/  number: int = 1 }/ }/'
    curable 65 "a record with a field less" 'is Port .host: string. ' 'port = Port\(host: old.port.host\)'
    edit 's/number: int = 1 }/number: string = "1" }/'
    refused 65 "a record with a field of another type" 'is Port .host: string, number: string. ' \
        'port = Port\(host: old.port.host, number: ...\)'
    edit 's/list<string> = \["a"\]/list<int> = []/'
    curable 65 "a list of others" "'Keeper.tags' was list<string> .* is list<int>" 'tags = \[\]'
    edit 's/list<string> = \["a"\]/map<string> = {}/'
    refused 65 "a list that is a map" "'Keeper.tags' was list<string> .* is map<string>"
    edit 's/map<int>/map<string>/'
    refused 65 "a map of others" "'Keeper.table' was map<int> .* is map<string>"
    edit 's/map<int>/map<string>/'
    timeout 30 "$VED" plan edited/stack.ved --state .ved/stack --bindings ved.yaml --json >out 2>err
    check "for machines: the code and the sentence" jq -es 'map(select(.type == "diagnostic"))[0].diagnostic |
        .code == "V-ERR-003" and (.summary | startswith("field \u0027Keeper.table\u0027 was map<int>"))' out
    rm .ved/stack/providers/sim/objects/*.json
    untouched=$(everything)
    edit 's/count: int = 3/count: string = "3"/'
    refused 65 "an edit while something is lost: not even that is noted" 'V-ERR-003' 'nothing was touched'
}

# ---- migrations ----

group_migrations() {
    begin <<'VED'
domain Keeper {
    @version 2
    state { made: bool  count: int = 3  maybe: string? }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "one") made = true } }
}
VED
    edit 's/@version 2/@version 4/; s/count: int = 3//' 'migration Keeper 3 -> 4 { }'
    curable 65 "the first step is missing" 'count. is gone' 'write `migration Keeper 2 -> 3 . }`'
    edit 's/@version 2/@version 3/; s/count: int = 3//'
    curable 65 "a version without a step" 'count. is gone' 'write `migration Keeper 2 -> 3 . }`'
    edit 's/@version 2/@version 1/; s/count: int = 3//'
    refused 65 "a version of before" 'count. is gone' '`@version 3` in the domain and `migration Keeper 2 -> 3'
    edit 's/@version 2/@version 5/' 'migration Keeper 2 -> 3 { }' 'migration Keeper 4 -> 5 { }'
    refused 65 "a gap between two steps" 'V-ERR-034' 'write migration Keeper 3 -> 4 '
    edit 's/x/x/' 'migration Keeper 2 -> 3 { }'
    refused 65 "a step to no version" 'V-ERR-034' 'no version 3' '@version 3 in the domain'
    edit 's/@version 2/@version 3/' 'migration Keeper 3 -> 2 { }'
    refused 65 "a step back" 'V-ERR-034' 'leads to a later version'
    edit 's/x/x/' 'migration Keper 2 -> 3 { }'
    refused 65 "a step of no domain" 'V-ERR-020' "did you mean 'Keeper'"
    edit 's/@version 2/@version 3/; s/count: int = 3/count: string/' 'migration Keeper 2 -> 3 { made = old.made }'
    refused 65 "a step that leaves a field out" "'Keeper.count' was int" \
        'add `count = string\(old.count\)` to `migration Keeper 2 -> 3`'
    edit 's/@version 2/@version 3/' 'migration Keeper 2 -> 3 { count = "x" }'
    refused 65 "a step to a value of another type" 'V-ERR-022' "'count' must be int, found string"
    edit 's/@version 2/@version 3/' 'migration Keeper 2 -> 3 { counts = 3 }'
    refused 65 "a step to no field" 'V-ERR-020' "did you mean 'count'"
    edit 's/@version 2/@version 3/' 'migration Keeper 2 -> 3 { count = 1 / (old.count - 3) }'
    refused 65 "a step that faults" 'V-ERR-003' 'does not pass `migration Keeper 2 -> 3`' \
        'edited/stack.ved:.*division by zero' 'nothing was touched'
    edit 's/@version 2/@version 3/' 'migration Keeper 2 -> 3 { count = old.counts }'
    refused 65 "a step from no field" "no '.counts'; there are made, count" 'nothing was touched'
    edit 's/@version 2/@version 3/; s/string\?/string/' 'migration Keeper 2 -> 3 { maybe = old.maybe }'
    refused 65 "a step that has null where a text is" 'expected string, found null' 'nothing was touched'
}

# ---- slices that cannot be computed again ----

group_slices() {
    begin <<'VED'
const PARTS = 2
domain Keeper {
    state { made: bool  share: int = 10 }
    goal Made { predicate made }
    transition Make {
        step {
            let left = share - 3
            emit Infra.Make(name: "one", share: share / PARTS)
            yield
            emit Infra.Make(name: "two", left: left)
            made = true
        }
    }
}
VED
    edit 's/PARTS = 2/PARTS = 0/'
    refused 65 "a slice that faults now" 'V-ERR-007' 'what Keeper.Make has made cannot be passed on' \
        'division by zero' 'correct that, or undo the edit; nothing was touched'
    edit 's/let left = share - 3/let left = "three"/'
    refused 65 "a local that was another one before the yield" 'V-ERR-007' 'Keeper.Make' 'yield' 'nothing was touched'
    edit 's/let left = share - 3/let left = 7  let more = 3/; s/left: left/left: left + more/'
    refused 65 "a local that was not kept at the yield" 'V-ERR-007' 'Keeper.Make' 'nothing was touched'
}

# ---- names ----

group_moved() {
    begin <<'VED'
domain Keeper {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "one") made = true } }
}
domain Other {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "two") made = true } }
}
VED
    edit 's/domain Keeper/domain Holder/' 'moved domain Keeper -> Holdr'
    refused 65 "moved to no domain" 'V-ERR-040' "did you mean 'Holder'"
    edit 's/transition Make \{ step \{ emit Infra.Make\(name: "one"/transition Built { step { emit Infra.Make(name: "one"/' \
        'moved Keeper.Make.Infra.Make -> Keeper.Build.Infra.Make'
    refused 65 "moved to no place" 'V-ERR-040' "did you mean 'Built'"
    edit 's/x/x/' 'moved domain Keeper -> Other'
    refused 65 "moved what is still there" 'V-ERR-039' "'Keeper' is still there" 'remove this line'
    edit '/domain Keeper/,/^}/d' 'moved domain Keeper -> Other'
    refused 65 "moved to what has a state of its own" 'V-ERR-041' "the state has '(Keeper|Other)' and '(Keeper|Other)'" \
        '`moved Keeper.TRANSITION.PROVIDER.EFFECT -> Other.TRANSITION.PROVIDER.EFFECT`' 'nothing was touched'
    edit 's/domain Keeper/domain X/; s/domain Other/domain Keeper/; s/domain X/domain Other/' \
        'moved domain Keeper -> Other' 'moved domain Other -> Keeper'
    refused 65 "two names swapped" 'V-ERR-041' 'circle' 'two edits, over a third name'
    edit 's/x/x/' 'moved domain A -> B' 'moved domain B -> C' 'moved domain C -> A'
    refused 65 "moved in a circle" 'V-ERR-041' 'circle' 'remove the line'
    edit 's/domain Keeper/domain Holder/' 'moved domain Keeper -> Holder' 'moved domain Keeper -> Other'
    refused 65 "moved to two places" 'V-ERR-041' "'Keeper' has moved to two places"
    edit 's/domain Keeper/domain Holder/' 'moved domain Keeper -> Holder' 'moved domain Elder -> Holder'
    refused 65 "two moved to one place" 'V-ERR-041' "two things have moved to 'Holder'"
}

# ---- protection ----

group_protection() {
    begin 'config: { immutable: { Make: [path] } }' <<'VED'
domain Keeper {
    state { made: bool  path: string = "p" }
    goal Made { predicate made }
    @protect
    transition Make { step { emit Infra.Make(name: "one", path: path) made = true } }
}
VED
    local object='Keeper.Make\["one"\]' name
    edit 's/= "p"/= "r"/'
    refused 3 "protected, and replaced" "replace $object, which is protected by the @protect at .*stack.ved:4" \
        'remove that first, apply' 'nothing was touched'
    edit 's/= "p"/= "r"/; /@protect/d'
    refused 3 "protected until this edit, and replaced" "replace $object" '@protect at stack.ved:4'
    edit 's/emit Infra.Make\(name: "one", path: path\)//'
    refused 3 "protected, and emitted no more" "destroy $object" '@protect'
    edit '/domain Keeper/,/^}/d'
    refused 3 "protected, in a domain that is gone" "destroy $object" '@protect at stack.ved:4'
    cp stack.ved edited/stack.ved
    FLAGS=(--set Keeper.path=r)
    refused 3 "protected, and replaced for a parameter" "replace $object"
    FLAGS=(--provider Infra=local)
    refused 65 "a plugin that lacks the action" 'V-ERR-004' 'no effect Make' 'bind Make to'
    FLAGS=(--provider Infra=nosuch)
    refused 69 "a plugin that is not there" "ved-provider-nosuch': No such file" '--provider NAME=PLUGIN'
    cp "$BUILD_DIR/ved-provider-sim" another
    FLAGS=(--provider "Infra=$PWD/another")
    refused 3 "protected, and given to another plugin" "replace $object" '@protect'
    FLAGS=()
    edit '/@protect/d'
    for name in stack edited/stack; do
        by_hand 3 "replace of what is protected, $name" 'is protected.*nothing was touched' \
            -- replace 'Keeper.Make["one"]' $name.ved -y
        by_hand 3 "plan --replace of what is protected, $name" 'is protected.*nothing was touched' \
            -- plan --replace 'Keeper.Make["one"]' $name.ved
    done
    by_hand 3 "destroy of what is protected" 'is protected.*nothing was touched' -- destroy stack.ved -y
    by_hand 3 "plan --destroy of what is protected" 'is protected.*nothing was touched' -- plan --destroy stack.ved
}

group_protection_by_bindings() {
    local immutable='config: { immutable: { Make: [path] } }' object='Keeper.Make\["one"\]' verb
    begin "$immutable, actions: { Make: { protect: true } }" <<'VED'
domain Keeper {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "one", path: "p") made = true } }
}
VED
    edit 's/"p"/"r"/'
    refused 3 "protected by its binding, and replaced" \
        "replace $object, which is protected by .protect: true. in the binding of Infra.Make" 'nothing was touched'
    bindings "$immutable"
    refused 3 "protected by its binding until this edit, and replaced" \
        "replace $object, which is protected by .protect: true. in the binding that Infra.Make was last applied with"
    edit 's/emit Infra.Make\(.*\)//'
    refused 3 "protected by its binding until this edit, and gone" "destroy $object" 'last applied with'
    for verb in 'destroy stack.ved -y' 'plan --destroy stack.ved' 'apply --replace Keeper.Make["one"] stack.ved -y'; do
        by_hand 3 "protected by its binding until now: ${verb%% stack*}" "$object is protected" -- $verb
    done
    cp stack.ved edited/stack.ved
    check_exit 0 "the binding protects no more" "$VED" apply stack.ved -y --state .ved/stack --bindings ved.yaml
    edit 's/"p"/"r"/'
    untouched=$(everything)
    asked 0 -- plan edited/stack.ved
    told "then the edit passes"
}

# ---- parameters, flags and folders ----

group_parameters() {
    begin <<'VED'
domain Keeper {
    state { made: bool  size: int = 3 }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make(name: "one", size: size) made = true } }
}
VED
    by_hand 64 "--set of no domain" "did you mean 'Keeper'" -- plan stack.ved --set Keper.size=3
    by_hand 64 "--set of no field" "did you mean 'size'" -- apply stack.ved --set Keeper.sise=3
    by_hand 64 "--set of another type" 'expected an integer.*found .x' -- apply stack.ved --set Keeper.size=x
    by_hand 64 "--set of what slices assign" 'the domain has started' -- apply stack.ved --set Keeper.made=false
    edit 's/  size: int = 3//; s/, size: size//'
    by_hand 64 "--set of a parameter that is gone" "no field 'size'" -- apply edited/stack.ved --set Keeper.size=4
    curable 65 "a parameter that is gone" "'Keeper.size' is gone" 'migration Keeper 1 -> 2'
    edit 's/made = true/made = tru/'
    refused 65 "a program that does not check" 'V-ERR-020' 'tru'
    cp stack.ved edited/stack.ved
    bindings 'colour: red'
    refused 65 "bindings that are none" 'Infra.colour is not known'
    bindings ''
    cp -a .ved/stack good
    sed -i 's/"version": 1/"version": 2/' .ved/stack/stack.json
    untouched=$(everything)
    refused 74 "a state of a newer format" 'format version 2.*reads up to 1'
    rm -rf .ved/stack && cp -a good .ved/stack
    untouched=$(everything)
    FLAGS=(--stack another)
    refused 4 "the state of another stack" 'belongs to stack "stack", expected "another"' '--state DIR'
}

# ---- by hand ----

group_manual() {
    begin <<'VED'
domain Keeper {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make() emit Infra.Other() emit Infra.Make(name: "one") made = true } }
}
domain Elder {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make() made = true } }
}
domain Worker[id: string] {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Make() made = true } }
}
VED
    by_hand 64 "forget of what is not there" "did you mean 'Keeper.Make.Other\[0\]'" -- forget 'Keeper.Make.Othr[0]'
    by_hand 64 "forget of a domain" 'is a domain: expected the address of an object' -- forget Keeper
    by_hand 64 "forget of no address" 'expected Domain.Transition.Effect\[n\]' -- forget 'Keeper..'
    by_hand 64 "replace of what is not there" 'did you mean' -- replace 'Keeper.Make["on"]' stack.ved -y
    by_hand 64 "plan --replace of what is not there" 'did you mean' -- plan --replace 'Keeper.Make["on"]' stack.ved
    by_hand 64 "apply --replace of a domain" 'is a domain' -- apply --replace Keeper stack.ved -y
    by_hand 7 "replace, with nobody to ask" '--auto-approve' -- replace 'Keeper.Make["one"]' stack.ved
    by_hand 64 "import where something is" 'owns an object at.*ved forget' -- import 'Keeper.Make.Make[0]' x stack.ved
    by_hand 64 "import to no place" "did you mean 'Keeper.Make.Other\[0\]'" -- import 'Keeper.Make.Othr[0]' x stack.ved
    by_hand 64 "import to no domain" "did you mean 'Keeper'" -- import 'Keper.Make.Make[1]' x stack.ved
    by_hand 64 "import of what does not exist" "there is no Make 'x'" -- import 'Keeper.Make.Make[1]' x stack.ved
    by_hand 64 "state mv to where it is" 'is there already' -- state mv 'Keeper.Make.Make[0]' 'Keeper.Make.Make[0]'
    by_hand 64 "state mv to where another is" 'owns an object at.*already' -- state mv 'Keeper.Make.Make[0]' 'Elder.Make.Make[0]'
    by_hand 64 "state mv to the place of another effect" 'is of effect Infra.Make.*expected a place of the same' \
        -- state mv 'Keeper.Make.Make[0]' 'Keeper.Make.Other[1]'
    by_hand 64 "state mv of what is not there" 'did you mean' -- state mv 'Keeper.Make.Othr[0]' 'Keeper.Make.Other[1]'
    by_hand 64 "state mv to no domain" 'no domain' -- state mv 'Keeper.Make.Make[0]' 'Nobody.Make.Make[0]'
    by_hand 64 "state mv of an object to a domain" 'is a domain' -- state mv 'Keeper.Make.Make[0]' Elder
    by_hand 64 "state mv of a domain to one that owns something" 'owns 1 object: only' -- state mv Keeper Elder
    by_hand 64 "state mv of a domain to itself" 'another domain' -- state mv Keeper Keeper
    by_hand 64 "state mv to an instance that is not there" 'has not started' -- state mv Elder 'Worker["a"]'
}

# ---- half done ----

# An apply is killed while the provider works: what was sent is open in the state.
cut_off() {
    bindings 'config: { delay_ms: { Slow: 60000 } }'
    start apply.log "$VED" apply stack.ved -y --state .ved/stack --bindings ved.yaml
    wait_until 20 grep -q '"Slow"' .ved/stack/providers/sim/calls.ndjson || bail "the apply is under way"
    kill -KILL "$STARTED"
    wait "$STARTED" 2>/dev/null
    wait_until 10 nothing_is_left
    bindings ''
    # The plugin ends what it had begun, and the journal what was being written.
    wait_until 20 both_are_made || bail "the plugin ends what it had begun"
    "$VED" forget 'Nobody.Make.Make[0]' --state .ved/stack >out 2>&1
    untouched=$(everything)
}

# A plan ends as soon as it has its answers, however far the plugin has come with what it had begun.
both_are_made() {
    "$VED" plan stack.ved --state .ved/stack --bindings ved.yaml >out 2>&1
    [ "$(grep -c '"record":"end"' .ved/stack/providers/sim/journal.ndjson)" -eq 2 ]
}

group_half_done() {
    cat >stack.ved <<'VED'
domain Keeper {
    state { made: bool  count: int = 3 }
    goal Made { predicate made }
    @protect
    transition Make { step { emit Infra.Make(name: "one") made = true } }
}
domain Other {
    state { made: bool }
    goal Made { predicate made }
    transition Make { step { emit Infra.Slow(name: "two") made = true } }
}
VED
    cut_off
    edit 's/count: int = 3/count: string = ""/'
    refused 65 "half done, and a field of another type" "'Keeper.count' was int" 'nothing was touched'
    edit 's/emit Infra.Make\(name: "one"\)//; /@protect/d'
    refused 3 "half done, and protected" 'destroy Keeper.Make\["one"\]' 'nothing was touched'
    by_hand 64 "forget of what is being made" 'is being made.*ved apply' -- forget 'Other.Slow["two"]'
    by_hand 64 "state mv of what is being made" 'is being made.*ved apply' -- state mv 'Other.Slow["two"]' 'Other.Slow["too"]'
    by_hand 64 "replace of what is being made" 'is being made.*ved apply' -- replace 'Other.Slow["two"]' stack.ved -y
    by_hand 64 "import to what is being made" 'already' -- import 'Other.Slow["two"]' x stack.ved
    edit 's/x/x/' '// the same'
    by_hand 64 "import into an edited program to what is being made" 'already' -- import 'Other.Slow["two"]' x edited/stack.ved
    by_hand 64 "import into an edited program, of what does not exist" "there is no Make 'x'" \
        -- import 'Keeper.Make["three"]' x edited/stack.ved
    check_exit 0 "what is half done comes to its end" "$VED" apply stack.ved -y --state .ved/stack --bindings ved.yaml --quiet
    edit '/@protect/d'
    "$VED" apply edited/stack.ved -y --state .ved/stack --bindings ved.yaml --quiet >out 2>err
    echo '{"Make": "stuck"}' >.ved/stack/providers/sim/fail.json
    check_exit 1 "a destroy is half done" "$VED" destroy -y --state .ved/stack --bindings ved.yaml
    untouched=$(everything)
    by_hand 64 "state mv in a destroy" 'half done: .ved destroy. .* .ved forget. lets go of' \
        -- state mv 'Keeper.Make["one"]' 'Keeper.Make["uno"]'
    by_hand 64 "replace in a destroy" 'half done: .ved destroy.' -- replace 'Keeper.Make["one"]' edited/stack.ved -y
    check_exit 0 "what cannot be destroyed is let go of" "$VED" forget 'Keeper.Make["one"]' --state .ved/stack
    check_exit 0 "then the destroy comes to its end" "$VED" destroy -y --state .ved/stack --bindings ved.yaml
}

# ---- the table ----

GROUPS_OF_TABLE=(half_done shapes migrations protection manual parameters protection_by_bindings moved slices)

run_group() { # NAME
    trap - EXIT
    mkdir -p "$TMP/$1/edited"
    cd "$TMP/$1" || exit 1
    wrong=
    "group_$1"
}

for group in "${GROUPS_OF_TABLE[@]}"; do
    [[ $group == ${1:-*} ]] || continue
    [ "$(jobs -rp | wc -l)" -lt "${REFUSALS_AT_ONCE:-3}" ] || wait -n
    run_group "$group" >"$TMP/$group.facts" 2>&1 &
done
wait
for group in "${GROUPS_OF_TABLE[@]}"; do
    [ -e "$TMP/$group.facts" ] || continue
    cat "$TMP/$group.facts"
    FAILED=$((FAILED + $(grep -c '^not ok ' "$TMP/$group.facts")))
    grep -q '^ok ' "$TMP/$group.facts" || not_ok "group $group"
done
