/* Linked into every unit test binary: leaks are looked for where tests run, and only there.
 *
 * Criterion runs each test in a process of its own, which it starts with BXFI_MAP in its
 * environment. Its own process keeps 48 bytes for a test with a timeout to the end, and would fail
 * for it. */
#include <stdlib.h>

/* Called by the leak sanitizer where there is one; see sanitizer/lsan_interface.h. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return getenv("BXFI_MAP") == NULL;
}
