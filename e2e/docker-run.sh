#!/bin/bash
# What is said of a container is so, looked at from inside; what cannot be had is said in one
# sentence, with the container's own last words. What is nobody's is not touched before it is
# imported. A job's output is its result.
. "$(dirname "$0")/lib.sh"
. "$ROOT/e2e/fixtures/podman.sh"
. "$ROOT/e2e/fixtures/stack.sh"

need_programs ved ved-provider-docker
start_engine
busybox_image

# program NAME: a stack of that name in a folder of its own, whose domain does once what standard
# input says.
program() {
    mkdir -p "$TMP/$1"
    cd "$TMP/$1" || exit 1
    {
        printf 'domain Main {\n    state {\n        done: bool\n    }\n'
        printf '    goal Done {\n        predicate done\n    }\n'
        printf '    transition Do {\n        step {\n            if !done {\n'
        sed 's/^/                /'
        printf '                done = true\n            }\n        }\n    }\n}\n'
    } >stack.ved
    cat >ved.yaml <<YAML
apiVersion: ved.dev/v1
kind: Bindings
stack: $1
providers:
  Infra:
    plugin: docker
    config: { socket: $ENGINE }
YAML
}

inside() { # COMMAND: in the container `box`
    podman exec box sh -c "$1"
}

# --- As said ---

program said <<'VED'
emit Infra.CreateVolume("books")
emit Infra.RunContainer("localhost/busybox", "box", command: ["sleep", "1000"],
    env: {GREETING: "good morning"}, user: "1234:2345", read_only: true, working_dir: "/tmp",
    tmpfs: ["/scratch"], volumes: ["books:/books"], cap_drop: ["ALL"], cap_add: ["NET_BIND_SERVICE"],
    limits: {memory: "64m", cpus: 0.5, pids: 33}, ulimits: {nofile: 512, nproc: 256}, labels: {shelf: "top"},
    stop_timeout_s: 1)
VED
verb 0 "a container with everything said is applied" apply stack.ved -y
check_equal "its environment" "$(inside 'echo $GREETING')" "good morning"
check_equal "its user" "$(inside 'echo $(id -u) $(id -g)')" "1234 2345"
check_equal "where it works" "$(inside pwd)" /tmp
check "its root cannot be written" inside '! touch /file 2>/dev/null'
check "its own file systems are mounted" inside 'grep -q " /scratch tmpfs " /proc/mounts && grep -q " /books " /proc/mounts'
# NET_BIND_SERVICE is capability 10.
check_equal "its capabilities: one at most" "$(inside 'grep CapBnd /proc/self/status' | tr -d '\t')" \
    CapBnd:0000000000000400
check_equal "its limit of open files" "$(inside 'ulimit -n')" 512
group=$(podman inspect box --format '{{.State.Pid}}')
limit() { # V1-CONTROLLER V1-FILE V2-FILE
    local below
    below=$(sed -nE "s/^[0-9]+:([a-z_,]*,)?$1(,[a-z_,]*)?:(.*)/\\3/p" "/proc/$group/cgroup")
    if [ -n "$below" ]; then
        cat "/sys/fs/cgroup/$1$below/$2"
    else
        cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$group/cgroup")/$3"
    fi
}
check_equal "its limit of memory" "$(limit memory memory.limit_in_bytes memory.max)" $((64 << 20))
check_equal "its limit of processes" "$(limit pids pids.max pids.max)" 33
check_equal "its share of a processor" \
    "$(limit cpu cpu.cfs_quota_us cpu.max | awk '{ print $1 }')" 50000
check_equal "its label" "$(podman inspect box --format '{{.Config.Labels.shelf}}')" top
verb 0 "applied again" apply stack.ved -y
check_equal "there is nothing to do" "$(last_line)" "$NOTHING_TO_DO"
id=$(podman inspect box --format '{{.Id}}')
sed -i 's/"64m"/"96m"/; s/pids: 33/pids: 44/' stack.ved
verb 0 "other limits are applied" apply stack.ved -y
check_equal "they changed in place" "$(last_line)" \
    'Apply complete! Resources: 0 added, 1 changed, 0 destroyed.'
check_equal "the same container has them" \
    "$(podman inspect box --format '{{.Id}}') $(limit memory memory.limit_in_bytes memory.max) $(limit pids pids.max pids.max)" \
    "$id $((96 << 20)) 44"
verb 0 "it is destroyed" destroy -y
check_equal "nothing is left of it" "$(engine_has)" ""

