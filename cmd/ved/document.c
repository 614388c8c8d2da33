#include "cmd/ved/document.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/base/yaml.h"

/* A domain is shown with the key of its instance. */
static char *cell(const Json *row, const char *column)
{
    const Json *member = json_get(row, column);
    const char *key = json_get_string(row, "key", "");

    if (key[0] != '\0' && strcmp(column, "domain") == 0) {
        cleanup(free) char *label = memory_format("%s[\"%s\"]", json_string(member, ""), key);
        return text_clean(label);
    }
    if (json_is_string(member))
        return text_clean(json_string(member, ""));
    return member != NULL ? json_text(member) : memory_copy_string("");
}

static size_t last_column(const char *const columns[DOCUMENT_COLUMNS_MAX])
{
    size_t count = 1;

    while (count < DOCUMENT_COLUMNS_MAX && columns[count] != NULL)
        count++;
    return count - 1;
}

void document_table(Ui *ui, const char *const columns[DOCUMENT_COLUMNS_MAX], const Json *rows)
{
    size_t widths[DOCUMENT_COLUMNS_MAX] = {0};

    for (size_t c = 0; c < DOCUMENT_COLUMNS_MAX && columns[c] != NULL; c++) {
        widths[c] = strlen(columns[c]);
        for (const Json *row = json_first(rows); row != NULL; row = json_next(row)) {
            cleanup(free) char *text = cell(row, columns[c]);
            if (strlen(text) > widths[c])
                widths[c] = strlen(text);
        }
    }
    widths[last_column(columns)] = 0; /* nothing stands behind it */
    for (size_t c = 0; c < DOCUMENT_COLUMNS_MAX && columns[c] != NULL; c++) {
        cleanup(free) char *head = memory_copy_string(columns[c]);
        for (char *at = head; *at != '\0'; at++)
            *at = *at == '_' ? '-' : (char)(*at >= 'a' && *at <= 'z' ? *at - 32 : *at);
        ui_out(ui, "%s%-*s", c > 0 ? "   " : "", (int)widths[c], head);
    }
    ui_out(ui, "\n");
    for (const Json *row = json_first(rows); row != NULL; row = json_next(row)) {
        for (size_t c = 0; c < DOCUMENT_COLUMNS_MAX && columns[c] != NULL; c++) {
            cleanup(free) char *text = cell(row, columns[c]);
            ui_out(ui, "%s%-*s", c > 0 ? "   " : "", (int)widths[c], text);
        }
        ui_out(ui, "\n");
    }
}

void document_print(Ui *ui, const Json *json, bool yaml)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (yaml)
        yaml_write(&text, json);
    else
        json_write_pretty(&text, json);
    if (text.size == 0 || text.bytes[text.size - 1] != '\n')
        buffer_add_char(&text, '\n');
    if (fputs(buffer_text(&text), stdout) < 0)
        ui->broken = true;
}

bool document_is_wanted(const Options *options, const char *format)
{
    return options->output != NULL && strcmp(options->output, format) == 0;
}

bool document_print_wanted(Ui *ui, const Options *options, const Json *json)
{
    bool yaml = document_is_wanted(options, "yaml");

    if (!yaml && !options->json && !document_is_wanted(options, "json"))
        return false;
    document_print(ui, json, yaml);
    return true;
}
