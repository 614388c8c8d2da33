#!/bin/bash
# All that is measured, or what is named: run.sh BUILD [--full] [--must] [--busy]
# [TEXT[/WORK]|plan[/NAME]|figures[/NAME]...]. The flags are those of figures.sh. All of it goes on
# when a part fails, and ends with 1 if one did.
set -u
BUILD=${1:-build/release}
shift
HERE=$(dirname "$0")
JSON=build/bench.json
TEXTS=() PLANS=() FIGURES=() FLAGS=()
CODE=0

for word in "$@"; do
    case $word in
    --*) FLAGS+=("$word") ;;
    plan | plan/*) PLANS+=("$word") ;;
    figures) FIGURES+=("") ;;
    figures/*) FIGURES+=("${word#figures/}") ;;
    *) TEXTS+=("$word") ;;
    esac
done

wanted() { # COUNT-OF-ITS-NAMES: some are its, or none are given at all
    [ "$1" -gt 0 ] || [ $((${#TEXTS[@]} + ${#PLANS[@]} + ${#FIGURES[@]})) -eq 0 ]
}

mkdir -p "$(dirname "$JSON")"
rm -f "$JSON"
if wanted ${#TEXTS[@]}; then
    "$BUILD/bench" "$JSON" "${TEXTS[@]}" || CODE=1
    echo
fi
if wanted ${#PLANS[@]}; then
    "$HERE/plan.sh" "$BUILD" "${PLANS[@]}" || CODE=1
    echo
fi
if wanted ${#FIGURES[@]}; then
    # shellcheck disable=SC2068 # an empty name is none
    "$HERE/figures.sh" "$BUILD" --json "$JSON" "${FLAGS[@]}" ${FIGURES[@]} || CODE=1
fi
exit $CODE
