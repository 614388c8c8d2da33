# What travels on: events, messages and results whose content has changed.

relay() {
    stack <<'VED'
domain Source {
    state { made: bool  text: string = "one" }
    goal Made { predicate made }
    transition Make {
        step {
            emit Infra.WriteFile(path: "w/source", content: text)
            emit Broadcast(Event::Ready(text: text))
            made = true
        }
    }
}
domain Sink {
    state { ready: bool  heard: string  written: bool }
    goal Written { predicate written }
    on Event::Ready(text) {
        heard = text
        ready = true
    }
    transition Write {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/sink", content: heard)
                written = true
            }
        }
    }
}
VED
}

case_event_with_other_content() {
    relay
    begin 2 0 0
    exist sink=one source=one
    edit 's/"one"/"two"/'
    edited 0 2 0 '~ Source.Make.WriteFile[0]: parameter Source.text' '~ Sink.Write.WriteFile[0]: Ready'
    field_is Sink heard '"two"'
    exist sink=two source=two
}

case_event_only_changed() {
    relay
    begin 2 0 0
    edit 's/Ready\(text: text\)/Ready(text: "three")/'
    edited 0 1 0 '~ Sink.Write.WriteFile[0]: Ready'
    exist sink=three source=one
    edit 's/Ready\(text: "three"\)/Ready(text: text)/'
    edited 0 1 0 '~ Sink.Write.WriteFile[0]'
    exist sink=one source=one
}

case_event_handled_with_an_effect() {
    stack <<'VED'
domain Sink {
    state { heard: int }
    on Event::Ready(text) {
        emit Infra.WriteFile(path: "w/sink", content: text)
        heard += 1
    }
}
VED
    keeper 'emit Infra.WriteFile(path: "w/source", content: "s")
            emit Broadcast(Event::Ready(text: "one"))'
    begin 2 0 0
    edit 's/"one"/"two"/'
    edited 0 1 0 '~ Sink.Ready.WriteFile[0]: Ready'
    exist sink=two source=s
    field_is Sink heard 1
}

case_event_said_no_more() {
    stack <<'VED'
event Ready(text: string)
domain Sink {
    state { heard: int }
    on Event::Ready(text) {
        emit Infra.WriteFile(path: "w/sink", content: text)
        heard += 1
    }
}
VED
    keeper 'emit Infra.WriteFile(path: "w/source", content: "s")
            emit Broadcast(Event::Ready(text: "one"))'
    begin 2 0 0
    edit '/Broadcast/d'
    edited 0 0 1 '- Sink.Ready.WriteFile[0]: Ready'
    exist source=s
    field_is Sink heard 0
}

case_event_with_a_new_field() {
    relay
    begin 2 0 0
    edit 's/Ready\(text: text\)/Ready(text: text, more: "!")/; s/Ready\(text\)/Ready(text, more)/; s/heard = text/heard = text + more/'
    edited 0 1 0 '~ Sink.Write.WriteFile[0]'
    exist 'sink=one!' source=one
}

case_message_with_other_arguments() {
    stack <<'VED'
domain Sink {
    state { last: string }
    transition Write(path: string, text: string) {
        step {
            emit Infra.WriteFile(name: path, path: path, content: text)
            last = text
        }
    }
}
VED
    keeper 'emit Infra.WriteFile(path: "w/source", content: "s")
            send Sink Write(path: "w/a", text: "one")
            send Sink Write(path: "w/b", text: "two")'
    begin 3 0 0
    exist a=one b=two source=s
    edit 's/"one"/"three"/'
    edited 0 1 0 '~ Sink.WriteFile["w/a"]: Write'
    exist a=three b=two source=s
    field_is Sink last '"two"'
    edit '/"w.b"/d'
    edited 0 0 1 '- Sink.WriteFile["w/b"]'
    exist a=three source=s
}

case_message_for_a_new_object() {
    stack <<'VED'
domain Sink {
    state { count: int }
    on message Put(path: string) {
        emit Infra.WriteFile(name: path, path: path, content: "x")
        count += 1
    }
}
VED
    keeper 'emit Infra.WriteFile(path: "w/source", content: "s")
            send Sink Put(path: "w/a")'
    begin 2 0 0
    edit 's|.*send Sink.*|&\n            send Sink Put(path: "w/b")|'
    edited 1 0 0 '+ Sink.WriteFile["w/b"]'
    field_is Sink count 2
    exist a=x b=x source=s
}

