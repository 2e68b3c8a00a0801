/* What the commands share: options, exit statuses, progress. A command is a file of this folder; it reads its options, calls
 * the library and prints. Results go to stdout, everything else to stderr. */
#ifndef ISO_CLI_CLI_H
#define ISO_CLI_CLI_H

#include <stdbool.h>

#include "isobit/isobit.h"

typedef struct iso_command {
    const char *name, *summary; /* one line, for `isobit --help` */
    const char *help;           /* for `isobit NAME --help` */
    int (*run)(int argc, char **argv);
} iso_command;

extern const iso_command iso_command_train, iso_command_verify, iso_command_diff, iso_command_eval, iso_command_batch,
    iso_command_stream, iso_command_info;

/* One option of a command. A flag has no value. */
typedef struct cli_option {
    const char *name; /* "--threads" */
    enum { CLI_FLAG, CLI_INT, CLI_TEXT, CLI_TEXTS } kind;
    void *value;      /* bool *, int64_t *, const char **, cli_texts * */
    int64_t low, high; /* CLI_INT: allowed range */
} cli_option;

/* Texts of an option that may be given several times. */
typedef struct cli_texts {
    const char *items[64];
    size_t count;
} cli_texts;

/* Reads argv[1..]: options (--name value, --name=value, -- ends them) and operands, whose count must lie in low..high.
 * Returns -1 to go on, or the exit status: 0 after --help, 2 after a message about what is wrong. */
int cli_parse(const iso_command *command, int argc, char **argv, const cli_option *options, size_t option_count,
              const char **operands, size_t low, size_t high, size_t *operand_count);

/* A context with these threads and isa; NULL after a message, and *status is the exit status. */
iso_context *cli_context(int64_t threads, const char *isa, int *status);

/* Prints the context's message and returns the exit status that goes with the status. Frees the context. */
int cli_fail(iso_context *ctx, iso_status status);
int cli_exit_status(iso_status status);

/* "error: ..." on stderr, in colour on a terminal. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

void cli_print_hex(const uint8_t *bytes, size_t size);
/* A text as a JSON string, quotes included, to stdout. */
void cli_print_json_string(const char *text);

/* Progress: a bar on a terminal, nothing otherwise; `quiet`: nothing at all. */
typedef struct cli_progress {
    bool quiet, terminal;
    double started, shown;
    int64_t first, samples;
} cli_progress;
void cli_progress_init(cli_progress *progress, bool quiet);
void cli_progress_show(void *progress, const iso_progress *now);
void cli_progress_end(cli_progress *progress);

#endif
