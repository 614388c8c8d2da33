#include "providers/sdk/store_record.h"

#include <stddef.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/members.h"

static const char *const kinds[] = {
    [RECORD_BEGIN] = "begin",       [RECORD_END] = "end",     [RECORD_OPERATION] = "operation",
    [RECORD_INSTANCE] = "instance", [RECORD_FENCE] = "fence",
};

/* The members of an operation that are strings. */
#define AT(member) offsetof(Operation, member)
static const struct {
    const char *key;
    size_t at;
} strings[] = {{"client", AT(client)},   {"digest", AT(digest)},          {"type", AT(type)},
               {"uid", AT(uid)},         {"effect", AT(effect)},          {"lineage", AT(lineage)},
               {"address", AT(address)}, {"traceparent", AT(traceparent)}};

/* And those that are JSON texts. */
static const struct {
    const char *key;
    size_t at;
} texts[] = {{"request", AT(request)}, {"reply", AT(reply)}, {"problem", AT(problem)}};
#undef AT

static char **member_at(const Operation *operation, size_t at)
{
    return (char **)((char *)operation + at);
}

/* ---- writing ---- */

static void put_kind(Buffer *ret, int kind)
{
    buffer_add_char(ret, '{');
    member_put_string(ret, "record", kinds[kind]);
}

static void put_instance(Buffer *ret, const Instance *instance)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (instance == NULL)
        return;
    instance_put(&text, instance);
    member_put_text(ret, "instance", text.bytes);
}

static void put_beginning(Buffer *ret, const Operation *operation)
{
    member_put_string(ret, "op", operation->op);
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        member_put_string(ret, strings[i].key, *member_at(operation, strings[i].at));
    member_put_string(ret, "kind", operation_kind_name(operation->kind));
    member_put_bool(ret, "secrets", operation->had_secrets);
    member_put_int(ret, "at_ms", operation->created_ms);
    member_put_text(ret, "request", operation->request);
}

static void put_ending(Buffer *ret, const Operation *operation, const Instance *instance)
{
    member_put_string(ret, "state", operation_state_name(operation->state));
    member_put_int(ret, "status", operation->status);
    member_put_int(ret, "ended_ms", operation->updated_ms);
    member_put_text(ret, "reply", operation->reply);
    member_put_text(ret, "problem", operation->problem);
    put_instance(ret, instance);
}

void store_record_put_begin(Buffer *ret, const Operation *operation)
{
    put_kind(ret, RECORD_BEGIN);
    put_beginning(ret, operation);
    buffer_add_char(ret, '}');
}

void store_record_put_end(Buffer *ret, const Operation *operation, const Instance *instance,
                          const char *removed)
{
    put_kind(ret, RECORD_END);
    member_put_string(ret, "op", operation->op);
    put_ending(ret, operation, instance);
    member_put_string(ret, "removed", removed);
    buffer_add_char(ret, '}');
}

void store_record_put_operation(Buffer *ret, const Operation *operation)
{
    put_kind(ret, RECORD_OPERATION);
    put_beginning(ret, operation);
    put_ending(ret, operation, operation->made);
    buffer_add_char(ret, '}');
}

void store_record_put_instance(Buffer *ret, const Instance *instance)
{
    put_kind(ret, RECORD_INSTANCE);
    put_instance(ret, instance);
    buffer_add_char(ret, '}');
}

void store_record_put_fence(Buffer *ret, const char *lineage, int64_t fence)
{
    put_kind(ret, RECORD_FENCE);
    member_put_string(ret, "lineage", lineage);
    member_put_int(ret, "fence", fence);
    buffer_add_char(ret, '}');
}

/* ---- reading ---- */

void store_record_deinit(StoreRecord *record)
{
    operation_free(record->operation);
    instance_free(record->instance);
    free(record->removed);
    free(record->lineage);
    *record = (StoreRecord){0};
}

/* A body as older journals have it, a text in a string; NULL: what the string holds is none. */
static char *older_body(const Member *member, Error *err)
{
    cleanup(free) char *text = member_string(member);
    cleanup(json_free) Json *json = NULL;

    if (text != NULL && json_parse_own(text, strlen(text), &json, err) == 0)
        return json_text(json);
    if (text == NULL)
        error_set(err, ERROR_STATE, "expected an object, or its text in a string");
    error_wrap(err, "member '%.*s'", (int)member->key_size, member->key);
    return NULL;
}

static int read_body(const Member *member, char **ret, Error *err)
{
    bool is_older = member->value[0] == '"';
    char *text = is_older ? older_body(member, err) : member_text(member);

    if (is_older && text == NULL)
        return ERROR_STATE;
    free(*ret);
    *ret = text;
    return 0;
}

static OperationState state_of(const Member *member)
{
    cleanup(free) char *name = member_string(member);

    for (OperationState s = OPERATION_PENDING; name != NULL && s <= OPERATION_UNKNOWN; s++)
        if (strcmp(operation_state_name(s), name) == 0)
            return s;
    return OPERATION_UNKNOWN;
}

static int read_kind(Operation *operation, const Member *member, Error *err)
{
    cleanup(free) char *name = member_string(member);

    if (name != NULL && operation_kind_parse(name, &operation->kind))
        return 0;
    return error_set(err, ERROR_STATE, "operation '%s': kind '%s' is not known", operation->op,
                     name != NULL ? name : "");
}

