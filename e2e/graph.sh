#!/usr/bin/env bash
# A program's graph comes as text for others or as a picture, needs neither state nor providers, and
# is the same every time.
. "$(dirname "$0")/lib.sh"

need_programs ved
cp "$ROOT/e2e/fixtures/compact.ved" "$TMP/stack.ved"
cd "$TMP" || exit 1

has() { # FILE TEXT...: the texts are lines of it, or parts of lines
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || { echo "no '$text' in:" && cat "$file" && return 1; }
    done
}

check_exit 0 "a graph is drawn" "$VED" graph stack.ved
cp out default
check_exit 0 "as Mermaid" "$VED" graph stack.ved --format mermaid
check "which is what comes without a word" cmp out default
check "with its edges" has out 'flowchart LR' 'd0 -->|"broadcasts"| e2' 'e2 -->|"handled by"| d1' \
    'd0 -.->|"CreatePostgres"| p3' 'd1 -.->|"StartAppContainer"| p3'

check_exit 0 "as DOT" "$VED" graph stack.ved --format dot
check "with its edges" has out 'digraph ved {' 'd0 -> e2 [style=solid, label="broadcasts"];' \
    'd1 -> p3 [style=dashed, label="StartAppContainer"];'

check_exit 0 "as SVG" "$VED" graph --format=svg stack.ved
cp out picture.svg
check "with its texts" has out '<svg xmlns="http://www.w3.org/2000/svg"' '>Database</text>' \
    'status == &quot;ready&quot;' '>CreatePostgres</text>' '</svg>'
check "for dark screens, too" has out 'prefers-color-scheme: dark'
check_exit 0 "as SVG again" "$VED" graph stack.ved --format svg
check "it is the same picture" cmp out picture.svg

check "nothing but the program is in the folder" test "$(ls -A | grep -cE 'ved\.yaml|^\.ved')" = 0
check_exit 64 "another format is 64" "$VED" graph stack.ved --format png
check "with the formats there are" has err 'mermaid, dot or svg'
check_exit 64 "and of other verbs these are no formats" "$VED" check stack.ved --format svg
check_exit 64 "no program is 64" "$VED" graph
echo 'domain {' >broken.ved
check_exit 65 "a broken program is 65" "$VED" graph broken.ved
check "and draws nothing" test ! -s out
check "but says why" has err 'broken.ved:1:8'
