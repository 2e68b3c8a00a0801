/* How help is laid out, for the files that write it. */
#ifndef ISO_CLI_HELP_H
#define ISO_CLI_HELP_H

#include "cli/cli.h"

/* Columns to write in: the terminal's, within reason. */
int cli_columns(FILE *out);
/* Writes a text whose first line stands at column `at` already, in lines that begin at `indent`. "\n" begins a new line. */
void cli_wrap(FILE *out, const char *text, int at, int indent, int width);
/* "  name  text", the text in a column of its own, or below the name where there is no room. `argument` may be NULL. */
void cli_row(FILE *out, const char *name, const char *argument, const char *text, int indent, int width);

/* The manual page of a command, or with NULL of the program. */
void cli_help_man(const iso_command *command);
/* The completions for a shell; false: there are none for it. */
bool cli_help_completion(const char *shell);
/* `isobit help recipe`, or of something that a recipe may call. Returns the exit status; 2 after a message. */
int cli_help_topic(const char *topic);
/* A table of docs/recipes.md: "keys", "layers", ...; false: there is no such table. */
bool cli_help_markdown(const char *table);

#endif
