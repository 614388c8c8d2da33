# Losses beside edits, and what is destroyed in which order.

three() {
    stack <<'VED'
domain Pool {
    state { workers: int }
    goal Enough { predicate workers == 3 }
    transition Hire {
        step {
            if workers < 3 {
                emit Infra.CreateDirectory(path: "w/d${workers}")
                workers += 1
            }
        }
    }
}
VED
}

destroys() { # ADDRESS...: in this order
    run_ved 0 "destroy" destroy -y
    cp err apply.err
    same "the order of destruction" "$(sed -nE 's/^(.*): Destroying\.\.\..*/\1/p' err)" "$(printf '%s\n' "$@")"
    exist
}

case_pool_loses_one() {
    three
    begin 3 0 0
    rmdir w/d1
    edited 1 0 0 '+ Pool.Hire.CreateDirectory[1]'
    exist d0/ d1/ d2/
    field_is Pool workers 3
}

# The goal notices first: its transition takes the lost one up, and no repair follows.
case_pool_notices_that_one_is_lost() {
    stack <<'VED'
domain Pool {
    state { workers: int }
    goal Enough { predicate workers == 3 }
    transition Hire {
        step {
            if workers < 3 {
                emit Infra.CreateDirectory(path: "w/d${workers}")
                workers += 1
            }
        }
    }
    on Infra.lost(r) { workers = workers - 1 }
}
VED
    begin 3 0 0
    rmdir w/d2
    run_ved 0 "apply" apply
    same "apply" "$(last_line)" "$(apply_line 1 0 0)"
    settled
    exist d0/ d1/ d2/
    field_is Pool workers 3
    same "three objects" "$(resources | jq length)" 3
}

case_pool_loses_one_and_grows() {
    three
    edit 's/CreateDirectory\(/&name: "d${workers}", /'
    begin 3 0 0
    rmdir w/d0
    edit 's/== 3/== 4/; s/< 3/< 4/'
    run_ved 0 "apply" apply
    same "apply" "$(last_line)" "$(apply_line 2 0 0)"
    settled
    same "four objects" "$(resources | jq length)" 4
    exist d0/ d1/ d2/ d3/
}

# The new emission takes the lost one up, which cannot be moved: it is replaced.
case_pool_loses_an_unnamed_one_and_grows() {
    three
    begin 3 0 0
    rmdir w/d0
    edit 's/== 3/== 4/; s/< 3/< 4/'
    run_ved 0 "apply" apply -y
    settled
    field_is Pool workers 4
    [ -d w/d3 ] || differs "what the new one is for exists" "$(present)" d3/
}

case_deleted_file_is_back_after_each_deletion() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    local round
    for round in 1 2 3; do
        rm w/f
        plans 1 0 0 '+ Keeper.Make.WriteFile[0]'
        shows 'will be created again'
        applies 1 0 0
        exist f=one
    done
}

case_deleted_and_edited() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    rm w/f
    edit 's/one/two/'
    run_ved 0 "apply" apply
    same "one object is made" "$(asked_for)" 'put Keeper.Make.WriteFile[0]'
    settled
    exist f=two
}

case_deleted_and_replaced() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    rm w/f
    edit 's|w/f|w/g|'
    run_ved 0 "apply" apply -y
    settled
    exist g=one
    same "one object" "$(resources | jq length)" 1
}

case_deleted_and_removed() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")
            emit Infra.WriteFile(path: "w/g", content: "two")'
    begin 2 0 0
    rm w/g
    edit '/w.g/d'
    run_ved 0 "apply" apply -y
    settled
    exist f=one
}

case_folder_lost_with_what_is_in_it() {
    keeper 'let d = emit Infra.CreateDirectory(path: "w/d")
            emit Broadcast(Event::FolderReady(path: d.path))' '' Folder
    cat >>stack.ved <<'VED'
domain Tenant {
    state { folder: string  moved_in: bool }
    goal In { predicate moved_in }
    on Event::FolderReady(path) { folder = path }
    transition Enter {
        step {
            if folder != "" {
                emit Infra.WriteFile(path: "${folder}/f", content: "one")
                moved_in = true
            }
        }
    }
}
VED
    begin 2 0 0
    rm -r w/d
    edited 2 0 0 '+ Folder.Make.CreateDirectory[0]' '+ Tenant.Enter.WriteFile[0]'
    exist d/ d/f=one
    edit 's/"one"/"two"/'
    rm -r w/d
    run_ved 0 "apply" apply
    settled
    exist d/ d/f=two
    destroys 'Tenant.Enter.WriteFile[0]' 'Folder.Make.CreateDirectory[0]'
}

