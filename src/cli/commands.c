/* The table of commands. Whoever adds one adds its line here; help, manual pages and completions follow. */
#include <string.h>

#include "cli/cli.h"
#include "core/text.h"

const iso_command *const cli_commands[] = {&iso_command_train,  &iso_command_verify, &iso_command_diff,  &iso_command_report,
                                           &iso_command_export, &iso_command_eval,   &iso_command_batch, &iso_command_stream,
                                           &iso_command_info,   &iso_command_help};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

const iso_command *cli_find_command(const char *name) {
    const char *names[sizeof cli_commands / sizeof cli_commands[0]];
    for (size_t i = 0; i < cli_command_count; i++) {
        names[i] = cli_commands[i]->name;
        if (strcmp(names[i], name) == 0)
            return cli_commands[i];
    }
    const char *nearest = iso_nearest(name, names, cli_command_count);
    if (nearest)
        cli_error("unknown command '%s'; did you mean '%s'? (see isobit help)", name, nearest);
    else
        cli_error("unknown command '%s' (see isobit help)", name);
    return NULL;
}
