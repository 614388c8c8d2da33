#!/bin/bash
# layers.sh ARCHIVE...: who may include whom, and what the pure layers may call.
#
#     cmd -> providers, controller/host -> controller/core -> lang -> lang/base
#
# Providers see providers/sdk and lang/base only. cJSON and libyaml have one user each. The archives
# given are pure: no symbol of theirs may be a clock, file, socket, environment or random function.
set -eu
cd "$(dirname "$0")/../.."
failed=0

complain() {
    echo "$*"
    failed=1
}

# Folders that a file in the given one may include from.
allowed_for() {
    case $1 in
    lang/base) echo lang/base ;;
    lang) echo lang lang/base ;;
    controller/core) echo controller/core lang lang/base ;;
    controller/host) echo controller/host controller/core lang lang/base ;;
    controller/conformance) echo controller/conformance controller/host controller/core lang lang/base ;;
    providers/sdk) echo providers/sdk lang/base ;;
    providers/*) echo "$1" providers/sdk lang/base ;;
    cmd/ved) echo cmd/ved controller/conformance controller/host controller/core lang lang/base ;;
    cmd/ved-provider-*) echo "$1 providers/${1#cmd/ved-provider-} providers/sdk lang/base" ;;
    cmd/*) echo "$1" lang/base ;;
    esac
}

files=$(find lang controller providers cmd -name '*.[ch]' -o -name '*.def' | sort)
for file in $files; do
    folder=$(dirname "$file")
    allowed=" $(allowed_for "$folder") "
    [ "$allowed" != "  " ] || complain "$file: a folder that no layer has, add it to $0"
    while read -r included; do
        [ -n "$included" ] || continue
        case $included in */*) from=$(dirname "$included") ;; *) from=$folder ;; esac
        case $allowed in
        *" $from "*) ;;
        *) complain "$file: includes '$included', but $folder may include from${allowed}only" ;;
        esac
    done <<<"$(sed -n 's/^#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")"
done

# One user each for the libraries whose types must not spread.
only_user() { # HEADER FILE
    local users
    users=$(grep -lE "^#[[:space:]]*include[[:space:]]*<([^>]*/)?$1>" $files | grep -vx "$2" || true)
    [ -z "$users" ] || complain "<$1> is for $2 alone, not for: $users"
}
only_user cJSON.h lang/base/json_private.h
only_user yaml.h lang/base/yaml.c

# snprintf and its kin are pure; printing is not.
impure='time|gettimeofday|clock|clock_gettime|clock_nanosleep|nanosleep|usleep|sleep|ftime|timespec_get
localtime|localtime_r|mktime|tzset
open|open64|openat|creat|fopen|fopen64|fdopen|freopen|fclose|fread|fwrite|fputs|fputc|puts|putchar|printf|vprintf|fprintf|vfprintf|__printf_chk|__fprintf_chk|perror|getline|fgets|fflush|stdin|stdout|stderr
read|write|pread|pwrite|readv|writev|pwritev|preadv|lseek|fsync|fdatasync|rename|unlink|mkdir|rmdir|opendir|readdir|stat|stat64|fstat|lstat|access|ftruncate|mmap|remove|tmpfile|mkstemp
socket|connect|bind|listen|accept|accept4|send|sendto|sendmsg|recv|recvfrom|recvmsg|getaddrinfo|poll|ppoll|select|epoll_wait|ioctl|fcntl
getenv|secure_getenv|setenv|putenv|environ|getpid|getppid|getuid|gethostname|uname|sysconf
rand|rand_r|srand|random|srandom|drand48|lrand48|getrandom|getentropy|arc4random|RAND_bytes|uuid_generate
fork|vfork|execve|execv|execvp|system|popen|posix_spawn|kill|signal|sigaction|pthread_create|exit|_exit
setlocale|strerror|dlopen|file_read|file_replace|file_exists|fd_write_all|folder_make|folder_remove|folder_sync'
pattern="^($(tr '\n' '|' <<<"$impure" | sed 's/|$//'))\$"

for archive in "$@"; do
    [ -e "$archive" ] || complain "$archive: is not built"
    found=$(nm -u "$archive" 2>/dev/null | sed -n 's/^ *U \([^@]*\).*/\1/p' | sort -u | grep -E "$pattern" || true)
    for symbol in $found; do
        where=$(nm -A -u "$archive" | grep -wF "$symbol" | cut -d: -f2 | sort -u | tr '\n' ' ')
        complain "$archive: calls '$symbol' in $where; what decides reads no clock, file, socket, environment or randomness"
    done
done
exit $failed
