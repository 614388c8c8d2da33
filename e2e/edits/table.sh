# The language of the table of edits, for the files beside this one. A case begins in an empty folder
# of its own with a folder `w`, and goes like this:
#
#     case_changed_argument() {
#         keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'    # writes stack.ved
#         begin 1 0 0                                                   # apply: 1 added
#         edit 's/one/two/'
#         edited 0 1 0 '~ Keeper.Make.WriteFile[0]: edit at stack.ved:6'
#         shows '~ content = "one" -> "two"'
#         exist 'f=two'
#     }
#
# At its end everything is destroyed, and nothing may be left. A case is one line, `ok` or `not ok`
# with every difference found.

VERB_SECONDS=60
FLAGS=() # of every verb from then on

# ---- differences ----

differs() { # WHAT FOUND EXPECTED
    DIFFERENCES=$((DIFFERENCES + 1))
    printf '#   %s\n' "$1"
    printf '%s\n' "$2" | sed 's/^/#     found:    /'
    printf '%s\n' "$3" | sed 's/^/#     expected: /'
}

same() { # WHAT FOUND EXPECTED
    [ "$2" = "$3" ] || differs "$@"
}

fails() { # WHAT FILE: what a verb has printed
    DIFFERENCES=$((DIFFERENCES + 1))
    printf '#   %s\n' "$1"
    tail -n 12 "$2" | sed 's/^/#     | /'
}

# ---- programs, bindings and edits ----

stack() { # the program is standard input
    cat >stack.ved
}

# One domain, which runs the statements once. They stand from line 6 on.
keeper() { # STATEMENTS [FIELDS] [NAME] [TRANSITION]
    cat <<VED >>"${PROGRAM:-stack.ved}"
domain ${3:-Keeper} {
    state { made: bool ${2:-} }
    goal Made { predicate made }
    transition ${4:-Make} {
        step {
            $1
            made = true
        }
    }
}
VED
}

bindings() { # standard input: what stands below `providers:`
    {
        printf 'apiVersion: ved.dev/v1\nkind: Bindings\nproviders:\n'
        cat
    } >ved.yaml
}

# A file of somebody else: what would write there fails for good, and leaves it as it is.
foreign() {
    echo 'not yours' >foreign
}

# An edit that changes nothing is a mistake of the table.
edit() { # SED-EXPRESSION [FILE]
    local file=${2:-stack.ved}
    cp "$file" before-edit
    sed -E -i "$1" "$file"
    ! cmp -s "$file" before-edit || differs "the edit changes the program" "$1" "a change"
}

# ---- verbs ----

run_ved() { # CODE WHAT VERB [FLAGS]: the output is in out and err
    local expected=$1 what=$2 verb=$3 code=0
    shift 3
    timeout -k 5 "$VERB_SECONDS" "$VED" "$verb" stack.ved --color never \
        ${FLAGS[@]+"${FLAGS[@]}"} "$@" >out 2>err </dev/null || code=$?
    [ "$code" -eq "$expected" ] && return
    cat out >>err
    fails "$what ends with $code, expected $expected" err
    return 1
}

last_line() {
    grep -v '^[[:space:]]*$' out | tail -n 1
}

plan_line() { # ADD CHANGE DESTROY [RUN]
    if [ "$*" = "0 0 0" ]; then
        echo 'No changes. Your infrastructure matches the configuration.'
    else
        echo "Plan: $1 to add, $2 to change, $3 to destroy${4:+, $4 to run}."
    fi
}

apply_line() { # ADDED CHANGED DESTROYED [RUN]
    if [ "$*" = "0 0 0" ]; then
        plan_line 0 0 0
    else
        echo "Apply complete! Resources: $1 added, $2 changed, $3 destroyed${4:+, $4 run}."
    fi
}

