/* The manual pages, isobit(1) and isobit-COMMAND(1), from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* A text as roff: '-' is a hyphen there and '\-' the character, and a line must not begin with '.' or '\''. */
static void roff(const char *text) {
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (line_start && (*c == '.' || *c == '\''))
            fputs("\\&", stdout);
        line_start = *c == '\n';
        if (*c == '\\')
            fputs("\\e", stdout);
        else if (*c == '-')
            fputs("\\-", stdout);
        else if (*c == '`')
            fputs("\\(ga", stdout);
        else if (*c == '\'')
            fputs("\\(aq", stdout);
        else if (*c == '^')
            fputs("\\(ha", stdout);
        else if (*c == '~')
            fputs("\\(ti", stdout);
        else if (*c == '\n')
            fputs("\n.PP\n", stdout);
        else
            putchar(*c);
    }
}

static void title(const char *name, const char *summary) {
    printf(".TH \"");
    for (const char *c = name; *c; c++)
        putchar(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    printf("\" 1 \"\" \"isobit %s\" Isobit\n", iso_version());
    printf(".nh\n.ad l\n.SH NAME\n"); /* no hyphenation, no adjusting: options stay as they are typed */
    roff(name);
    printf(" \\- ");
    roff(summary);
    putchar('\n');
}

static void section(const char *name, const char *text) {
    printf(".SH %s\n", name);
    roff(text);
    putchar('\n');
}

static void see_also(const iso_command *self) {
    printf(".SH SEE ALSO\n");
    if (self)
        printf(".BR isobit (1),\n");
    const iso_command *last = cli_commands[cli_command_count - 1];
    for (size_t i = 0; i < cli_command_count; i++)
        if (cli_commands[i] != self)
            printf(".BR isobit\\-%s (1)%s\n", cli_commands[i]->name, cli_commands[i] == last ? "" : ",");
}

static void man_overview(void) {
    title("isobit", "train a neural network anywhere, get the same bits");
    printf(".SH SYNOPSIS\n.B isobit\n.I command\n.RI [ argument \" ...]\"\n.br\n.B isobit \\-\\-version\n");
    section(
        "DESCRIPTION",
        "Trains the experiment that a recipe describes, a YAML file written as one writes it in PyTorch. One seed gives the same "
        "digest on every thread count, CPU, instruction set, compiler and worker count, after a kill and a resume too. The "
        "ledger that a run leaves behind proves two runs equal, or names the first step, tensor and element at which they part.");
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        printf(".TP\n.BR isobit\\-%s (1)\n", cli_commands[i]->name);
        roff(cli_commands[i]->summary);
        putchar('\n');
    }
    section("EXIT STATUS", CLI_EXIT_STATUS);
    printf(".SH ENVIRONMENT\n");
    printf(".TP\n.B ISOBIT_CACHE\n");
    roff("the folder that remembers the digests of data files, so that unchanged ones are not read before every run (default: "
         "isobit in XDG_CACHE_HOME, or in ~/.cache); off: none");
    printf("\n.TP\n.B NO_COLOR\n");
    roff("if it is not empty, messages on a terminal have no colour");
    printf("\n.SH EXAMPLES\n.nf\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        roff(cli_commands[i]->examples[0]);
        putchar('\n');
    }
    printf(".fi\n");
    see_also(NULL);
}

void cli_help_man(const iso_command *command) {
    char name[64];
    if (!command) {
        man_overview();
        return;
    }
    snprintf(name, sizeof name, "isobit-%s", command->name);
    title(name, command->summary);
    printf(".SH SYNOPSIS\n");
    for (const char *const *way = command->synopsis; *way; way++) {
        printf("%s.B isobit %s\n", way == command->synopsis ? "" : ".br\n", command->name);
        roff(*way);
        putchar('\n');
    }
    section("DESCRIPTION", command->text);
    printf(".SH OPTIONS\n");
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        printf(".TP\n\\fB");
        roff(o->name);
        printf("\\fR");
        if (o->argument) {
            printf(" \\fI");
            roff(o->argument);
            printf("\\fR");
        }
        putchar('\n');
        roff(o->text);
        putchar('\n');
    }
    section("EXIT STATUS", command->exit_status ? command->exit_status : CLI_EXIT_STATUS);
    printf(".SH %s\n.nf\n", command->examples[1] ? "EXAMPLES" : "EXAMPLE");
    for (const char *const *example = command->examples; *example; example++) {
        roff(*example);
        putchar('\n');
    }
    printf(".fi\n");
    see_also(command);
}
