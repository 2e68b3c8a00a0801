#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const iso_command *const commands[] = {&iso_command_train, &iso_command_verify, &iso_command_diff,
                                              &iso_command_eval,  &iso_command_batch,  &iso_command_stream,
                                              &iso_command_info};
#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(FILE *out) {
    fprintf(out, "isobit %s: train a neural network anywhere, get the same bits\n\n"
                 "usage: isobit COMMAND ...\n\n",
            iso_version());
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n`isobit COMMAND --help` tells more. Start with: isobit train examples/tutorial.yaml\n\n"
                 "exit status: 0 done or equal; 1 they differ; 2 usage or bad input;\n"
                 "             3 a file could not be read or written; 4 the numbers stopped (NaN)\n");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (strcmp(argv[1], "help") == 0 && argc == 2)) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("isobit %s (contract %d)\n", iso_version(), ISO_CONTRACT_VERSION);
        return 0;
    }
    bool help = strcmp(argv[1], "help") == 0;
    const char *name = argv[help ? 2 : 1];
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0) {
            if (help) {
                fputs(commands[i]->help, stdout);
                return 0;
            }
            int status = commands[i]->run(argc - 1, argv + 1);
            if (fflush(stdout) != 0 && status == 0) {
                cli_error("the output could not be written");
                return 3;
            }
            return status;
        }
    cli_error("unknown command '%s'; expected train, verify, diff, eval, batch, stream or info", name);
    return 2;
}