# What a plan says of each object: `SIGN ADDRESS: CAUSE`; the sign of an action is `run`.
planned() {
    awk '
    function tell() { if (address != "" && sign != "") print sign " " address ": " cause; address = "" }
    /^Destroys and replacements:/ { exit }
    /^ *# [A-Za-z_]+(\.|\[")/ {
        tell(); address = $2; sign = / will be run/ ? "run" : ""; cause = ""
        if (match($0, /\(.*\)$/)) cause = substr($0, RSTART + 1, RLENGTH - 2)
        next
    }
    /^ *# \(/ { if (address != "" && sign == "" && match($0, /\(.*\)$/)) cause = substr($0, RSTART + 1, RLENGTH - 2) }
    /^ *(-\/\+|\+\/-|\+|~|-|>|=) / { if (sign == "") sign = $1 }
    END { tell() }' out
}

# What an apply asked for: `put`, `delete` or `run` and the address.
asked_for() {
    sed -nE 's/^(.*): ([A-Z][a-z]+ing)\.\.\. \[op .*/\2 \1/p' err |
        sed -E 's/^Destroying/delete/; s/^Running/run/; s/^[A-Z][a-z]+ing/put/' | sort
}

# The same of a plan; `planned` on standard input.
would_ask_for() {
    sed -E 's/: .*//' | while read -r sign address; do
        case $sign in
        + | '~') echo "put $address" ;;
        -) echo "delete $address" ;;
        run) echo "run $address" ;;
        -/+ | +/-) printf 'put %s\ndelete %s\n' "$address" "$address" ;;
        esac
    done | sort
}

resources() {
    "$VED" get resources stack.ved -o json 2>/dev/null
}

# `ADDRESS UID` of all objects.
uids() {
    resources | jq -r '.[] | .address + " " + .uid' | sort
}

begin() { # ADDED CHANGED DESTROYED [RUN]: the first apply
    run_ved 0 "the first apply" apply -y && same "the first apply" "$(last_line)" "$(apply_line "$@")"
}

# plans ADD CHANGE DESTROY [RUN] LINE...: a line is `SIGN ADDRESS` or `SIGN ADDRESS: CAUSE`, where
# the cause has to contain that text. All objects are given, in the plan's order.
plans() {
    local counts=("$1" "$2" "$3")
    shift 3
    [[ ! ${1:-} =~ ^[0-9]+$ ]] || { counts+=("$1") && shift; }
    run_ved 0 "the plan" plan || return 1
    cp out plan && planned >plan.lines
    same "the plan's sum" "$(last_line)" "$(plan_line "${counts[@]}")"
    same "what is planned, in order" "$(sed 's/: .*//' plan.lines)" "$(printf '%s\n' "$@" | sed 's/: .*//')"
    local line found
    for line in "$@"; do
        case $line in *': '*) ;; *) continue ;; esac
        found=$(grep -F -m 1 -- "${line%%: *}: " plan.lines)
        [[ $found == *"${line#*: }"* ]] || differs "the cause" "$found" "$line"
    done
    return 0
}

# applies ADDED CHANGED DESTROYED [RUN]: and asks for what the last plan says, and for nothing else.
applies() {
    uids >uids.before
    run_ved 0 "apply" apply -y || return 1
    cp err apply.err
    same "what apply did" "$(last_line)" "$(apply_line "$@")"
    same "apply asks for what was planned" "$(asked_for)" "$(would_ask_for <plan.lines)"
    uids >uids.after
    identities
    settled
}

# What is updated keeps its identity, what is replaced has another, what is not named keeps its own.
identities() {
    local address sign before after
    sort -u <(cut -d' ' -f1 uids.before) <(cut -d' ' -f1 uids.after) | while read -r address; do
        sign=$(grep -F -- " $address: " plan.lines | cut -d' ' -f1)
        before=$(awk -v a="$address" '$1 == a { print $2 }' uids.before)
        after=$(awk -v a="$address" '$1 == a { print $2 }' uids.after)
        case $sign in
        '~') [ -n "$before" ] && [ "$before" = "$after" ] ;;
        '') [ "$before" = "$after" ] || grep -q '^>' plan.lines ;;
        -/+ | +/-) [ -n "$before" ] && [ -n "$after" ] && [ "$before" != "$after" ] ;;
        -) [ -n "$before" ] && [ -z "$after" ] ;;
        *) [ -n "$after" ] ;;
        esac || echo "$sign $address: $before -> $after"
    done >identities
    same "who is who after it" "$(cat identities)" ""
}

