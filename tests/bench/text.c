#include "tests/bench/text.h"

/* ---- many small domains ---- */

static const char *const trades[] = {"Bakery", "Books",  "Flowers", "Garden",
                                     "Music",  "Orders", "Tea",     "Toys"};

/* A database and the shop that waits for it, as in manifests/shop. */
static void shop_add(Buffer *ret, unsigned number)
{
    const char *trade = trades[number % ARRAY_SIZE(trades)];

    buffer_add_format(ret,
                      "// %s %u: a database, and the shop that waits for it.\n"
                      "domain %sDatabase%u {\n"
                      "    state {\n"
                      "        status: string = \"missing\"\n"
                      "        attempts: int = %u\n"
                      "    }\n"
                      "    goal Available {\n"
                      "        predicate status == \"available\"\n"
                      "        priority high\n"
                      "        backoff 1s to 1m\n"
                      "    }\n",
                      trade, number, trade, number, number % 7);
    buffer_add_format(ret,
                      "    transition Provision {\n"
                      "        step {\n"
                      "            // Asked for once; what is there already is kept.\n"
                      "            if status == \"missing\" {\n"
                      "                attempts = attempts + 1\n"
                      "                emit Infra.CreatePostgres(name: \"%s-%u\")\n"
                      "                emit Broadcast(Event::%sReady%u)\n"
                      "                status = \"available\"\n"
                      "            }\n"
                      "        }\n"
                      "    }\n"
                      "}\n\n",
                      trade, number, trade, number);
    buffer_add_format(ret,
                      "domain %sShop%u {\n"
                      "    state {\n"
                      "        has_database: bool\n"
                      "        address: string\n"
                      "    }\n"
                      "    goal Open {\n"
                      "        predicate address != \"\"\n"
                      "    }\n"
                      "    on Event::%sReady%u {\n"
                      "        has_database = true\n"
                      "    }\n",
                      trade, number, trade, number);
    buffer_add_string(ret, "    transition OpenDoors {\n"
                           "        step {\n"
                           "            if has_database {\n"
                           "                let shop = emit Infra.StartAppContainer()\n"
                           "                address = shop.url\n"
                           "            }\n"
                           "        }\n"
                           "    }\n"
                           "}\n\n");
}

void text_shops(Buffer *ret, size_t size)
{
    for (unsigned i = 0; ret->size < size; i++)
        shop_add(ret, i);
}

void text_domains(Buffer *ret, size_t count)
{
    for (unsigned i = 0; i < count / 2; i++)
        shop_add(ret, i);
}

/* ---- long bodies ---- */

#define SLICES 8
#define STATEMENTS 40 /* groups of them in a slice */

static void statements_add(Buffer *ret, unsigned number)
{
    buffer_add_format(ret,
                      "            // Shelf %u is looked through from its left.\n"
                      "            let shelf_%u = count + %u\n"
                      "            if shelf_%u > limit && open {\n"
                      "                label = \"shelf ${shelf_%u} is full\"\n"
                      "                count = shelf_%u - %u\n"
                      "            } else {\n"
                      "                send Worker%u Clear(shelf_%u, label)\n"
                      "            }\n",
                      number, number, number % 13, number, number, number, number % 11, number % 4,
                      number);
    buffer_add_format(ret,
                      "            let box_%u = emit Store.Fetch(name: \"box-${shelf_%u}\", size: "
                      "%u) else {\n"
                      "                label = \"nothing\"\n"
                      "            }\n"
                      "            waited = waited + 5s\n",
                      number, number, number % 64);
}

