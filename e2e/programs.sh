#!/usr/bin/env bash
# Programs in the manner of a control plane, applied by the real command: each comes to the state
# that its comments say, and a second apply finds nothing to do.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cd "$TMP" || exit 1

# A value as the comments write it: text as it is, the rest as JSON.
state_of() { # DOMAIN KEY FIELD
    jq -r --arg domain "$1" --arg key "$2" --arg field "$3" \
        '.[] | select(.domain == $domain and (.key // "") == $key) | .state[$field]
         | if type == "string" then . else tojson end' domains.json
}

goal_of() { # DOMAIN KEY GOAL
    jq -r --arg domain "$1" --arg key "$2" --arg goal "$3" \
        '.[] | select(.domain == $domain and (.key // "") == $key)
         | .goals[] | select(.name == $goal) | .status' domains.json
}

# `Domain["key"].name` into DOMAIN, KEY, NAME.
take_apart() {
    NAME=${1##*.}
    DOMAIN=${1%.*}
    KEY=
    case $DOMAIN in
    *\[*)
        KEY=${DOMAIN#*\"}
        KEY=${KEY%\"*}
        DOMAIN=${DOMAIN%%\[*}
        ;;
    esac
}

final_holds() { # FILE: prints what does not
    local rest found
    grep '^// final ' "$1" | while IFS= read -r rest; do
        rest=${rest#// final }
        case $rest in
        goal\ *)
            rest=${rest#goal }
            take_apart "${rest%% is *}"
            found=$(goal_of "$DOMAIN" "$KEY" "$NAME")
            [ "$found" = "${rest##* is }" ] || echo "$rest: found $found"
            ;;
        *)
            take_apart "${rest%% = *}"
            found=$(state_of "$DOMAIN" "$KEY" "$NAME")
            [ "$found" = "${rest#* = }" ] || echo "$rest: found $found"
            ;;
        esac
    done
}

applied=0
for file in "$ROOT"/tests/programs/*.ved; do
    grep -q '^// apply' "$file" || continue
    name=$(basename "$file" .ved)
    expected=$(sed -n 's|^// apply *||p' "$file")
    run=("$VED" apply --auto-approve --quiet --provider Infra=sim --provider Shop=sim
        --state "$TMP/$name" "$file")
    check_exit "${expected:-0}" "$name applies" "${run[@]}"
    "$VED" get domains -o json --state "$TMP/$name" "$file" >domains.json
    if [ "${expected:-0}" -eq 0 ]; then
        check_equal "$name comes to what it says" "$(final_holds "$file")" ""
        check_exit 0 "$name is left alone by a second apply" "${run[@]}"
        check "which has no effects" grep -q '^No changes\.' out
    fi
    applied=$((applied + 1))
done
check "many were applied" test "$applied" -ge 15
