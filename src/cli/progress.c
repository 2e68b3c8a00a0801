/* The progress bar: on a terminal only, at most ten times a second, one line that is drawn over. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void cli_progress_init(cli_progress *p, bool quiet) {
    *p = (cli_progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO), .started = now_seconds(), .first = -1};
}

/* Draws "label [#####.....] detail" in the terminal's width, with the longest of the details that leaves room for a bar. */
static void draw(const char *label, double share, const char *const *details) {
    int width = columns() - 1, bar;
    while ((bar = width - (int)strlen(label) - (int)strlen(*details) - 4) < 4 && details[1])
        details++;
    if (bar > 40)
        bar = 40;
    if (bar < 4) {
        fprintf(stderr, "\r\033[K%.*s", width, label);
        return;
    }
    char cells[41];
    int full = (int)(share * bar);
    memset(cells, '.', (size_t)bar);
    memset(cells, '#', (size_t)(full < 0 ? 0 : full > bar ? bar : full));
    cells[bar] = 0;
    fprintf(stderr, "\r\033[K%s [%s] %s", label, cells, *details);
}

static void show_step(cli_progress *p, const iso_progress *now, double time) {
    if (p->first < 0) {
        p->first = now->done - 1;
        p->started = p->shown;
    }
    p->samples += now->samples;
    double elapsed = time - p->started, share = (double)now->done / (double)now->total;
    double rest = now->done > p->first ? elapsed / (double)(now->done - p->first) * (double)(now->total - now->done) : 0;
    char label[64], detail[96], shorter[64], left[32];
    snprintf(label, sizeof label, "epoch %lld/%lld", (long long)now->epoch, (long long)now->epochs);
    snprintf(left, sizeof left, "%d:%02d left", (int)rest / 60, (int)rest % 60);
    snprintf(shorter, sizeof shorter, "loss %.4f  %s", (double)now->loss, left);
    snprintf(detail, sizeof detail, "loss %.4f  %.0f images/s  %s", (double)now->loss,
             elapsed > 0 ? (double)p->samples / elapsed : 0, left);
    draw(label, share, (const char *const[]){detail, shorter, left, NULL});
}

void cli_progress_show(void *user, const iso_progress *now) {
    cli_progress *p = user;
    if (p->quiet)
        return;
    double time = now_seconds();
    char detail[96];
    switch (now->kind) {
    case ISO_PROGRESS_NOTE:
        fprintf(stderr, p->terminal ? "\r\033[K%s\n" : "%s\n", now->note);
        return;
    case ISO_PROGRESS_RESUMED:
        fprintf(stderr, p->terminal ? "\r\033[Kresumed behind step %lld of %lld\n" : "resumed behind step %lld of %lld\n",
                (long long)now->done, (long long)now->total);
        return;
    case ISO_PROGRESS_EVAL:
        fprintf(stderr,
                p->terminal ? "\r\033[Kepoch %lld/%lld  loss %.4f  test accuracy %.2f %%\n"
                            : "epoch %lld/%lld  loss %.4f  test accuracy %.2f %%\n",
                (long long)now->epoch, (long long)now->epochs, (double)now->loss, 100 * now->accuracy);
        return;
    default:
        break;
    }
    if (now->kind == ISO_PROGRESS_STEP && p->first < 0)
        p->shown = time;
    else if (!p->terminal || (time - p->shown < 0.1 && now->done != now->total)) {
        p->samples += now->kind == ISO_PROGRESS_STEP ? now->samples : 0;
        return;
    } else
        p->shown = time;
    if (now->kind == ISO_PROGRESS_STEP) {
        if (p->terminal)
            show_step(p, now, time);
        else if (p->first < 0)
            p->first = now->done - 1;
    } else if (p->terminal) {
        snprintf(detail, sizeof detail, "%lld of %lld files", (long long)now->done, (long long)now->total);
        draw("reading", now->total ? (double)now->done / (double)now->total : 1, (const char *const[]){detail, NULL});
    }
}

void cli_progress_end(cli_progress *p) {
    if (p->terminal && !p->quiet)
        fputs("\r\033[K", stderr);
}
