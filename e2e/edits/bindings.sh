# What an effect means, changed beside the program.

bound() { # ACTIONS
    bindings <<YAML
  Infra:
    plugin: local
    actions:
      $1
YAML
}

case_default_of_the_bindings() {
    bound 'WriteFile: { content: one }'
    keeper 'emit Infra.WriteFile(path: "w/f")'
    begin 1 0 0
    bound 'WriteFile: { content: two }'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: binding of Infra.WriteFile'
    shows '~ content = "one" -> "two"'
    exist f=two
}

case_default_that_the_program_overrides() {
    bound 'WriteFile: { content: one }'
    keeper 'emit Infra.WriteFile(path: "w/f", content: "mine")'
    begin 1 0 0
    bound 'WriteFile: { content: two }'
    unchanged
    exist f=mine
}

case_default_that_forces_replacement() {
    bound 'WriteFile: { path: w/f }'
    keeper 'emit Infra.WriteFile(content: "one")'
    begin 1 0 0
    bound 'WriteFile: { path: w/g }'
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]: binding of Infra.WriteFile'
    shows '~ path = "w/f" -> "w/g"' 'forces replacement'
    declined
    applies 1 0 1
    exist g=one
}

case_default_moved_into_the_program() {
    bound 'WriteFile: { content: one }'
    keeper 'emit Infra.WriteFile(path: "w/f")'
    begin 1 0 0
    rm ved.yaml
    edit 's|"w/f"|"w/f", content: "one"|'
    unchanged
    exist f=one
}

case_another_action() {
    bound 'Put: { action: WriteFile, path: w/f, content: one }'
    keeper 'emit Infra.Put()'
    begin 1 0 0
    exist f=one
    bound 'Put: { action: CreateDirectory, path: w/f }'
    plans 1 0 1 '-/+ Keeper.Make.Put[0]: binding of Infra.Put'
    declined
    applies 1 0 1
    exist f/
    bound 'Put: { action: WriteFile, path: w/f, content: one }'
    edited 1 0 1 '-/+ Keeper.Make.Put[0]: binding of Infra.Put'
    exist f=one
}

case_limits_are_no_change() {
    bound 'WriteFile: { content: one }'
    keeper 'emit Infra.WriteFile(path: "w/f")'
    begin 1 0 0
    edit 's/plugin: local/plugin: local\n    limits: { concurrency: 3, timeout: 1m }/' ved.yaml
    unchanged
}

case_what_was_meant_by_default_written_down() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    bindings <<<'  Infra: { plugin: local }'
    unchanged
    FLAGS=(--provider Infra=local)
    unchanged
    exist f=one
}

case_reference_to_a_replaced_object() {
    bound 'WriteFile: { content: "in ${resource.CreateDirectory.path}" }'
    keeper 'emit Infra.CreateDirectory(path: "w/d")' '' Folder
    keeper 'emit Infra.WriteFile(path: "w/f")'
    begin 2 0 0
    exist d/ "f=in $PWD/w/d"
    edit 's|w/d|w/e|'
    edited 1 1 1 '-/+ Folder.Make.CreateDirectory[0]: edit at stack.ved:6' \
        '~ Keeper.Make.WriteFile[0]: Folder.Make.CreateDirectory[0]'
    exist e/ "f=in $PWD/w/e"
}

case_reference_to_what_stays_what_it_is() {
    bound 'WriteFile: { content: "in ${resource.CreateDirectory.path}" }'
    keeper 'emit Infra.CreateDirectory(path: "w/d", mode: "0755")' '' Folder
    keeper 'emit Infra.WriteFile(path: "w/f")'
    begin 2 0 0
    edit 's/0755/0700/'
    edited 0 1 0 '~ Folder.Make.CreateDirectory[0]'
    exist d/ "f=in $PWD/w/d"
}

simulated() {
    bindings <<<'  Infra: { plugin: sim }'
}

case_another_provider() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    simulated
    plans 1 0 1 '-/+ Keeper.Make.WriteFile[0]: binding of Infra'
    declined
    applies 1 0 1
    in_this_order 'delete Keeper.Make.WriteFile[0]' 'put Keeper.Make.WriteFile[0]'
    exist
    same "the other provider has it" "$(find .ved -path '*/sim/objects/*.json' | wc -l)" 1
}

case_another_provider_there_and_back_again() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    FLAGS=(--provider Infra=sim)
    edited 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    exist
    FLAGS=()
    edited 1 0 1 '-/+ Keeper.Make.WriteFile[0]'
    exist f=one
    same "the other provider has none" "$(find .ved -path '*/sim/objects/*.json' | wc -l)" 0
}

case_another_provider_for_one_of_two() {
    bindings <<<'  Other: { plugin: sim }'
    keeper 'emit Infra.WriteFile(path: "w/a", content: "a")
            emit Other.CreateDirectory(path: "w/b")'
    begin 2 0 0
    exist a=a
    rm ved.yaml
    edited 1 0 1 '-/+ Keeper.Make.CreateDirectory[0]: binding of Other'
    exist a=a b/
}

case_made_before_the_old_one_goes() {
    bindings <<'YAML'
  Infra:
    plugin: sim
    config: { immutable: { Make: [zone] }, create_first: [Make] }
YAML
    keeper 'emit Infra.Make(zone: "north", size: 1)'
    begin 1 0 0
    edit 's/size: 1/size: 2/'
    edited 0 1 0 '~ Keeper.Make.Make[0]'
    edit 's/north/south/'
    edited 1 0 1 '+/- Keeper.Make.Make[0]: edit at stack.ved:6'
    in_this_order 'put Keeper.Make.Make[0]' 'delete Keeper.Make.Make[0]'
}
