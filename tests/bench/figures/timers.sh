# Timers, while the clock on the wall jumps an hour ahead and back again.

figure_timers() {
    local seconds=$([ -n "$FULL" ] && echo 100 || echo 10) count late
    local program=$TMP/timers.ved

    count=$((seconds * 10000))
    sed "s/after 20s/after $((seconds + 10))s/" "$HERE/timers.ved" >"$program"
    export LD_PRELOAD=$BUILD/figure-clockjump.so CLOCKJUMP_S=$((seconds + 12))
    ved_begin apply "$program" --set "Maker.domains=$count" --set Maker.each=100
    unset LD_PRELOAD CLOCKJUMP_S
    keep_begin
    ved_await
    local code=$?
    keep_end
    [ $code -eq 0 ] || return 1
    late=$("$FIGURES" lateness "$TMP/kept" Bell) || return 1
    rm -rf "$TMP/kept"
    row "$(number "$count") timers over $seconds s: armed" "$(jq .armed <<<"$late")" "" '>=' "$count"
    row "- rung early, twice or never" "$(jq '.early + .twice + .never' <<<"$late")" "" '<=' 0
    row "- late, 99th percentile" "$(jq .p99_ms <<<"$late")" ms '<=' 5
}
