#include "controller/host/worker.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "lang/base/memory.h"

#define STACK_SIZE ((size_t)256 << 10)

struct Worker {
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* over the rest */
    pthread_cond_t begun, done;
    WorkerTask *task; /* NULL: nothing is under way */
    void *context;
    bool ends;
};

static void *thread_run(void *user)
{
    Worker *worker = user;

    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        while (worker->task == NULL && !worker->ends)
            pthread_cond_wait(&worker->begun, &worker->mutex);
        if (worker->task == NULL)
            break;
        pthread_mutex_unlock(&worker->mutex);
        worker->task(worker->context);
        pthread_mutex_lock(&worker->mutex);
        worker->task = NULL;
        pthread_cond_signal(&worker->done);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

/* Signals are for the loop's thread. */
static bool thread_start(Worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all, before;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    worker->has_thread = pthread_create(&worker->thread, &attributes, thread_run, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return worker->has_thread;
}

Worker *worker_new(void)
{
    Worker *worker = memory_zero(1, sizeof *worker);

    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->begun, NULL);
    pthread_cond_init(&worker->done, NULL);
    return worker;
}

void worker_free(Worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->has_thread) {
        pthread_mutex_lock(&worker->mutex);
        worker->ends = true;
        pthread_cond_signal(&worker->begun);
        pthread_mutex_unlock(&worker->mutex);
        pthread_join(worker->thread, NULL);
    }
    pthread_cond_destroy(&worker->begun);
    pthread_cond_destroy(&worker->done);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

void worker_begin(Worker *worker, WorkerTask *task, void *context)
{
    if (!worker->has_thread && !thread_start(worker)) {
        task(context);
        return;
    }
    pthread_mutex_lock(&worker->mutex);
    assert(worker->task == NULL);
    worker->task = task;
    worker->context = context;
    pthread_cond_signal(&worker->begun);
    pthread_mutex_unlock(&worker->mutex);
}

bool worker_is_done(Worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    bool done = worker->task == NULL;
    pthread_mutex_unlock(&worker->mutex);
    return done;
}

void worker_wait(Worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    while (worker->task != NULL)
        pthread_cond_wait(&worker->done, &worker->mutex);
    pthread_mutex_unlock(&worker->mutex);
}
