# Arguments, constants, functions and imported files changed in the program's text.

case_changed_argument() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/one/two/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: edit at stack.ved:6'
    shows 'Keeper.Make.WriteFile[0] will be updated in place' '~ content = "one" -> "two"'
    exist 'f=two'
}

case_changed_argument_of_a_named_object() {
    keeper 'emit Infra.WriteFile(name: "f", path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/one/two/'
    edited 0 1 0 '~ Keeper.WriteFile["f"]: edit at stack.ved:6'
    exist 'f=two'
}

case_one_of_three_changed() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Infra.WriteFile(path: "w/b", content: "b")
            emit Infra.WriteFile(path: "w/c", content: "c")'
    begin 3 0 0
    edit 's/content: "b"/content: "B"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[1]: edit at stack.ved:7'
    exist a=a b=B c=c
}

case_changed_mode() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one", mode: "0640")'
    begin 1 0 0
    edit 's/0640/0600/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    shows '~ mode = "0640" -> "0600"'
    exist 'f=one'
    same "its mode" "$(stat -c %a w/f)" 600
}

case_added_and_removed_argument() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/"one"/"one", mode: "0600"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    same "its mode" "$(stat -c %a w/f)" 600
    edit 's/, mode: "0600"//'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    same "its mode" "$(stat -c %a w/f)" 644
}

case_replaced_file() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|w/f|w/g|'
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]: edit at stack.ved:6'
    shows 'Keeper.Make.WriteFile[0] will be replaced' '~ path = "w/f" -> "w/g"' 'forces replacement' \
        'Destroys and replacements:' '  -/+ Keeper.Make.WriteFile[0]'
    declined
    exist 'f=one'
    applies 1 0 1
    in_this_order 'delete Keeper.Make.WriteFile[0]' 'put Keeper.Make.WriteFile[0]'
    exist 'g=one'
}

case_replaced_directory() {
    keeper 'emit Infra.CreateDirectory(path: "w/d")'
    begin 1 0 0
    edit 's|w/d|w/e|'
    edited 1 0 1 '-/+ Keeper.Make.CreateDirectory[0]: edit at stack.ved:6'
    exist 'e/'
}

case_changed_mode_of_a_directory() {
    keeper 'emit Infra.CreateDirectory(path: "w/d", mode: "0750")'
    begin 1 0 0
    edit 's/0750/0700/'
    edited 0 1 0 '~ Keeper.Make.CreateDirectory[0]'
    exist 'd/'
    same "its mode" "$(stat -c %a w/d)" 700
}

case_changed_constant() {
    stack <<<'const TEXT = "one"'
    keeper 'emit Infra.WriteFile(path: "w/f", content: TEXT)'
    begin 1 0 0
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist 'f=two'
}

case_changed_function() {
    stack <<<'fn greet(name: string) -> string { return "Hello ${name}" }'
    keeper 'emit Infra.WriteFile(path: "w/f", content: greet("Ada"))
            emit Infra.WriteFile(path: "w/g", content: "same")'
    begin 2 0 0
    edit 's/Hello/Good day/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist 'f=Good day Ada' 'g=same'
}

case_changed_imported_file() {
    mkdir lib
    echo 'export fn greet(name: string) -> string { return "Hello ${name}" }' >lib/words.ved
    stack <<<'import "lib/words.ved"'
    keeper 'emit Infra.WriteFile(path: "w/f", content: greet("Ada"))'
    begin 1 0 0
    edit 's/Hello/Good day/' lib/words.ved
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist 'f=Good day Ada'
}

case_result_reaches_the_same_slice() {
    keeper 'let d = emit Infra.CreateDirectory(path: "w/d")
            emit Infra.WriteFile(path: "w/f", content: d.path)'
    begin 2 0 0
    exist 'd/' "f=$PWD/w/d"
    edit 's|w/d|w/e|'
    plans 1 1 1 '-/+ Keeper.Make.CreateDirectory[0]: edit at stack.ved:6' '~ Keeper.Make.WriteFile[0]'
    applies 1 1 1
    exist 'e/' "f=$PWD/w/e"
}

