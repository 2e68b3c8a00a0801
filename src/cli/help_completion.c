/* What bash, zsh and fish need to complete isobit's command line, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* ---- bash ---- */

static const char *bash_values(cli_values values) {
    switch (values) {
    case CLI_FILE:
        return "compgen -f -- \"$word\"";
    case CLI_FOLDER:
        return "compgen -d -- \"$word\"";
    case CLI_RECIPE:
        return "compgen -f -X '!*.y*ml' -- \"$word\"; compgen -d -- \"$word\"";
    default:
        return ":";
    }
}

static void command_names(void) {
    for (size_t i = 0; i < cli_command_count; i++)
        printf("%s%s", i ? " " : "", cli_commands[i]->name);
}

static void bash_command(const iso_command *command) {
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        if (o->kind == CLI_FLAG)
            continue;
        printf("    '%s %s') ", command->name, o->name);
        if (o->values == CLI_WORDS)
            printf("compgen -W '%s' -- \"$word\" ;;\n", o->words);
        else
            printf("%s ;;\n", bash_values(o->values));
    }
    printf("    '%s '*)\n        case $word in\n        -*) compgen -W '--help", command->name);
    for (size_t i = 0; i < command->option_count; i++)
        printf(" %s", command->options[i].name);
    printf("' -- \"$word\" ;;\n        *) ");
    if (command->operands == CLI_WORDS) {
        printf("compgen -W '");
        command_names();
        printf("' -- \"$word\" ;;\n");
    } else
        printf("%s ;;\n", bash_values(command->operands));
    printf("        esac ;;\n");
}

static void bash(void) {
    printf("# bash completion for isobit; written by `isobit help --completion bash`.\n"
           "_isobit_words() {\n    local word=$1\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        compgen -W '");
    command_names();
    printf(" --help --version' -- \"$word\"\n        return\n    fi\n    case \"${COMP_WORDS[1]} $2\" in\n");
    for (size_t i = 0; i < cli_command_count; i++)
        bash_command(cli_commands[i]);
    printf("    esac\n}\n"
           "_isobit() {\n    compopt -o filenames 2>/dev/null\n    mapfile -t COMPREPLY < <(_isobit_words \"$2\" \"$3\")\n}\n"
           "complete -F _isobit isobit\n");
}

/* ---- zsh ---- */

/* Inside of '...', in a specification of _arguments: brackets and colons are its own. */
static void zsh_text(const char *text) {
    for (const char *c = text; *c; c++) {
        if (strchr("[]:\\", *c))
            putchar('\\');
        if (*c == '\'')
            fputs("'\\'", stdout);
        putchar(*c);
    }
}

static const char *zsh_values(cli_values values) {
    switch (values) {
    case CLI_FILE:
        return "_files";
    case CLI_FOLDER:
        return "_files -/";
    case CLI_RECIPE:
        return "_files -g \"*.(yaml|yml)\"";
    default:
        return " ";
    }
}

static void zsh_command(const iso_command *command) {
    printf("    %s)\n        _arguments '(- *)--help[what the command does]'", command->name);
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        printf(" \\\n            '%s%s[", o->kind == CLI_TEXTS ? "*" : "", o->name);
        zsh_text(o->text);
        putchar(']');
        if (o->argument) {
            putchar(':');
            zsh_text(o->argument);
            if (o->values == CLI_WORDS)
                printf(":(%s)", o->words);
            else
                printf(":%s", zsh_values(o->values));
        }
        putchar('\'');
    }
    if (command->operands == CLI_WORDS) {
        printf(" \\\n            '1:command:(");
        command_names();
        printf(")'");
    } else if (command->high)
        printf(" \\\n            '*:argument:%s'", zsh_values(command->operands));
    printf(" ;;\n");
}

static void zsh(void) {
    printf("#compdef isobit\n# zsh completion for isobit; written by `isobit help --completion zsh`.\n"
           "_isobit() {\n    local curcontext=$curcontext state line\n    local -a names\n    names=(");
    for (size_t i = 0; i < cli_command_count; i++) {
        printf("\n        '%s:", cli_commands[i]->name);
        zsh_text(cli_commands[i]->summary);
        putchar('\'');
    }
    printf(")\n    _arguments -C '(- *)--help[all commands]' '(- *)--version[the version]' '1:command:->command' "
           "'*::argument:->argument'\n"
           "    case $state in\n    command) _describe command names; return ;;\n    argument) ;;\n    *) return ;;\n    esac\n"
           "    case $words[1] in\n");
    for (size_t i = 0; i < cli_command_count; i++)
        zsh_command(cli_commands[i]);
    printf("    esac\n}\n"
           "if [ \"$funcstack[1]\" = _isobit ]; then _isobit \"$@\"; else compdef _isobit isobit; fi\n");
}

/* ---- fish ---- */

static void fish_text(const char *text) {
    putchar('\'');
    for (const char *c = text; *c; c++) {
        if (*c == '\'' || *c == '\\')
            putchar('\\');
        putchar(*c);
    }
    putchar('\'');
}

static const char *fish_values(cli_values values) {
    switch (values) {
    case CLI_FILE:
        return " -r -F";
    case CLI_FOLDER:
        return " -x -a '(__fish_complete_directories (commandline -ct))'";
    case CLI_RECIPE:
        return " -k -x -a '(__fish_complete_suffix .yaml)'";
    default:
        return " -x";
    }
}

static void fish_command(const iso_command *command) {
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *o = &command->options[i];
        printf("complete -c isobit -n '__fish_seen_subcommand_from %s' -l %s", command->name, o->name + 2);
        if (o->values == CLI_WORDS)
            printf(" -x -a '%s'", o->words);
        else if (o->argument)
            fputs(fish_values(o->values), stdout);
        printf(" -d ");
        fish_text(o->text);
        putchar('\n');
    }
    printf("complete -c isobit -n '__fish_seen_subcommand_from %s' -l help -d 'what the command does'\n", command->name);
    if (command->operands == CLI_WORDS) {
        printf("complete -c isobit -n '__fish_seen_subcommand_from %s' -a '", command->name);
        command_names();
        printf("'\n");
    } else if (command->operands != CLI_ANYTHING)
        printf("complete -c isobit -n '__fish_seen_subcommand_from %s'%s\n", command->name, fish_values(command->operands));
}

static void fish(void) {
    printf("# fish completion for isobit; written by `isobit help --completion fish`.\n"
           "complete -c isobit -f\n"
           "complete -c isobit -n __fish_use_subcommand -l help -d 'all commands'\n"
           "complete -c isobit -n __fish_use_subcommand -l version -d 'the version'\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        printf("complete -c isobit -n __fish_use_subcommand -a %s -d ", cli_commands[i]->name);
        fish_text(cli_commands[i]->summary);
        putchar('\n');
    }
    for (size_t i = 0; i < cli_command_count; i++)
        fish_command(cli_commands[i]);
}

bool cli_help_completion(const char *shell) {
    void (*write)(void) = strcmp(shell, "bash") == 0   ? bash
                          : strcmp(shell, "zsh") == 0  ? zsh
                          : strcmp(shell, "fish") == 0 ? fish
                                                       : NULL;
    if (write)
        write();
    return write != NULL;
}
