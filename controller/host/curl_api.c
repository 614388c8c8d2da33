#include "controller/host/curl_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lang/base/library_memory.h"
#include "lang/base/macros.h"
#include "lang/base/memory.h"

#define LIBRARY "libcurl.so.4"

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define CURL_API(name) {"curl_" #name, offsetof(CurlApi, name)},
#include "controller/host/curl_api.def"
#undef CURL_API
};

static int table_fill(void *library, CurlApi *api, Error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        void *address = dlsym(library, functions[i].name);

        if (!address)
            return error_set(err, ERROR_INTERNAL, "load %s: it has no function %s", LIBRARY,
                             functions[i].name);
        /* Copied as bytes: ISO C has no cast from an object pointer to a function pointer. */
        memcpy((char *)api + functions[i].offset, &address, sizeof address);
    }
    return 0;
}

int curl_api_load(const CurlApi **ret, Error *err)
{
    static CurlApi api;
    static bool loaded;
    void *library;

    if (!loaded) {
        CurlApi fresh;

        library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (!library)
            return error_set(err, ERROR_INTERNAL, "load %s: %s; install libcurl4", LIBRARY,
                             dlerror());
        if (table_fill(library, &fresh, err) < 0) {
            dlclose(library);
            return err ? err->code : ERROR_INTERNAL;
        }
        if (fresh.global_init_mem(CURL_GLOBAL_DEFAULT, memory_alloc, free, library_memory_resize,
                                  memory_copy_string, memory_zero) != CURLE_OK)
            return error_set(err, ERROR_INTERNAL, "load %s: it does not initialise", LIBRARY);
        api = fresh;
        loaded = true;
    }
    *ret = &api;
    return 0;
}
