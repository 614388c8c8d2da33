/* The life of a plugin process: take the lock, read the store, listen, say where, serve until the
 * parent goes. Nothing must be done at the end, as whatever was answered is on the disk already; an
 * orderly one leaves a short journal to the successor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include <event2/event.h>

#include "lang/base/file.h"
#include "lang/base/library_memory.h"
#include "lang/base/memory.h"
#include "providers/sdk/log.h"
#include "providers/sdk/server.h"
#include "providers/sdk/tls.h"
#include "providers/sdk/upgrade.h"

#define LOCK_WAIT_MS 10000
#define LOCK_POLL_MS 50

#define EXIT_STATE 74

typedef struct PluginOptions {
    char host[256];
    uint16_t port;
    const char *tls_dir;
    const char *data_dir;
    const char *token_file; /* NULL: certificates only */
    Json *config;
    bool schema_only;
} PluginOptions;

/* Everything a plugin holds; lives until the process ends. */
typedef struct Plugin {
    Provider *provider;
    PluginOptions options;
    struct event_base *base;
    SSL_CTX *tls;
    Schema *schema;
    Store *store;
    Feed *feed;
    Server *server;
    Engine *engine;
    struct event *parent;
    struct event *term;
    int lock_fd;
} Plugin;

/* HOST:PORT, the host of an IPv6 address in brackets. */
static int parse_listen(const char *text, PluginOptions *options, Error *err)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;

    if (colon == NULL || end == colon + 1 || *end != '\0' || port > UINT16_MAX || size == 0 ||
        size >= sizeof options->host)
        return error_set(err, ERROR_USAGE, "--listen '%s': expected HOST:PORT", text);
    bool in_brackets = text[0] == '[' && text[size - 1] == ']';
    snprintf(options->host, sizeof options->host, "%.*s", (int)(in_brackets ? size - 2 : size),
             in_brackets ? text + 1 : text);
    options->port = (uint16_t)port;
    return 0;
}

static int parse_config(const char *text, Json **ret, Error *err)
{
    Json *config = NULL;

    if (json_parse(text, strlen(text), &config, err) < 0) {
        error_wrap(err, "--config");
        return ERROR_USAGE;
    }
    if (!json_is_object(config)) {
        json_free(config);
        return error_set(err, ERROR_USAGE, "--config: expected a JSON object");
    }
    json_free(*ret);
    *ret = config;
    return 0;
}

static int parse_option(int option, PluginOptions *options, Error *err)
{
    switch (option) {
    case 'l':
        return parse_listen(optarg, options, err);
    case 't':
        options->tls_dir = optarg;
        return 0;
    case 'd':
        options->data_dir = optarg;
        return 0;
    case 'c':
        return parse_config(optarg, &options->config, err);
    case 'k':
        options->token_file = optarg;
        return 0;
    case 's':
        options->schema_only = true;
        return 0;
    }
    return error_set(err, ERROR_USAGE,
                     "usage: PLUGIN --listen HOST:PORT --tls DIR --data DIR [--config JSON] "
                     "[--token-file FILE], or PLUGIN --schema [--config JSON]");
}

static int parse_options(int argc, char **argv, PluginOptions *ret, Error *err)
{
    static const struct option known[] = {
        {"listen", required_argument, NULL, 'l'},
        {"tls", required_argument, NULL, 't'},
        {"data", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'},
        {"schema", no_argument, NULL, 's'},
        {"token-file", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (parse_option(option, ret, err) < 0)
            return ERROR_USAGE;
    bool can_serve = ret->host[0] != '\0' && ret->tls_dir != NULL && ret->data_dir != NULL;
    if (optind < argc || (!can_serve && !ret->schema_only))
        return parse_option('?', ret, err);
    if (ret->config == NULL)
        ret->config = json_new_object();
    return 0;
}

/* Hold DIR/lock for as long as the process lives; a predecessor may still be on its way out. */
static int take_lock(const char *data_dir, int *ret, Error *err)
{
    cleanup(free) char *path = memory_format("%s/lock", data_dir);
    cleanup(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited_ms += LOCK_POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_errno(err, errno, "lock '%s'", path);
        if (waited_ms >= LOCK_WAIT_MS)
            return error_set(err, ERROR_LOCKED,
                             "lock '%s': another plugin has held it for %d s; stop it or choose "
                             "another --data",
                             path, LOCK_WAIT_MS / 1000);
        usleep(LOCK_POLL_MS * 1000);
    }
    *ret = fd;
    fd = -1;
    return 0;
}

static void ignore_signal(int number)
{
    (void)number;
}

/* A handler instead of SIG_IGN: programs that a provider starts must not inherit a deaf ear. */
static void ignore_broken_pipes(void)
{
    struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};

    sigaction(SIGPIPE, &action, NULL);
}

/* Threads that still run are left to the end of the process, as by a crash. */
static void end_process(Plugin *plugin, const char *why)
{
    Error err = {0};

    log_line("%s", why);
    if (store_close(plugin->store, clock_now_ms(), &err) < 0)
        log_line("%s", err.message);
    _exit(EXIT_SUCCESS);
}

static void on_term(evutil_socket_t fd, short events, void *context)
{
    (void)fd, (void)events;
    end_process(context, "asked to stop");
}

static void on_parent(evutil_socket_t fd, short events, void *context)
{
    char ignored[256];
    ssize_t got = read(fd, ignored, sizeof ignored);

    (void)events;
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)))
        return;
    end_process(context, "stdin has ended, so has the parent");
}

