# What a SIGKILL costs.

JOURNAL_BYTES=$((64 << 20))

# Everything that stands behind the checkpoint of that position, in bytes.
bytes_behind() { # FOLDER POSITION
    local file number bytes=0

    for file in "$1"/journal-*.ndjson; do
        number=${file##*/journal-}
        number=${number%.ndjson}
        [ "$number" -ge "$2" ] && bytes=$((bytes + $(file_size "$file")))
    done
    echo $bytes
}

checkpoint_positions() { # FOLDER, the newest first
    ls "$1" | sed -n 's/^checkpoint-\([0-9]*\)\..*$/\1/p' | sort -rn
}

# The newest checkpoint that has so much journal behind it; "" if there is none.
base_position() { # FOLDER BYTES
    local position

    for position in $(checkpoint_positions "$1"); do
        [ "$(bytes_behind "$1" "$position")" -ge "$2" ] && echo "$position" && return
    done
}

# As if the process had been killed before it wrote a newer one: all journals are still there.
checkpoints_drop() { # FOLDER NEWER-THAN
    local position

    for position in $(checkpoint_positions "$1"); do
        [ "$position" -gt "$2" ] && rm "$1/checkpoint-$position".*
    done
}

# The least of three, each with a copy of the folder; prints milliseconds. With --busy, of the
# processor's time. What takes many seconds is not made more exact by taking them again.
restart_least() { # FOLDER PROGRAM ARGUMENT...
    local folder=$1 program=$2 round began=$SECONDS
    shift 2
    for round in 1 2 3; do
        [ $round -gt 1 ] && [ $((SECONDS - began)) -gt 10 ] && break
        rm -rf "$TMP/again"
        cp -a "$folder" "$TMP/again" || return 1
        "$FIGURES" restart "$TMP/again" "$VED" apply "$program" --state "$TMP/again" \
            --max-slices 0 --quiet "$@" || return 1
    done | cut -d ' ' -f "$([ -n "$BUSY" ] && echo 2 || echo 1)" | sort -n | head -n 1
    rm -rf "$TMP/again"
}

records_behind() { # FOLDER POSITION
    local last

    last=$("$FIGURES" journal "$1" | jq .last) || return 1
    echo $((last - $2))
}

figure_restart-100000() {
    local base newest few_ms many_ms few many bytes waited limit keeper
    local sets=(--set Maker.domains=100000 --set Worker.wanted=1000000)

    ved_begin apply "$HERE/busy.ved" "${sets[@]}"
    keep_begin
    # Behind the making of the domains; checkpoints of half of them would not do.
    for ((waited = 0; waited < 120; waited++)); do
        sleep 1
        base=$(base_position "$TMP/kept" "$JOURNAL_BYTES" 2>/dev/null)
        [ "${base:-0}" -gt 200000 ] && break
    done
    ved_kill
    keep_end
    base=$(base_position "$TMP/kept" "$JOURNAL_BYTES")
    newest=$(checkpoint_positions "$TMP/state" | head -n 1)
    [ "${base:-0}" -gt 200000 ] || return 1
    few=$(records_behind "$TMP/state" "$newest") || return 1
    few_ms=$(restart_least "$TMP/state" "$HERE/busy.ved" "${sets[@]}") || return 1
    cp "$TMP/state"/{stack.json,program-*} "$TMP/kept" || return 1
    checkpoints_drop "$TMP/kept" "$base"
    bytes=$(bytes_behind "$TMP/kept" "$base")
    many=$(records_behind "$TMP/kept" "$base") || return 1
    many_ms=$(restart_least "$TMP/kept" "$HERE/busy.ved" "${sets[@]}") || return 1
    cat "$TMP"/kept/journal-*.ndjson >"$TMP/read"
    limit=$(calculate "$bytes / 1e3 / $("$FIGURES" read "$TMP/read" | cut -d ' ' -f 1)")
    rm -rf "$TMP/kept" "$TMP/read"
    row "SIGKILL to first slice, 100,000 domains" "$few_ms" ms '<=' 250
    row "- with $((bytes >> 20)) MiB of journal" "$many_ms" ms '<=' 250 "$limit" "read and CRC-32C"
    row "- records/s" "$(calculate "($many - $few) / ($many_ms - $few_ms) * 1e3")" /s '>=' 1350000 \
        "$(calculate "$many / $limit * 1e3")" "read and CRC-32C"
}
