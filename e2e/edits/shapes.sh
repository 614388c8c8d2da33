# The shape of a state changed, with and without a migration.

sized() { # VERSION TYPE FIRST CONTENT
    stack <<VED
domain Keeper {
    @version $1
    state { made: bool  size: $2 = $3  counted: $2 = $3 }
    goal Made { predicate made }
    transition Make {
        step {
            counted = size
            emit Infra.WriteFile(path: "w/f", content: "$4")
            made = true
        }
    }
}
VED
}

case_retyped_field_without_migration() {
    sized 1 int 3 'size ${size}'
    begin 1 0 0
    sized 1 string '"3"' 'size ${size}'
    refused 65 'V-ERR-003' "Keeper\.(size|counted)" 'migration' 'nothing was touched'
    exist 'f=size 3'
    sized 1 int 3 'size ${size}'
    unchanged
}

case_retyped_field_with_migration() {
    sized 1 int 3 'size ${size}'
    begin 1 0 0
    sized 2 string '"three"' 'size ${size}'
    cat >>stack.ved <<<'migration Keeper 1 -> 2 { size = string(old.size)  counted = string(old.counted) }'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist 'f=size three'
    field_is Keeper counted '"3"'
}

case_retyped_field_with_migration_to_the_same() {
    sized 1 int 3 'size ${size}'
    begin 1 0 0
    sized 2 string '"3"' 'size ${size}'
    cat >>stack.ved <<<'migration Keeper 1 -> 2 { size = string(old.size)  counted = string(old.counted) }'
    unchanged
    exist 'f=size 3'
}

case_two_migrations_at_once() {
    sized 1 int 3 'size ${size}'
    begin 1 0 0
    sized 3 string '"x"' 'size ${size}'
    cat >>stack.ved <<'VED'
migration Keeper 1 -> 2 { size = string(old.size)  counted = string(old.counted) }
migration Keeper 2 -> 3 { size = old.size  counted = old.counted + "!" }
VED
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    exist 'f=size x'
}

case_removed_field() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")
            seen = 1' 'seen: int'
    begin 1 0 0
    edit '/seen = 1/d; s/ seen: int//'
    refused 65 'V-ERR-003' "Keeper\.seen" 'migration' 'nothing was touched'
    edit 's/^domain Keeper \{/&\n    @version 2/'
    cat >>stack.ved <<<'migration Keeper 1 -> 2 { made = old.made }'
    unchanged
    exist f=one
}

case_added_field() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/made: bool/made: bool  suffix: string = "!"/; s/content: "one"/content: "one${suffix}"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]: parameter Keeper.suffix'
    exist 'f=one!'
}

case_added_member_of_an_enum() {
    stack <<<'enum Size { Small, Large }'
    keeper 'if size == Size::Large {
                emit Infra.WriteFile(path: "w/f", content: "large")
            } else {
                emit Infra.WriteFile(path: "w/f", content: "small")
            }' 'size: Size'
    begin 1 0 0
    exist f=small
    edit 's/Small, Large/Small, Large, Huge/'
    unchanged
    edit 's/size: Size/size: Size = Size::Large/'
    # The one that goes and the one that comes are the first of their kind, each at its time.
    edited 1 0 1 '- Keeper.Make.WriteFile[0]' '+ Keeper.Make.WriteFile[0]'
    exist f=large
}

case_program_that_does_not_check() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 1 0 0
    edit 's/made = true/made = tru/'
    refused 65 'stack.ved:7'
    edit 's/made = tru$/made = true/; s/content/contents/'
    refused 65 'V-ERR-004' 'contents'
    exist f=one
}
