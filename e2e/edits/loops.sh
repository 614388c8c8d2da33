# Loops that are made longer and shorter, and pools.

row() { # RANGE [named]
    local name=
    [ $# -eq 1 ] || name='name: "f${i}", '
    : >stack.ved
    keeper "for i in range($1) {
                emit Infra.WriteFile(${name}path: \"w/f\${i}\", content: \"\${i}\")
            }"
}

case_longer_loop() {
    row 3
    begin 3 0 0
    row 5
    edited 2 0 0 '+ Keeper.Make.WriteFile[3]: edit at stack.ved' '+ Keeper.Make.WriteFile[4]: edit at stack.ved'
    exist f0=0 f1=1 f2=2 f3=3 f4=4
}

case_shorter_loop() {
    row 5
    begin 5 0 0
    row 3
    plans 0 0 2 '- Keeper.Make.WriteFile[4]: stack.ved' '- Keeper.Make.WriteFile[3]: stack.ved'
    declined
    applies 0 0 2
    exist f0=0 f1=1 f2=2
    row 4
    edited 1 0 0 '+ Keeper.Make.WriteFile[3]'
    exist f0=0 f1=1 f2=2 f3=3
}

case_longer_loop_of_named() {
    row 2 named
    begin 2 0 0
    row 4 named
    edited 2 0 0 '+ Keeper.WriteFile["f2"]' '+ Keeper.WriteFile["f3"]'
    exist f0=0 f1=1 f2=2 f3=3
}

case_loop_of_named_that_begins_later() {
    row 4 named
    begin 4 0 0
    row '2, 4' named
    edited 0 0 2 '- Keeper.WriteFile["f1"]' '- Keeper.WriteFile["f0"]'
    exist f2=2 f3=3
    row '1, 5' named
    edited 2 0 0 '+ Keeper.WriteFile["f1"]' '+ Keeper.WriteFile["f4"]'
    exist f1=1 f2=2 f3=3 f4=4
}

# Without names each turn has the object that it had: all are replaced, none where another still is.
case_loop_that_begins_later() {
    row 4
    begin 4 0 0
    row '2, 5'
    run_ved 0 "apply" apply -y
    settled
    exist f2=2 f3=3 f4=4
}

case_two_paths_exchanged() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "one")
            emit Infra.WriteFile(path: "w/b", content: "two")'
    begin 2 0 0
    edit '6{h;d};7{G}'
    run_ved 0 "apply" apply -y
    settled
    exist a=one b=two
}

case_loop_to_nothing_and_back() {
    row 3
    begin 3 0 0
    row 0
    edited 0 0 3 '- Keeper.Make.WriteFile[2]' '- Keeper.Make.WriteFile[1]' '- Keeper.Make.WriteFile[0]'
    exist
    row 2
    begin 0 0 0 # the goal is met, and an emission of a loop is only in the record of one that emitted
    exist
}

case_loop_over_a_parameter() {
    keeper 'for i in range(count) {
                emit Infra.WriteFile(path: "w/f${i}", content: "${i}")
            }' 'count: int = 2'
    begin 2 0 0
    FLAGS=(--set Keeper.count=4)
    edited 2 0 0 '+ Keeper.Make.WriteFile[2]: parameter Keeper.count' '+ Keeper.Make.WriteFile[3]: parameter Keeper.count'
    exist f0=0 f1=1 f2=2 f3=3
    FLAGS=(--set Keeper.count=1)
    edited 0 0 3 '- Keeper.Make.WriteFile[3]: parameter Keeper.count' '- Keeper.Make.WriteFile[2]' '- Keeper.Make.WriteFile[1]'
    exist f0=0
    FLAGS=()
    edited 1 0 0 '+ Keeper.Make.WriteFile[1]'
    exist f0=0 f1=1
}

case_list_of_names() {
    stack <<<'const NAMES = ["a", "b", "c"]'
    keeper 'for name in NAMES {
                emit Infra.WriteFile(name: name, path: "w/${name}", content: name)
            }'
    begin 3 0 0
    edit 's/"b"/"d"/'
    edited 1 0 1 '- Keeper.WriteFile["b"]' '+ Keeper.WriteFile["d"]'
    exist a=a c=c d=d
    edit 's/\["a", "d", "c"\]/["c", "a", "d"]/'
    unchanged
    exist a=a c=c d=d
}

case_every_one_of_a_loop() {
    row 3
    begin 3 0 0
    edit 's/content: "/content: "number /'
    edited 0 3 0 '~ Keeper.Make.WriteFile[0]' '~ Keeper.Make.WriteFile[1]' '~ Keeper.Make.WriteFile[2]'
    exist 'f0=number 0' 'f1=number 1' 'f2=number 2'
}

# Three workers, one slice each.
pool() { # COUNT
    cat >stack.ved <<VED
domain Pool {
    state { workers: int  wanted: int = $1 }
    goal Enough { predicate workers == wanted }
    transition Hire {
        step {
            if workers < wanted {
                emit Infra.WriteFile(path: "w/f\${workers}", content: "worker \${workers}")
                workers += 1
            }
        }
    }
}
VED
}

case_larger_pool() {
    pool 3
    begin 3 0 0
    pool 5
    edited 2 0 0 '+ Pool.Hire.WriteFile[3]: goal Enough' '+ Pool.Hire.WriteFile[4]: goal Enough'
    exist 'f0=worker 0' 'f1=worker 1' 'f2=worker 2' 'f3=worker 3' 'f4=worker 4'
}

# The slices of the last two come to nothing, and what they had counted is taken back.
case_smaller_pool() {
    pool 5
    begin 5 0 0
    FLAGS=(--set Pool.wanted=3)
    edited 0 0 2 '- Pool.Hire.WriteFile[4]: parameter Pool.wanted' '- Pool.Hire.WriteFile[3]: parameter Pool.wanted'
    field_is Pool workers 3
    exist 'f0=worker 0' 'f1=worker 1' 'f2=worker 2'
    FLAGS=(--set Pool.wanted=4)
    edited 1 0 0 '+ Pool.Hire.WriteFile[3]'
    field_is Pool workers 4
    exist 'f0=worker 0' 'f1=worker 1' 'f2=worker 2' 'f3=worker 3'
}

case_changed_pool() {
    pool 3
    begin 3 0 0
    edit 's/content: "worker/content: "smith/'
    edited 0 3 0 '~ Pool.Hire.WriteFile[0]' '~ Pool.Hire.WriteFile[1]' '~ Pool.Hire.WriteFile[2]'
    field_is Pool workers 3
    exist 'f0=smith 0' 'f1=smith 1' 'f2=smith 2'
}
