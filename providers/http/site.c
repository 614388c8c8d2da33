#include "providers/http/site.h"

#include <stdlib.h>
#include <time.h>

#include "lang/base/memory.h"
#include "providers/http/listing.h"
#include "providers/http/query.h"

#define CONNECTIONS_MAX 16

int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Site *site_new(HttpConfig *config)
{
    Site *site = memory_zero(1, sizeof *site);

    site->config = config;
    site->fetcher = fetcher_new(CONNECTIONS_MAX);
    site->lists = memory_zero(config->resource_count + 1, sizeof *site->lists);
    for (size_t i = 0; i < config->resource_count; i++)
        pthread_mutex_init(&site->lists[i].lock, NULL);
    pthread_mutex_init(&site->lock, NULL);
    site->tokens = (double)config->burst;
    site->refilled_ms = monotonic_ms();
    return site;
}

void site_free(Site *site)
{
    if (site == NULL)
        return;
    for (size_t i = 0; i < site->config->resource_count; i++) {
        listings_forget(&site->lists[i].lists);
        pthread_mutex_destroy(&site->lists[i].lock);
    }
    free(site->lists);
    facts_forget(&site->facts);
    pthread_mutex_destroy(&site->lock);
    fetcher_free(site->fetcher);
    http_config_free(site->config);
    free(site->notes_dir);
    free(site->schema);
    free(site);
}

ListCache *site_lists(Site *site, const ResourceSpec *resource)
{
    return &site->lists[resource - site->config->resources];
}

void site_note_write(Site *site, const ResourceSpec *resource)
{
    pthread_mutex_lock(&site->lock);
    site_lists(site, resource)->writes++;
    pthread_mutex_unlock(&site->lock);
}

uint64_t site_writes(Site *site, const ResourceSpec *resource)
{
    pthread_mutex_lock(&site->lock);
    uint64_t writes = site_lists(site, resource)->writes;
    pthread_mutex_unlock(&site->lock);
    return writes;
}

/* A bucket of tokens that may be overdrawn: whoever overdraws it waits until his token is there, so
 * turns are kept in the order of asking. */
int64_t site_pace_ms(Site *site)
{
    double rate = site->config->rate, burst = (double)site->config->burst;
    int64_t wait_ms = 0;

    if (rate <= 0)
        return 0;
    pthread_mutex_lock(&site->lock);
    int64_t now_ms = monotonic_ms();
    site->tokens += (double)(now_ms - site->refilled_ms) * rate / 1000;
    site->refilled_ms = now_ms;
    if (site->tokens > burst)
        site->tokens = burst;
    site->tokens -= 1;
    if (site->tokens < 0)
        wait_ms = (int64_t)(-site->tokens * 1000 / rate) + 1;
    pthread_mutex_unlock(&site->lock);
    return wait_ms;
}
