# Processes of this machine.

sleepers() { # COLOR...
    : >stack.ved
    keeper "$(for color in "$@"; do
        printf 'emit Infra.RunProcess(name: "%s", command: ["sleep", "1000"], env: {COLOR: "%s"})\n' "$color" "$color"
    done)"
}

case_added_and_removed_process() {
    sleepers red green
    begin 2 0 0
    same "what runs" "$(colors)" 'green red'
    sleepers red green blue
    edited 1 0 0 '+ Keeper.RunProcess["blue"]'
    same "what runs" "$(colors)" 'blue green red'
    sleepers red blue
    edited 0 0 1 '- Keeper.RunProcess["green"]'
    same "what runs" "$(colors)" 'blue red'
}

case_changed_environment() {
    sleepers red green
    begin 2 0 0
    local before
    before=$(output_of RunProcess pid | sort)
    edit 's/COLOR: "green"/COLOR: "gray"/'
    edited 0 1 0 '~ Keeper.RunProcess["green"]: edit at stack.ved'
    same "what runs" "$(colors)" 'gray red'
    same "the other one is the one of before" "$(comm -12 <(echo "$before") <(output_of RunProcess pid | sort) | wc -l)" 1
}

case_changed_command() {
    keeper 'emit Infra.RunProcess(command: ["sleep", "1001"])'
    begin 1 0 0
    run 'sleep 1001'
    edit 's/1001/1002/'
    edited 0 1 0 '~ Keeper.Make.RunProcess[0]: edit at stack.ved:6'
    run 'sleep 1002'
    edit 's/1002/1001/'
    edited 0 1 0 '~ Keeper.Make.RunProcess[0]: edit at stack.ved:6'
    run 'sleep 1001'
}

case_pool_of_three_processes_loses_one() {
    stack <<'VED'
domain Pool {
    state { workers: int }
    goal Enough { predicate workers == 3 }
    transition Hire { step { if workers < 3 { emit Infra.RunProcess(command: ["sleep", "100${workers}"]) workers += 1 } } }
}
VED
    begin 3 0 0
    run 'sleep 1000' 'sleep 1001' 'sleep 1002'
    kill -KILL "$(resources | jq -r '.[1].outputs.pid')"
    edited 1 0 0 '+ Pool.Hire.RunProcess[1]'
    run 'sleep 1000' 'sleep 1001' 'sleep 1002'
}

case_killed_process_and_edit() {
    keeper 'emit Infra.RunProcess(command: ["sleep", "1001"])'
    begin 1 0 0
    kill -KILL "$(output_of RunProcess pid)"
    edit 's/1001/1002/'
    run_ved 0 "apply" apply -y
    settled
    run 'sleep 1002'
}

case_removed_domain_of_a_process() {
    keeper 'emit Infra.RunProcess(command: ["sleep", "1001"])' '' First
    keeper 'emit Infra.RunProcess(command: ["sleep", "1002"])' '' Second
    begin 2 0 0
    : >stack.ved
    keeper 'emit Infra.RunProcess(command: ["sleep", "1002"])' '' Second
    edited 0 0 1 '- First.Make.RunProcess[0]'
    run 'sleep 1002'
}

case_process_of_a_renamed_domain_goes_on() {
    keeper 'emit Infra.RunProcess(command: ["sleep", "1001"])' '' First
    begin 1 0 0
    local pid
    pid=$(processes)
    edit 's/domain First/domain Other/; 1i\moved domain First -> Other'
    carried 0 0 0
    same "the process is that of before" "$(processes)" "$pid"
}
