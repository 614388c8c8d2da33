# What all figures use; read by ../figures.sh.

calculate() { # EXPRESSION
    awk "BEGIN { printf \"%.6g\", $1 }"
}

holds() { # VALUE SENSE MUST
    awk "BEGIN { exit !($1 $2 $3) }"
}

# ---- rows ----

FORMAT='%-44s %12s %-8s %14s %10s  %-24s %7s  %s\n'

heading() {
    printf "$FORMAT" figure measured unit "must reach" "limit" "that is" ratio ""
}

# One row: what is measured, beside a limit of the machine where there is one. The digest is the
# final state's. Names of limits have no unit of their own: it is the figure's.
row() { # NAME VALUE UNIT SENSE MUST [LIMIT WHAT-IT-IS] [DIGEST]
    local name=$1 value=$2 unit=$3 sense=$4 must=$5 limit=${6:-} of=${7:-} digest=${8:-}
    local ratio= verdict=holds

    if [ -z "$value" ]; then
        echo "figures.sh: '$name' could not be measured" >&2
        FAILED=1
        return 1
    fi
    if ! holds "$value" "$sense" "$must"; then
        verdict=MISSED
        MISSED=$((MISSED + 1))
    fi
    [ -n "$limit" ] && ratio=$(calculate "$value / $limit")
    printf "$FORMAT" "$name" "$(number "$value")" "$unit" "$sense $(number "$must")" \
        "$(number "${limit:--}")" "${of:--}" "$(number "${ratio:--}")" "$verdict"
    [ -n "$digest" ] && echo "    state $digest"
    jq -cn --arg figure "$name" --argjson measured "$value" --arg unit "$unit" \
        --arg sense "$sense" --argjson must "$must" --argjson limit "${limit:-null}" \
        --arg limit_is "$of" --argjson ratio "${ratio:-null}" --arg digest "$digest" \
        --argjson holds "$([ $verdict = holds ] && echo true || echo false)" \
        '$ARGS.named' >>"$TMP/rows"
}

number() { # for people: thousands apart, three digits of what is small
    awk -v value="$1" 'BEGIN {
        if (value !~ /^-?[0-9.e+-]*[0-9]/) { print value; exit }
        if (value < 1000) { printf "%.3g", value; exit }
        text = sprintf("%.0f", value)
        while (match(text, /[0-9][0-9][0-9][0-9]($|,)/))
            text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
        print text
    }'
}

rows_save() { # FILE: its member "figures"
    local old='{}'

    [ -s "$1" ] && old=$(jq -c . "$1")
    jq -s --argjson old "$old" '$old + {figures: .}' "$TMP/rows" >"$1.new" && mv "$1.new" "$1"
}

# ---- runs ----

# Sets CPU_S, WALL_S, SLICES and DIGEST.
ved_run() { # plan|apply PROGRAM ARGUMENT...
    local verb=$1 program=$2 times
    shift 2
    times=$("$BENCH" --run "$VED" "$verb" "$program" --state "$TMP/state" --max-slices 0 --digest \
        --json-into "$TMP/events" --quiet "$@") || {
        tail -n 2 "$TMP/events" >&2
        return 1
    }
    read -r CPU_S WALL_S _ <<<"$times"
    read -r SLICES DIGEST <<<"$(jq -r 'select(.type == "digest") | "\(.slices) \(.digest)"' "$TMP/events")"
    [ -n "$DIGEST" ]
}

# The best of the rounds; sets BEST, SLICES and DIGEST.
best_run() { # CPU_S|WALL_S ROUNDS plan|apply PROGRAM ARGUMENT...
    local what=$1 rounds=$2 round
    shift 2
    [ -n "$BUSY" ] && what=CPU_S
    BEST=
    for ((round = 0; round < rounds; round++)); do
        rm -rf "$TMP/state"
        ved_run "$@" || return 1
        if [ -z "$BEST" ] || holds "${!what}" '<' "$BEST"; then
            BEST=${!what}
        fi
    done
}

# Sets RATE, in slices a second, and DIGEST, of the longer run's state.
rate() { # CPU_S|WALL_S ROUNDS VERB PROGRAM FIELD SHORT LONG ARGUMENT...
    local what=$1 rounds=$2 verb=$3 program=$4 field=$5 short=$6 long=$7 base_s base_slices
    shift 7
    best_run "$what" "$rounds" "$verb" "$program" --set "$field=$short" "$@" || return 1
    base_s=$BEST base_slices=$SLICES
    best_run "$what" "$rounds" "$verb" "$program" --set "$field=$long" "$@" || return 1
    RATE=$(calculate "($SLICES - $base_slices) / ($BEST - $base_s)")
}

# Sets CHILD, to which `ved_kill` and `ved_await` belong.
ved_begin() { # VERB PROGRAM ARGUMENT...
    local verb=$1 program=$2
    shift 2
    "$VED" "$verb" "$program" --state "$TMP/state" --max-slices 0 --quiet "$@" \
        >"$TMP/out" 2>&1 </dev/null &
    CHILD=$!
}

ved_kill() {
    kill -9 "$CHILD" 2>/dev/null
    wait "$CHILD" 2>/dev/null
    CHILD=
}

ved_await() {
    wait "$CHILD"
    local code=$?
    CHILD=
    [ $code -eq 0 ] || { cat "$TMP/out" >&2; return 1; }
}

# From keep_begin to keep_end all journals and checkpoints of the state folder are in "$TMP/kept",
# also those that are deleted meanwhile.
keep() {
    local file

    for file in "$TMP"/state/{journal-*.ndjson,checkpoint-*.json}; do
        [ -e "$TMP/kept/${file##*/}" ] || ln "$file" "$TMP/kept" 2>/dev/null
    done
}

keep_begin() {
    rm -rf "$TMP/kept"
    mkdir "$TMP/kept"
    while :; do
        keep
        sleep 0.2
    done &
    KEEPER=$!
}

keep_end() {
    kill "$KEEPER"
    wait "$KEEPER" 2>/dev/null
    KEEPER=
    keep
}

now_ms() {
    date +%s%3N
}

file_size() {
    stat -c %s "$1"
}
