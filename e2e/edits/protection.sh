# Objects that nothing may destroy, by the program or by the bindings.

guarded() {
    : >stack.ved
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    edit 's/^    transition/    @protect\n    transition/'
}

unguard() {
    guarded
    edit '/@protect/d'
    run_ved 0 "the protection is taken away" apply -y
}

case_protected_and_replaced() {
    guarded
    begin 1 0 0
    edit 's|w/f|w/g|'
    refused 3 'Keeper\.Make\.WriteFile\[0\]' 'protect'
    exist f=one
    unguard
}

case_protected_and_removed() {
    guarded
    begin 1 0 0
    edit '/emit/d'
    refused 3 'Keeper\.Make\.WriteFile\[0\]' 'stack\.ved:4'
    stack <<<'domain Empty { state { nothing: bool } }'
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    exist f=one
    unguard
}

case_protected_and_updated() {
    guarded
    begin 1 0 0
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist f=two
    unguard
}

case_protection_taken_away_in_the_same_edit() {
    guarded
    begin 1 0 0
    edit '/@protect/d; s|w/f|w/g|'
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    edit 's|w/g|w/f|'
    unchanged
    edit 's|w/f|w/g|'
    edited 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    exist g=one
}

case_protection_added_in_the_same_edit() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/^    transition/    @protect\n    transition/; s|w/f|w/g|'
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    exist f=one
    unguard
}

case_protected_in_a_renamed_domain() {
    guarded
    begin 1 0 0
    edit 's/domain Keeper/domain Holder/'
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    edit '1i\moved domain Keeper -> Holder'
    carried 0 0 0
    edit '/@protect/d'
    unchanged
    exist f=one
}

case_protected_and_given_to_another_provider() {
    guarded
    begin 1 0 0
    FLAGS=(--provider Infra=sim)
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    FLAGS=()
    exist f=one
    unguard
}

case_protected_by_the_binding() {
    bindings <<'YAML'
  Infra:
    plugin: local
    actions:
      WriteFile: { protect: true }
YAML
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")
            emit Infra.CreateDirectory(path: "w/d")'
    begin 2 0 0
    edit 's|w/f|w/g|'
    refused 3 'Keeper\.Make\.WriteFile\[0\]'
    edit 's|w/g|w/f|; s|w/d|w/e|'
    edited 1 0 1 '-/+ Keeper.Make.CreateDirectory[0]'
    exist e/ f=one
    run_ved 3 "destroy of what the binding protects" destroy -y
    rm ved.yaml
    unchanged
}

case_loop_made_shorter_than_what_is_protected() {
    keeper 'for i in range(3) { emit Infra.WriteFile(path: "w/f${i}", content: "x") }'
    edit 's/^    transition/    @protect\n    transition/'
    begin 3 0 0
    edit 's/range\(3\)/range(2)/'
    refused 3 'Keeper\.Make\.WriteFile\[2\]'
    edit 's/range\(2\)/range(4)/'
    edited 1 0 0 '+ Keeper.Make.WriteFile[3]'
    edit '/@protect/d'
    unchanged
    exist f0=x f1=x f2=x f3=x
}