/* 1: it is one of the tables'. */
static int read_text(Operation *operation, const Member *member, Error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        if (member_is(member, strings[i].key)) {
            free(*member_at(operation, strings[i].at));
            *member_at(operation, strings[i].at) = member_string(member);
            return 1;
        }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (member_is(member, texts[i].key)) {
            int code = read_body(member, member_at(operation, texts[i].at), err);
            return code < 0 ? code : 1;
        }
    return 0;
}

static int read_instance(StoreRecord *record, Members *members, Error *err)
{
    instance_free(take(record->instance));
    return instance_parse(members, &record->instance, err);
}

static int read_older_instance(StoreRecord *record, const Member *member, Error *err)
{
    cleanup(free) char *text = older_body(member, err);

    if (text == NULL)
        return ERROR_STATE;
    Members members = members_of(text, strlen(text));
    return read_instance(record, &members, err);
}

static int read_operation_member(StoreRecord *record, const Member *member, Error *err)
{
    Operation *operation = record->operation;
    int code = read_text(operation, member, err);

    if (code != 0)
        return code < 0 ? code : 0;
    if (member_is(member, "kind"))
        return read_kind(operation, member, err);
    if (member_is(member, "secrets"))
        operation->had_secrets = member_is_true(member);
    else if (member_is(member, "at_ms")) /* of older ends too */
        operation->created_ms = operation->updated_ms = member_int(member, 0);
    else if (member_is(member, "ended_ms"))
        operation->updated_ms = member_int(member, 0);
    else if (member_is(member, "state"))
        operation->state = state_of(member);
    else if (member_is(member, "status"))
        operation->status = (int)member_int(member, 500);
    return 0;
}

static int read_member(StoreRecord *record, const Member *member, Error *err)
{
    char **string = member_is(member, "removed") ? &record->removed : NULL;

    if (member_is(member, "instance"))
        return read_older_instance(record, member, err);
    if (record->kind == RECORD_FENCE && member_is(member, "lineage"))
        string = &record->lineage;
    if (string != NULL) {
        free(*string);
        *string = member_string(member);
        return 0;
    }
    if (member_is(member, "fence"))
        record->fence = member_int(member, 0);
    return record->operation != NULL ? read_operation_member(record, member, err) : 0;
}

/* Older beginnings do not say whose the operation is: their requests do. */
static void read_owner(Operation *operation)
{
    Member owner;

    if (operation->lineage == NULL && member_find(operation->request, "owner", &owner)) {
        cleanup(free) char *text = member_text(&owner);
        operation->lineage = text_get_string(text, "lineage");
    }
    if (operation->lineage == NULL)
        operation->lineage = memory_copy_string("");
    if (operation->address == NULL)
        operation->address = memory_copy_string("");
}

static int check_operation(Operation *operation, Error *err)
{
    read_owner(operation);
    if (operation->digest == NULL || operation->type == NULL)
        return error_set(err, ERROR_STATE, "operation '%s' has no digest or no type",
                         operation->op);
    return 0;
}

/* The first member says what the record is, the second of an operation's is its key. */
static int read_start(Members *members, StoreRecord *record, Error *err)
{
    Member member = {0};
    cleanup(free) char *name = members_next(members, &member) && member_is(&member, "record")
                                   ? member_string(&member)
                                   : NULL;
    int kind = 0;

    while (name != NULL && kind < (int)ARRAY_SIZE(kinds) && strcmp(kinds[kind], name) != 0)
        kind++;
    if (name == NULL || kind == (int)ARRAY_SIZE(kinds))
        return error_set(err, ERROR_STATE,
                         "record '%s' is not known; is this plugin older than its data?",
                         name != NULL ? name : "");
    record->kind = kind;
    if (kind == RECORD_INSTANCE || kind == RECORD_FENCE)
        return 0;
    cleanup(free) char *op =
        members_next(members, &member) && member_is(&member, "op") ? member_string(&member) : NULL;
    if (op == NULL)
        return error_set(err, ERROR_STATE, "record '%s' has no key", name);
    record->operation = operation_new(op, OPERATION_RECONCILE);
    return 0;
}

static int read_members(Members *members, StoreRecord *record, Error *err)
{
    Members inner;
    Member member;
    int code = 0;

    for (bool more = true; code == 0 && more;) {
        if (members_enter(members, "instance", &inner)) {
            code = read_instance(record, &inner, err);
            members_leave(members, &inner);
        } else if ((more = members_next(members, &member))) {
            code = read_member(record, &member, err);
        }
    }
    return code;
}

int store_record_parse(const char *text, size_t size, StoreRecord *ret, Error *err)
{
    cleanup(store_record_deinit) StoreRecord record = {0};
    Members members = members_of(text, size);
    int code = read_start(&members, &record, err);

    if (code == 0)
        code = read_members(&members, &record, err);
    if (code == 0 && !(members_are_whole(&members) && members.at == text + size))
        code = error_set(err, ERROR_STATE, "the record is no JSON object");
    if (code == 0 && (record.kind == RECORD_BEGIN || record.kind == RECORD_OPERATION))
        code = check_operation(record.operation, err);
    if (code == 0) {
        *ret = record;
        record = (StoreRecord){0};
    }
    return code;
}
