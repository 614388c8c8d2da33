/* Requests, lists and long-running operations as the binding describes them. */
#include <stdio.h>
#include <string.h>

#include "providers/http/config_private.h"
#include "providers/sdk/fetch.h"

#define INTERVAL_MS 2000
#define OPERATION_MS (10 * 60 * 1000LL)
#define PAGES 100

const RequestRole role_create = {.method = "POST", .exists = 409};
const RequestRole role_read = {.method = "GET", .absent = {404, 410}, .repeats = true};
const RequestRole role_update = {.method = "PUT", .absent = {404, 410}, .repeats = true};
const RequestRole role_remove = {.method = "DELETE", .absent = {404, 410}, .repeats = true};
const RequestRole role_list = {.method = "GET", .repeats = true};
const RequestRole role_action = {.method = "POST"};

bool status_set_has(const StatusSet *set, int status)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->statuses[i] == status)
            return true;
    return false;
}

/* A status or a list of them; false: none were given. */
static bool read_statuses(Reader *reader, const char *key, StatusSet *ret)
{
    const Json *list = reader_array(reader, key);

    if (list == NULL)
        return false;
    if (json_count(list) > STATUSES_MAX)
        reader_fail(reader, key, "expected at most %d statuses", STATUSES_MAX);
    for (const Json *s = json_first(list); s != NULL && ret->count < STATUSES_MAX;
         s = json_next(s)) {
        int64_t status = json_int(s, 0);
        if (!json_is_number(s) || status < 100 || status > 599)
            reader_fail(reader, key, "expected numbers from 100 to 599");
        ret->statuses[ret->count++] = (int)status;
    }
    return true;
}

