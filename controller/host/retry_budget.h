/* How much of what a provider is asked may be asked again. Internal to the provider client.
 *
 * A provider that fails would else get a multiple of its usual requests just when it can bear them
 * least. The rule: each retry takes one piece of the budget when it is sent; each call that is sent
 * for the first time gives a fifth of one, and each second gives one, so that nobody waits for
 * ever. */
#ifndef VED_HOST_RETRY_BUDGET_H
#define VED_HOST_RETRY_BUDGET_H

#include <stdint.h>

#define RETRY_SHARE 0.2     /* retries for each call */
#define RETRY_EVERY_MS 1000 /* and one more in that time */
#define RETRY_BURST 20      /* saved up at most, and there from the beginning */

typedef struct RetryBudget {
    double tokens;
    int64_t since_ms; /* up to which time has given its share */
} RetryBudget;

RetryBudget retry_budget(int64_t now_ms);

/* A call is sent for the first time. */
void retry_budget_earn(RetryBudget *budget);

/* How long a retry has to wait; 0: it may be sent now, which retry_budget_take() tells. */
int64_t retry_budget_delay_ms(RetryBudget *budget, int64_t now_ms);
void retry_budget_take(RetryBudget *budget);

#endif
