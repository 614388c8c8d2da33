/* Keeping a stack's state: at once, or by a copy of the process.
 *
 * A copy writes what the state is at that moment, while this process goes on with records, in a
 * journal of their own. What has changed is noted from then on as if it were kept already; if it
 * turns out that it is not, the next checkpoint is whole, and made at once. */
#include "controller/core/snapshot.h"
#include "controller/host/stack.h"

static int state_write(const Stack *stack, const Changes *changes, StateLineVisit *visit,
                       void *user, Error *err)
{
    cleanup(buffer_deinit) Buffer beside = {0};
    SnapshotOptions options = {.changes = changes};

    if (stack->plugins != NULL) {
        buffer_add_string(&beside, ",\"plugins\":");
        json_write(&beside, stack->plugins);
        options.beside = buffer_text(&beside);
    }
    return snapshot_visit(stack->runtime, &options, visit, user, err);
}

static int whole_write(void *source, StateLineVisit *visit, void *user, Error *err)
{
    return state_write(source, NULL, visit, user, err);
}

StateSource stack_state(const Stack *stack)
{
    return (StateSource){whole_write, (void *)stack};
}

/* Whether what has changed since the newest checkpoint is known, and may be one itself. */
static bool changes_may_do(const Stack *stack)
{
    return changes_are_few(stack->runtime) && state_dir_takes_changes(stack->dir, 0);
}

/* Append them. False: it is too much. */
static bool changes_take(const Stack *stack, const Changes *changes, Buffer *ret)
{
    LineWriter writer = {.text = ret};

    state_write(stack, changes, state_line_write, &writer, NULL);
    return state_dir_takes_changes(stack->dir, ret->size);
}

/* ---- at once ---- */

/* What fails is not known to be there, nor not to be there: the next one is whole. */
int stack_checkpoint(Stack *stack, Error *err)
{
    cleanup(buffer_deinit) Buffer changes = {0};
    StateSource whole = stack_state(stack);

    if (stack->copy != NULL)
        beside_await(stack->copy);
    bool few = changes_may_do(stack) && changes_take(stack, &stack->runtime->changes, &changes);
    if (!few)
        changes_forget(stack->runtime);
    int code = few ? state_dir_rotate_changes(stack->dir, changes.bytes, changes.size, err)
                   : state_dir_rotate_lines(stack->dir, &whole, err);
    if (code == 0)
        changes_keep(stack->runtime);
    else
        changes_forget(stack->runtime);
    stack->copy_has_failed = code != 0;
    return code;
}

/* ---- by a copy ---- */

static int text_write(void *source, StateLineVisit *visit, void *user, Error *err)
{
    const Buffer *text = source;

    return state_lines_visit(text->bytes, text->size, visit, user, err);
}

static int copy_write(void *context, Error *err)
{
    Stack *stack = context;
    cleanup(buffer_deinit) Buffer changes = {0};
    bool few = stack->handed.is_known && changes_take(stack, &stack->handed, &changes);
    StateSource source = few ? (StateSource){text_write, &changes} : stack_state(stack);

    return state_dir_rotate_copy(stack->dir, &source, few, &stack->rotation, err);
}

/* Why it failed is found out again by the process itself. */
static void copy_done(void *context, int code, const Error *err)
{
    Stack *stack = context;

    (void)err;
    stack->copy = NULL;
    stack->copy_has_failed = code < 0;
    if (code == 0)
        state_dir_rotate_end(stack->dir, &stack->rotation);
    else
        changes_forget(stack->runtime);
}

int stack_checkpoint_beside(Stack *stack, Error *err)
{
    BesideTask task = {.work = copy_write,
                       .done = copy_done,
                       .context = stack,
                       .result = &stack->rotation,
                       .result_size = sizeof stack->rotation};

    if (stack->copy != NULL)
        beside_await(stack->copy);
    if (stack->copy_has_failed)
        return stack_checkpoint(stack, err);
    int code = state_dir_rotate_begin(stack->dir, &stack->rotation, err);
    if (code < 0)
        return code;
    /* Before there is a copy: what is touched while there is one, has to be copied. */
    if (!changes_may_do(stack))
        changes_forget(stack->runtime);
    changes_hand_over(stack->runtime, &stack->handed);
    code = beside_start(stack->loop, &task, &stack->copy, NULL);
    changes_deinit(&stack->handed);
    if (code == 0)
        return 0;
    changes_forget(stack->runtime);
    return stack_checkpoint(stack, err);
}