# A folder that is replaced; its path reaches a domain two away, which the first does not know.
case_result_two_domains_away() {
    stack <<'VED'
domain Folder {
    state { made: bool }
    goal Made { predicate made }
    transition Make {
        step {
            let d = emit Infra.CreateDirectory(path: "w/d")
            emit Broadcast(Event::FolderReady(path: d.path))
            made = true
        }
    }
}
domain Middle {
    state { folder: string  ready: bool  written: bool }
    goal Written { predicate written }
    on Event::FolderReady(path) {
        folder = path
        ready = true
    }
    transition Write {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/middle", content: "have ${folder}")
                emit Broadcast(Event::MiddleReady(folder: folder))
                written = true
            }
        }
    }
}
domain Sink {
    state { folder: string  ready: bool  written: bool }
    goal Written { predicate written }
    on Event::MiddleReady(folder) {
        state.folder = folder
        ready = true
    }
    transition Write {
        step {
            if ready {
                emit Infra.WriteFile(path: "w/sink", content: folder)
                written = true
            }
        }
    }
}
VED
    begin 3 0 0
    exist d/ "middle=have $PWD/w/d" "sink=$PWD/w/d"
    edit 's|w/d|w/e|'
    plans 1 2 1 '-/+ Folder.Make.CreateDirectory[0]: edit at stack.ved:6' \
        '~ Middle.Write.WriteFile[0]: FolderReady' '~ Sink.Write.WriteFile[0]: MiddleReady'
    declined
    applies 1 2 1
    exist e/ "middle=have $PWD/w/e" "sink=$PWD/w/e"
    edit 's|emit Infra.CreateDirectory\(path: "w/e"\)|emit Infra.CreateDirectory(path: "w/e", mode: "0700")|'
    edited 0 1 0 '~ Folder.Make.CreateDirectory[0]'
    exist e/ "middle=have $PWD/w/e" "sink=$PWD/w/e"
}

case_new_handler_of_what_was_said_before() {
    relay
    edit '/^domain Sink/,$d'
    begin 1 0 0
    relay
    edited 1 0 0 '+ Sink.Write.WriteFile[0]: goal Written'
    exist sink=one source=one
}

case_handler_edited() {
    relay
    begin 2 0 0
    edit 's/heard = text/heard = upper(text)/'
    # The handler has no object: what it did stays as it was until it hears the event again.
    unchanged
    exist sink=one source=one
    edit 's/"one"/"two"/'
    edited 0 2 0 '~ Source.Make.WriteFile[0]' '~ Sink.Write.WriteFile[0]'
    exist sink=TWO source=two
}

# What something else has set since is not set back, and that is said.
case_field_left_as_it_is() {
    stack <<'VED'
domain Keeper {
    state { made: bool  phase: string  polished: bool }
    goal Made { predicate made strategy { Make } }
    goal Polished { predicate polished strategy { Polish } }
    transition Make {
        step {
            emit Infra.WriteFile(path: "w/f", content: "one")
            phase = "raw"
            made = true
        }
    }
    transition Polish {
        step {
            if made {
                phase = "fine"
                polished = true
            }
        }
    }
}
VED
    begin 1 0 0
    edit 's/phase = "raw"/phase = "rough"/; s/"one"/"two"/'
    edited 0 1 0 '~ Keeper.Make.WriteFile[0]'
    field_is Keeper phase '"fine"'
    noted 'phase'
    exist f=two
}

case_field_that_takes_the_new_value() {
    keeper 'emit Infra.WriteFile(path: "w/f", content: "one")
            phase = "raw"' 'phase: string'
    begin 1 0 0
    edit 's/phase = "raw"/phase = "rough"/'
    unchanged
    field_is Keeper phase '"rough"'
    exist f=one
}

case_field_that_another_slice_has_read() {
    stack <<'VED'
domain Keeper {
    state { first: bool  second: bool  text: string }
    goal First { predicate first strategy { One } }
    goal Second { predicate second strategy { Two } }
    transition One {
        step {
            emit Infra.WriteFile(path: "w/a", content: "a")
            text = "one"
            first = true
        }
    }
    transition Two {
        step {
            if first {
                emit Infra.WriteFile(path: "w/b", content: text)
                second = true
            }
        }
    }
}
VED
    begin 2 0 0
    exist a=a b=one
    edit 's/text = "one"/text = "two"/'
    edited 0 1 0 '~ Keeper.Two.WriteFile[0]'
    exist a=a b=two
}
