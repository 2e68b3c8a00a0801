/* What a recipe may say, from the tables that it is read with: `isobit help recipe`, `isobit help Conv2d`, and the tables of
 * docs/recipes.md. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "core/text.h"
#include "run/catalogue.h"
#include "recipe/recipe.h"

/* "stride=1": one parameter as Python writes it. */
static int write_parameter(char *out, size_t size, const iso_param *p) {
    if (!p->fallback)
        return snprintf(out, size, "%s", p->name);
    bool text = p->kind == ISO_ARG_STRING && strcmp(p->fallback, "None") != 0;
    return snprintf(out, size, text ? "%s='%s'" : "%s=%s", p->name, p->fallback);
}

/* Conv2d(in_channels, ..., stride=1). Sequential takes any number of layers, which a signature does not tell. */
static void write_call(char *out, size_t size, const iso_signature *signature) {
    size_t at = (size_t)snprintf(out, size, "%s(", signature->name);
    for (size_t i = 0; i < signature->count && at < size; i++) {
        at += (size_t)snprintf(out + at, size - at, i ? ", " : "");
        at += (size_t)write_parameter(out + at, size - at, &signature->params[i]);
    }
    if (at < size)
        snprintf(out + at, size - at, strcmp(signature->name, "Sequential") == 0 ? "layer, layer, ...)" : ")");
}

/* What a parameter takes, with its bounds where they say more than "of a size that makes sense". */
static void write_type(char *out, size_t size, const iso_param *p) {
    const char *kind = p->note ? p->note : iso_arg_kind_text(p->kind);
    bool low = p->low > -1e5 && (p->low != 0 || p->high != 0), high = p->high < 1e5 && p->high != 0;
    if (low && high && p->low == p->high)
        snprintf(out, size, "%g", p->low);
    else if (low && high)
        snprintf(out, size, "%s, %.16g to %.16g", kind, p->low, p->high);
    else if (low)
        snprintf(out, size, "%s, from %.16g", kind, p->low);
    else
        snprintf(out, size, "%s", kind);
    if (p->optional)
        snprintf(out + strlen(out), size - strlen(out), ", or None");
}

static void help_keys(const char *prefix, const iso_recipe_key *keys, size_t count, int width) {
    char name[64], text[400];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, keys[i].name);
        snprintf(text, sizeof text, "%s: %s (%s%s)", keys[i].text, keys[i].value, keys[i].fallback ? "default: " : "required",
                 keys[i].fallback ? keys[i].fallback : "");
        cli_row(stdout, name, NULL, text, width < 60 ? 6 : 24, width);
    }
}

static void help_recipe(void) {
    int width = cli_columns(stdout);
    cli_wrap(
        stdout,
        "A recipe is a YAML file that describes one experiment. Paths in it are relative to it. A mistake is refused before any "
        "work, with file, line and what was expected. --set key=value changes a key from the command line: --set epochs=2, "
        "--set data.train=images/train.",
        0, 0, width);
    printf("\n");
    help_keys("", iso_recipe_keys, iso_recipe_key_count, width);
    printf("\n");
    help_keys("data.", iso_recipe_data_keys, iso_recipe_data_key_count, width);
    printf("\n");
    for (size_t g = 0; g < iso_call_group_count; g++) {
        char names[1200] = "";
        for (size_t i = 0; i < iso_call_groups[g].count(); i++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                     iso_call_groups[g].signature(i)->name);
        cli_row(stdout, iso_call_groups[g].name, NULL, names, width < 60 ? 6 : 24, width);
    }
    printf("\n");
    cli_wrap(stdout, "`isobit help NAME` tells the arguments of a layer, transform, ...: isobit help Conv2d", 0, 0, width);
    printf("\nexample:\n  isobit train examples/tutorial.yaml\n");
}

static void help_call(const iso_signature *signature, const iso_call_group *group) {
    char call[800], name[64], text[200];
    int width = cli_columns(stdout);
    write_call(call, sizeof call, signature);
    cli_wrap(stdout, call, 0, 0, width);
    printf("\na %s, for %s in a recipe\n\n", group->one, group->where);
    for (size_t i = 0; i < signature->count; i++) {
        const iso_param *p = &signature->params[i];
        write_type(text, sizeof text, p);
        if (p->fallback)
            snprintf(text + strlen(text), sizeof text - strlen(text),
                     p->kind == ISO_ARG_STRING ? " (default: '%s')" : " (default: %s)", p->fallback);
        else
            snprintf(text + strlen(text), sizeof text - strlen(text), " (required)");
        snprintf(name, sizeof name, "%s", p->name);
        cli_row(stdout, name, NULL, text, width < 60 ? 6 : 24, width);
    }
}

static const char *nearest_topic(const char *topic) {
    const char *names[128] = {"recipe"};
    size_t count = 1;
    for (size_t i = 0; i < cli_command_count; i++)
        names[count++] = cli_commands[i]->name;
    for (size_t g = 0; g < iso_call_group_count; g++)
        for (size_t i = 0; i < iso_call_groups[g].count() && count < sizeof names / sizeof *names; i++)
            names[count++] = iso_call_groups[g].signature(i)->name;
    return iso_nearest(iso_last_name(topic), names, count);
}

int cli_help_topic(const char *topic) {
    const iso_call_group *group;
    const iso_signature *signature = iso_find_call(topic, &group);
    if (signature)
        help_call(signature, group);
    else if (strcmp(topic, "recipe") == 0)
        help_recipe();
    else {
        cli_error("there is no help on '%s'%s%s%s; expected a command, recipe, or what a recipe may call (isobit help, isobit "
                  "help recipe)",
                  topic, nearest_topic(topic) ? "; did you mean '" : "", nearest_topic(topic) ? nearest_topic(topic) : "",
                  nearest_topic(topic) ? "'" : "");
        return 2;
    }
    return 0;
}

/* ---- Markdown ---- */

static void markdown_keys(const char *prefix, const iso_recipe_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool code = keys[i].fallback && !strchr(keys[i].fallback, ' ') && strcmp(keys[i].fallback, "none") != 0;
        printf("| `%s%s` | %s | %s%s%s | %s |\n", prefix, keys[i].name, keys[i].value, code ? "`" : "",
               keys[i].fallback ? keys[i].fallback : "required", code ? "`" : "", keys[i].text);
    }
}

static void markdown_call(const iso_signature *signature) {
    char text[800];
    write_call(text, sizeof text, signature);
    printf("| `%s` | ", text);
    for (size_t i = 0; i < signature->count; i++) {
        write_type(text, sizeof text, &signature->params[i]);
        printf("%s`%s` %s", i ? "; " : "", signature->params[i].name, text);
    }
    printf(" |\n");
}

bool cli_help_markdown(const char *part) {
    if (strcmp(part, "keys") == 0) {
        printf("| key | takes | default | |\n|---|---|---|---|\n");
        markdown_keys("", iso_recipe_keys, iso_recipe_key_count);
        markdown_keys("data.", iso_recipe_data_keys, iso_recipe_data_key_count);
        return true;
    }
    for (size_t g = 0; g < iso_call_group_count; g++)
        if (strcmp(part, iso_call_groups[g].name) == 0) {
            printf("| %s | arguments |\n|---|---|\n", iso_call_groups[g].one);
            for (size_t i = 0; i < iso_call_groups[g].count(); i++)
                markdown_call(iso_call_groups[g].signature(i));
            return true;
        }
    return false;
}
