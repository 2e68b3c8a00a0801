/* For tests/oracle/streams/streams.py: evaluates many expressions in one process. Reads lines; `seed TORCH PYTHON NUMPY SEED`
 * starts anew (which PyTorch, as a name; which Python, as 311; which NumPy, as 204), everything else is an expression, answered
 * by one line: the bits, or `error:` and the message's first line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/stream.h"

int main(void) {
    iso_context *ctx;
    iso_stream *state = NULL;
    char *line = NULL;
    size_t capacity = 0;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1})) {
        fprintf(stderr, "%s\n", iso_error(NULL));
        return 2;
    }
    iso_text out = iso_text_new(ctx);
    for (ssize_t size; (size = getline(&line, &capacity, stdin)) > 0;) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "seed ", 5) == 0) {
            iso_stream_free(ctx, state);
            char name[64];
            unsigned long long seed;
            iso_stream_kind kind = {0};
            if (sscanf(line + 5, "%63s %d %d %llu", name, &kind.python, &kind.numpy, &seed) != 4 ||
                !iso_torch_variant_from_name(name, &kind.torch) || iso_stream_new(ctx, seed, kind, &state))
                return 2;
            continue;
        }
        iso_text_clear(&out);
        bool print = strncmp(line, "print ", 6) == 0;
        if (!state || iso_stream_evaluate(ctx, state, print ? line + 6 : line, !print, &out))
            printf("error: %.*s\n", (int)strcspn(iso_error(ctx), "\n"), iso_error(ctx));
        else
            printf("%s", out.size ? out.data : "\n");
        fflush(stdout);
    }
    free(line);
    iso_text_free(&out);
    iso_stream_free(ctx, state);
    iso_context_free(ctx);
    return 0;
}
