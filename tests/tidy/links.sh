#!/bin/bash
# links.sh PROGRAM...: no program may be linked with a library that it does not use.
set -u
failed=0
for program in "$@"; do
    # ldd -u ends with 1 when it has something to list, and says so in any case.
    unused=$(ldd -u "$program" 2>&1 | grep -vE '^[[:space:]]*$|^Unused direct dependencies:' || true)
    if [ -n "$unused" ]; then
        echo "$program: is linked with libraries it does not use:" $unused
        failed=1
    fi
done
exit $failed
