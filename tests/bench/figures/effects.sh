# Effects at a provider for which they are nothing, beside as many requests by a loop that does
# nothing but send them.

EFFECTS=10000
EFFECTS_AT_ONCE=16 # calls a plugin of the SDK takes

# The least of some rounds: prints seconds by the clock, or of both processes' time with --busy.
effects_plain() {
    local round field=1

    [ -n "$BUSY" ] && field=2
    for round in 1 2 3; do
        rm -rf "$TMP/plain"
        "$BUILD/effects-plain" "$TMP/plain" "$BUILD/provider-reference" '{}' "$EFFECTS" \
            "$EFFECTS_AT_ONCE" | cut -d ' ' -f $field || return 1
    done | sort -n | head -n 1
}

figure_effects() {
    local bindings=$TMP/effects.yaml base plain

    printf 'apiVersion: ved.dev/v1\nkind: Bindings\nstack: effects\nproviders:\n' >"$bindings"
    printf '  API: { plugin: %s }\n' "$BUILD/provider-reference" >>"$bindings"
    set -- apply "$HERE/effects.ved" --bindings "$bindings"
    best_run WALL_S 3 "$@" --set Maker.effects=1 || return 1
    base=$BEST
    best_run WALL_S 3 "$@" --set Maker.effects=$((EFFECTS / 1000 + 1)) || return 1
    plain=$(effects_plain) || return 1
    row "10,000 effects of 1,000 domains" "$(calculate "$BEST - $base")" s '<=' 5 "$plain" \
        "a loop over libcurl"
    row "- of how fast that loop is" "$(calculate "$plain / ($BEST - $base)")" "" '>=' 0.5
}
