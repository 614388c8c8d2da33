#include "page.h"

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Ved sample application</title>\n"
    "<style>\n"
    ":root { color-scheme: light dark }\n"
    "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto;"
    " padding: 0 1rem }\n"
    ".count { font-size: 2rem; font-weight: 600 }\n"
    "</style>\n"
    "<h1>It works</h1>\n";

static void add_escaped(Buffer *page, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            buffer_add_string(page, "&amp;");
            break;
        case '<':
            buffer_add_string(page, "&lt;");
            break;
        case '>':
            buffer_add_string(page, "&gt;");
            break;
        case '"':
            buffer_add_string(page, "&quot;");
            break;
        case '\'':
            buffer_add_string(page, "&#39;");
            break;
        default:
            buffer_add_char(page, *text);
            break;
        }
    }
}

void page_with_guests(Buffer *page, const Guests *guests)
{
    buffer_add_string(page, head);
    buffer_add_string(page, "<p>This application uses its database.</p>\n");
    buffer_add_format(page, "<p class=\"count\">guests: %s</p>\n", guests->count);
    if (guests->newest_count > 0)
        buffer_add_string(page, "<p>The newest:</p>\n<ul>\n");
    for (size_t i = 0; i < guests->newest_count; i++) {
        buffer_add_string(page, "<li>");
        add_escaped(page, guests->newest[i]);
        buffer_add_string(page, "</li>\n");
    }
    if (guests->newest_count > 0)
        buffer_add_string(page, "</ul>\n");
}

void page_without_answer(Buffer *page, const char *why)
{
    buffer_add_string(page, head);
    buffer_add_string(page, "<p>This application has a database, but cannot use it: ");
    add_escaped(page, why);
    buffer_add_string(page, "</p>\n");
}

void page_without_database(Buffer *page)
{
    buffer_add_string(page, head);
    buffer_add_string(page, "<p>This application has no database: it was started without "
                            "<code>DATABASE_URL</code>.</p>\n");
}
