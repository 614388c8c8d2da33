/* In the place of the controller's thread: what it has to do is done when somebody asks whether it
 * is done, if chance says so, and at the latest when it is waited for. */
#include "controller/host/worker.h"

#include <stdlib.h>

#include "lang/base/memory.h"
#include "tests/simulate/world.h"

struct Worker {
    WorkerTask *task; /* NULL: nothing is under way */
    void *context;
};

Worker *worker_new(void)
{
    return memory_zero(1, sizeof(Worker));
}

void worker_free(Worker *worker)
{
    if (worker == NULL)
        return;
    worker_wait(worker);
    free(worker);
}

void worker_begin(Worker *worker, WorkerTask *task, void *context)
{
    if (worker->task != NULL)
        world_wrong("a thread is to do two things at a time");
    worker->task = task;
    worker->context = context;
}

bool worker_is_done(Worker *worker)
{
    if (worker->task != NULL && chance_one_in(&world->chance, 2))
        worker_wait(worker);
    return worker->task == NULL;
}

void worker_wait(Worker *worker)
{
    WorkerTask *task = worker->task;

    worker->task = NULL;
    if (task != NULL)
        task(worker->context);
}
