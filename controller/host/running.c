#include "controller/host/running.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lang/base/memory.h"

#define NOTE_MAGIC "vedrun01"
#define SIGNAL_STACK_SIZE 65536

/* The file, in the byte order of the machine: nobody else's process can have left it. */
typedef struct NoteFile {
    char magic[8];
    uint64_t signal_number;
    SliceNote slice;
} NoteFile;

struct RunningNote {
    NoteFile *file;
    char *path;
};

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
static struct sigaction actions_before[ARRAY_SIZE(fatal_signals)];
static NoteFile *noted; /* for the signal handler */

/* ---- signals ---- */

static void signals_restore(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(fatal_signals); i++)
        sigaction(fatal_signals[i], &actions_before[i], NULL);
}

/* A fault of the processor comes again when this returns; what was sent has to be sent again. */
static void on_fatal_signal(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    if (noted != NULL)
        noted->signal_number = (uint64_t)signal_number;
    signals_restore();
    if (info->si_code <= 0)
        raise(signal_number);
}

/* So that a stack that has overflowed is noted as well. */
static void signal_stack_make(void)
{
    static char bytes[SIGNAL_STACK_SIZE];
    stack_t now, mine = {.ss_sp = bytes, .ss_size = sizeof bytes};

    if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0)
        sigaltstack(&mine, NULL);
}

static void signals_take(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

    action.sa_sigaction = on_fatal_signal;
    sigemptyset(&action.sa_mask);
    signal_stack_make();
    for (size_t i = 0; i < ARRAY_SIZE(fatal_signals); i++)
        sigaction(fatal_signals[i], &action, &actions_before[i]);
}

/* ---- the file ---- */

/* With room on the disk for all of it, so that writing to it cannot fail. */
static NoteFile *file_map(int fd)
{
    void *map;

    if (posix_fallocate(fd, 0, sizeof(NoteFile)) != 0)
        return NULL;
    map = mmap(NULL, sizeof(NoteFile), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return map != MAP_FAILED ? map : NULL;
}

static NoteFile *file_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    NoteFile *file;

    if (fd < 0)
        return NULL;
    file = file_map(fd);
    close(fd);
    return file;
}

RunningNote *running_note_open(const char *state_path, RunningLeft *ret_left)
{
    cleanup(free) char *path = memory_format("%s/running", state_path);
    NoteFile *file = file_open(path);

    *ret_left = (RunningLeft){0};
    if (file == NULL)
        return NULL;
    if (memcmp(file->magic, NOTE_MAGIC, sizeof file->magic) == 0)
        *ret_left = (RunningLeft){file->slice, (int)file->signal_number};
    memset(file, 0, sizeof *file);
    memcpy(file->magic, NOTE_MAGIC, sizeof file->magic);
    RunningNote *note = memory_zero(1, sizeof *note);
    note->file = noted = file;
    note->path = take(path);
    signals_take();
    return note;
}

SliceNote *running_note_slice(RunningNote *note)
{
    return &note->file->slice;
}

void running_note_close(RunningNote *note)
{
    if (note == NULL)
        return;
    signals_restore();
    noted = NULL;
    unlink(note->path);
    munmap(note->file, sizeof *note->file);
    free(note->path);
    free(note);
}
