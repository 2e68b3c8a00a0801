#include "fault/loops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[FAULT_KINDS] = {"allocation", "file call"};

/* "out of memory", or the path of a file; in one line. */
static bool says_why(iso_status status, const char *message) {
    if (!message[0] || strchr(message, '\n'))
        return false;
    return status == ISO_ENOMEM ? strstr(message, "memory") != NULL : strchr(message, '/') != NULL;
}

/* What was to be written and was not is always of consequence, but in a cache. */
static bool is_lost(const fault_job *job, const char *where) {
    static const char *const calls[] = {"fsync of ", "write of ", "rename of "};
    for (int i = 0; i < 3; i++)
        if (strncmp(where, calls[i], strlen(calls[i])) == 0)
            return !job->cache || strncmp(where + strlen(calls[i]), job->cache, strlen(job->cache)) != 0;
    return false;
}

/* One round. False: it went wrong, and the harness was told. */
static bool round_of(const fault_job *job, faults *f) {
    char message[2048] = "", where[500];
    iso_status status;
    snprintf(where, sizeof where, "%s, %s %lld%s", job->name, kinds[f->kind], (long long)f->at,
             f->for_ever ? " and from then on" : "");
    if (job->prepare && !iso_test_check(job->prepare(), __FILE__, __LINE__, "%s: could not be prepared", where))
        return false;
    faults_reset(f);
    iso_context *ctx = faults_context(f, job->threads ? job->threads : 1, job->cache, &status);
    if (ctx)
        status = job->run(ctx, job->input);
    snprintf(message, sizeof message, "%s", iso_error(ctx));
    iso_context_free(ctx);
    bool hit = atomic_load(&f->hit), done = status == job->expected;
    iso_status clean = f->kind == FAULT_MEMORY ? ISO_ENOMEM : ISO_EIO;
    bool ok = iso_test_check(done || (hit && status == clean), __FILE__, __LINE__, "%s (%s): status %d: %s", where, f->where,
                             (int)status, message);
    ok = ok && iso_test_check(!done || f->error == EINTR || !is_lost(job, f->where), __FILE__, __LINE__,
                              "%s (%s): nothing was said", where, f->where);
    ok = ok && iso_test_check(!done || !job->right || job->right(status), __FILE__, __LINE__, "%s (%s): another result; %s",
                              where, f->where, message);
    ok = ok && iso_test_check(done || says_why(status, message), __FILE__, __LINE__, "%s (%s): the message is \"%s\"", where,
                              f->where, message);
    ok = ok && iso_test_check(!atomic_load(&f->live) && !atomic_load(&f->open), __FILE__, __LINE__,
                              "%s (%s): %lld allocations and %lld files leak; %s", where, f->where,
                              (long long)atomic_load(&f->live), (long long)atomic_load(&f->open), message);
    return ok && (!job->behind || iso_test_check(job->behind(f, status), __FILE__, __LINE__, "%s (%s): status %d, %s", where,
                                                 f->where, (int)status, message));
}

void fault_loop(const fault_job *job, int64_t places) {
    faults none = {.at = -1};
    if (!round_of(job, &none))
        return;
    int64_t rounds = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            int64_t calls = atomic_load(&none.calls[kind]), stride = places && calls > places ? calls / places : 1;
            for (int64_t at = iso_test_between(0, stride - 1); at < calls; at += stride, rounds++) {
                faults f = {.kind = (fault_kind)kind, .at = at, .for_ever = for_ever, .error = rounds % 2 ? EIO : ENOSPC};
                if (!round_of(job, &f))
                    return;
            }
        }
    if (iso_test_long())
        printf("     %s: %lld allocations, %lld file calls, %lld rounds\n", job->name,
               (long long)atomic_load(&none.calls[FAULT_MEMORY]), (long long)atomic_load(&none.calls[FAULT_FILES]),
               (long long)rounds);
}

void fault_interruptions(const fault_job *job) {
    faults shorter = {.at = -1, .short_ones = true};
    if (!round_of(job, &shorter))
        return;
    faults none = {.at = -1, .error = EINTR};
    if (!round_of(job, &none))
        return;
    for (int64_t at = 0; at < atomic_load(&none.calls[FAULT_FILES]); at++) {
        fault_job strict = *job;
        faults f = {.kind = FAULT_FILES, .at = at, .error = EINTR, .short_ones = at % 2};
        strict.behind = job->behind;
        if (!round_of(&strict, &f))
            return;
    }
}
