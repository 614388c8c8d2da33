/* One plugin process: started, listened to for its address, started again when it dies.
 *
 * The process lives in a group of its own, so that Ctrl-C at the terminal reaches us and not it,
 * and ends by itself when its stdin ends: a controller that is killed leaves no plugin behind. It
 * is reaped by pid; nobody else's children are touched. Five deaths within a minute, and it is
 * given up. */
#ifndef VED_HOST_PLUGIN_H
#define VED_HOST_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "controller/host/loop.h"
#include "lang/base/error.h"
#include "lang/base/macros.h"

typedef struct Plugin Plugin;

typedef enum PluginEvent {
    PLUGIN_LISTENS, /* `text` is the URL it printed */
    PLUGIN_DIED,    /* `text` says how; it will be started again */
    PLUGIN_DOWN,    /* `text` says why; nothing more will come */
} PluginEvent;

/* Called from the loop. May call plugin_stop(), not plugin_free(). */
typedef void PluginCallback(void *context, PluginEvent event, const char *text);

/* Copied by plugin_new(). */
typedef struct PluginOptions {
    const char *program;   /* path of the executable */
    const char *tls_dir;   /* with tls.crt, tls.key, ca.crt */
    const char *data_dir;  /* made if missing; plugin.log in it takes its stderr */
    const char *config;    /* JSON text; NULL: none */
    int64_t first_line_ms; /* until it has said where it listens */
    int64_t restart_ms;    /* delay of the first restart, doubled by each further one */
} PluginOptions;

/* What a binding may name: a built-in plugin, the path of a program, or a URL. */
bool plugin_is_url(const char *plugin);

/* Its program: a built-in one is in `plugin_dir`; NULL: it is a URL. The caller frees it. */
char *plugin_program(const char *plugin_dir, const char *plugin);

/* The last part of its path, without what the built-in ones have in front. */
const char *plugin_short_name(const char *plugin);

Plugin *plugin_new(Loop *loop, const PluginOptions *options, PluginCallback *callback,
                   void *context);

/* Kills the process if there is one, and waits for it. */
void plugin_free(Plugin *plugin);
CLEANUP_DEFINE(Plugin *, plugin_free);

/* Begin; everything that goes wrong later is an event. */
void plugin_start(Plugin *plugin);

/* Close its stdin and never start it again. plugin_is_running() turns false when it has ended. */
void plugin_stop(Plugin *plugin);
/* End it at once and wait for that. */
void plugin_end(Plugin *plugin);
bool plugin_is_running(const Plugin *plugin);
pid_t plugin_pid(const Plugin *plugin); /* 0: no process */

#endif
