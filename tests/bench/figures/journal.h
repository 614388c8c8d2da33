/* What a state folder's journal tells about the time in which it was written. All files of it are
 * read, whether a checkpoint holds them already or not. */
#ifndef VED_BENCH_JOURNAL_H
#define VED_BENCH_JOURNAL_H

/* Prints as JSON: records, bytes, groups, the last record's number, and how many records there are
 * of each type. 0, or 1 with a sentence on standard error. */
int journal_count(const char *folder);

/* The path of the newest file; NULL: there is none. The caller frees it. */
char *journal_last(const char *folder);

/* Prints as JSON how late timers of that domain took hold: how many were armed, came due, were
 * early, twice or never; and percentiles of the lateness in milliseconds, from when a timer is due
 * to when the record of its slice is made. */
int journal_lateness(const char *folder, const char *domain);

#endif
