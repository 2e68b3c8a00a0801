#include "report/html.h"

#include <stdio.h>
#include <string.h>

#include "isobit/context.h"

void iso_html_text(iso_text *out, const char *string, size_t size) {
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)string[i];
        if (c < 0x80) {
            const char *entity = c == '&'    ? "&amp;"
                                 : c == '<'  ? "&lt;"
                                 : c == '>'  ? "&gt;"
                                 : c == '"'  ? "&quot;"
                                 : c == '\'' ? "&#39;"
                                             : NULL;
            if (entity)
                iso_text_puts(out, entity);
            else if (c >= 0x20 || c == '\n' || c == '\t')
                iso_text_append(out, string + i, 1);
            else
                iso_text_puts(out, "\xef\xbf\xbd");
            i++;
            continue;
        }
        size_t length = iso_utf8_length(string + i, size - i);
        iso_text_append(out, length ? string + i : "\xef\xbf\xbd", length ? length : 3);
        i += length ? length : 1;
    }
}

static void vprint(iso_text *out, const char *format, va_list args) {
    char text[2048];
    vsnprintf(text, sizeof text, format, args);
    iso_html_text(out, text, strlen(text));
}

void iso_html_printf(iso_text *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vprint(out, format, args);
    va_end(args);
}

void iso_html_entry(iso_text *out, const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    iso_text_printf(out, "<div><dt>%s</dt><dd>", name);
    vprint(out, format, args);
    iso_text_puts(out, "</dd></div>\n");
    va_end(args);
}

void iso_html_digest_entry(iso_text *out, const char *name, const char *hex) {
    iso_text_printf(out, "<div class=\"wide\"><dt>%s</dt><dd><code>", name);
    iso_html_printf(out, "%s", hex ? hex : "–");
    iso_text_puts(out, "</code></dd></div>\n");
}

void iso_html_begin(iso_text *out, const char *title) {
    iso_text_puts(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n");
    iso_text_printf(out, "<meta name=\"generator\" content=\"isobit %s\">\n<title>", iso_version());
    iso_html_printf(out, "%s", title);
    iso_text_puts(out, "</title>\n<style>\n");
    iso_text_puts(out, iso_html_style);
    iso_text_puts(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
}

void iso_html_end(iso_text *out) {
    iso_text_printf(out,
                    "</main>\n<footer><p>Written by isobit %s, contract %d. This page needs no network and runs no "
                    "script.</p></footer>\n</body>\n</html>\n",
                    iso_version(), ISO_CONTRACT_VERSION);
}

void iso_html_begin_scroll(iso_text *out, const char *label) {
    iso_text_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    iso_html_printf(out, "%s", label);
    iso_text_puts(out, "\">");
}

void iso_html_end_scroll(iso_text *out) {
    iso_text_puts(out, "</div>\n");
}
