/* What the binding says of an API: where it is, who asks, and what its resources, actions and
 * queries are.
 *
 * The rule: it is read whole when the plugin starts, each mistake being one sentence that names the
 * member at fault, and never changes afterwards; so what uses it checks nothing again. */
#ifndef VED_HTTP_CONFIG_H
#define VED_HTTP_CONFIG_H

#include "lang/base/arena.h"
#include "lang/base/json.h"

#define STATUSES_MAX 16
#define VALUES_MAX 16
#define PAGES_MAX 1000
#define RESOURCES_MAX 200 /* and actions, and queries */
#define MEMBERS_MAX 100   /* parameters, and results, of one of them */
#define WAIT_MS_MAX (24 * 3600 * 1000LL)

/* Statuses that mean something; none given: those that the request's role has. */
typedef struct StatusSet {
    int statuses[STATUSES_MAX];
    size_t count;
} StatusSet;

bool status_set_has(const StatusSet *set, int status);

/* A member of an answer that says how things stand, and what its values mean. */
typedef struct Condition {
    const char *pointer;       /* NULL: there is none */
    const Json *done, *failed; /* lists of values; failed may be NULL */
} Condition;

/* A deed that goes on after its request was answered. */
typedef struct LongRunning {
    StatusSet begun;       /* statuses of an answer that says so */
    const char *header;    /* one of these three says where to ask: a header with a URL, */
    const char *pointer;   /* a member with a URL, */
    const char *path, *id; /* a path in which ${operation} is the member `id` */
    Condition condition;   /* no pointer: done once the status is none of `begun` */
    const char *error;     /* pointer to what went wrong */
    const char *result;    /* pointer to the object, in the last answer; NULL: not there */
    int64_t interval_ms, timeout_ms;
} LongRunning;

/* One request as the binding describes it; texts are templates. */
typedef struct RequestSpec {
    const char *at; /* for messages: resources.CreateBox.create */
    const char *method;
    const char *path;
    const Json *query, *headers;
    const Json *body; /* JSON */
    const Json *form; /* or fields of a form */
    StatusSet ok, absent, exists;
    const char *document;       /* pointer to the object in the answer */
    const char *absent_without; /* an answer that has nothing there says absent; NULL: none does */
    bool repeatable;            /* twice does what once does */
    bool if_match, if_none_match;
    int64_t timeout_ms;           /* 0: the site's */
    const LongRunning *operation; /* NULL: answered means done */
} RequestSpec;

typedef enum NextKind {
    NEXT_NONE,
#define NEXT(name, text) NEXT_##name,
#include "providers/http/next_kind.def"
#undef NEXT
} NextKind;

/* A list in pages. */
typedef struct ListSpec {
    RequestSpec request;
    const char *items; /* pointer to the list in the answer */
    const char *id;    /* pointer to an item's id; NULL: that of the resource */
    NextKind next;
    const char *pointer;        /* NEXT_POINTER: of a URL; NEXT_CURSOR: of the cursor */
    const char *parameter;      /* of the query: the cursor, the page's number, the offset */
    int64_t first;              /* number of the first page */
    const char *size_parameter; /* NULL: not said */
    int64_t size;               /* of a page; 0: not known */
    int64_t pages_max;
} ListSpec;

/* A parameter: its schema is made of it. */
typedef struct ParameterSpec {
    const char *name;
    const char *type;               /* NULL: any */
    const Json *otherwise, *values; /* default and enum; NULL: none */
    const char *because, *description;
    int64_t min_length, max_length; /* -1: not said */
    const Json *minimum, *maximum;  /* NULL: not said */
    bool required, immutable, disruptive, sensitive;
} ParameterSpec;

typedef struct Parameters {
    ParameterSpec *specs;
    size_t count;
    const Json *positional; /* list of names, or NULL */
} Parameters;

/* A member of a result. */
typedef struct ResultSpec {
    const char *name;
    const char *pointer;
    const char *type;      /* NULL: any */
    const char *parameter; /* it has the value of this parameter; NULL: not known */
    bool optional, sensitive, base64;
} ResultSpec;

