#!/bin/bash
# rules.sh: the rules of the conformance suite as the rows of docs/conformance.md, made of rule.def.
# rules.sh --check: fails unless the document has exactly these rows.
set -eu
cd "$(dirname "$0")/../.."

rows() {
    sed -nE 's/^RULE\(([0-9]+), ([a-z0-9_]+), (NULL|"([a-z_]+)"), [^"]*, "(.*)"\)$/\1|\2|\4|\5/p' \
        controller/conformance/rule.def |
        while IFS='|' read -r number word capability sentence; do
            printf '| VPP-%03d | `%s` | %s | %s |\n' "$number" "${word//_/-}" "$capability" "$sentence"
        done
}

if [ "${1:-}" != --check ]; then
    rows
    exit
fi
diff <(rows) <(grep '^| VPP-' docs/conformance.md) || {
    echo "docs/conformance.md: its rows are not those of rule.def; tests/tidy/rules.sh makes them"
    exit 1
}
