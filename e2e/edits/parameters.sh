# Parameters: of the command line, of a file, of `system`, of the fields' initialisers.

texts() {
    keeper 'emit Infra.WriteFile(path: path, content: text)' 'text: string = "one"  path: string = "w/f"  spare: int'
}

case_parameter_set() {
    texts
    begin 1 0 0
    FLAGS=(--set Keeper.text=two)
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.text'
    shows '~ content = "one" -> "two"'
    exist f=two
}

case_parameter_set_no_more() {
    texts
    FLAGS=(--set Keeper.text=two)
    begin 1 0 0
    exist f=two
    FLAGS=()
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.text'
    exist f=one
}

case_parameter_set_there_and_back_again() {
    texts
    begin 1 0 0
    FLAGS=(--set Keeper.text=two)
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    FLAGS=(--set Keeper.text=one)
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    FLAGS=()
    unchanged
    exist f=one
}

case_parameter_that_forces_replacement() {
    texts
    begin 1 0 0
    FLAGS=(--set Keeper.path=w/g)
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]: parameter Keeper.path'
    declined
    applies 1 0 1
    exist g=one
}

case_parameter_of_a_file() {
    texts
    echo 'Keeper: { text: two }' >values.yaml
    FLAGS=(--var-file values.yaml)
    begin 1 0 0
    exist f=two
    edit 's/two/three/' values.yaml
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.text'
    exist f=three
}

case_parameter_that_nothing_reads() {
    texts
    begin 1 0 0
    FLAGS=(--set Keeper.spare=7)
    unchanged
    field_is Keeper spare 7
}

case_initialiser_of_a_parameter() {
    texts
    begin 1 0 0
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.text'
    exist f=two
}

case_parameter_of_system() {
    texts
    cat >>stack.ved <<<'system Main { start domain Keeper { text = "two" } }'
    begin 1 0 0
    exist f=two
    edit 's/"two"/"three"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.text'
    exist f=three
}

case_parameter_decides_whether() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")
            if both { emit Infra.CreateDirectory(path: "w/d") }' 'both: bool'
    begin 1 0 0
    FLAGS=(--set Keeper.both=true)
    edited 1 0 0 '+ Keeper.Make.CreateDirectory[0]: parameter Keeper.both'
    exist d/ f=one
    FLAGS=()
    plans 0 0 1 '- Keeper.Make.CreateDirectory[0]: parameter Keeper.both'
    declined
    applies 0 0 1
    exist f=one
}

case_parameter_of_several_domains() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: text)' 'text: string = "one"' First
    keeper 'emit Infra.WriteFile(path: "w/b", content: text)' 'text: string = "one"' Second
    begin 2 0 0
    FLAGS=(--set Second.text=two)
    edited 0 1 0 '~ Second.Make.WriteFile[0]'
    FLAGS+=(--set First.text=three)
    edited 0 1 0 '~ First.Make.WriteFile[0]'
    exist a=three b=two
}

team() { # KEY...
    cat >stack.ved <<'VED'
domain Worker[name: string] {
    state { made: bool  text: string = "one" }
    goal Made { predicate made }
    transition Make {
        step {
            emit Infra.WriteFile(path: "w/${name}", content: text)
            made = true
        }
    }
}
VED
    {
        echo 'system Main {'
        printf '    start domain Worker["%s"] { text = "%s" }\n' "$@"
        echo '}'
    } >>stack.ved
}

case_instances_that_system_starts() {
    team a one b two
    begin 2 0 0
    team a one b two c three
    edited 1 0 0 '+ Worker["c"].Make.WriteFile[0]'
    exist a=one b=two c=three
    team a one c three
    plans 0 0 1 '- Worker["b"].Make.WriteFile[0]'
    declined
    applies 0 0 1
    exist a=one c=three
    team a four c three
    edited 0 1 0 '~ Worker["a"].Make.WriteFile[0]'
    exist a=four c=three
    team a four b five c three
    edited 1 0 0 '+ Worker["b"].Make.WriteFile[0]'
    exist a=four b=five c=three
}
