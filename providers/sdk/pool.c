#include "providers/sdk/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "lang/base/memory.h"

typedef struct JobList {
    Job *first;
    Job **end;
} JobList;

struct Pool {
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t changed;
    JobList waiting;
    JobList finished;
    size_t waiting_count;
    size_t idle_count;
    size_t thread_count;
    size_t thread_max;
    pthread_t *threads;
    int event_fd;
    bool closing;
};

static void list_init(JobList *list)
{
    *list = (JobList){.end = &list->first};
}

static void list_add(JobList *list, Job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static Job *list_take(JobList *list)
{
    Job *job = list->first;

    list->first = job->next;
    if (list->first == NULL)
        list->end = &list->first;
    return job;
}

Pool *pool_new(size_t thread_max, int event_fd)
{
    Pool *pool = memory_zero(1, sizeof *pool);

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    list_init(&pool->waiting);
    list_init(&pool->finished);
    pool->threads = memory_zero(thread_max, sizeof *pool->threads);
    pool->thread_max = thread_max;
    pool->event_fd = event_fd;
    return pool;
}

void pool_free(Pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->changed);
    free(pool->threads);
    free(pool);
}

static void notify(const Pool *pool)
{
    uint64_t one = 1;
    ssize_t put = write(pool->event_fd, &one, sizeof one);

    (void)put; /* fails only when the counter is full, and then the reader is awake anyway */
}

/* The next job, waiting for one; NULL: the pool closes. */
static Job *next_job(Pool *pool)
{
    Job *job = NULL;

    pthread_mutex_lock(&pool->lock);
    pool->idle_count++;
    while (pool->waiting.first == NULL && !pool->closing)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pool->idle_count--;
    if (!pool->closing) {
        job = list_take(&pool->waiting);
        pool->waiting_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *pool_thread(void *context)
{
    Pool *pool = context;
    Job *job;

    while ((job = next_job(pool)) != NULL) {
        job->work(job);
        pthread_mutex_lock(&pool->lock);
        bool is_first = pool->finished.first == NULL; /* for all after it one notice is enough */
        list_add(&pool->finished, job);
        pthread_mutex_unlock(&pool->lock);
        if (is_first)
            notify(pool);
    }
    return NULL;
}

/* The lock is held. */
static void thread_make(Pool *pool)
{
    if (pool->thread_count == pool->thread_max)
        return;
    if (pthread_create(&pool->threads[pool->thread_count], NULL, pool_thread, pool) == 0)
        pool->thread_count++;
    else if (pool->thread_count == 0)
        abort(); /* the job would wait for ever; with a thread it waits its turn */
}

bool pool_submit(Pool *pool, Job *job)
{
    pthread_mutex_lock(&pool->lock);
    list_add(&pool->waiting, job);
    pool->waiting_count++;
    bool is_taken = pool->idle_count == pool->thread_count && pool->waiting_count == 1;
    if (is_taken && pool->thread_count == 0)
        thread_make(pool);
    if (is_taken)
        pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return is_taken;
}

bool pool_urge(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->waiting_count; i++) {
        if (i >= pool->idle_count)
            thread_make(pool);
        pthread_cond_signal(&pool->changed);
    }
    bool is_served =
        pool->waiting_count <= pool->idle_count || pool->thread_count == pool->thread_max;
    pthread_mutex_unlock(&pool->lock);
    return is_served;
}

void pool_collect(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    Job *job = pool->finished.first;
    list_init(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
    while (job != NULL) {
        Job *next = job->next;
        job->done(job);
        job = next;
    }
}
