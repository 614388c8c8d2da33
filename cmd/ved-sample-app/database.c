/* One connection, driven by readiness of its socket:
 *
 *   AWAY ──connect──▶ CONNECTING ──▶ PREPARING (create table) ──▶ READY ⇄ ASKING
 *    ▲                                                              │
 *    └──────────────────── lost, refused, timed out ────────────────┘
 *
 * Whoever asks while a query is under way is answered by the next one, since the present one may
 * have been computed before what he knows of was stored. */
#include "database.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postgresql/libpq-fe.h>

#include "lang/base/memory.h"

#define WAITERS_MAX 1000
#define RETRY_S 1

typedef enum DatabaseState { AWAY, CONNECTING, PREPARING, READY, ASKING } DatabaseState;

typedef struct Waiter {
    GuestsDone done;
    void *context;
} Waiter;

struct Database {
    struct event_base *base;
    const char *url;
    PGconn *connection;
    DatabaseState state;
    struct event *io;
    struct event *retry;
    struct event *deadline; /* runs while somebody waits */
    Waiter *waiters;
    size_t waiter_count;
    size_t waiter_capacity;
    size_t asked_count; /* the first so many of the waiters get the present query's answer */
    bool reconnecting;  /* a lost connection is made again once before anybody is told */
};

static const char table_statement[] =
    "CREATE TABLE IF NOT EXISTS guests (id serial PRIMARY KEY, name text NOT NULL,"
    " at timestamptz DEFAULT now())";

/* One row at least, so that the number comes even if there is no guest. */
static const char guests_statement[] =
    "SELECT counted.n, newest.name FROM (SELECT count(*) AS n FROM guests) AS counted"
    " LEFT JOIN (SELECT id, name FROM guests ORDER BY id DESC LIMIT 10) AS newest ON true"
    " ORDER BY newest.id DESC";

static void database_connect(Database *database);
static void on_io(evutil_socket_t fd, short what, void *context);

static void arm(struct event *timer, int seconds)
{
    struct timeval after = {.tv_sec = seconds};

    evtimer_add(timer, &after);
}

/* libpq may change its socket while it connects, so the event is made anew each time. */
static void watch(Database *database, short what)
{
    if (database->io != NULL)
        event_free(database->io);
    database->io = event_new(database->base, PQsocket(database->connection), what, on_io, database);
    if (database->io != NULL)
        event_add(database->io, NULL);
}

/* Answer the first `count` waiters; they may ask again at once. */
static void answer(Database *database, size_t count, const Guests *guests, const char *why)
{
    Waiter *answered = memory_alloc(count * sizeof *answered + 1);

    memcpy(answered, database->waiters, count * sizeof *answered);
    memmove(database->waiters, database->waiters + count,
            (database->waiter_count - count) * sizeof *answered);
    database->waiter_count -= count;
    database->asked_count = 0;
    if (database->waiter_count == 0)
        evtimer_del(database->deadline);
    for (size_t i = 0; i < count; i++)
        answered[i].done(guests, why, answered[i].context);
    free(answered);
}

static void disconnect(Database *database)
{
    if (database->io != NULL)
        event_free(take(database->io));
    if (database->connection != NULL)
        PQfinish(take(database->connection));
    database->state = AWAY;
}

/* The connection is of no use. One that had worked is made again before anybody is told: most
 * likely the database was restarted. */
static void lost(Database *database)
{
    char why[256];
    bool worked = database->state == READY || database->state == ASKING;

    snprintf(why, sizeof why, "%s", PQerrorMessage(database->connection));
    why[strcspn(why, "\n")] = '\0';
    disconnect(database);
    database->asked_count = 0;
    if (worked && !database->reconnecting) {
        database->reconnecting = true;
        database_connect(database);
        return;
    }
    database->reconnecting = false;
    arm(database->retry, RETRY_S);
    answer(database, database->waiter_count, NULL, why);
}

static void send_statement(Database *database, const char *statement, DatabaseState next)
{
    if (!PQsendQuery(database->connection, statement)) {
        lost(database);
        return;
    }
    database->state = next;
    watch(database, PQflush(database->connection) == 1 ? EV_READ | EV_WRITE : EV_READ);
}

static void settle(Database *database)
{
    database->state = READY;
    database->asked_count = database->waiter_count;
    if (database->waiter_count > 0)
        send_statement(database, guests_statement, ASKING);
    else
        watch(database, EV_READ);
}

