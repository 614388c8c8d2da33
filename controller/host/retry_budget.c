#include "controller/host/retry_budget.h"

static void tokens_add(RetryBudget *budget, double more)
{
    budget->tokens += more;
    if (budget->tokens > RETRY_BURST)
        budget->tokens = RETRY_BURST;
}

RetryBudget retry_budget(int64_t now_ms)
{
    return (RetryBudget){RETRY_BURST, now_ms};
}

void retry_budget_earn(RetryBudget *budget)
{
    tokens_add(budget, RETRY_SHARE);
}

int64_t retry_budget_delay_ms(RetryBudget *budget, int64_t now_ms)
{
    tokens_add(budget, (double)(now_ms - budget->since_ms) / RETRY_EVERY_MS);
    budget->since_ms = now_ms;
    if (budget->tokens >= 1)
        return 0;
    return (int64_t)((1 - budget->tokens) * RETRY_EVERY_MS) + 1;
}

void retry_budget_take(RetryBudget *budget)
{
    budget->tokens -= 1;
}
