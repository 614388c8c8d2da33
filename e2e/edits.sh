#!/bin/bash
# What editing a program does to what exists: a table of edits, each applied to a stack of real
# objects. For each the plan is looked at, what apply did, and what is there afterwards.
#
#     e2e/edits.sh                all of them
#     e2e/edits.sh 'rename*'      those whose name fits the pattern
#
# A case is a function `case_NAME` in a file of e2e/edits/; what it is written in is e2e/edits/table.sh.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/edits/table.sh"

need_programs ved ved-provider-local ved-provider-sim ved-sample-app

# The longest first, so that none of them is left to run alone at the end.
table databases processes interrupted arguments parameters bindings names places loops messages \
    shapes protection repair -- "${1:-*}"
