# Renamed transitions, domains and objects, with and without `moved`.

same_objects() { # after BEGIN_UIDS: nobody was made anew
    same "the objects are those of before" "$(uids | cut -d' ' -f2 | sort)" "$(cut -d' ' -f2 <<<"$UIDS" | sort)"
}

one_file() { # DOMAIN TRANSITION
    : >stack.ved
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")' '' "$1" "$2"
}

moved() { # LINE...: before the program
    printf 'moved %s\n' "$@" | cat - stack.ved >stack.new && mv stack.new stack.ved
}

addresses() {
    resources | jq -r '.[].address' | sort | paste -sd ' '
}

case_renamed_transition() {
    one_file Keeper Make
    begin 1 0 0
    one_file Keeper Produce
    plans 1 0 1 '- Keeper.Make.WriteFile[0]' '+ Keeper.Produce.WriteFile[0]: goal Made'
    shows 'moved Keeper.Make.WriteFile -> Keeper.Produce.WriteFile'
    declined
    applies 1 0 1
    in_this_order 'delete Keeper.Make.WriteFile[0]' 'put Keeper.Produce.WriteFile[0]'
    exist f=one
    field_is Keeper made true
}

case_renamed_transition_with_moved() {
    one_file Keeper Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Keeper Produce
    moved 'Keeper.Make.WriteFile -> Keeper.Produce.WriteFile'
    carried 0 0 0
    same_objects
    same "the address is the new one" "$(addresses)" 'Keeper.Produce.WriteFile[0]'
    exist f=one
    one_file Keeper Produce
    unchanged
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Produce.WriteFile[0]: edit at stack.ved:6'
    same_objects
    exist f=two
}

case_renamed_transition_and_changed_argument() {
    one_file Keeper Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Keeper Produce
    edit 's/"one"/"two"/'
    moved 'Keeper.Make.WriteFile -> Keeper.Produce.WriteFile'
    carried 0 1 0
    same_objects
    exist f=two
}

case_renamed_domain() {
    one_file Keeper Make
    begin 1 0 0
    one_file Holder Make
    plans 1 0 1 '- Keeper.Make.WriteFile[0]' '+ Holder.Make.WriteFile[0]'
    shows 'moved domain Keeper -> Holder'
    declined
    applies 1 0 1
    in_this_order 'delete Keeper.Make.WriteFile[0]' 'put Holder.Make.WriteFile[0]'
    exist f=one
}

case_renamed_domain_with_moved() {
    one_file Keeper Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Holder Make
    moved 'domain Keeper -> Holder'
    carried 0 0 0
    same_objects
    same "the address is the new one" "$(addresses)" 'Holder.Make.WriteFile[0]'
    field_is Holder made true
    unchanged
    exist f=one
}

case_renamed_domain_and_changed_argument() {
    one_file Keeper Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Holder Make
    edit 's/"one"/"two"/'
    moved 'domain Keeper -> Holder'
    carried 0 1 0
    same_objects
    exist f=two
}

case_renamed_domain_and_back() {
    one_file Keeper Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Holder Make
    moved 'domain Keeper -> Holder'
    carried 0 0 0
    one_file Keeper Make
    moved 'domain Holder -> Keeper'
    carried 0 0 0
    same_objects
    same "the address is the first one" "$(addresses)" 'Keeper.Make.WriteFile[0]'
    one_file Holder Make
    edited 1 0 1 '- Keeper.Make.WriteFile[0]' '+ Holder.Make.WriteFile[0]'
    exist f=one
}

case_moved_line_whose_left_side_is_not_there() {
    one_file Keeper Make
    moved 'domain Former -> Keeper'
    begin 1 0 0
    unchanged
    exist f=one
}

case_moved_twice_in_one_go() {
    one_file First Make
    begin 1 0 0
    UIDS=$(uids)
    one_file Third Make
    moved 'domain First -> Second' 'domain Second -> Third'
    carried 0 0 0
    same_objects
    same "the address is the last one" "$(addresses)" 'Third.Make.WriteFile[0]'
    exist f=one
}

case_moved_to_another_domain() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Infra.CreateDirectory(path: "w/d")' '' Left
    begin 2 0 0
    UIDS=$(uids)
    : >stack.ved
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")' '' Left
    keeper 'emit Infra.CreateDirectory(path: "w/d")' '' Right
    moved 'Left.Make.CreateDirectory -> Right.Make.CreateDirectory'
    carried 0 0 0
    same_objects
    same "the addresses are the new ones" "$(addresses)" 'Left.Make.WriteFile[0] Right.Make.CreateDirectory[0]'
    exist a=a d/
}

case_renamed_object() {
    keeper 'emit Infra.WriteFile(name: "a", path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/name: "a"/name: "b"/'
    plans 1 0 1 '- Keeper.WriteFile["a"]: edit at stack.ved:6' '+ Keeper.WriteFile["b"]: edit at stack.ved:6'
    declined
    applies 1 0 1
    exist f=one
}

case_renamed_field_by_migration() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/\bmade\b/done/g; s/^domain Keeper \{/&\n    @version 2/'
    cat >>stack.ved <<<'migration Keeper 1 -> 2 { done = old.made }'
    unchanged
    field_is Keeper done true
    exist f=one
}
