# Edits that meet work which has begun, and edits whose apply is killed.

slow() { # COLOR
    : >stack.ved
    keeper "emit Infra.RunProcess(command: \"sleep 0.7; exec $BUILD_DIR/ved-sample-app\", ports: [0], env: {COLOR: \"$1\"})"
}

case_edit_while_a_slice_performs() {
    slow red
    killed Creating
    slow blue
    finished
    same "one process, with what the edit says" "$(colors)" blue
    same "one object" "$(resources | jq length)" 1
}

case_removal_while_a_slice_performs() {
    slow red
    killed Creating
    edit '/emit/d'
    finished
    same "no process" "$(processes)" ""
    same "no object" "$(resources | jq length)" 0
}

case_same_program_after_a_slice_was_interrupted() {
    slow red
    killed Creating
    finished
    same "one process" "$(colors)" red
}

case_removed_domain_while_it_performs() {
    slow red
    killed Creating
    stack <<<'domain Empty { state { nothing: bool } }'
    finished
    same "no process" "$(processes)" ""
    same "no object" "$(resources | jq length)" 0
}

case_killed_while_a_process_is_changed() {
    slow red
    begin 1 0 0
    slow blue
    killed '(Creating|Modifying|Updating|Replacing|Destroying)\.\.\.'
    finished
    same "one process, with what the edit says" "$(colors)" blue
    same "one object" "$(resources | jq length)" 1
}

case_killed_while_a_process_is_changed_and_edited_back() {
    slow red
    begin 1 0 0
    slow blue
    killed '(Creating|Modifying|Updating|Replacing|Destroying)\.\.\.'
    slow red
    finished
    same "one process, with what the program says" "$(colors)" red
}

simulator() { # DELAY
    bindings <<YAML
  Infra:
    plugin: sim
    config: { immutable: { Make: [zone] }, delay_ms: $1 }
YAML
}

zones() {
    find .ved -path '*/objects/*.json' -exec cat {} + | grep -o '"zone":"[a-z]*"' | sort | paste -sd ' '
}

killed_replacement() { # PATTERN
    simulator 0
    keeper 'emit Infra.Make(zone: "north")'
    begin 1 0 0
    simulator 600
    edit 's/north/south/'
    killed "$1"
    simulator 0
    finished
    same "one object, with what the edit says" "$(zones)" '"zone":"south"'
    same "one object in the state" "$(resources | jq length)" 1
}

case_killed_while_the_old_one_goes() {
    killed_replacement 'Destroying\.\.\.'
}

case_killed_while_the_new_one_comes() {
    killed_replacement 'Creating\.\.\.|Replacing\.\.\.'
}

case_killed_replacement_edited_back() {
    simulator 0
    keeper 'emit Infra.Make(zone: "north")'
    begin 1 0 0
    simulator 600
    edit 's/north/south/'
    killed 'Destruction complete'
    simulator 0
    edit 's/south/north/'
    finished
    same "one object, with what the program says" "$(zones)" '"zone":"north"'
}

killed_at_random() { # until an apply comes to its end, or six were killed
    local tries=0 pid
    while [ $tries -lt 6 ]; do
        tries=$((tries + 1))
        "$VED" apply stack.ved -y >/dev/null 2>&1 </dev/null &
        pid=$!
        sleep "0.$((10 + RANDOM % 25))"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null && return # it is gone for certain, and holds nothing any more
    done
}

twenty() { # PATH CONTENT
    : >stack.ved
    keeper "for i in range(20) { emit Infra.WriteFile(path: \"$1\${i}\", content: \"$2\${i}\") }"
}

all_twenty() { # PATH CONTENT
    printf "w/$1%s\n" {0..19} | sort | while read -r path; do
        echo "${path#w/}=$2${path#w/"$1"}"
    done
}

case_killed_at_random_during_updates() {
    twenty w/f one
    begin 20 0 0
    twenty w/f two
    killed_at_random
    finished
    same "all are what the edit says" "$(present)" "$(all_twenty f two)"
    same "twenty objects" "$(resources | jq length)" 20
}

case_killed_at_random_during_replacements() {
    twenty w/f one
    begin 20 0 0
    twenty w/g one
    killed_at_random
    finished
    same "all are what the edit says" "$(present)" "$(all_twenty g one)"
    same "twenty objects" "$(resources | jq length)" 20
}

