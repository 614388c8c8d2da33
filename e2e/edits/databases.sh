# Real databases: what is replaced loses its rows, and what is not keeps them.

shop() { # DATABASE
    stack <<VED
domain Database {
    state { made: bool }
    goal Made { predicate made }
    transition Make {
        step {
            let db = emit Infra.CreatePostgres(database: "$1")
            emit Broadcast(Event::DatabaseReady(url: db.url))
            made = true
        }
    }
}
domain Settings {
    state { url: string  ready: bool  written: bool }
    goal Written { predicate written }
    on Event::DatabaseReady(url) {
        state.url = url
        ready = true
    }
    transition Write {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/settings", content: "url=\${url}")
                emit Broadcast(Event::SettingsReady(url: url))
                written = true
            }
        }
    }
}
domain App {
    state { url: string  ready: bool  running: bool }
    goal Live { predicate running }
    on Event::SettingsReady(url) {
        state.url = url
        ready = true
    }
    transition Start {
        step {
            if ready {
                emit Infra.StartAppContainer(env: {DATABASE_URL: url})
                running = true
            }
        }
    }
}
VED
}

database_only() { # ARGUMENTS
    : >stack.ved
    keeper "emit Infra.CreatePostgres($1)" '' Database
}

query() { # SQL
    psql -Xqtw -A "$(output_of CreatePostgres url)" -c "$1" 2>&1
}

application_has() { # URL
    local pid
    pid=$(output_of StartAppContainer pid)
    same "what the application was started with" "$(variable_of "$pid" DATABASE_URL)" "$1"
}

case_url_of_a_replaced_database_reaches_the_application() {
    shop one
    begin 3 0 0
    local former url
    former=$(output_of CreatePostgres url)
    application_has "$former"
    exist "settings=url=$former"
    query 'CREATE TABLE kept AS SELECT 42 AS n'
    edit 's/"one"/"two"/'
    run_ved 7 "apply without approval" apply
    edited 1 2 1 '+/- Database.Make.CreatePostgres[0]: edit at stack.ved:6' \
        '~ Settings.Write.WriteFile[0]: DatabaseReady' '~ App.Start.StartAppContainer[0]: SettingsReady'
    shows '~ database = "one" -> "two"' 'forces replacement' '(known after apply)'
    url=$(output_of CreatePostgres url)
    [ "$url" != "$former" ] || differs "the url is another" "$url" "not $former"
    same "the new database answers" "$(query 'SELECT current_database()')" two
    exist "settings=url=$url"
    application_has "$url"
    same "three objects" "$(resources | jq length)" 3
    curl -sf --retry 5 --retry-connrefused --max-time 5 "$(output_of StartAppContainer url)" >page || differs "the page is served" "$(cat page)" guests
}

case_edits_around_a_database_keep_its_rows() {
    database_only 'database: "shop"'
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")'
    begin 2 0 0
    query 'CREATE TABLE kept AS SELECT 42 AS n'
    local port
    port=$(output_of CreatePostgres port)
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    edit 's/domain Database/domain Store/; 1i\moved domain Database -> Store'
    carried 0 0 0
    same "its rows" "$(query 'SELECT n FROM kept')" 42
    same "its port" "$(output_of CreatePostgres port)" "$port"
}

case_database_there_and_back_again() {
    database_only 'database: "a"'
    begin 1 0 0
    edit 's/"a"/"b"/'
    edited 1 0 1 '+/- Database.Make.CreatePostgres[0]: edit at stack.ved:6'
    same "its database" "$(query 'SELECT current_database()')" b
    edit 's/"b"/"a"/'
    edited 1 0 1 '+/- Database.Make.CreatePostgres[0]'
    same "its database" "$(query 'SELECT current_database()')" a
    same "servers" "$(find .ved -name postmaster.pid | wc -l)" 1
}

case_protected_database() {
    database_only 'database: "a"'
    edit 's/^    transition/    @protect\n    transition/'
    begin 1 0 0
    query 'CREATE TABLE kept AS SELECT 42 AS n'
    edit 's/"a"/"b"/'
    refused 3 'Database\.Make\.CreatePostgres\[0\]' 'stack\.ved:4'
    edit '/emit/d'
    refused 3 'Database\.Make\.CreatePostgres\[0\]'
    same "its rows" "$(query 'SELECT n FROM kept')" 42
    database_only 'database: "a"'
    run_ved 0 "the protection is taken away" apply
    same "its rows" "$(query 'SELECT n FROM kept')" 42
}

case_killed_while_a_database_is_replaced() {
    database_only 'database: "a"'
    begin 1 0 0
    edit 's/"a"/"b"/'
    killed 'Creating\.\.\.|Replacing\.\.\.'
    finished
    same "its database" "$(query 'SELECT current_database()')" b
    same "one object" "$(resources | jq length)" 1
    same "servers" "$(find .ved -name postmaster.pid | wc -l)" 1
}