typedef struct Results {
    ResultSpec *specs;
    size_t count;
} Results;

/* How an object of ours is known among others. */
typedef struct FindSpec {
    const ListSpec *list; /* NULL: only what is read by id is looked at */
    const Json *match;    /* pointer -> template of what stands there */
    int64_t settle_ms;    /* how long after a lost answer the object may still come */
} FindSpec;

typedef struct ResourceSpec {
    const char *effect;
    const char *type;
    const char *description;
    Parameters parameters;
    Results results;
    const char *id;    /* pointer into an answer, or a template of parameters */
    bool id_is_chosen; /* it is a template */
    RequestSpec create, *read, *update, *remove; /* NULL: the API has none */
    ListSpec *list;                              /* all objects of the type; NULL: none */
    FindSpec *find;
    Condition ready;
    int64_t ready_interval_ms, ready_timeout_ms;
    int64_t fresh_ms; /* how long a list serves observations */
    const char *replace_order;
    int64_t typical_s, timeout_s;
    Json *kept; /* list of the parameters that are needed when no arguments are at hand */
} ResourceSpec;

typedef struct ActionSpec {
    const char *name;
    const char *description;
    Parameters parameters;
    Results results;
    RequestSpec request;
    int64_t typical_s, timeout_s;
} ActionSpec;

/* What a query's value is. */
typedef enum QueryKind { QUERY_POINTER, QUERY_COUNT, QUERY_EXISTS } QueryKind;

typedef struct QuerySpec {
    const char *name;
    Parameters parameters;
    QueryKind kind;
    RequestSpec request; /* of QUERY_COUNT: that of the list */
    ListSpec *list;
    const char *pointer;
    const char *type;
    int64_t cache_ms;
} QuerySpec;

typedef enum AuthKind {
    AUTH_NONE,
#define AUTH(name, text) AUTH_##name,
#include "providers/http/auth_kind.def"
#undef AUTH
} AuthKind;

/* A text, or a file that is read for each request, as what is in it may change. */
typedef struct Credential {
    const char *text, *file;
} Credential;

typedef struct AuthSpec {
    AuthKind kind;
    const char *name;         /* basic: the user; header, query: what it is called */
    Credential key;           /* sigv4: the access key */
    Credential secret;        /* token, password, value, secret key */
    Credential session_token; /* sigv4; may be none */
    const char *sigv4;        /* aws:amz:REGION:SERVICE */
} AuthSpec;

typedef struct HttpConfig {
    Arena arena;
    Json *tree;           /* what the texts belong to */
    const char *base_url; /* without a slash at its end */
    const char *origin;   /* scheme://host:port of it */
    const char *ca, *cert, *key;
    AuthSpec auth;
    const Json *headers; /* NULL: none */
    const char *error;   /* pointer to the message in an answer that is none of `ok`; NULL: guess */
    const char *idempotency_header; /* NULL: none */
    bool idempotent_by_header;      /* the API does once what comes twice under one key */
    int64_t timeout_ms, retries, answer_size_max;
    double rate; /* requests a second; 0: as many as there are */
    int64_t burst;
    ResourceSpec *resources;
    size_t resource_count;
    ActionSpec *actions;
    size_t action_count;
    QuerySpec *queries;
    size_t query_count;
} HttpConfig;

/* 0 with a config that the caller frees, or a negative code and one sentence. */
int http_config_read(const Json *config, HttpConfig **ret, Error *err);
void http_config_free(HttpConfig *config);
CLEANUP_DEFINE(HttpConfig *, http_config_free);

/* By name; NULL: there is none. */
const ResourceSpec *config_resource(const HttpConfig *config, const char *effect);
const ResourceSpec *config_resource_of_type(const HttpConfig *config, const char *type);
const ActionSpec *config_action(const HttpConfig *config, const char *name);
const QuerySpec *config_query(const HttpConfig *config, const char *name);
const ParameterSpec *parameters_get(const Parameters *parameters, const char *name);

/* The arguments and, where one is not given, its default. The caller owns it. */
Json *parameters_fill(const Parameters *parameters, const Json *arguments);

#endif