static void worker_add(Buffer *ret, unsigned number)
{
    buffer_add_format(ret,
                      "domain Worker%u {\n"
                      "    state {\n"
                      "        count: int\n"
                      "        limit: int = %u\n"
                      "        label: string = \"none\"\n"
                      "        open: bool = true\n"
                      "        waited: duration\n"
                      "    }\n"
                      "    goal Done {\n"
                      "        predicate count >= 100 || !open\n"
                      "    }\n"
                      "    transition Clear(shelf: int, why: string) {\n"
                      "        step {\n"
                      "            count = shelf\n"
                      "            label = why\n"
                      "            open = count < limit\n"
                      "        }\n"
                      "    }\n"
                      "    transition Work {\n",
                      number, number + 50);
    for (unsigned slice = 0; slice < SLICES; slice++) {
        buffer_add_format(ret, "        slice Part%u {\n", slice);
        for (unsigned i = 0; i < STATEMENTS; i++)
            statements_add(ret, slice * STATEMENTS + i);
        buffer_add_string(ret, "        }\n");
    }
    buffer_add_string(ret, "    }\n}\n\n");
}

void text_bodies(Buffer *ret, size_t size)
{
    for (unsigned i = 0; ret->size < size || i < 4; i++)
        worker_add(ret, i);
}

/* ---- long expressions ---- */

#define TERMS 60

static void sum_add(Buffer *ret, unsigned number)
{
    buffer_add_string(ret, "            load = requests");
    for (unsigned i = 0; i < TERMS; i++)
        buffer_add_format(ret, " + (workers * %u - backlog / %u) %% %u", i + number % 10, i + 1,
                          i + 17);
    buffer_add_char(ret, '\n');
}

static void condition_add(Buffer *ret, unsigned number)
{
    buffer_add_string(ret, "            if load > 0");
    for (unsigned i = 0; i < TERMS; i++)
        buffer_add_format(ret, " %s requests + %u %s workers", i % 3 == 0 ? "||" : "&&", number + i,
                          i % 2 == 0 ? "<=" : "!=");
    buffer_add_string(ret,
                      " {\n                text = \"load ${load + 1} of ${requests * workers}, "
                      "${backlog} deep\" + \" in all\"\n            }\n");
}

static void planner_add(Buffer *ret, unsigned number)
{
    buffer_add_format(ret,
                      "domain Planner%u {\n"
                      "    state {\n"
                      "        requests: int = 3\n"
                      "        workers: int = 4\n"
                      "        backlog: int = 5\n"
                      "        load: int\n"
                      "        text: string = \"nothing yet\"\n"
                      "    }\n"
                      "    goal Planned {\n"
                      "        predicate load * 2 > 100\n"
                      "    }\n"
                      "    transition Plan {\n"
                      "        step {\n",
                      number);
    for (unsigned i = 0; i < 8; i++) {
        sum_add(ret, i);
        condition_add(ret, i);
    }
    buffer_add_string(ret, "        }\n    }\n}\n\n");
}

void text_expressions(Buffer *ret, size_t size)
{
    for (unsigned i = 0; ret->size < size; i++)
        planner_add(ret, i);
}

/* ---- deep nesting ---- */

static void repeat(Buffer *ret, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_add_string(ret, text);
}

/* One domain with `open` so many times, `middle`, and `close` as often, as a statement. */
static void deep_add(Buffer *ret, size_t depth, const char *before, const char *open,
                     const char *middle, const char *close)
{
    buffer_add_string(ret, "domain Deep {\n"
                           "    state {\n"
                           "        n: int\n"
                           "        ok: bool\n"
                           "        text: string = \"\"\n"
                           "    }\n"
                           "    goal Done {\n"
                           "        predicate n > 1\n"
                           "    }\n"
                           "    transition Dig {\n"
                           "        step {\n"
                           "            ");
    buffer_add_string(ret, before);
    repeat(ret, open, depth);
    buffer_add_string(ret, middle);
    repeat(ret, close, depth);
    buffer_add_string(ret, "\n        }\n    }\n}\n");
}

void text_parentheses(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "n = ", "(", "1", ")");
}

void text_brackets(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "let list = ", "[", "1", "]");
}

void text_braces(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "let map = ", "{ \"key\": ", "1", "}");
}

void text_ifs(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "", "if ok {\n", "n = 1", "\n}");
}

void text_else_ifs(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "if ok {\n}", " else if n > 0 {\n}", "", "");
}

void text_nots(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "ok = ", "!", "true", "");
}

void text_holes(Buffer *ret, size_t depth)
{
    deep_add(ret, depth, "text = ", "\"${", "n", "}\"");
}
