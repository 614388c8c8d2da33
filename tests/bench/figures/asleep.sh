# A million domains that have nothing to do.

cpu_ticks() { # PID
    awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

context_switches() { # PID, of all its threads
    cat "/proc/$1"/task/*/status | awk '/ctxt_switches:/ { sum += $2 } END { print sum }'
}

await_asleep() { # no tick for two seconds; sets ASLEEP_TICKS
    local before waited

    for ((waited = 0; waited < 240; waited++)); do
        before=$(cpu_ticks "$CHILD") || return 1
        sleep 2
        ASLEEP_TICKS=$(cpu_ticks "$CHILD") || return 1
        [ "$before" = "$ASLEEP_TICKS" ] && [ "$waited" -gt 0 ] && return 0
    done
    return 1
}

largest_checkpoint() {
    stat -c %s "$TMP"/state/checkpoint-* | sort -rn | head -n 1
}

figure_asleep() {
    local seconds=$([ -n "$FULL" ] && echo 60 || echo 10)
    local later=$((seconds + 60)) program=$TMP/asleep.ved made switches ticks full ms digest
    local sets=(--set Maker.domains=1000000)

    sed "s/after 30s/after ${later}s/" "$HERE/asleep.ved" >"$program"
    ved_begin apply "$program" "${sets[@]}"
    await_asleep || return 1
    made=$(now_ms)
    switches=$(context_switches "$CHILD")
    ticks=$(cpu_ticks "$CHILD")
    sleep "$seconds"
    switches=$(($(context_switches "$CHILD") - switches))
    ticks=$(($(cpu_ticks "$CHILD") - ticks))
    row "1,000,000 domains asleep, resident" "$(calculate "$(resident_bytes "$CHILD") / 1e6")" MB \
        '<=' 300
    row "- CPU ticks in $seconds s" "$ticks" "" '<=' 0
    row "- context switches in $seconds s" "$switches" "" '<=' 0
    ved_kill
    cp -a "$TMP/state" "$TMP/killed"
    # Once more, and stopped in order: the checkpoint that the next one can stand on.
    ved_begin apply "$program" "${sets[@]}"
    await_asleep || return 1
    row "- resident after a restart" "$(calculate "$(resident_bytes "$CHILD") / 1e6")" MB '<=' 300
    kill "$CHILD"
    wait "$CHILD"
    CHILD=
    ms=$((made + later * 1000 - $(now_ms)))
    [ "$ms" -gt 0 ] && sleep "$(calculate "$ms / 1000")"
    # Now the timer is due, so the first slice comes at once.
    ms=$(restart_least "$TMP/killed" "$program" "${sets[@]}")
    rm -rf "$TMP/killed"
    row "restart with 1,000,000 domains" "$ms" ms '<=' 2000
    full=$(largest_checkpoint)
    ved_run apply "$program" "${sets[@]}" || return 1
    row "checkpoint after 1,000 of 1,000,000 changed" \
        "$(calculate "$(checkpoint_size) / $full * 100")" "% of all" '<=' 1 "" "" "$DIGEST"
}