/* End with the parent. A stdin that cannot be waited on (a file, /dev/null) is nobody's pipe: then
 * the plugin serves until SIGTERM. */
static int watch_parent(Plugin *plugin, Error *err)
{
    plugin->parent = event_new(plugin->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_parent, plugin);
    plugin->term = evsignal_new(plugin->base, SIGTERM, on_term, plugin);
    if (plugin->parent == NULL || plugin->term == NULL || event_add(plugin->term, NULL) < 0)
        return error_set(err, ERROR_INTERNAL, "watch stdin and SIGTERM");
    if (event_add(plugin->parent, NULL) < 0)
        log_line("stdin is not a pipe: serving until SIGTERM");
    return 0;
}

static int open_store(Plugin *plugin, Error *err)
{
    StoreOptions options = {.data_dir = plugin->options.data_dir, .now_ms = clock_now_ms()};
    int code = store_open(&options, &plugin->store, err);

    if (code < 0)
        return code;
    if (code == STORE_TORN_TAIL)
        log_line("the journal ended in the middle of a record; that record was cut off");
    if (plugin->provider->forget_keys && (code = store_forget_keys(plugin->store, err)) < 0)
        return code;
    upgrade_store(plugin->provider, plugin->schema, plugin->store);
    return 0;
}

static int open_provider(Plugin *plugin, Error *err)
{
    Provider *provider = plugin->provider;
    const PluginOptions *options = &plugin->options;
    int code = 0;

    if ((code = feed_new(&plugin->feed, err)) < 0)
        return code;
    provider->feed = plugin->feed;
    if (provider->open != NULL &&
        (code = provider->open(provider, options->data_dir, options->config, err)) < 0)
        return error_wrap(err, "open provider '%s'", provider->name);
    return code;
}

static int make_schema(Plugin *plugin, Error *err)
{
    Provider *provider = plugin->provider;

    if (provider->describe != NULL && provider->describe(provider, plugin->options.config, err) < 0)
        return error_wrap(err, "describe provider '%s'", provider->name);
    return schema_new(provider->schema, &plugin->schema, err);
}

static int print_schema(const Plugin *plugin, Error *err)
{
    if (puts(schema_text(plugin->schema)) < 0 || fflush(stdout) != 0)
        return error_errno(err, errno, "print the schema");
    return 0;
}

static int open_server(Plugin *plugin, Error *err)
{
    ServerOptions server = {
        .host = plugin->options.host,
        .port = plugin->options.port,
        .token_file = plugin->options.token_file,
    };
    EngineOptions engine = {
        .provider = plugin->provider,
        .schema = plugin->schema,
        .store = plugin->store,
        .config = plugin->options.config,
        .feed = plugin->feed,
        .ended = server_operation_ended,
    };

    plugin->base = event_base_new();
    if (plugin->base == NULL)
        return error_set(err, ERROR_INTERNAL, "make an event loop");
    if (tls_context_new(plugin->options.tls_dir, plugin->options.token_file != NULL, &plugin->tls,
                        err) < 0)
        return err->code;
    server.base = engine.base = plugin->base;
    server.tls = plugin->tls;
    if (server_new(&server, &plugin->server, err) < 0)
        return err->code;
    engine.context = plugin->server;
    if (engine_new(&engine, &plugin->engine, err) < 0)
        return err->code;
    server_attach(plugin->server, plugin->engine);
    return 0;
}

static int plugin_serve(Plugin *plugin, Error *err)
{
    int code = folder_make(plugin->options.data_dir, 0700, err);

    if (code < 0 || (code = take_lock(plugin->options.data_dir, &plugin->lock_fd, err)) < 0)
        return code;
    if ((code = open_provider(plugin, err)) < 0 || (code = open_store(plugin, err)) < 0)
        return code;
    if ((code = open_server(plugin, err)) < 0 || (code = watch_parent(plugin, err)) < 0)
        return code;
    engine_resume(plugin->engine);
    bool is_ipv6 = strchr(plugin->options.host, ':') != NULL;
    printf(is_ipv6 ? "https://[%s]:%u\n" : "https://%s:%u\n", plugin->options.host,
           server_port(plugin->server));
    if (fflush(stdout) != 0)
        return error_errno(err, errno, "say on stdout where the plugin listens");
    event_base_dispatch(plugin->base);
    return error_set(err, ERROR_INTERNAL, "the event loop has ended");
}

static int plugin_run(Plugin *plugin, Error *err)
{
    if (make_schema(plugin, err) < 0)
        return err->code;
    return plugin->options.schema_only ? print_schema(plugin, err) : plugin_serve(plugin, err);
}

static int exit_code(int code)
{
    if (code > -10000)
        return EXIT_STATE;
    return -code - 10000;
}

int provider_main(Provider *provider, int argc, char **argv)
{
    static Plugin plugin; /* threads may still use it while main() returns */
    Error err = {0};

    library_memory_take_over();
    plugin.provider = provider;
    ignore_broken_pipes();
    if (parse_options(argc, argv, &plugin.options, &err) == 0 && plugin_run(&plugin, &err) == 0)
        return EXIT_SUCCESS;
    log_line("%s", err.message);
    return exit_code(err.code);
}
