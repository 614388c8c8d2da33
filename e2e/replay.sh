#!/usr/bin/env bash
# The same journal gives the same state: what real applies have recorded – also one that was killed,
# and one over an edit – is computed again, and has the same digest after every record by every
# build that is there: gcc and clang, with and without optimisation, with sanitizers.
#
# BUILDS="build/release build/clang ..." says which builds compare; without it, those in build/.
. "$(dirname "$0")/lib.sh"

need_programs ved ved-provider-sim
cd "$TMP" || exit 1

builds=("$BUILD_DIR")
for build in ${BUILDS:-"$ROOT"/build/clang "$ROOT"/build/debug "$ROOT"/build/asan}; do
    case $build in /*) ;; *) build=$ROOT/$build ;; esac
    [ -x "$build/ved" ] && [ "$build" != "$BUILD_DIR" ] && builds+=("$build")
done

# ---- journals ----

apply() { # NAME FILE [FLAG...]
    local name=$1 file=$2
    shift 2
    timeout 60 "$VED" apply --auto-approve --quiet --provider Infra=sim --provider Shop=sim \
        --provider API=sim --state "$TMP/state-$name" "$@" "$file" >apply.out 2>apply.err
}

journals=()
for file in "$ROOT"/tests/programs/*.ved; do
    grep -q '^// apply' "$file" || continue
    name=$(basename "$file" .ved)
    apply "$name" "$file" --timeout 5s
    apply "$name" "$file" --timeout 5s
    journals+=("$name")
done

# Of every kind of value, floats among them, and long enough to be folded into checkpoints.
cat >values.ved <<'VED'
record Point { x: float  y: float = 0.5  tags: list<string> = [] }
domain Values {
  state { n: int  sum: float  span: duration = 90s  names: map<int>  points: list<Point>  last: string? }
  goal Enough { predicate n >= 300 }
  transition Next {
    n += 1
    sum = sum / 3.0 + float(n) * 0.1
    names = { "n${n % 7}": n, "a": 9223372036854775807 }
    points = [Point(x: sum), Point(x: sum * 2.0, y: float(n) / 7.0, tags: ["t${n}"])]
    last = if_odd(n)
    if n % 10 == 0 { emit Broadcast(Event::Tick(at: n, sum: sum)) }
  }
}
domain Ear {
  state { heard: int  sum: float }
  on Event::Tick(at, sum) { heard += at state.sum = state.sum + sum }
}
fn if_odd(n: int) -> string? {
  if n % 2 == 1 { return "odd" }
  return null
}
VED
apply values values.ved
journals+=(values)

write_pool() { # WORKERS PORT
    cat >pool.ved <<VED
domain Pool {
  state { size: int = $1  made: int }
  goal Full { predicate made == size }
  transition Grow {
    for i in range(size) { emit API.Create(name: "w\${i}", port: $2) }
    made = size
    send Book Note(n: size)
  }
}
domain Book { state { n: int } on message Note(n: int) { state.n = n } }
VED
}

write_pool 4 80
apply pool pool.ved
write_pool 3 81
apply pool pool.ved
journals+=(pool)

cat >killed.ved <<'VED'
domain Work {
  state { n: int }
  goal Done { predicate n == 200 }
  transition One { emit API.Create(name: "o${n}") n += 1 }
}
VED
start killed.out "$VED" apply --auto-approve --quiet --provider API=sim --state "$TMP/state-killed" killed.ved
wait_until 30 grep -qa '"type":"commit"' "$TMP/state-killed/journal-0.ndjson"
kill -KILL "$STARTED"
wait "$STARTED" 2>/dev/null
check "the apply that is killed is killed in the middle" \
    jq -e '.[0].state.n | . > 0 and . < 200' <("$VED" get domains -o json --state "$TMP/state-killed")
journals+=(killed)

# ---- replays ----

"$VED" replay "$TMP/state-pool" >pool.out 2>&1
check "an edit is gone over by the checkpoint that it left" grep -q '2 programs\.$' pool.out

for name in "${journals[@]}"; do
    check_exit 0 "$name: computed again it comes to what is recorded" \
        timeout 100 "$VED" replay --digests "$TMP/state-$name"
    cp out expected
    for build in "${builds[@]:1}"; do
        timeout 120 "$build/ved" replay --digests "$TMP/state-$name" >found 2>&1
        check "$name: ${build##*/} gives the same after every record" cmp expected found
    done
done
check "many slices were computed" test "$("$VED" replay --json "$TMP/state-values" | jq .computed)" -ge 300
check "there is another build to compare with: make BUILD=clang, or BUILDS=" test "${#builds[@]}" -ge 2

check_exit 0 "the state at a record in between is given" "$VED" replay --until 20 "$TMP/state-values"
at=$(sed -n 's/^State at 20: //p' out)
check_equal "as the digest after it" "$at" \
    "$("$VED" replay --digests "$TMP/state-values" | awk '$1 == 20 {print $3}')"

# ---- what does not fit ----

# The program of before with another formula, and a checksum that is right: only computing tells.
cp -r "$TMP/state-values" "$TMP/other"
python3 - "$TMP/other/program-0.ved" <<'PY'
import sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

path = sys.argv[1]
text = open(path, "rb").read()
source = text[: text.rindex(b"\n// crc32c ")].replace(b"sum / 3.0", b"sum / 4.0")
open(path, "wb").write(source + b"\n// crc32c %08x\n" % crc32c(source))
PY
check_exit 74 "another program does not come to what is recorded" "$VED" replay "$TMP/other"
check "the first record that differs is named, with both" grep -qE 'record [0-9]+ .*slice 2 of Values: recorded .*, computed ' err
check_exit 74 "a folder without a state is refused" "$VED" replay --state "$TMP/nothing"
rm "$TMP"/other/journal-0.ndjson
check_exit 64 "a record that is not kept any more is refused" "$VED" replay --until 1 "$TMP/other"
check_exit 64 "a number that is none is refused" "$VED" replay --until x "$TMP/state-values"
