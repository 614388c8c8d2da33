/* `${resource.E.f}` in a binding stands for a result of the one object of effect E in the stack. A
 * string that is nothing but one reference takes the value with its type; with `?` the member is
 * left out while there is no such object. */
#include <string.h>

#include "controller/core/intent.h"
#include "lang/base/memory.h"

#define REFERENCE_OPEN "${resource."

typedef struct Resolver {
    const Runtime *runtime;
    Arena *arena;
    const char *text; /* outcome's text */
    int outcome;
} Resolver;

static const Object *resource_find(Resolver *resolver, const char *effect, bool optional)
{
    const Runtime *runtime = resolver->runtime;
    const ObjectRow *row = object_row_of_effect(runtime, effect);
    const Object *found = NULL;
    size_t count = 0;

    for (const Object *object = row != NULL ? row->first : NULL; object != NULL;
         object = object->rows[ROW_EFFECT].next)
        if (object->exists && !object->condemned) {
            found = object;
            count++;
        }
    if (count > 1) {
        resolver->outcome = INTENT_FAULTS;
        resolver->text =
            arena_format(resolver->arena,
                         "a binding refers to ${resource.%s...}, but the stack has %zu "
                         "objects of that effect: refer to one by a name of its own",
                         effect, count);
        return NULL;
    }
    if (found != NULL &&
        (found->state == OBJECT_READY || (runtime->judging && found->outputs != NULL)))
        return found;
    if (found != NULL || !optional) {
        resolver->outcome = INTENT_WAITS;
        resolver->text = arena_copy_string(resolver->arena, effect);
    }
    return NULL;
}

/* The value of one reference, without its braces: "E.f" or "E.f?". NULL with outcome 0: leave out.
 */
static Json *reference_resolve(Resolver *resolver, const char *inner)
{
    char *effect = arena_copy_string(resolver->arena, inner);
    size_t length = strlen(effect);
    bool optional = length > 0 && effect[length - 1] == '?';
    char *dot = strchr(effect, '.');

    if (optional)
        effect[length - 1] = '\0';
    if (dot == NULL || dot[1] == '\0') {
        resolver->outcome = INTENT_FAULTS;
        resolver->text = arena_format(resolver->arena,
                                      "a binding says '${resource.%s}': expected "
                                      "${resource.EFFECT.FIELD}",
                                      inner);
        return NULL;
    }
    *dot = '\0';
    const Object *object = resource_find(resolver, effect, optional);
    if (object == NULL)
        return NULL;
    cleanup(json_free) Json *outputs = NULL;
    if (object->outputs == NULL ||
        json_parse_own(object->outputs, strlen(object->outputs), &outputs, NULL) < 0)
        return json_new_null();
    if (json_get(outputs, "$unknown") != NULL)
        return json_copy(outputs);
    const Json *field = json_get(outputs, dot + 1);
    if (field != NULL)
        return json_copy(field);
    resolver->outcome = INTENT_FAULTS;
    resolver->text = arena_format(resolver->arena,
                                  "a binding refers to ${resource.%s.%s}, but the result of %s has "
                                  "no field '%s'",
                                  effect, dot + 1, effect, dot + 1);
    return NULL;
}

static void append_text(Buffer *text, const Json *value)
{
    if (json_is_string(value))
        buffer_add_string(text, json_string(value, ""));
    else
        json_write(text, value);
}

/* The string with its references replaced; NULL with outcome 0: leave the member out. */
static Json *string_resolve(Resolver *resolver, const char *string)
{
    cleanup(buffer_deinit) Buffer text = {0};
    const char *at = string, *open;

    while ((open = strstr(at, REFERENCE_OPEN)) != NULL) {
        const char *close = strchr(open, '}');
        const char *inner = open + strlen(REFERENCE_OPEN);
        if (close == NULL)
            break;
        cleanup(json_free) Json *value = reference_resolve(
            resolver, arena_copy_bytes(resolver->arena, inner, (size_t)(close - inner)));
        if (value == NULL)
            return NULL;
        if ((open == string && close[1] == '\0') || json_get(value, "$unknown") != NULL)
            return take(value);
        buffer_add(&text, at, (size_t)(open - at));
        append_text(&text, value);
        at = close + 1;
    }
    buffer_add_string(&text, at);
    return json_new_string(buffer_text(&text));
}

static Json *tree_resolve(Resolver *resolver, const Json *json)
{
    if (json_is_string(json))
        return string_resolve(resolver, json_string(json, ""));
    if (!json_is_object(json) && !json_is_array(json))
        return json_copy(json);
    cleanup(json_free) Json *copy = json_is_object(json) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        Json *value = tree_resolve(resolver, m);
        if (resolver->outcome != 0)
            return json_free(value), NULL;
        if (value == NULL)
            continue;
        if (json_is_object(json))
            json_set(copy, json_key(m), value);
        else
            json_append(copy, value);
    }
    return take(copy);
}

static int argument_add(Resolver *resolver, const BoundEffect *bound,
                        const OutputArgument *argument, size_t position, Json *into)
{
    const char *name = argument->name;
    cleanup(buffer_deinit) Buffer text = {0};
    Json *value = NULL;

    if (name == NULL && position >= bound->positional_count) {
        resolver->text = arena_format(
            resolver->arena, "%s.%s takes %zu arguments without a name, found one more: name it",
            bound->provider, bound->action, bound->positional_count);
        return INTENT_FAULTS;
    }
    value_write_wire(&text, argument->value);
    if (json_parse(buffer_text(&text), text.size, &value, NULL) < 0)
        value = json_new_null();
    json_set(into, name != NULL ? name : bound->positional[position], value);
    return 0;
}

int arguments_make(const Runtime *runtime, const BoundEffect *bound, const Output *output,
                   Arena *arena, char **ret, const char **ret_text)
{
    Resolver resolver = {.runtime = runtime, .arena = arena};
    cleanup(json_free) Json *arguments =
        bound->defaults != NULL ? tree_resolve(&resolver, bound->defaults) : json_new_object();
    size_t position = 0;

    for (size_t i = 0; resolver.outcome == 0 && i < output->argument_count; i++) {
        const OutputArgument *argument = &output->arguments[i];
        resolver.outcome = argument_add(&resolver, bound, argument, position, arguments);
        position += argument->name == NULL;
    }
    if (resolver.outcome != 0) {
        *ret_text = resolver.text;
        return resolver.outcome;
    }
    Buffer canonical = {0};
    json_write_canonical(&canonical, arguments);
    *ret = buffer_take(&canonical);
    return 0;
}

bool arguments_force_replacement(const BoundEffect *bound, const char *before, const char *after)
{
    cleanup(json_free) Json *old = NULL, *new = NULL;

    if (bound->immutable_count == 0 || before == NULL ||
        json_parse_own(before, strlen(before), &old, NULL) < 0 ||
        json_parse_own(after, strlen(after), &new, NULL) < 0)
        return false;
    for (size_t i = 0; i < bound->immutable_count; i++) {
        const Json *a = json_get(old, bound->immutable[i]), *b = json_get(new, bound->immutable[i]);
        if ((a == NULL) != (b == NULL) || (a != NULL && !json_equal(a, b)))
            return true;
    }
    return false;
}