static void read_guests(const PGresult *result, Guests *ret)
{
    int rows = PQntuples(result);

    *ret = (Guests){.count = rows > 0 ? PQgetvalue(result, 0, 0) : "0"};
    for (int row = 0; row < rows && ret->newest_count < GUESTS_SHOWN; row++)
        if (!PQgetisnull(result, row, 1))
            ret->newest[ret->newest_count++] = PQgetvalue(result, row, 1);
}

/* The answer to the statement under way is there in full. */
static void take_result(Database *database)
{
    PGresult *result = PQgetResult(database->connection);
    ExecStatusType status = PQresultStatus(result);
    DatabaseState state = database->state;
    Guests guests;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        PQclear(result);
        lost(database);
        return;
    }
    for (PGresult *rest = PQgetResult(database->connection); rest != NULL;
         rest = PQgetResult(database->connection))
        PQclear(rest);
    if (state == ASKING) {
        database->reconnecting = false;
        read_guests(result, &guests);
        answer(database, database->asked_count, &guests, NULL);
    }
    PQclear(result);
    settle(database);
}

static void continue_statement(Database *database)
{
    if (!PQconsumeInput(database->connection)) {
        lost(database);
        return;
    }
    int unsent = PQflush(database->connection);
    if (unsent < 0)
        lost(database);
    else if (PQisBusy(database->connection))
        watch(database, unsent == 1 ? EV_READ | EV_WRITE : EV_READ);
    else
        take_result(database);
}

static void continue_connect(Database *database)
{
    switch (PQconnectPoll(database->connection)) {
    case PGRES_POLLING_READING:
        watch(database, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        watch(database, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        PQsetnonblocking(database->connection, 1);
        send_statement(database, table_statement, PREPARING);
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        lost(database);
        break;
    }
}

static void on_io(evutil_socket_t fd, short what, void *context)
{
    Database *database = context;

    (void)fd;
    (void)what;
    switch (database->state) {
    case AWAY:
        break;
    case CONNECTING:
        continue_connect(database);
        break;
    case READY:
        /* Nothing was asked: it is a notice, or the end. */
        if (PQconsumeInput(database->connection) && PQstatus(database->connection) == CONNECTION_OK)
            watch(database, EV_READ);
        else
            lost(database);
        break;
    case PREPARING:
    case ASKING:
        continue_statement(database);
        break;
    }
}

/* That the table exists already is no news. */
static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static void database_connect(Database *database)
{
    evtimer_del(database->retry);
    database->connection = PQconnectStart(database->url);
    database->state = CONNECTING;
    PQsetNoticeProcessor(database->connection, ignore_notice, NULL);
    if (PQstatus(database->connection) == CONNECTION_BAD)
        lost(database);
    else
        watch(database, EV_WRITE);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    Database *database = context;

    (void)fd;
    (void)what;
    if (database->state == AWAY)
        database_connect(database);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    Database *database = context;

    (void)fd;
    (void)what;
    disconnect(database);
    database->reconnecting = false;
    arm(database->retry, RETRY_S);
    answer(database, database->waiter_count, NULL, "no answer in time");
}

Database *database_new(struct event_base *base, const char *url)
{
    Database *database = memory_zero(1, sizeof *database);

    *database = (Database){.base = base, .url = url};
    database->retry = evtimer_new(base, on_retry, database);
    database->deadline = evtimer_new(base, on_deadline, database);
    database_connect(database);
    return database;
}

void database_free(Database *database)
{
    if (database == NULL)
        return;
    disconnect(database);
    event_free(database->retry);
    event_free(database->deadline);
    free(database->waiters);
    free(database);
}

void database_ask(Database *database, GuestsDone done, void *context)
{
    if (database->waiter_count >= WAITERS_MAX) {
        done(NULL, "too many are asking at once", context);
        return;
    }
    if (database->waiter_count == 0)
        arm(database->deadline, DATABASE_TIMEOUT_S);
    memory_reserve_one(database->waiters, database->waiter_count, database->waiter_capacity);
    database->waiters[database->waiter_count++] = (Waiter){.done = done, .context = context};
    if (database->state == READY)
        settle(database);
    else if (database->state == AWAY)
        database_connect(database);
}
