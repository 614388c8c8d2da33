#!/usr/bin/env bash
# The tour shows the programs that are there, and each does what the tour says it does.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local ved-provider-sim ved-sample-app
cp -r "$ROOT/manifests/tour" "$TMP/tour"
cd "$TMP/tour" || exit 1
export PATH=$BUILD_DIR:$PATH

# Each fenced block of the page: shown-N.ved is a program, shown-N.run a command and its output.
awk '/^```/ { if (open) { open = 0; close(file); next }
              open = 1; count++; file = sprintf("../shown-%02d.%s", count, $0 == "```ved" ? "ved" : "run")
              next }
     open { print >file }' "$ROOT/docs/tour.md"

programs=0
for shown in ../shown-*.ved; do
    found=
    for file in *.ved net/*.ved; do
        cmp -s "$shown" "$file" && found=$file
    done
    check_equal "$(basename "$shown") is $(head -n 1 "$shown" | cut -c4-60)" "${found:+a file}" "a file"
    programs=$((programs + 1))
done
check_equal "the tour shows all of its programs" $programs "$(ls *.ved net/*.ved | wc -l)"

runs=0
for shown in ../shown-*.run; do
    command=$(sed -n '1s/^\$ //p' "$shown")
    file=${command##* }
    tail -n +2 "$shown" >expected
    check_exit 0 "$command" timeout 120 bash -c "$command"
    check "$file says what the tour shows" diff expected "$TMP/out"
    check_exit 0 "$file is left alone by a second apply" timeout 120 bash -c "$command"
    check "which does nothing" grep -q '^No changes\.' "$TMP/out"
    check_exit 0 "$file is destroyed" timeout 120 ved destroy --auto-approve "$file"
    runs=$((runs + 1))
done
check_equal "ten programs were run" $runs 10