# --- Not ours ---

podman run --detach --name web --network none localhost/busybox sleep 1000 >/dev/null
theirs=$(podman inspect web --format '{{.Id}} {{.State.StartedAt}}')
program other <<'VED'
emit Infra.RunContainer("localhost/busybox", "web", command: ["sleep", "1000"], stop_timeout_s: 1)
VED
verb 1 "a container of the same name that is nobody's is refused" apply stack.ved -y --timeout 60s
check "the sentence names it" has_line "$TMP/err" "'web'"
import=$(grep -ohE 'ved import [^`]*' "$TMP/err" | head -n 1)
check "the sentence has the command that takes it over: $import" test -n "$import"
check_equal "it is untouched" "$(podman inspect web --format '{{.Id}} {{.State.StartedAt}}')" "$theirs"
check_equal "no other was made" "$(engine_has container)" "container web"
check "that command works" bash -c "PATH=$BUILD_DIR:\$PATH; ${import/FILE/stack.ved} -y"
check_equal "the state has it" "$("$VED" get resources -o json | jq length)" 1
verb 0 "applied then" apply stack.ved -y
check_equal "one container of that name runs" "$(podman ps --format '{{.Names}}')" web
verb 0 "applied once more" apply stack.ved -y
check_equal "there is nothing to do then" "$(last_line)" "$NOTHING_TO_DO"
verb 0 "what was imported is destroyed" destroy -y
check_equal "it is gone" "$(engine_has)" ""

# --- Not to be had ---

program dies <<'VED'
emit Infra.RunContainer("localhost/busybox", "brief",
    command: ["sh", "-c", "echo first words; echo no table called guests >&2; exit 3"])
VED
verb 1 "a container that dies at its start fails" apply stack.ved -y --timeout 60s
check "the message has its last words" has_line "$TMP/err" 'no table called guests'
check "the message has its exit code" has_line "$TMP/err" '\b3\b'
"$VED" destroy -y >/dev/null 2>&1
check_equal "nothing is left of it when it is destroyed" "$(engine_has)" ""

program unable <<'VED'
emit Infra.RunContainer("localhost/busybox", "unable", command: ["/bin/nothing-there"])
VED
verb 1 "a command that is not there is refused" apply stack.ved -y --timeout 60s
check "the message names it" has_line "$TMP/err" '/bin/nothing-there'
check_equal "no container is left of it" "$(engine_has container)" ""

program missing <<'VED'
emit Infra.RunContainer("localhost/nowhere:7", "lost", command: ["true"])
VED
verb 1 "an image that is nowhere is refused" apply stack.ved -y --timeout 60s
check "the message names it" has_line "$TMP/err" 'localhost/nowhere:7'
check_equal "no container is left of it" "$(engine_has container)" ""

port=$(free_port)
start "$TMP/listener" python3 -m http.server --bind 127.0.0.1 "$port"
wait_port "$port"
program port <<VED
emit Infra.RunContainer("localhost/busybox", "server", ports: ["127.0.0.1:$port:80"], command: ["sleep", "1000"], stop_timeout_s: 1)
VED
verb 1 "a port that is taken is refused" apply stack.ved -y --timeout 60s
check "the message names it" has_line "$TMP/err" "$port"
stop "$STARTED"
verb 0 "it is applied when the port is free" apply stack.ved -y
check_equal "one container has it" "$(podman ps --all --quiet | xargs podman inspect --format '{{.Name}} {{.State.Status}}')" "server running"
verb 0 "and destroyed" destroy -y

# --- Jobs ---

program job <<'VED'
let sum = emit Infra.RunJob("localhost/busybox", command: ["sh", "-c", "echo $((6 * 7))"])
emit Log("the answer is ${sum.output}, code ${sum.exit_code}")
VED
verb 0 "a job is run" apply stack.ved -y
check "its output and its exit code are its result" \
    grep -rq 'the answer is 42' "$TMP/out" "$TMP/err"
check_equal "nothing is left of it" "$(engine_has container)" ""
program failing <<'VED'
emit Infra.RunJob("localhost/busybox", command: ["sh", "-c", "echo out of paper; exit 5"])
VED
verb 1 "a job that fails fails the apply" apply stack.ved -y --timeout 60s
check "the message has its last words and its exit code" \
    in_order <(tr '\n' ' ' <"$TMP/err") '(5.*out of paper|out of paper.*5)'
check_equal "nothing is left of that" "$(engine_has container)" ""
