# With the journal on a disk.

# The best of some rounds, as the disk may be another's, too: prints syncs a second, MB a second,
# median and 99th percentile in milliseconds.
sync_limit() { # BYTES
    local round

    for round in 1 2 3; do
        "$FIGURES" sync "$TMP" "$1" || return 1
    done | sort -rn | head -n 1
}

# Sets GROUP, records a group, and RECORD, bytes a record, of the last run.
journal_shape() {
    local count

    count=$("$FIGURES" journal "$TMP/state") || return 1
    read -r GROUP RECORD <<<"$(jq -r '"\(.records / .groups) \(.bytes / .records)"' <<<"$count")"
}

# What the disk allows: groups as large as these were, and bytes as many.
disk_limit() {
    local small large

    read -r small _ <<<"$(sync_limit 4096)"
    read -r _ large _ <<<"$(sync_limit 1048576)"
    calculate "($small * $GROUP < $large * 1e6 / $RECORD) ? $small * $GROUP : $large * 1e6 / $RECORD"
}

figure_durable-1000() {
    local limit

    rate WALL_S 3 apply "$HERE/busy.ved" Worker.wanted 200 1000 || return 1
    journal_shape || return 1
    limit=$(disk_limit) || return 1
    row "durable slices/s, 1,000 busy domains" "$RATE" /s '>=' 250000 "$limit" \
        "pwrite and fdatasync" "$DIGEST"
    row "- of what the disk allows" "$(calculate "$RATE / $limit")" "" '>=' 0.6
}

figure_durable-1() {
    local limit

    rate WALL_S 3 apply "$HERE/slices.ved" Counter.wanted 200000 1000000 || return 1
    journal_shape || return 1
    limit=$(disk_limit) || return 1
    row "durable slices/s, one busy domain" "$RATE" /s '>=' 200000 "$limit" \
        "pwrite and fdatasync" "$DIGEST"
}

# What leaves the process waits for the sync of its group.
figure_leaving() {
    local count median p99 plain_median plain_p99

    export LD_PRELOAD=$BUILD/figure-leaving.so LEAVING_FILE=$TMP/leaving
    ved_begin apply "$HERE/leaving.ved" --set Counter.wanted=2000000 --json
    unset LD_PRELOAD LEAVING_FILE
    ved_await || return 1
    read -r count median p99 plain_median plain_p99 <"$TMP/leaving"
    [ "$count" -ge 100 ] || return 1
    row "output behind its slice, median" "$(calculate "$median / $plain_median")" "syncs" '<=' 1.3
    row "- 99th percentile" "$(calculate "$p99 / $plain_p99")" "syncs" '<=' 1.5
}

figure_journal-bytes() {
    local short long slices

    best_run WALL_S 1 apply "$HERE/ring.ved" --set Ring.hops=100 || return 1
    short=$("$FIGURES" journal "$TMP/state") slices=$SLICES
    best_run WALL_S 1 apply "$HERE/ring.ved" --set Ring.hops=600 || return 1
    long=$("$FIGURES" journal "$TMP/state")
    row "journal bytes a slice of the ring" \
        "$(calculate "($(jq .bytes <<<"$long") - $(jq .bytes <<<"$short")) / ($SLICES - $slices)")" \
        B '<=' 200 "" "" "$DIGEST"
}

# As after a thousand slices: the size of the checkpoint, and how long it takes to start with it.
checkpoint_size() {
    file_size "$(ls -v "$TMP"/state/checkpoint-* | tail -n 1)"
}

start_again() { # SLICES; the least of many
    "$FIGURES" start "$VED" apply "$HERE/slices.ved" --state "$TMP/state" --quiet \
        --set "Counter.wanted=$1" | cut -d ' ' -f 2
}

figure_long() {
    local size start

    best_run WALL_S 1 apply "$HERE/slices.ved" --set Counter.wanted=1000 || return 1
    size=$(checkpoint_size) start=$(start_again 1000) || return 1
    best_run WALL_S 1 apply "$HERE/slices.ved" --set Counter.wanted=10000000 || return 1
    row "checkpoint after 10,000,000 slices" "$(checkpoint_size)" B '<=' \
        "$(calculate "$size * 1.05")" "$size" "after 1,000" "$DIGEST"
    row "start after 10,000,000 slices" "$(start_again 10000000)" ms '<=' \
        "$(calculate "$start * 1.05")" "$start" "after 1,000"
}
