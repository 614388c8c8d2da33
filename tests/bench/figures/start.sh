# Small things: starting, sizes.

start_median() { # PROGRAM ARGUMENT...; with --busy the least
    "$FIGURES" start "$@" | cut -d ' ' -f "$([ -n "$BUSY" ] && echo 2 || echo 1)"
}

figure_start() {
    local least

    least=$(start_median /bin/true) || return 1
    row "ved version" "$(start_median "$VED" version)" ms '<=' 5 "$least" /bin/true
    row "ved check, 20 lines" "$(start_median "$VED" check "$HERE/slices.ved")" ms '<=' 8 "$least" \
        /bin/true
}

anonymous_bytes() { # PID
    awk '/^Anonymous:/ { print $2 * 1024 }' "/proc/$1/smaps_rollup"
}

resident_bytes() { # PID
    awk '/^Rss:/ { print $2 * 1024 }' "/proc/$1/smaps_rollup"
}

figure_size() {
    cp "$VED" "$TMP/ved" && strip "$TMP/ved" || return 1
    row "stripped ved" "$(calculate "$(file_size "$TMP/ved") / 1e6")" MB '<=' 2
    ved_begin apply "$HERE/idle.ved"
    sleep 2
    row "idle controller, anonymous memory" \
        "$(calculate "$(anonymous_bytes "$CHILD") / 1e6")" MB '<=' 3
    ved_kill
}
