#include "controller/host/record_words.h"

#include <string.h>

#include "controller/core/record.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

/* Of one value, in bytes. */
#define VALUE_WORDS_MAX 48

static const char *const types[] = {
#define RECORD(name, text, members) text,
#include "controller/core/record.def"
#undef RECORD
};

static int type_find(const Json *record)
{
    const char *name = json_get_string(record, "type", "");

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i], name) == 0)
            return (int)i;
    return -1;
}

/* BEFORE, the text of the member, AFTER; nothing where there is none. */
static void put_member(Buffer *ret, const Json *json, const char *key, const char *before,
                       const char *after)
{
    const char *text = json_get_string(json, key, NULL);

    if (text != NULL && text[0] != '\0')
        buffer_add_format(ret, "%s%s%s", before, text, after);
}

void instance_words(const Json *record, Buffer *ret)
{
    put_member(ret, record, "domain", "", "");
    put_member(ret, record, "key", "[\"", "\"]");
}

static void separate(Buffer *ret, size_t start)
{
    if (ret->size > start)
        buffer_add_string(ret, "; ");
}

static int cause_find(const Json *cause)
{
    return cause_kind_find(json_get_string(cause, "by", ""));
}

void cause_words(const Json *cause, Buffer *ret)
{
    static const char *const runtime_words[] = {
        [CAUSE_BOOT] = "boot",
        [CAUSE_RUN] = "a run goes on",
        [CAUSE_FALLBACK] = "fallback",
        [CAUSE_REPAIR] = "repair of what was lost",
        [CAUSE_STOP] = "stop",
        [CAUSE_REVISE] = "an edit, or a result that changed",
        [CAUSE_CONDEMN] = "nothing wants it any more",
        [CAUSE_GOAL] = NULL,
        [CAUSE_MESSAGE] = NULL,
    };
    int kind = cause_find(cause);
    size_t start = ret->size;

    if (kind >= 0 && runtime_words[kind] != NULL)
        buffer_add_string(ret, runtime_words[kind]);
    put_member(ret, cause, "goal", "goal ", "");
    if (json_get_string(cause, "on", NULL) != NULL)
        separate(ret, start);
    put_member(ret, cause, "on", "on ", "");
    if (json_get_string(cause, "timer", NULL) != NULL)
        separate(ret, start);
    put_member(ret, cause, "timer", "timer ", "");
    if (json_get_string(cause, "transition", NULL) != NULL)
        separate(ret, start);
    put_member(ret, cause, "transition", "transition ", "");
}

static void value_put(const Json *value, Buffer *ret)
{
    cleanup(json_free) Json *shown = secrets_redact(value);
    cleanup(free) char *text = json_text(shown);

    if (strlen(text) <= VALUE_WORDS_MAX)
        buffer_add_string(ret, text);
    else
        buffer_add_format(ret, "%.*s...", VALUE_WORDS_MAX - 3, text);
}

void values_words(const Json *values, Buffer *ret)
{
    for (const Json *m = json_first(values); m != NULL; m = json_next(m)) {
        buffer_add_format(ret, "%s%s = ", m != json_first(values) ? ", " : "", json_key(m));
        value_put(m, ret);
    }
}

static void put_values(const Json *record, Buffer *ret)
{
    if (json_count(json_get(record, "set")) == 0)
        return;
    buffer_add_string(ret, ": ");
    values_words(json_get(record, "set"), ret);
}

static void put_intents(const Json *record, Buffer *ret)
{
    const Json *intents = json_get(record, "intents");

    for (const Json *m = json_first(intents); m != NULL; m = json_next(m))
        buffer_add_format(ret, "%s intent %lld, %s %s",
                          m == json_first(intents) ? ", asks for" : ",",
                          (long long)json_get_int(m, "intent", 0),
                          json_get_string(m, "verb", "put"), json_get_string(m, "address", ""));
}

static void put_slice(const Json *record, Buffer *ret)
{
    buffer_add_format(ret, "slice %lld of ", (long long)json_get_int(record, "slice", 0));
    instance_words(record, ret);
    if (json_get(record, "cause") == NULL)
        return;
    buffer_add_string(ret, " (");
    cause_words(json_get(record, "cause"), ret);
    buffer_add_char(ret, ')');
}

static void put_answer(const Json *record, Buffer *ret)
{
    buffer_add_format(ret, "intent %lld is answered: %s",
                      (long long)json_get_int(record, "intent", 0),
                      json_get_string(record, "outcome", "?"));
    put_member(ret, record, "external_id", ", id ", "");
    put_member(ret, record, "code", ", ", "");
    put_member(ret, record, "text", ": ", "");
}

/* Records of one slice. */
static void put_of_slice(RecordType type, const Json *record, Buffer *ret)
{
    put_slice(record, ret);
    if (type == RECORD_PREPARE)
        put_intents(record, ret);
    else if (type == RECORD_COMMIT)
        buffer_add_string(ret, " commits");
    else if (type == RECORD_ABORT)
        buffer_add_string(ret, " is given up");
    else if (type == RECORD_FAULT)
        buffer_add_string(ret, " faults");
    put_values(record, ret);
    put_member(ret, record, "text", ": ", "");
}

/* Records of an object or of an instance: what it is, and whose. */
static void put_simple(const char *what, const Json *record, Buffer *ret)
{
    size_t start = ret->size;

    instance_words(record, ret);
    buffer_add_format(ret, "%s%s", ret->size > start ? ": " : "", what);
    put_member(ret, record, "uid", " of the object ", "");
    put_member(ret, record, "goal", " ", "");
    put_member(ret, record, "fact", " ", "");
    put_member(ret, record, "object", ": ", "");
    put_member(ret, record, "text", ": ", "");
    put_intents(record, ret);
    put_values(record, ret);
}

void record_words(const Json *record, Buffer *ret)
{
    int type = type_find(record);

    if (type < 0) {
        put_simple(json_get_string(record, "type", "a record without a type"), record, ret);
        return;
    }
    switch ((RecordType)type) {
    case RECORD_SLICE:
    case RECORD_PREPARE:
    case RECORD_COMMIT:
    case RECORD_ABORT:
    case RECORD_FAULT:
        put_of_slice((RecordType)type, record, ret);
        return;
    case RECORD_ANSWER:
        put_answer(record, ret);
        return;
    case RECORD_BEGIN:
        buffer_add_string(ret, "a run begins");
        return;
    case RECORD_RESET:
        buffer_add_string(ret, "every domain's state is forgotten");
        return;
    case RECORD_START:
    case RECORD_HEARD:
    case RECORD_TIMER:
    case RECORD_GOAL:
    case RECORD_OBSERVE:
    case RECORD_FACT:
    case RECORD_CRASH:
    case RECORD_END:
    case RECORD_DESTROY:
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_MOVE:
    case RECORD_IMPORT:
    case RECORD_REDELIVER:
    case RECORD_RESUME:
    case RECORD_ADOPT:
        put_simple(types[type], record, ret);
        return;
    }
}