static void read_method(Reader *reader, const RequestRole *role, RequestSpec *ret)
{
    ret->method = reader_string(reader, "method", role->method);
    if (strspn(ret->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(ret->method) ||
        ret->method[0] == '\0' || strlen(ret->method) > 16)
        reader_fail(reader, "method", "expected GET, POST or the like, found '%.32s'", ret->method);
}

static void read_path(Reader *reader, RequestSpec *ret)
{
    ret->path = reader_needed(reader, "path");
    if (ret->path[0] != '/')
        reader_fail(reader, "path", "expected one that begins with '/', found '%.64s'", ret->path);
    if (strpbrk(ret->path, " \t\r\n#") != NULL)
        reader_fail(reader, "path", "'%.64s' has white space or '#' in it", ret->path);
}

static void read_headers(Reader *reader, RequestSpec *ret)
{
    ret->headers = reader_object(reader, "headers");
    for (const Json *h = json_first(ret->headers); h != NULL; h = json_next(h))
        if (!json_is_string(h) || !fetch_header_is_sendable(json_key(h), json_string(h, "")))
            reader_fail(reader, "headers", "'%.64s' is no header that can be sent as a text",
                        json_key(h));
}

static void read_body(Reader *reader, RequestSpec *ret)
{
    ret->body = reader_get(reader, "body");
    ret->form = reader_object(reader, "form");
    if (ret->body != NULL && ret->form != NULL)
        reader_fail(reader, "form", "a request has a body or a form, not both");
}

/* The values of a condition: one or a list. */
static const Json *read_values(Reader *reader, const char *key)
{
    const Json *list = reader_array(reader, key);

    if (json_count(list) > VALUES_MAX)
        reader_fail(reader, key, "expected at most %d values", VALUES_MAX);
    return list;
}

void condition_read(Reader *reader, Condition *ret)
{
    ret->pointer = reader_pointer(reader, "state", NULL);
    ret->done = read_values(reader, "done");
    ret->failed = read_values(reader, "failed");
    if (ret->pointer != NULL && json_count(ret->done) == 0)
        reader_fail(reader, "done", "expected a list of the values that mean done");
    if (ret->pointer == NULL && (ret->done != NULL || ret->failed != NULL))
        reader_fail(reader, "state", "expected the pointer to what has these values");
}

static void read_follow(Reader *reader, LongRunning *ret)
{
    ret->header = reader_string(reader, "header", NULL);
    ret->pointer = reader_pointer(reader, "pointer", NULL);
    ret->path = reader_string(reader, "path", NULL);
    ret->id = reader_pointer(reader, "id", NULL);
    int ways = (ret->header != NULL) + (ret->pointer != NULL) + (ret->path != NULL);
    if (ways != 1)
        reader_fail(reader, NULL,
                    "expected one of 'header', 'pointer' and 'path', which say where to ask how "
                    "far it is");
    if ((ret->path != NULL) != (ret->id != NULL))
        reader_fail(reader, "id", "goes with 'path', in which it is ${operation}");
    if (ret->path != NULL && ret->path[0] != '/')
        reader_fail(reader, "path", "expected one that begins with '/'");
}

static int read_operation(Arena *arena, Reader *parent, const LongRunning **ret)
{
    const Json *object = reader_object(parent, "operation");
    LongRunning *operation = arena_new(arena, LongRunning);
    Reader reader;

    if (object == NULL)
        return 0;
    reader_begin(&reader, object, parent->err, "%s.operation", parent->at);
    if (!read_statuses(&reader, "status", &operation->begun))
        operation->begun = (StatusSet){{202}, 1};
    read_follow(&reader, operation);
    condition_read(&reader, &operation->condition);
    operation->error = reader_pointer(&reader, "error", NULL);
    operation->result = reader_pointer(&reader, "result", NULL);
    operation->interval_ms = reader_duration_ms(&reader, "interval", INTERVAL_MS, WAIT_MS_MAX);
    operation->timeout_ms = reader_duration_ms(&reader, "timeout", OPERATION_MS, WAIT_MS_MAX);
    *ret = operation;
    return reader_end(&reader);
}

static void read_answers(Reader *reader, const RequestRole *role, RequestSpec *ret)
{
    read_statuses(reader, "ok", &ret->ok);
    if (!read_statuses(reader, "absent", &ret->absent))
        for (size_t i = 0; i < ARRAY_SIZE(role->absent) && role->absent[i] != 0; i++)
            ret->absent.statuses[ret->absent.count++] = role->absent[i];
    if (!read_statuses(reader, "exists", &ret->exists) && role->exists != 0)
        ret->exists = (StatusSet){{role->exists}, 1};
    ret->document = reader_pointer(reader, "document", "");
    ret->absent_without = reader_pointer(reader, "absent_without", NULL);
}

/* The members of a request, from a reader that may be asked for more. */
static int request_members(Arena *arena, Reader *reader, const RequestRole *role, RequestSpec *ret)
{
    ret->at = arena_copy_string(arena, reader->at);
    read_method(reader, role, ret);
    read_path(reader, ret);
    ret->query = reader_object(reader, "query");
    read_headers(reader, ret);
    read_body(reader, ret);
    read_answers(reader, role, ret);
    ret->repeatable =
        reader_bool(reader, "repeatable", role->repeats || fetch_method_is_idempotent(ret->method));
    ret->if_match = reader_bool(reader, "if_match", false);
    ret->if_none_match = reader_bool(reader, "if_none_match", false);
    ret->timeout_ms = reader_duration_ms(reader, "timeout", 0, WAIT_MS_MAX);
    return read_operation(arena, reader, &ret->operation);
}

int request_read(Arena *arena, Reader *parent, const char *key, const RequestRole *role,
                 RequestSpec *ret, bool *is_there)
{
    const Json *object = reader_object(parent, key);
    Reader reader;

    *is_there = object != NULL;
    if (object == NULL)
        return parent->code;
    reader_begin(&reader, object, parent->err, "%s.%s", parent->at, key);
    int code = request_members(arena, &reader, role, ret);
    return code < 0 ? code : reader_end(&reader);
}

/* ---- lists ---- */

static NextKind next_kind(const Json *next)
{
    static const char *const names[] = {
        NULL,
#define NEXT(name, text) text,
#include "providers/http/next_kind.def"
#undef NEXT
    };

    for (size_t i = 1; i < ARRAY_SIZE(names); i++)
        if (json_get(next, names[i]) != NULL)
            return (NextKind)i;
    return NEXT_NONE;
}

static void read_next_kind(Reader *reader, ListSpec *ret)
{
    switch (ret->next) {
    case NEXT_NONE:
        reader_fail(reader, NULL, "expected one of 'pointer', 'link', 'cursor', 'page', 'offset'");
        return;
    case NEXT_POINTER:
        ret->pointer = reader_pointer(reader, "pointer", "");
        return;
    case NEXT_LINK:
        if (!reader_bool(reader, "link", false))
            reader_fail(reader, "link", "expected true");
        return;
    case NEXT_CURSOR:
        ret->pointer = reader_pointer(reader, "cursor", "");
        ret->parameter = reader_needed(reader, "parameter");
        return;
    case NEXT_PAGE:
        ret->parameter = reader_needed(reader, "page");
        ret->first = reader_int(reader, "first", 1, 0, 1);
        return;
    case NEXT_OFFSET:
        ret->parameter = reader_needed(reader, "offset");
        return;
    }
}

static int read_next(Reader *parent, ListSpec *ret)
{
    const Json *next = reader_object(parent, "next");
    Reader reader;

    if (next == NULL)
        return 0;
    reader_begin(&reader, next, parent->err, "%s.next", parent->at);
    ret->next = next_kind(next);
    read_next_kind(&reader, ret);
    ret->size_parameter = reader_string(&reader, "size_parameter", NULL);
    ret->size = reader_int(&reader, "size", 0, 1, 100000);
    if (ret->size_parameter != NULL && ret->size == 0)
        reader_fail(&reader, "size", "expected how many there are to be on a page");
    return reader_end(&reader);
}

int list_read(Arena *arena, Reader *parent, const char *key, ListSpec **ret)
{
    const Json *object = reader_object(parent, key);
    ListSpec *list = arena_new(arena, ListSpec);
    Reader reader;

    if (object == NULL)
        return parent->code;
    reader_begin(&reader, object, parent->err, "%s.%s", parent->at, key);
    list->items = reader_pointer(&reader, "items", "");
    list->id = reader_pointer(&reader, "id", NULL);
    list->pages_max = reader_int(&reader, "pages_max", PAGES, 1, PAGES_MAX);
    if (read_next(&reader, list) < 0 ||
        request_members(arena, &reader, &role_list, &list->request) < 0)
        return parent->err->code;
    *ret = list;
    return reader_end(&reader);
}
