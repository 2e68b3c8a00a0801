/* What the commands share: the table of commands and options, exit statuses, progress. A command is a file of this folder; it
 * describes itself and its options, reads them, calls the library and prints. The parser, `isobit help`, the man pages and the
 * shells' completions all come from these descriptions. Results go to stdout, everything else to stderr. */
#ifndef ISO_CLI_CLI_H
#define ISO_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "isobit/isobit.h"

/* What a shell completes a value with. */
typedef enum cli_values { CLI_ANYTHING, CLI_FILE, CLI_FOLDER, CLI_RECIPE, CLI_WORDS } cli_values;

/* One option of a command. */
typedef struct cli_option {
    const char *name; /* "--threads" */
    enum { CLI_FLAG, CLI_INT, CLI_TEXT, CLI_TEXTS } kind;
    size_t offset;        /* of its bool, int64_t, const char * or cli_texts in the command's own struct */
    const char *argument; /* "N"; NULL: a flag */
    const char *text;     /* what it does, without a full stop */
    int64_t low, high;    /* CLI_INT: what is allowed */
    cli_values values;
    const char *words; /* CLI_WORDS: "scalar avx2 avx512" */
} cli_option;

/* Texts of an option that may be given several times. */
typedef struct cli_texts {
    const char *items[64];
    size_t count;
} cli_texts;

/* Options that several commands have; `type` is the command's struct, with a field of the option's name. */
#define CLI_THREADS(type)                                                                                                        \
    { "--threads", CLI_INT, offsetof(type, threads), "N", "compute threads (default: all CPUs); never changes a bit", 1, 1024 }
#define CLI_WORKERS(type)                                                                                                        \
    {                                                                                                                            \
        "--workers", CLI_INT, offsetof(type, workers), "N",                                                                      \
            "threads that prepare batches ahead (default: the recipe's num_workers); never changes a bit", 0, 256                \
    }
#define CLI_ISA(type)                                                                                                            \
    {                                                                                                                            \
        "--isa", CLI_TEXT, offsetof(type, isa), "NAME",                                                                          \
            "scalar, avx2, avx512 or neon (default: the fastest that the CPU has); never changes a bit", 0, 0, CLI_WORDS,        \
            "scalar avx2 avx512 neon"                                                                                            \
    }
#define CLI_PLAN(type)                                                                                                           \
    {                                                                                                                            \
        "--plan", CLI_TEXT, offsetof(type, plan), "NAME",                                                                        \
            "fused: operations share passes over memory where that saves time (default); unfused: none do; never changes a bit", \
            0, 0, CLI_WORDS, "fused unfused"                                                                                     \
    }
#define CLI_MICRO_BATCH(type)                                                                                                    \
    {                                                                                                                            \
        "--micro-batch", CLI_INT, offsetof(type, micro_batch), "N",                                                              \
            "compute batches in blocks of N samples, for less memory; never changes a bit", 1, 1 << 30                           \
    }
#define CLI_SET(type)                                                                                                            \
    {                                                                                                                            \
        "--set", CLI_TEXTS, offsetof(type, sets), "key=value",                                                                   \
            "change the recipe: --set epochs=1 --set 'optimizer=SGD(lr=0.1)' (may be repeated)"                                  \
    }
#define CLI_QUIET(type)                                                                                                          \
    { "--quiet", CLI_FLAG, offsetof(type, quiet), NULL, "no progress" }
#define CLI_JSON(type)                                                                                                           \
    { "--json", CLI_FLAG, offsetof(type, json), NULL, "the result as one JSON object" }

typedef struct iso_command {
    const char *name, *summary;  /* one line, for `isobit help` */
    const char *const *synopsis; /* what stands behind the name, one way of calling it each; ends with NULL */
    const char *text;            /* paragraphs, each one line */
    const cli_option *options;
    size_t option_count;
    size_t low, high;            /* how many operands */
    cli_values operands;         /* what they are */
    const char *exit_status;     /* NULL: as for every command */
    const char *const *examples; /* command lines; ends with NULL */
    int (*run)(int argc, char **argv);
} iso_command;

/* Of every command, but where one says otherwise. */
#define CLI_EXIT_STATUS                                                                                                          \
    "0 done or equal; 1 they differ; 2 usage or bad input; 3 a file could not be read or written; 4 the numbers stopped (NaN); " \
    "130 interrupted"

extern const iso_command iso_command_train, iso_command_verify, iso_command_diff, iso_command_report, iso_command_export,
    iso_command_eval, iso_command_batch, iso_command_stream, iso_command_info, iso_command_help;

/* All commands, in the order of the help. */
extern const iso_command *const cli_commands[];
extern const size_t cli_command_count;
/* The command of that name; NULL after a message. */
const iso_command *cli_find_command(const char *name);

/* Reads argv[1..]: options (--name value, --name=value, -- ends them) into `values`, the command's struct, and the operands.
 * Returns -1 to go on, or the exit status: 0 after --help, 2 after a message about what is wrong. */
int cli_parse(const iso_command *command, int argc, char **argv, void *values, const char **operands, size_t *operand_count);

/* `isobit help`, and `isobit help NAME`, in the width of the terminal. */
void cli_help_overview(FILE *out);
void cli_help_command(const iso_command *command, FILE *out);

/* A context with these threads and isa; NULL after a message, and *status is the exit status. */
iso_context *cli_context(int64_t threads, const char *isa, int *status);
/* The same with these options; `plan` is "fused", "unfused", or NULL for the first. */
iso_context *cli_context_with(iso_context_options options, const char *plan, int *status);

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
