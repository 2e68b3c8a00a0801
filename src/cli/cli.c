#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "recipe/recipe.h"

static bool colour(FILE *stream) {
    const char *no = getenv("NO_COLOR");
    return isatty(fileno(stream)) && !(no && no[0]);
}

void cli_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs(colour(stderr) ? "\033[31merror:\033[0m " : "error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static int usage_error(const iso_command *command, const char *what, const char *detail) {
    cli_error("%s%s (see isobit %s --help)", what, detail, command->name);
    return 2;
}

/* Stores the value of one option; false after a message. */
static bool store(const iso_command *command, const cli_option *option, void *values, const char *value) {
    void *place = (char *)values + option->offset;
    char message[200];
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)place = true;
        return true;
    case CLI_TEXT:
        *(const char **)place = value;
        return true;
    case CLI_TEXTS: {
        cli_texts *texts = place;
        if (texts->count == sizeof texts->items / sizeof texts->items[0]) {
            usage_error(command, option->name, " is given too often");
            return false;
        }
        texts->items[texts->count++] = value;
        return true;
    }
    case CLI_INT: {
        char *end;
        errno = 0;
        long long number = strtoll(value, &end, 10);
        if (end == value || *end || errno || number < option->low || number > option->high) {
            int size = snprintf(message, sizeof message, " is '%.60s', expected a whole number ", value);
            if (option->high >= 1 << 30)
                snprintf(message + size, sizeof message - (size_t)size, "of %lld or more", (long long)option->low);
            else
                snprintf(message + size, sizeof message - (size_t)size, "from %lld to %lld", (long long)option->low,
                         (long long)option->high);
            usage_error(command, option->name, message);
            return false;
        }
        *(int64_t *)place = number;
        return true;
    }
    }
    return false;
}

/* The option that `argument` names, up to its '='; NULL after a message. */
static const cli_option *find_option(const iso_command *command, const char *argument) {
    const char *names[32];
    size_t size = strcspn(argument, "="), count = command->option_count;
    for (size_t i = 0; i < count; i++) {
        names[i] = command->options[i].name;
        if (strncmp(names[i], argument, size) == 0 && names[i][size] == 0)
            return &command->options[i];
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)size, argument);
    /* What belongs to the experiment is a key of the recipe, and no option. */
    for (size_t i = 0; i < iso_recipe_key_count; i++)
        if (strncmp(name, "--", 2) == 0 && strcmp(iso_recipe_keys[i].name, name + 2) == 0) {
            cli_error("unknown option %s: it is a key of the recipe; expected --set %s=... (see isobit %s --help)", name,
                      name + 2, command->name);
            return NULL;
        }
    const char *nearest = iso_nearest(name, names, count);
    cli_error("unknown option %s%s%s%s (see isobit %s --help)", name, nearest ? "; did you mean " : "", nearest ? nearest : "",
              nearest ? "?" : "", command->name);
    return NULL;
}

int cli_parse(const iso_command *command, int argc, char **argv, void *values, const char **operands, size_t *operand_count) {
    size_t count = 0;
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
            continue;
        }
        if (!only_operands && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            cli_help_command(command, stdout);
            return 0;
        }
        if (only_operands || argument[0] != '-' || argument[1] == 0) {
            if (count == command->high)
                return usage_error(command, "one argument too many: ", argument);
            operands[count++] = argument;
            continue;
        }
        const cli_option *option = find_option(command, argument);
        if (!option)
            return 2;
        const char *equal = strchr(argument, '='), *value = equal ? equal + 1 : NULL;
        if (option->kind == CLI_FLAG ? value != NULL : !value && !(value = ++i < argc ? argv[i] : NULL))
            return usage_error(command, option->name, option->kind == CLI_FLAG ? " takes no value" : " needs a value");
        if (!store(command, option, values, value))
            return 2;
    }
    if (count < command->low) {
        cli_error("an argument is missing; expected isobit %s %s (see isobit %s --help)", command->name, command->synopsis[0],
                  command->name);
        return 2;
    }
    *operand_count = count;
    return -1;
}

int cli_exit_status(iso_status status) {
    switch (status) {
    case ISO_OK:
    case ISO_DIFFER:
    case ISO_EINVAL:
    case ISO_EIO:
    case ISO_ENAN:
        return (int)status;
    case ISO_EINTERRUPT:
        return 130; /* as a shell reports Ctrl-C */
    default:
        return 3;
    }
}

/* Where digests of data are remembered: $ISOBIT_CACHE (off: nowhere), or where such things belong by the XDG specification. */
static const char *cache_folder(char *path, size_t size) {
    const char *own = getenv("ISOBIT_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length;
    if (own && own[0])
        return strcmp(own, "off") == 0 ? NULL : own;
    if (xdg && xdg[0] == '/')
        length = snprintf(path, size, "%s/isobit", xdg);
    else if (home && home[0] == '/')
        length = snprintf(path, size, "%s/.cache/isobit", home);
    else
        return NULL;
    return length > 0 && (size_t)length < size ? path : NULL;
}

iso_context *cli_context(int64_t threads, const char *isa, int *status) {
    return cli_context_with((iso_context_options){.threads = (int)threads, .isa = isa}, NULL, status);
}

iso_context *cli_context_with(iso_context_options options, const char *plan, int *status) {
    iso_context *ctx;
    char path[1024];
    if (plan && strcmp(plan, "fused") != 0 && strcmp(plan, "unfused") != 0) {
        cli_error("--plan is '%.60s', expected fused or unfused", plan);
        *status = 2;
        return NULL;
    }
    options.unfused = plan && plan[0] == 'u';
    options.cache = cache_folder(path, sizeof path);
    iso_status result = iso_context_new(&ctx, &options);
    if (result) {
        cli_error("%s", iso_error(NULL));
        *status = cli_exit_status(result);
        return NULL;
    }
    return ctx;
}

int cli_fail(iso_context *ctx, iso_status status) {
    if (status == ISO_EINTERRUPT) /* which is what was asked for */
        fprintf(stderr, "%s\n", iso_error(ctx));
    else
        cli_error("%s", iso_error(ctx));
    iso_context_free(ctx);
    return cli_exit_status(status);
}

void cli_print_hex(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

void cli_print_json_string(const char *text) {
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20)
            printf("\\u%04x", *c);
        else
            putchar(*c);
    }
    putchar('"');
}
