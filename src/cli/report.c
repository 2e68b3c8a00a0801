#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

/* The width of the terminal that stdout is; of something else $COLUMNS, or 80. */
static int terminal_width(void) {
    struct winsize size;
    const char *named = getenv("COLUMNS");
    int columns = named ? atoi(named) : 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns > 0 && columns < 10000 ? columns : 80;
}

static int print_report(iso_context *ctx, const iso_report_options *options) {
    char *text;
    iso_status outcome = iso_report(ctx, options, &text);
    if (outcome)
        return cli_fail(ctx, outcome);
    fputs(text, stdout);
    iso_string_free(ctx, text);
    iso_context_free(ctx);
    return 0;
}

static int write_page(iso_context *ctx, const iso_report_options *options, const char *out) {
    char path[2048];
    size_t size = strlen(options->directory);
    if (!out &&
        (size_t)snprintf(path, sizeof path, size && options->directory[size - 1] == '/' ? "%sreport.html" : "%s/report.html",
                         options->directory) >= sizeof path) {
        cli_error("the name of the run directory has %zu bytes, too many for the page in it; expected --out FILE.html", size);
        iso_context_free(ctx);
        return 2;
    }
    iso_status outcome = iso_report_write(ctx, options, out ? out : path);
    if (outcome)
        return cli_fail(ctx, outcome);
    printf("report %s\n", out ? out : path);
    iso_context_free(ctx);
    return 0;
}

typedef struct report_args {
    const char *out;
    bool text, json;
    int64_t threads;
} report_args;

static int run(int argc, char **argv) {
    const char *directories[2] = {NULL, NULL};
    report_args a = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_report, argc, argv, &a, directories, &count);
    if (status >= 0)
        return status;
    if (a.text + a.json + (a.out != NULL) > 1) {
        cli_error("--text and --json print, --out writes a page: expected one of them");
        return 2;
    }
    iso_context *ctx = cli_context(a.threads, NULL, &status);
    if (!ctx)
        return status;
    setlocale(LC_CTYPE, ""); /* of the terminal: which characters it can show */
    iso_report_options options = {.directory = directories[0],
                                  .directory_b = directories[1],
                                  .format = a.text   ? ISO_REPORT_TEXT
                                            : a.json ? ISO_REPORT_JSON
                                                     : ISO_REPORT_HTML,
                                  .columns = terminal_width(),
                                  .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0};
    return a.text || a.json ? print_report(ctx, &options) : write_page(ctx, &options, a.out);
}

static const cli_option options[] = {
    {"--out", CLI_TEXT, offsetof(report_args, out), "FILE", "the page's file (default: DIR/report.html)", 0, 0, CLI_FILE},
    {"--text", CLI_FLAG, offsetof(report_args, text), NULL, "a summary for the terminal instead"},
    CLI_JSON(report_args),
    CLI_THREADS(report_args),
};

const iso_command iso_command_report = {
    .name = "report",
    .summary = "a page with a run's curves, digests and environment, or how two runs part",
    .synopsis = (const char *const[]){"DIR [DIR_B] [options]", NULL},
    .text = "Writes DIR/report.html: loss, accuracy, learning rate, gradient norms, throughput, digests, environment; with DIR_B "
            "also "
            "the first difference, as isobit diff finds it, and the values around it. The page is one file that needs nothing "
            "else: no "
            "network, no script. The run may still be going on.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = 2,
    .operands = CLI_FOLDER,
    .exit_status = "0 done, also if the two runs differ (isobit diff tells by its status); 2, 3 as for every command",
    .examples =
        (const char *const[]){"isobit report runs/tutorial", "isobit report runs/tutorial runs/tutorial-2 --out difference.html",
                              "isobit report runs/tutorial --text", NULL},
    .run = run,
};