case_changed_behind_a_yield() {
    keeper 'let d = emit Infra.CreateDirectory(path: "w/d")
            yield
            emit Infra.WriteFile(path: "w/f", content: "one ${d.path}")'
    begin 2 0 0
    edit 's/one/two/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: edit at stack.ved:8'
    exist 'd/' "f=two $PWD/w/d"
}

case_changed_in_parallel() {
    keeper 'parallel {
                emit Infra.WriteFile(path: "w/a", content: "a")
                emit Infra.WriteFile(path: "w/b", content: "b")
            }'
    begin 2 0 0
    edit 's/content: "(.)"/content: "\1\1"/'
    edited 0 2 0 '~ Keeper.Make.WriteFile[0]' '~ Keeper.Make.WriteFile[1]'
    exist a=aa b=bb
}

case_changed_in_a_second_slice() {
    stack <<'VED'
domain Keeper {
    state { first: bool  second: bool }
    goal Made { predicate second }
    transition Make {
        slice one {
            emit Infra.WriteFile(path: "w/a", content: "a")
            first = true
        }
        slice two {
            emit Infra.WriteFile(path: "w/b", content: "b")
            second = true
        }
    }
}
VED
    begin 2 0 0
    edit 's/content: "b"/content: "B"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[1]: edit at stack.ved:10'
    exist a=a b=B
}

case_failed_emission_edited_to_succeed() {
    foreign
    keeper 'emit Infra.WriteFile(path: "foreign", content: "one") else {
                emit Infra.WriteFile(path: "w/instead", content: "two")
            }'
    begin 1 0 0
    exist instead=two
    edit 's/"two"/"three"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[1]'
    exist instead=three
    edit 's|foreign|w/f|'
    run_ved 0 "apply" apply -y
    same "what apply did" "$(last_line)" "$(apply_line 1 0 1)"
    settled
    exist f=one
}

case_comments_and_layout() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|^( *)emit|\1// Where it says so.\n\n\1emit|'
    unchanged
    "$VED" fmt stack.ved >/dev/null
    unchanged
    exist 'f=one'
}

case_reordered_source() {
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Infra.CreateDirectory(path: "w/d")' '' First
    keeper 'emit Infra.WriteFile(path: "w/b", content: "b")' '' Second
    begin 3 0 0
    : >stack.ved
    keeper 'emit Infra.WriteFile(path: "w/b", content: "b")' '' Second
    keeper 'emit Infra.CreateDirectory(path: "w/d")
            emit Infra.WriteFile(path: "w/a", content: "a")' '' First
    unchanged
    exist a=a b=b d/
}

case_reordered_named_emissions() {
    keeper 'emit Infra.WriteFile(name: "a", path: "w/a", content: "a")
            emit Infra.WriteFile(name: "b", path: "w/b", content: "b")'
    begin 2 0 0
    edit '6{h;d};7{G}'
    unchanged
    exist a=a b=b
}

case_reordered_transitions() {
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
    edit '5{h;d};6{G}'
    edit '3{h;d};4{G}'
    unchanged
    exist a=a b=b
}

case_there_and_back_again() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/one/two/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist f=two
    edit 's/two/one/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: edit at stack.ved:6'
    shows '~ content = "two" -> "one"'
    exist f=one
}

case_there_and_back_again_by_replacement() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's|w/f|w/g|'
    edited 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    exist g=one
    edit 's|w/g|w/f|'
    edited 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    exist f=one
}

case_planned_but_never_applied() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    local before
    before=$(everything)
    edit 's|w/f|w/g|'
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    same "a plan touches nothing" "$(everything)" "$before"
    edit 's|w/g|w/f|'
    unchanged
    exist f=one
}
