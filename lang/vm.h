/* Runs one slice, handler or predicate: pure, bounded, without memory of its own.
 *
 * The same input always gives the same result. New state is a scratch copy and outputs are a list;
 * nothing is visible until the caller commits it. */
#ifndef VED_LANG_VM_H
#define VED_LANG_VM_H

#include "lang/program.h"

#define SLICE_FUEL 10000000 /* instructions */
#define SLICE_OUTPUTS_MAX 10000

typedef enum OutputKind {
    OUTPUT_EFFECT,
    OUTPUT_RELEASE, /* of the newest object of the effect's use, or the named one */
    OUTPUT_EVENT,
    OUTPUT_MESSAGE,
    OUTPUT_SPAWN, /* of an instance, unless it exists */
    OUTPUT_STOP,  /* of this instance */
    OUTPUT_LOG
} OutputKind;

typedef struct OutputArgument {
    const char *name; /* NULL: positional */
    Value value;
} OutputArgument;

typedef struct Output {
    OutputKind kind;
    bool high;            /* OUTPUT_MESSAGE: send_high */
    bool awaited;         /* OUTPUT_EFFECT: the slice needs its answer to go on */
    bool handled;         /* OUTPUT_EFFECT: has an else, so a failure is an answer too */
    bool has_result;      /* OUTPUT_EFFECT: the slice looks at its result */
    bool to_handler;      /* OUTPUT_MESSAGE: `transition` is a handler of the receiver */
    uint32_t group;       /* OUTPUT_EFFECT: those of one `parallel` block share it; 0: in none */
    uint32_t use;         /* OUTPUT_EFFECT, RELEASE: index into Program.effects */
    uint32_t event;       /* OUTPUT_EVENT: index into Program.events */
    uint32_t domain;      /* OUTPUT_MESSAGE: receiver; OUTPUT_SPAWN */
    uint32_t transition;  /* OUTPUT_MESSAGE */
    Value instance;       /* OUTPUT_MESSAGE, SPAWN: key of a keyed domain's instance; else null */
    const char *elevated; /* OUTPUT_MESSAGE: reason of the `elevate` around it; NULL: none */
    /* OUTPUT_EFFECT: arguments in source order, without name and key. OUTPUT_EVENT: values of the
     * event's fields in their order. OUTPUT_MESSAGE: the receiver's parameters in order.
     * OUTPUT_SPAWN: the fields that are given first values, by name. OUTPUT_LOG: one string. */
    const OutputArgument *arguments;
    size_t argument_count;
    Value name; /* name: of an effect; VALUE_NULL if none */
    Value key;  /* idempotency_key: of an effect; VALUE_NULL if none */
} Output;

/* The recorded answer of the n-th effect of the slice, in the order of emission. */
typedef struct EffectAnswer {
    bool present; /* false: not yet answered */
    bool failed;
    Value result; /* the result; or, failed, an object with code and message, seen as `error` */
} EffectAnswer;

/* How code sees what is outside: it asks for a fact by provider, query and arguments (of which
 * those without a name come first). The reader keeps what was asked for, so that whoever runs the
 * code knows which facts it depends on. */
typedef struct FactReader {
    /* True, and the value in `ret`: known. False: not observed yet, or the observation failed. */
    bool (*read)(void *context, const FactUse *use, const OutputArgument *arguments,
                 size_t argument_count, Value *ret);
    void *context;
} FactReader;

/* The same where they do not stand in that order: asked at each effect with what it puts out. NULL:
 * not yet answered. */
typedef struct AnswerReader {
    const EffectAnswer *(*read)(void *context, const Output *output);
    void *context;
} AnswerReader;

typedef struct SliceInput {
    const Program *program;
    const ProgramDomain *domain;
    const Code *code;
    Value key;               /* of the instance; null: not keyed */
    const FactReader *facts; /* NULL: none is known */
    /* Go on behind the n-th `yield` of the text, counted from 1, with the locals it kept, among
     * which are the arguments it began with; 0: from the start. */
    uint32_t yield;
    const Value *locals;
    size_t local_count;
    const Value *fields;    /* the state it begins with */
    const Value *arguments; /* of message or event; not looked at behind a `yield` */
    size_t argument_count;
    const EffectAnswer *answers;
    size_t answer_count;
    const AnswerReader *answer_reader; /* instead of these two; NULL: they count */
    bool planning;                     /* unknown values may appear */
    bool again; /* computed again on a state of different times: invariants say nothing about it */
} SliceInput;

typedef enum SliceStatus {
    SLICE_DONE,    /* `fields` and `outputs` are what it proposes */
    SLICE_YIELDED, /* the same, and it goes on in a later slice: `yield` and `locals` */
    SLICE_AWAITS,  /* the last output is an awaited effect without an answer; or the last ones, of
                    * one `parallel` block, have not all been answered */
    SLICE_LACKS_FACT, /* it read a fact that is not known */
    SLICE_FAULTED,    /* `fault` says why; the rest is void */
    SLICE_UNKNOWN     /* planning: a branch, loop or fail depends on an unknown value */
} SliceStatus;

typedef struct SliceResult {
    SliceStatus status;
    Value *fields; /* field_count of them, in the arena */
    Output *outputs;
    size_t output_count;
    uint32_t yield;
    const Value *locals;
    size_t local_count;
    const char *fault; /* sentence with file:line:column */
    uint64_t fuel_used;
    /* field_count of them: the fields whose value it has read before it set them, if it did, and
     * by itself: what invariants read does not count. NULL: its text has no effects. */
    const bool *reads;
} SliceResult;

/* Run it. Everything in `ret` lives in `arena` or in the input. The domain's invariants are checked
 * on the proposed state before SLICE_DONE. */
void slice_run(const SliceInput *input, Arena *arena, SliceResult *ret);

typedef enum Truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_FAULT } Truth;

typedef struct PredicateInput {
    const Program *program;
    const ProgramDomain *domain;
    const Code *code;
    const Value *fields;
    Value key;               /* of the instance; null: not keyed */
    const FactReader *facts; /* NULL: none is known */
} PredicateInput;

/* Evaluate a predicate on a state; unknown where it depends on a fact that is. On TRUTH_FAULT
 * `*ret_fault` (may be NULL) is a sentence in the arena. */
Truth predicate_evaluate(const PredicateInput *input, Arena *arena, const char **ret_fault);

/* The new state of a migration's step: `old` holds the fields of before by name, `fields` – of the
 * domain, in order – those that need nothing, and gets the step's values. False: `*ret_fault` says
 * why not. */
bool migration_run(const Program *program, const ProgramDomain *domain,
                   const ProgramMigration *migration, Value old, Arena *arena, Value *fields,
                   const char **ret_fault);

/* The value of code that reads nothing (compile_constant()); false: `*ret_fault` says why not. */
bool constant_evaluate(const Source *source, const Code *code, Arena *arena, Value *ret,
                       const char **ret_fault);

#endif
