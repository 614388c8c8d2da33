/* The one page of the sample application, as HTML without any outside file. */
#ifndef VED_SAMPLE_PAGE_H
#define VED_SAMPLE_PAGE_H

#include "cmd/ved-sample-app/database.h"
#include "lang/base/buffer.h"

/* With a database that answered: `guests: N` and the newest names. */
void page_with_guests(Buffer *page, const Guests *guests);

/* With a database that did not answer. */
void page_without_answer(Buffer *page, const char *why);

/* Without a database. */
void page_without_database(Buffer *page);

#endif