settled() {
    run_ved 0 "a plan after that" plan && same "a plan after that" "$(last_line)" "$(plan_line 0 0 0)"
}

# An edit from plan to rest.
edited() { # as of `plans`
    local counts=("$1" "$2" "$3")
    [[ ! ${4:-} =~ ^[0-9]+$ ]] || counts+=("$4")
    plans "$@" && applies "${counts[@]}"
}

unchanged() {
    edited 0 0 0
}

# carried ADD CHANGE DESTROY: the same of an edit by which objects get other addresses.
carried() {
    run_ved 0 "the plan" plan && cp out plan && same "the plan's sum" "$(last_line)" "$(plan_line "$@")"
    run_ved 0 "apply" apply && same "what apply did" "$(last_line)" "$(apply_line "$@")"
    settled
}

shows() { # TEXT...: in a line of the last plan
    local text
    for text in "$@"; do
        grep -qF -- "$text" plan || differs "the plan shows it" "$(cat plan)" "$text"
    done
}

# The last apply did these in this order, others between them: `delete ADDRESS`, `put ADDRESS`.
in_this_order() {
    local line found
    found=$(sed -nE 's/^(.*): Destroying\.\.\..*/delete \1/p; s/^(.*): (Creating|Modifying|Updating|Replacing)\.\.\..*/put \1/p' apply.err)
    for line in "$@"; do
        [ "$found" != "${found#*"$line"}" ] || { differs "the order of what apply did" "$(cat apply.err)" "$*" && return; }
        found=${found#*"$line"}
    done
}

# Both verbs refuse with that code, naming all of that, and nothing is touched.
refused() { # CODE TEXT...
    local code=$1 before verb text
    shift
    before=$(everything)
    for verb in plan 'apply -y'; do
        run_ved "$code" "$verb of what is to be refused" $verb || continue
        for text in "$@"; do
            grep -qE -- "$text" err || { differs "$verb says why" "$(cat err)" "$text"; }
        done
    done
    same "what is refused touches nothing" "$(everything)" "$before"
}

# Off a terminal, without approval: planned, but not done.
declined() {
    local before
    before=$(everything)
    run_ved 7 "apply without approval" apply
    same "what is not approved is not begun" "$(asked_for)" ""
    same "what is not approved touches nothing" "$(everything)" "$before"
}

# The state, what providers know of objects, and what is in w.
everything() {
    {
        find .ved -type f ! -name lock ! -path '*/run/*' ! -path '*/schemas/*' ! -path '*/providers/*'
        known_objects
        find w -type f
    } | sort | xargs -r sha256sum | sha256sum
}

known_objects() {
    find .ved -path '*/providers/*' \( -name object.json -o -path '*/objects/*.json' \)
}

noted() { # TEXT: the plan or the apply told of it in a note
    grep -hiE -- "$1" plan apply.err >/dev/null || differs "a note" "$(cat plan apply.err)" "$1"
}

# ---- interruptions ----

# killed PATTERN: an apply is killed as soon as it has said that.
killed() {
    "$VED" apply stack.ved -y --color never ${FLAGS[@]+"${FLAGS[@]}"} >killed.out 2>killed.err </dev/null &
    local apply=$!
    wait_until 20 grep -qE -- "$1" killed.err || differs "what is waited for" "$(cat killed.err)" "$1"
    kill -KILL $apply
    wait $apply 2>/dev/null
}

# The last apply of an edit that was interrupted, however much is left to do.
finished() {
    run_ved 0 "the apply after that" apply -y && cp err apply.err
    settled
}

# ---- what exists ----

present() {
    find w -mindepth 1 | sort | while read -r path; do
        if [ -d "$path" ]; then
            echo "${path#w/}/"
        else
            echo "${path#w/}=$(cat "$path")"
        fi
    done
}

exist() { # PATH=CONTENT or PATH/ ...: all there is in w, in order
    same "what exists" "$(present)" "$([ $# -eq 0 ] || printf '%s\n' "$@")"
}

# Ids of those that were started in this folder; what we run ourselves is of our own session.
processes() {
    local pid stat ours
    read -r stat </proc/$$/stat
    ours=$(session_of "$stat")
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$PWD" 2>/dev/null | cut -d/ -f3 | while read -r pid; do
        { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
        [ "$(session_of "$stat")" = "$ours" ] || pid_is_gone "$pid" || echo "$pid"
    done
}

session_of() { # the line of /proc/PID/stat
    cut -d' ' -f4 <<<"${1##*) }"
}

run() { # COMMAND...: all processes that run in this folder
    same "what runs" "$(for pid in $(processes); do tr '\0' ' ' <"/proc/$pid/cmdline" && echo; done | sed 's/ $//' | sort)" \
        "$([ $# -eq 0 ] || printf '%s\n' "$@" | sort)"
}

variable_of() { # PID NAME
    tr '\0' '\n' <"/proc/$1/environ" | sed -n "s/^$2=//p"
}

# What the processes of this folder have in COLOR.
colors() {
    local pid
    for pid in $(processes); do
        variable_of "$pid" COLOR
    done | sort | paste -sd ' '
}

output_of() { # EFFECT MEMBER, of the one object of that effect
    resources | jq -r --arg effect "Infra.$1" --arg member "$2" '.[] | select(.effect == $effect) | .outputs[$member]'
}

field_is() { # DOMAIN FIELD VALUE
    same "$1.$2" "$("$VED" get domains stack.ved -o json |
        jq -c --arg d "$1" --arg f "$2" '.[] | select(.domain == $d) | .state[$f]')" "$3"
}

# One object of the providers for each of the state, no more.
no_object_twice() {
    same "objects that providers know" "$(known_objects | wc -l)" \
        "$(resources | jq length)"
}

destroyed() {
    run_ved 0 "destroy" destroy -y
    same "destroy leaves no file" "$(present)" ""
    same "destroy leaves no process" "$(processes)" ""
    same "destroy leaves the state without objects" "$(resources | jq length)" 0
    no_object_twice
}

# ---- the table ----

run_case() { # NAME
    DIFFERENCES=0
    TMP=$TMP/$1
    mkdir -p "$TMP/w" && cd "$TMP" || exit 1
    chmod 711 .
    touch plan plan.lines apply.err
    "case_$1" >facts 2>&1
    no_object_twice >>facts
    destroyed >>facts
    [ ! -e foreign ] || same "a file of somebody else" "$(cat foreign)" 'not yours' >>facts
    if [ "$DIFFERENCES" -eq 0 ]; then
        ok "${1//_/ }"
    else
        not_ok "${1//_/ }"
        cat facts
    fi
}

# table FILE... -- PATTERN: the cases of these files, a few at a time, since mostly they wait; each in a process of its own.
table() {
    local names=() name
    while [ "$1" != -- ]; do
        . "$ROOT/e2e/edits/$1.sh"
        names+=($(sed -nE 's/^case_([a-z0-9_]+)\(\).*/\1/p' "$ROOT/e2e/edits/$1.sh"))
        shift
    done
    for name in "${names[@]}"; do
        [[ $name == $2 ]] || continue
        [ "$(jobs -rp | wc -l)" -lt ${EDITS_AT_ONCE:-4} ] || wait -n
        (trap - EXIT && run_case "$name") >"$TMP/$name.facts" 2>&1 &
    done
    wait
    for name in "${names[@]}"; do
        [ -e "$TMP/$name.facts" ] || continue
        cat "$TMP/$name.facts"
        grep -q '^ok ' "$TMP/$name.facts" || FAILED=$((FAILED + 1))
    done
}