chain() {
    stack <<'VED'
domain First {
    state { made: bool }
    goal Made { predicate made }
    transition Make {
        step {
            emit Infra.WriteFile(path: "w/a", content: "a")
            emit Broadcast(Event::FirstReady())
            made = true
        }
    }
}
domain Second {
    state { ready: bool  made: bool }
    goal Made { predicate made }
    on Event::FirstReady() { ready = true }
    transition Make {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/b", content: "b")
                emit Broadcast(Event::SecondReady())
                made = true
            }
        }
    }
}
domain Third {
    state { ready: bool  made: bool }
    goal Made { predicate made }
    on Event::SecondReady() { ready = true }
    transition Make {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/c", content: "c")
                made = true
            }
        }
    }
}
VED
}

case_destroyed_in_order_after_replacements_and_repairs() {
    chain
    begin 3 0 0
    edit 's|w/a|w/aa|'
    edited 1 0 1 '-/+ First.Make.WriteFile[0]'
    rm w/b
    edited 1 0 0 '+ Second.Make.WriteFile[0]'
    edit 's|w/b|w/bb|'
    edited 1 0 1 '-/+ Second.Make.WriteFile[0]'
    exist aa=a bb=b c=c
    destroys 'Third.Make.WriteFile[0]' 'Second.Make.WriteFile[0]' 'First.Make.WriteFile[0]'
}

case_removed_in_order() {
    chain
    begin 3 0 0
    stack <<<'domain Empty { state { nothing: bool } }'
    edited 0 0 3 '- Third.Make.WriteFile[0]' '- Second.Make.WriteFile[0]' '- First.Make.WriteFile[0]'
    in_this_order 'delete Third.Make.WriteFile[0]' 'delete Second.Make.WriteFile[0]' 'delete First.Make.WriteFile[0]'
    exist
}

case_repaired_in_order() {
    chain
    begin 3 0 0
    edit 's|w/a|w/aa|'
    edited 1 0 1 '-/+ First.Make.WriteFile[0]'
    rm w/*
    edited 3 0 0 '+ First.Make.WriteFile[0]' '+ Second.Make.WriteFile[0]' '+ Third.Make.WriteFile[0]'
    in_this_order 'put First.Make.WriteFile[0]' 'put Second.Make.WriteFile[0]' 'put Third.Make.WriteFile[0]'
    exist aa=a b=b c=c
}

case_destroyed_and_applied_starts_over() {
    three
    begin 3 0 0
    edit 's/== 3/== 4/; s/< 3/< 4/'
    edited 1 0 0 '+ Pool.Hire.CreateDirectory[3]'
    destroys 'Pool.Hire.CreateDirectory[3]' 'Pool.Hire.CreateDirectory[2]' 'Pool.Hire.CreateDirectory[1]' 'Pool.Hire.CreateDirectory[0]'
    edited 4 0 0 '+ Pool.Hire.CreateDirectory[0]' '+ Pool.Hire.CreateDirectory[1]' '+ Pool.Hire.CreateDirectory[2]' '+ Pool.Hire.CreateDirectory[3]'
    field_is Pool workers 4
    exist d0/ d1/ d2/ d3/
}

case_destroyed_edited_and_applied() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")' 'count: int'
    begin 1 0 0
    destroys 'Keeper.Make.WriteFile[0]'
    # Nothing of the former shape is left that a migration would be needed for.
    edit 's/count: int/count: string/; s|w/f|w/g|'
    edited 1 0 0 '+ Keeper.Make.WriteFile[0]: goal Made'
    exist g=one
}

case_destroyed_after_a_loss() {
    chain
    begin 3 0 0
    rm w/b
    run_ved 0 "destroy" destroy
    exist
}
