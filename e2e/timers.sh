#!/bin/bash
# Timers of a run: never early, each once, by the time that passes and not by the clock on the wall,
# which jumps an hour forth and back meanwhile; and a goal whose time is over while nothing happens.
. "$(dirname "$0")/lib.sh"
need_programs ved

cd "$TMP" || exit 1

# Half a second after the process began its wall clock is an hour ahead, and after one second an hour
# behind.
cat >jump.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

static long offset_s(void)
{
    static int (*real)(clockid_t, struct timespec *);
    static struct timespec first;
    struct timespec now;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real(CLOCK_MONOTONIC, &now);
    if (first.tv_sec == 0)
        first = now;
    long ms = (now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000;
    return ms < 500 ? 0 : ms < 1000 ? 3600 : -3600;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, ret);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ret->tv_sec += offset_s();
    return code;
}

int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
END
${CC:-cc} -shared -fPIC -O1 -o jump.so jump.c -ldl || bail "the clock that jumps can be compiled"

cat >stack.ved <<'END'
domain Steps {
  state { n: int }
  goal Three { predicate n == 5 }
  after 300ms when n == 0 { n = 1 }
  after 300ms when n == 1 { n = 2 }
  after 300ms when n == 2 { n = 3 }
  after 300ms when n == 3 { n = 4 }
  after 300ms when n == 4 { n = 5 }
}
END

records() { cat "$1"/journal-*.ndjson | jq -c "select(.type == \"$2\")"; }

# When each timer was due and when it fired, from the records: never the second before the first.
lateness() { # STATE: ms, one a line
    cat "$1"/journal-*.ndjson | jq -rn '
        reduce inputs as $r ({due: {}, late: []};
            reduce (($r.timers // {}) | to_entries[]) as $t (.;
                if $t.value.fires then .late += [$r.at - .due[$t.key]] else . end
                | if $t.value.due then .due[$t.key] = $t.value.due else . end))
        | .late[]'
}

began=$(date +%s%N)
check_exit 0 "timers bring a goal about while the wall clock jumps an hour forth and back" \
    env LD_PRELOAD="$TMP/jump.so" "$VED" apply --state jumps stack.ved
took=$((($(date +%s%N) - began) / 1000000))
check "it takes as long as the timers say ($took ms)" test "$took" -ge 1500 -a "$took" -lt 15000
check_equal "each fired once" "$(records jumps timer | jq '[.timers[] | select(.fires)] | length' | grep -c 1)" 5
check_equal "and none early" "$(lateness jumps | awk '$1 < 0' | wc -l)" 0
check_equal "all of them" "$(lateness jumps | wc -l)" 5

# ---- the end of a goal's time ----

cat >expiry.ved <<'END'
domain Patient {
  state { n: int }
  goal Later { predicate n == 1 }
  after 4s when n == 0 { n = 1 }
}
domain Hasty {
  state { n: int  gave_up: bool }
  goal Never { predicate n == 1  terminate_after 1s  fallback GiveUp }
  transition GiveUp { gave_up = true }
}
END
check_exit 5 "a goal's time ends while the run waits for something else" \
    "$VED" apply --state expiry expiry.ved
check_equal "its fallback has run" \
    "$("$VED" get domains --state expiry -o json | jq '.[] | select(.domain == "Hasty") | .state.gave_up')" true
check "when its time was over, and not when something else happened" test "$(records expiry goal |
    jq -s '(map(select(.failed)) | .[0]) as $over | $over.at - $over.unmet_since >= 1000 and
           $over.at - $over.unmet_since < 3500')" = true
