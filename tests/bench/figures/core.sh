# Without a disk.

figure_slices() {
    local limit

    rate CPU_S 3 plan "$HERE/slices.ved" Counter.wanted 1000000 4000000 || return 1
    limit=$("$FIGURES" slices) || return 1
    row "core slices/s, one thread" "$RATE" /s '>=' 5000000 \
        "$(calculate "$limit * 1e6")" "C, calls by pointer" "$DIGEST"
}

ring() { # DOMAINS SHORT LONG MUST
    local limit

    rate CPU_S 2 plan "$HERE/ring.ved" Ring.hops "$2" "$3" --set "Ring.size=$1" \
        --set Ring.tokens=1000 || return 1
    limit=$("$FIGURES" ring "$1") || return 1
    row "core messages/s, ring of $(number "$1")" "$RATE" /s '>=' "$4" \
        "$(calculate "$limit * 1e6")" "C, bare mailboxes" "$DIGEST"
}

figure_ring-1000() {
    ring 1000 500 3000 5000000
}

figure_ring-1000000() {
    ring 1000000 500 2500 2000000
}
