#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int main(int argc, char **argv) {
    if (argc < 2) {
        cli_help_overview(stderr);
        return 2;
    }
    const char *name = argv[1];
    int status = 0;
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        cli_help_overview(stdout);
    else if (strcmp(name, "--version") == 0)
        printf("isobit %s (contract %d)\n", iso_version(), ISO_CONTRACT_VERSION);
    else {
        const iso_command *command = cli_find_command(name);
        status = command ? command->run(argc - 1, argv + 1) : 2;
    }
    if (fflush(stdout) != 0 && status == 0) {
        cli_error("the output could not be written: %s", strerror(errno));
        return 3;
    }
    return status;
}