case_killed_at_random_and_edited_back() {
    twenty w/f one
    begin 20 0 0
    twenty w/g two
    killed_at_random
    twenty w/f one
    killed_at_random
    finished
    same "all are what the program says" "$(present)" "$(all_twenty f one)"
    same "twenty objects" "$(resources | jq length)" 20
}

case_edit_that_fails_and_the_next() {
    foreign
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|w/f|foreign|'
    run_ved 1 "an edit that cannot be done" apply -y
    exist
    run_ved 1 "the same again" apply -y
    edit 's|foreign|w/g|'
    finished
    exist g=one
    same "one object" "$(resources | jq length)" 1
}

case_edit_that_fails_and_back() {
    foreign
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|w/f|foreign|'
    run_ved 1 "an edit that cannot be done" apply -y
    edit 's|foreign|w/f|'
    finished
    exist f=one
    same "one object" "$(resources | jq length)" 1
}

case_added_emission_that_fails() {
    foreign
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit '6a\            emit Infra.WriteFile(path: "foreign", content: "two")'
    run_ved 1 "an edit that cannot be done" apply -y
    exist f=one
    edit '/"foreign"/d'
    finished
    exist f=one
    same "one object" "$(resources | jq length)" 1
}

case_what_a_failed_edit_left_is_destroyed() {
    foreign
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit '6a\            emit Infra.WriteFile(path: "w/g", content: "two")\n            emit Infra.WriteFile(path: "foreign", content: "three")'
    run_ved 1 "an edit that cannot be done" apply -y
    edit '/w.g/d; /"foreign"/d'
    finished
    exist f=one
    same "one object" "$(resources | jq length)" 1
}

half() { # FIRST SECOND
    stack <<VED
domain Keeper {
    state { first: bool  second: bool }
    goal Made { predicate second }
    transition Make {
        slice one {
            emit Infra.WriteFile(name: "a", path: "w/a", content: "$1")
            first = true
        }
        slice two {
            emit Infra.WriteFile(name: "b", path: "$2", content: "b")
            second = true
        }
    }
}
VED
}

case_edit_while_half_done() {
    foreign
    half one foreign
    run_ved 1 "the first apply" apply -y
    exist a=one
    half two w/b
    run_ved 0 "the plan" plan && cp out plan
    finished
    noted 'Make'
    exist a=two b=b
    same "two objects" "$(resources | jq length)" 2
}

case_edit_elsewhere_while_half_done() {
    foreign
    half one foreign
    run_ved 1 "the first apply" apply -y
    exist a=one
    local before
    before=$(uids)
    keeper 'emit Infra.CreateDirectory(path: "w/d")' '' Folder
    rm foreign
    finished
    exist a=one d/
    same "the second" "$(cat foreign)" b
    same "the first is that of before" "$(uids | grep WriteFile | head -n 1)" "$before"
}

case_removed_transition_while_half_done() {
    foreign
    half one foreign
    run_ved 1 "the first apply" apply -y
    : >stack.ved
    keeper 'emit Infra.WriteFile(path: "w/c", content: "c")' 'first: bool  second: bool'
    edit 's/transition Make/transition Other/'
    finished
    exist c=c
}

# An edit on the way to another.
case_edit_of_an_edit_that_was_killed() {
    twenty w/f one
    begin 20 0 0
    twenty w/f two
    killed_at_random
    : >stack.ved
    keeper 'for i in range(5) { emit Infra.WriteFile(path: "w/f${i}", content: "three${i}") }'
    killed_at_random
    finished
    exist f0=three0 f1=three1 f2=three2 f3=three3 f4=three4
    same "five objects" "$(resources | jq length)" 5
}

case_saved_plan_of_a_replacement() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|w/f|w/g|'
    run_ved 0 "the plan is saved" plan --out saved
    "$VED" apply saved >out 2>err </dev/null || fails "a saved plan is its own approval" err
    same "what apply did" "$(last_line)" "$(apply_line 1 0 1)"
    exist g=one
    settled
    "$VED" apply saved >out 2>err </dev/null
    same "a saved plan is applied once" $? 4
}

case_saved_plan_that_the_program_has_left() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/one/two/'
    run_ved 0 "the plan is saved" plan --out saved
    edit 's/two/three/'
    "$VED" apply saved >out 2>err </dev/null || fails "the saved plan has its program with it" err
    exist f=two
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist f=three
}
