/* Arbitrary bytes as a provider's reply and as its schema.
 *
 * The first bytes choose the request, the status and what became of the connection; the rest is the
 * body. Whatever it is: after a request whose fate is not known nothing is sent before asking, text
 * for people has no control characters, and what is accepted as a schema can be looked up in. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "controller/host/catalog_make.h"
#include "controller/host/provider_schema.h"
#include "controller/host/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        assert(*c >= 0x20 && *c != 0x7f);
        assert(!(c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0));
    }
}

static void judge(const uint8_t choice[4], const Json *document, size_t body_size)
{
    CallFacts facts = {
        .verb = (CallVerb)(choice[0] % 3),
        .step = (CallStep)(choice[0] / 3 % 4),
        .op = "op-1",
        .uid = choice[0] % 3 == CALL_ACTION ? NULL : "u1",
        .creates = choice[0] & 0x40,
        .in_doubt = true,
        .may_renew_token = choice[0] & 0x80,
    };
    HttpReply reply = {
        .failure = (HttpFailure)(choice[1] % 4),
        .status = 100 + (choice[2] | choice[3] << 8) % 500,
        .retry_after_ms = choice[1] & 0x80 ? 1000 : -1,
        .body.size = body_size,
    };
    bool is_lost = reply.failure == HTTP_LOST || reply.failure == HTTP_TOO_LARGE;
    bool is_unclear = reply.failure == HTTP_REPLIED && (reply.status < 300 || reply.status == 502);
    Verdict verdict;

    verdict_judge(&facts, &reply, document, &verdict);
    check_text(verdict.code);
    check_text(verdict.detail);
    if (facts.step == STEP_SEND && is_lost)
        assert(verdict.kind == VERDICT_NEXT && verdict.step == STEP_ASK_OPERATION);
    if (facts.step == STEP_SEND && is_unclear && !document && verdict.kind == VERDICT_NEXT)
        assert(verdict.step != STEP_SEND);
    if (verdict.kind == VERDICT_FAILED || verdict.kind == VERDICT_UNKNOWN)
        assert(verdict.error_kind != 0);
}

static const ProviderSchema *the_schema(void *context, const ProviderConfig *provider)
{
    (void)provider;
    return context;
}

/* Every effect of the schema is in the catalog, with types that can be printed and compared. */
static void make_catalog(ProviderSchema *schema)
{
    static const Program no_program;
    cleanup(config_free) Config *config = config_new();
    cleanup(buffer_deinit) Buffer text = {0};
    const SchemaEffect *effect;

    config_bind(config, "P", "plugin");
    cleanup(catalog_free) Catalog *catalog = catalog_make(&no_program, config, the_schema, schema);
    const CatalogProvider *provider = map_get(&catalog->providers, "P");
    for (size_t i = 0; (effect = schema_effect_at(schema, i)); i++) {
        const CatalogEntry *entry = catalog_effect(provider, effect->name);
        assert(entry && !entry->missing);
        catalog_type_print(&text, entry->parameters);
        catalog_types_meet(entry->result, entry->parameters);
        for (size_t k = 0; k < entry->positional_count; k++)
            catalog_member_type(entry->parameters, entry->positional[k]);
    }
}

static void look_up(Json *document)
{
    ProviderSchema *schema;
    const SchemaEffect *effect;

    if (provider_schema_parse(document, &schema, NULL) < 0) {
        json_free(document);
        return;
    }
    for (size_t i = 0; (effect = schema_effect_at(schema, i)); i++)
        assert(schema_effect(schema, effect->name));
    schema_query(schema, "x");
    make_catalog(schema);
    provider_schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Json *document = NULL;

    if (size < 4)
        return 0;
    json_parse((const char *)data + 4, size - 4, &document, NULL);
    judge(data, document, size - 4);
    if (document)
        look_up(document);
    return 0;
}
