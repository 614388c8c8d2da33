# Domains and emissions that are added and removed.

file_of() { # DOMAIN PATH CONTENT
    keeper "emit Infra.WriteFile(path: \"w/$2\", content: \"$3\")" '' "$1"
}

case_added_domain() {
    file_of First a a
    begin 1 0 0
    file_of Second b b
    edited 1 0 0 '+ Second.Make.WriteFile[0]: goal Made'
    exist a=a b=b
}

case_removed_domain() {
    file_of First a a
    file_of Second b b
    begin 2 0 0
    : >stack.ved
    file_of First a a
    plans 0 0 1 '- Second.Make.WriteFile[0]: Second'
    declined
    applies 0 0 1
    exist a=a
}

case_removed_domain_and_back_again() {
    file_of First a a
    file_of Second b b
    begin 2 0 0
    cp stack.ved both.ved
    : >stack.ved
    file_of First a a
    edited 0 0 1 '- Second.Make.WriteFile[0]'
    exist a=a
    cp both.ved stack.ved
    edited 1 0 0 '+ Second.Make.WriteFile[0]'
    exist a=a b=b
}

case_domain_takes_over_a_path() {
    file_of First a a
    file_of Second b old
    begin 2 0 0
    : >stack.ved
    file_of First a a
    file_of Third b new
    edited 1 0 1 '- Second.Make.WriteFile[0]' '+ Third.Make.WriteFile[0]'
    in_this_order 'delete Second.Make.WriteFile[0]' 'put Third.Make.WriteFile[0]'
    exist a=a b=new
}

case_every_domain_removed() {
    file_of First a a
    file_of Second b b
    begin 2 0 0
    local last_first
    mapfile -t last_first < <(resources | jq -r 'sort_by(-.rank) | .[] | "- " + .address')
    stack <<<'domain Empty { state { nothing: bool } }'
    edited 0 0 2 "${last_first[@]}"
    exist
}

case_removed_domain_with_waiting_messages() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            send Second Start(color: "red")
            send Second Start(color: "blue")' '' First
    cat >>stack.ved <<VED
domain Second {
    state { last: string }
    on message Start(color: string) {
        emit Infra.RunProcess(name: color, command: "sleep 0.7; exec $BUILD_DIR/ved-sample-app", ports: [0], env: {COLOR: color})
        last = color
    }
}
VED
    killed 'Second.*Creating'
    : >stack.ved
    file_of First a a
    run_ved 0 "the plan" plan && cp out plan
    finished
    noted 'Second.*(message|Start)'
    same "no process" "$(processes)" ""
    exist a=a
}

case_added_emission() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")'
    begin 1 0 0
    edit '6a\            emit Infra.WriteFile(path: "w/b", content: "b")'
    edited 1 0 0 '+ Keeper.Make.WriteFile[1]: edit at stack.ved:7'
    exist a=a b=b
}

case_removed_emission() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Infra.CreateDirectory(path: "w/d")'
    begin 2 0 0
    edit '/CreateDirectory/d'
    plans 0 0 1 '- Keeper.Make.CreateDirectory[0]: Keeper.Make does not emit it any more'
    declined
    applies 0 0 1
    exist a=a
}

case_removed_emission_and_back_again() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Infra.CreateDirectory(path: "w/d")'
    begin 2 0 0
    cp stack.ved both.ved
    edit '/CreateDirectory/d'
    edited 0 0 1 '- Keeper.Make.CreateDirectory[0]'
    exist a=a
    cp both.ved stack.ved
    edited 1 0 0 '+ Keeper.Make.CreateDirectory[0]'
    exist a=a d/
}

case_the_only_emission_removed() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")'
    begin 1 0 0
    edit '/emit/d'
    edited 0 0 1 '- Keeper.Make.WriteFile[0]'
    exist
    field_is Keeper made true
}

case_one_emission_for_another() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")'
    begin 1 0 0
    edit 's|emit.*|emit Infra.CreateDirectory(path: "w/a")|'
    edited 1 0 1 '- Keeper.Make.WriteFile[0]' '+ Keeper.Make.CreateDirectory[0]'
    in_this_order 'delete Keeper.Make.WriteFile[0]' 'put Keeper.Make.CreateDirectory[0]'
    exist a/
}

case_removed_transition_and_goal() {
    stack <<'VED'
domain Keeper {
    state { a: bool  b: bool }
    goal A { predicate a strategy { MakeA } }
    goal B { predicate b strategy { MakeB } }
    transition MakeA { step { emit Infra.WriteFile(path: "w/a", content: "a") a = true } }
    transition MakeB { step { emit Infra.WriteFile(path: "w/b", content: "b") b = true } }
}
VED
    begin 2 0 0
    edit '/goal B/d; /transition MakeB/d'
    edited 0 0 1 '- Keeper.MakeB.WriteFile[0]'
    field_is Keeper b false
    exist a=a
}

case_removed_goal_only() {
    stack <<'VED'
domain Keeper {
    state { a: bool }
    goal A { predicate a strategy { Make } }
    transition Make { step { emit Infra.WriteFile(path: "w/a", content: "a") a = true } }
}
VED
    begin 1 0 0
    edit '/goal A/d'
    unchanged
    exist a=a
}

case_added_transition_and_goal() {
    file_of Keeper a a
    begin 1 0 0
    edit 's/^    goal Made.*/&\n    goal More { predicate more strategy { Add } }\n    transition Add { step { emit Infra.WriteFile(path: "w\/b", content: "b") more = true } }/; s/made: bool/made: bool  more: bool/; s/predicate made/predicate made strategy { Make }/'
    edited 1 0 0 '+ Keeper.Add.WriteFile[0]: goal More'
    exist a=a b=b
}

case_an_action_is_run_again_only_if_it_changed() {
    local port
    port=$(free_port)
    mkdir site && touch site/index.html
    (cd site && exec python3 -m http.server --bind 127.0.0.1 "$port") >requests 2>&1 &
    local server=$!
    wait_port "$port"
    keeper "emit Infra.WriteFile(path: \"w/f\", content: \"one\")
            emit Infra.HttpRequest(\"http://127.0.0.1:$port/?a\")"
    begin 1 0 0 1
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    same "requests" "$(grep -c 'GET /' requests)" 1
    edit 's/\?a"/?b"/'
    edited 0 0 0 1 'run Keeper.Make.HttpRequest[0]: edit at stack.ved:7'
    edit '/HttpRequest/d'
    edited 0 0 0
    kill "$server"
    wait "$server" 2>/dev/null
    same "requests" "$(grep -o 'GET /?[a-z]*' requests | paste -sd ' ')" 'GET /?a GET /?b'
    exist f=two
}
