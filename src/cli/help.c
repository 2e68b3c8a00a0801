/* `isobit help`, and --help of every command: the table of commands, in the width of the terminal. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/help.h"

int cli_columns(FILE *out) {
    struct winsize size;
    int width = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col - 1 : 100;
    return width < 30 ? 30 : width > 100 ? 100 : width;
}

void cli_wrap(FILE *out, const char *text, int at, int indent, int width) {
    while (*text) {
        size_t size = strcspn(text, " \n");
        if (at > indent && at + 1 + (int)size > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        } else {
            fprintf(out, "%*s", indent - at, "");
            at = indent;
        }
        fwrite(text, 1, size, out);
        at += (int)size;
        text += size;
        if (*text == '\n') {
            fputc('\n', out);
            at = 0;
        }
        text += *text != 0;
    }
    fputc('\n', out);
}

void cli_row(FILE *out, const char *name, const char *argument, const char *text, int indent, int width) {
    int at = fprintf(out, argument ? "  %s %s" : "  %s", name, argument);
    if (at + 1 > indent) {
        fputc('\n', out);
        at = 0;
    }
    cli_wrap(out, text, at, indent, width);
}

/* Where the column of texts begins: behind the longest name, but not too far to the right. */
static int text_column(int longest, int width) {
    int most = width < 60 ? 6 : 30;
    return longest + 4 < most ? longest + 4 : most;
}

void cli_help_overview(FILE *out) {
    int width = cli_columns(out), indent = text_column(8, width);
    cli_wrap(out, "isobit: train a neural network anywhere, get the same bits", 0, 0, width);
    fprintf(out, "version %s, contract %d\n\nusage: isobit COMMAND ...\n\n", iso_version(), ISO_CONTRACT_VERSION);
    for (size_t i = 0; i < cli_command_count; i++)
        cli_row(out, cli_commands[i]->name, NULL, cli_commands[i]->summary, indent, width);
    fputc('\n', out);
    cli_wrap(out,
             "`isobit help COMMAND` tells more, with examples; `isobit help recipe` what a recipe may say. Start with: isobit "
             "train examples/tutorial.yaml",
             0, 0, width);
    fputc('\n', out);
    cli_wrap(out, "exit status: " CLI_EXIT_STATUS, 0, 0, width);
}

void cli_help_command(const iso_command *command, FILE *out) {
    int width = cli_columns(out), longest = 0;
    for (const char *const *way = command->synopsis; *way; way++) {
        int at = fprintf(out, "%s isobit %s", way == command->synopsis ? "usage:" : "      ", command->name);
        if (width >= 60)
            at += fprintf(out, " ");
        cli_wrap(out, *way, at, width < 60 ? 8 : at, width);
    }
    fputc('\n', out);
    cli_wrap(out, command->text, 0, 0, width);
    fputc('\n', out);
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        int size = (int)strlen(o->name) + (o->argument ? 1 + (int)strlen(o->argument) : 0);
        longest = size > longest ? size : longest;
    }
    int indent = text_column(longest, width);
    for (size_t i = 0; i < command->option_count; i++)
        cli_row(out, command->options[i].name, command->options[i].argument, command->options[i].text, indent, width);
    fputc('\n', out);
    if (command->exit_status) {
        cli_wrap(out, "exit status:", 0, 0, width);
        cli_wrap(out, command->exit_status, 0, 2, width);
        fputc('\n', out);
    }
    fputs(command->examples[1] ? "examples:\n" : "example:\n", out);
    for (const char *const *example = command->examples; *example; example++)
        fprintf(out, "  %s\n", *example); /* one line, to be copied */
}

typedef struct help_args {
    bool man;
    const char *completion, *markdown;
} help_args;

static int help_on(const char *topic, bool man) {
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(cli_commands[i]->name, topic) == 0) {
            if (man)
                cli_help_man(cli_commands[i]);
            else
                cli_help_command(cli_commands[i], stdout);
            return 0;
        }
    return man ? cli_find_command(topic), 2 : cli_help_topic(topic);
}

static int run(int argc, char **argv) {
    help_args a = {0};
    const char *topic = NULL;
    size_t count = 0;
    int status = cli_parse(&iso_command_help, argc, argv, &a, &topic, &count);
    if (status >= 0)
        return status;
    if (a.completion ? !cli_help_completion(a.completion) : a.markdown && !cli_help_markdown(a.markdown)) {
        if (a.completion)
            cli_error("--completion is '%s', expected bash, zsh or fish", a.completion);
        else
            cli_error("--markdown is '%s', expected keys, layers, losses, optimizers, transforms, datasets, loading or samplers",
                      a.markdown);
        return 2;
    }
    if (a.completion || a.markdown)
        return 0;
    if (topic)
        return help_on(topic, a.man);
    if (a.man)
        cli_help_man(NULL);
    else
        cli_help_overview(stdout);
    return 0;
}

static const cli_option options[] = {
    {"--man", CLI_FLAG, offsetof(help_args, man), NULL, "as a manual page: isobit help --man train | man -l -"},
    {"--completion", CLI_TEXT, offsetof(help_args, completion), "SHELL",
     "what bash, zsh or fish needs to complete isobit's command line", 0, 0, CLI_WORDS, "bash zsh fish"},
    {"--markdown", CLI_TEXT, offsetof(help_args, markdown), "TABLE",
     "a table of docs/recipes.md: keys, layers, losses, optimizers, transforms, datasets, loading or samplers", 0, 0, CLI_WORDS,
     "keys layers losses optimizers transforms datasets loading samplers"},
};

const iso_command iso_command_help = {
    .name = "help",
    .summary = "this overview; a command, its options and examples; what a recipe may say",
    .synopsis = (const char *const[]){"[COMMAND] [--man]", "recipe", "NAME", "--completion SHELL", "--markdown TABLE", NULL},
    .text =
        "`isobit help COMMAND` and `isobit COMMAND --help` are the same. `isobit help recipe` lists the keys of a recipe, and "
        "the layers, transforms, ... that it may name; `isobit help NAME` tells the arguments of one of them.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 0,
    .high = 1,
    .operands = CLI_WORDS,
    .examples = (const char *const[]){"isobit help train", "isobit help recipe", "isobit help Conv2d",
                                      "source <(isobit help --completion bash)", NULL},
    .run = run,
};
