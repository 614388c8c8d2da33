#include "tests/simulate/promise.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/json.h"
#include "tests/simulate/disk.h"
#include "tests/simulate/world.h"

/* A record of the journal, by its number. */
typedef struct Noted {
    uint64_t digest;
    bool committed;
} Noted;

typedef struct Asked {
    struct Asked *next;
    const char *key, *digest; /* NULL: it was not sent yet */
    uint64_t record;          /* that says it will be */
    bool in_doubt;            /* it may have been read, and nobody has said what became of it */
} Asked;

struct Witness {
    Noted *records; /* [sequence - 1] */
    size_t capacity;
    uint64_t position; /* all up to it were acknowledged */
    uint64_t state_position, state_digest;
    Asked *asked;
    Inode *journal; /* that was written last; NULL: none yet */
    off_t group_at; /* where its last group begins */
};

void promise_make(void)
{
    world->witness = world_alloc(sizeof *world->witness);
}

/* ---- records ---- */

static Noted *record_at(uint64_t sequence)
{
    Witness *witness = world->witness;

    if (sequence > witness->capacity) {
        size_t capacity = witness->capacity * 2 + 256;
        Noted *records = world_alloc(capacity * sizeof *records);
        if (witness->capacity > 0)
            memcpy(records, witness->records, witness->capacity * sizeof *records);
        witness->records = records;
        witness->capacity = capacity;
    }
    return &witness->records[sequence - 1];
}

static Asked *asked_find(const char *key, size_t size)
{
    for (Asked *asked = world->witness->asked; asked != NULL; asked = asked->next)
        if (strncmp(asked->key, key, size) == 0 && asked->key[size] == '\0')
            return asked;
    return NULL;
}

/* The keys that a record gives to what will be asked for. */
static void keys_note(uint64_t sequence, const char *payload)
{
    static const char before[] = "\"op\":\"";

    for (const char *at = payload; (at = strstr(at, before)) != NULL;) {
        at += strlen(before);
        size_t size = strcspn(at, "\"");
        Asked *asked = asked_find(at, size);
        if (asked == NULL) {
            asked = world_alloc(sizeof *asked);
            *asked = (Asked){.next = world->witness->asked, .key = world_copy(at, size)};
            world->witness->asked = asked;
        }
        asked->record = sequence;
    }
}

void promise_note_record(uint64_t sequence, const char *payload, size_t size)
{
    tally->records++;
    *record_at(sequence) = (Noted){.digest = hash_bytes(payload, size)};
    keys_note(sequence, payload);
}

void promise_note_commit(uint64_t position)
{
    Witness *witness = world->witness;

    while (witness->position < position)
        record_at(++witness->position)->committed = true;
}

void promise_note_group(Inode *journal, off_t at)
{
    world->witness->journal = journal;
    world->witness->group_at = at;
}

bool promise_damage(void)
{
    const Witness *witness = world->witness;

    if (witness->journal == NULL || witness->group_at == 0)
        return false;
    disk_rot(witness->journal, (size_t)witness->group_at);
    world->damaged = true;
    return true;
}

void promise_check_record(uint64_t sequence, const char *payload, size_t size)
{
    const Noted *noted = record_at(sequence);

    if (sequence <= world->witness->position && noted->digest != hash_bytes(payload, size) &&
        noted->digest != 0)
        world_wrong("record %llu is not the one that was acknowledged: %.300s",
                    (unsigned long long)sequence, payload);
}

void promise_check_position(uint64_t position)
{
    Witness *witness = world->witness;

    if (position < witness->position)
        world_wrong("record %llu was acknowledged, and the last one that is found is %llu",
                    (unsigned long long)witness->position, (unsigned long long)position);
    promise_note_commit(position); /* found, it stays */
}

uint64_t promise_position(void)
{
    return world->witness->position;
}

void promise_note_state(uint64_t position, uint64_t digest)
{
    world->witness->state_position = position;
    world->witness->state_digest = digest;
}

void promise_check_state(uint64_t position, uint64_t digest)
{
    const Witness *witness = world->witness;

    if (witness->state_digest != 0 && witness->state_position == position &&
        witness->state_digest != digest)
        world_wrong("the state at record %llu is not the one that was left there",
                    (unsigned long long)position);
}

/* ---- requests ---- */

void promise_note_request(const Request *request)
{
    Asked *asked = asked_find(request->key, strlen(request->key));

    if (asked == NULL || asked->record > world->witness->position) {
        world_wrong("%s %s is sent, and its intent is not on disk", request->method, request->path);
        return;
    }
    if (asked->digest != NULL && strcmp(asked->digest, request->digest) != 0)
        world_wrong("other bytes than before are sent under the key %s", request->key);
    if (asked->in_doubt)
        world_wrong("%s %s is sent again, and nobody has said what became of it", request->method,
                    request->path);
    asked->digest = request->digest;
    asked->in_doubt = true;
}

/* The key of an operation that is asked about; NULL: the path is another one. */
static const char *operation_asked(const Request *request)
{
    static const char start[] = "/v1/operations/";
    static char key[128];

    if (strncmp(request->path, start, strlen(start)) != 0 || strcmp(request->method, "GET") != 0)
        return NULL;
    const char *from = request->path + strlen(start);
    size_t size = strcspn(from, "?");
    if (size >= sizeof key)
        return NULL;
    memcpy(key, from, size);
    key[size] = '\0';
    return key;
}

static bool says_not_applied(const Json *problem)
{
    return strcmp(json_get_string(problem, "outcome", ""), "not_applied") == 0;
}

/* Whether an answer says that it has not been done: 4xx by itself, 5xx if it adds so. */
static bool says_not_done(const Request *request, const Reply *reply, const Json *document)
{
    if (request->key != NULL)
        return reply->status >= 400 && (reply->status < 500 || says_not_applied(document));
    return reply->status == 404 || says_not_applied(json_get(document, "problem"));
}

void promise_note_answer(const Request *request, const Reply *reply)
{
    const char *key = request->key != NULL ? request->key : operation_asked(request);
    Asked *asked = key != NULL ? asked_find(key, strlen(key)) : NULL;
    cleanup(json_free) Json *document = NULL;

    if (asked == NULL)
        return;
    json_parse(reply->body, reply->body_size, &document, NULL);
    if (says_not_done(request, reply, document))
        asked->in_doubt = false;
}
