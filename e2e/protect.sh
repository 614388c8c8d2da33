#!/usr/bin/env bash
# What a transition with @protect made is not destroyed: not by destroy, release or stop.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-local
cd "$TMP" || exit 1

write() { # ANNOTATION MORE
    cat >stack.ved <<PROGRAM
domain Keeper {
    state {
        made: bool
        tries: int
    }

    goal Made {
        predicate made
    }

    $1
    transition Make {
        step {
            if !made {
                emit Infra.WriteFile(name: "f", path: "$TMP/file", content: "one")
                made = true
            }
        }
    }
    $2
}
PROGRAM
}

write @protect ""
check_exit 0 "apply" "$VED" apply -y stack.ved
check_exit 3 "destroy is refused" "$VED" destroy -y stack.ved
check "by name, with the way out" grep -q 'Keeper.WriteFile\["f"\] is protected.*take that away' err
check_equal "and nothing was touched" "$(cat file)" one

write @protect 'goal Gone { predicate tries > 0 strategy { Drop } }
    transition Drop { step { release Infra.WriteFile(name: "f") tries = 1 } }'
check_exit 1 "a release faults" "$VED" apply -y stack.ved
check "because of it" grep -q 'is protected' err
check_equal "and the file is there" "$(cat file)" one

write "" ""
check_exit 0 "without the annotation" "$VED" apply -y stack.ved
check_exit 0 "destroy goes ahead" "$VED" destroy -y stack.ved
check "and takes the file away" test ! -e file
